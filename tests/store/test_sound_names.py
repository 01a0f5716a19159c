"""What `audio add` tells an operator to use is what a campaign takes, whatever folder the configuration names."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from dialerd.config_checks import recording_folder, sound_prefix
from dialerd.core.sounds import NAME
from dialerd.store.campaign_settings import COLUMNS

PART = st.text("abzAZ09_.-", min_size=1, max_size=30)
PATHS = st.builds(
    lambda root, parts: root + "/".join(parts), st.sampled_from(["/", ""]), st.lists(PART, min_size=1, max_size=10)
)


@given(PATHS, st.from_regex(NAME, fullmatch=True))
def test_a_campaign_takes_every_managed_name(path: str, name: str) -> None:
    try:
        prefix = sound_prefix(path)
    except ValueError:
        assert {".", ".."} & set(path.split("/")) or len(path) > 300
        return
    for column in ("abandon_message", "voicemail_file"):
        assert COLUMNS[column](f"{prefix}/{name}") == f"{prefix}/{name}"


@given(PATHS)
def test_every_folder_is_a_prefix(path: str) -> None:
    try:
        folder = recording_folder(path)
    except ValueError:
        return
    if len(folder) <= 300:
        assert sound_prefix(folder) == folder


@pytest.mark.parametrize(
    "text", ["", "/", "a b", "a&b", "a//b", "../a", "/a/../b", "a\n", "ü", "/a/./b", "x" * 101, "a,b", "${A}"]
)
def test_what_asterisk_could_take_for_something_else_is_no_prefix(text: str) -> None:
    with pytest.raises(ValueError, match="must be a path of letters"):
        sound_prefix(text)
