"""audio.*: a file in parts, who uses it, what is refused, what the audit log keeps. The folder is a real one."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dialerd.audio.folder import SoundFolder
from dialerd.audio.preparing import as_wave

from .rig import ADMIN, AGENT, AUDITOR, SUPERVISOR, Rig

TONE = as_wave((8000 * np.sin(np.arange(8000) / 3)).astype(np.int16))


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """With a folder of its own; campaign spring names /sounds/sorry."""
    made = Rig()
    made.shelf.folder = SoundFolder(tmp_path / "sounds")
    made.records.campaigns_by_name["spring"].update(abandon_message="/sounds/sorry&custom/number", voicemail_file="")
    return made


async def put(
    rig: Rig, name: str = "sorry", data: bytes = TONE, peer: Any = ADMIN, part: int = 7000, **more: Any
) -> Any:
    for offset in range(0, len(data) or 1, part):
        encoded = base64.b64encode(data[offset : offset + part]).decode()
        sent = await rig.call("audio.send", {"upload": "0badcafe", "offset": offset, "data": encoded}, peer)
        assert "error" not in sent, sent
    return await rig.call("audio.put", {"name": name, "upload": "0badcafe", **more}, peer)


async def test_a_sound_is_added_listed_checked_and_removed(rig: Rig) -> None:
    done = await put(rig, source="maria.flac", note="take 2", peer=SUPERVISOR)
    assert (done["name"], done["use_as"], done["replaced"], done["by"]) == ("sorry", "/sounds/sorry", False, "sue")
    assert done["used_by"] == [{"campaign": "spring", "as": "abandon_message"}] and done["gain_db"]
    (row,) = await rig.call("audio.list", peer=AGENT)
    assert (row["source"], row["note"], row["length_s"], row["problem"]) == ("maria.flac", "take 2", 1.0, "")
    assert await rig.call("audio.check", {"name": "sorry"}, AUDITOR) == [row]
    kind, message = await rig.error("audio.remove", {"name": "sorry"})
    assert kind == "conflict" and "used by campaign spring (abandon_message)" in message
    rig.records.campaigns_by_name["spring"]["abandon_message"] = "custom/sorry"
    assert await rig.call("audio.remove", {"name": "sorry"}) == {"name": "sorry", "removed": True}
    assert (await rig.error("audio.remove", {"name": "sorry"}))[0] == "not_found"
    assert await rig.call("audio.list") == []


async def test_the_audit_log_has_one_row_a_change_and_no_sound_in_it(rig: Rig) -> None:
    await put(rig)
    assert [(method, outcome) for _, _, method, _, outcome in rig.records.audited] == [("audio.put", "done")]
    assert rig.records.audited[0][3] == {"name": "sorry", "upload": "0badcafe"}


async def test_a_sound_that_a_campaign_names_and_is_missing_is_told(rig: Rig) -> None:
    rig.records.campaigns_by_name["polls"] = {"name": "polls", "abandon_message": "", "voicemail_file": "/sounds/vm"}
    found = {row["name"]: row for row in await rig.call("audio.check")}
    assert {name: row["problem"] for name, row in found.items()} == dict.fromkeys(
        ("sorry", "vm"), "there is no such sound"
    )
    assert found["vm"]["used_by"] == [{"campaign": "polls", "as": "voicemail_file"}]
    assert await rig.call("audio.list") == []
    assert (await rig.error("audio.check", {"name": "nosuch"}))[0] == "not_found"


@pytest.mark.parametrize(
    ("params", "kind", "words"),
    [
        ({"name": "../x"}, "invalid", "is not a sound's name"),
        ({"name": ""}, "usage", "must be a text that is not empty"),
        ({"name": "x", "replace": 1}, "usage", "replace: must be true or false"),
        ({"name": "x", "data": b"no sound at all"}, "invalid", "is no WAV file"),
        ({"name": "x", "data": b""}, "invalid", "is empty"),
        ({"name": "x", "note": "x" * 501}, "usage", "note"),
    ],
)
async def test_what_is_wrong_is_refused_and_nothing_deployed(rig: Rig, params: Any, kind: str, words: str) -> None:
    answer = await put(rig, **params)
    assert answer["error"]["data"]["kind"] == kind and words in answer["error"]["message"], answer
    assert await rig.call("audio.list") == []


async def test_nothing_was_sent_or_not_in_order_or_no_base64(rig: Rig) -> None:
    assert (await rig.error("audio.put", {"name": "x", "upload": "0badcafe"}))[0] == "conflict"
    part = {"upload": "0badcafe", "offset": 5, "data": "AAAA"}
    assert (await rig.error("audio.send", part))[0] == "conflict"
    assert (await rig.error("audio.send", {**part, "offset": 0, "data": "no base64"}))[0] == "usage"
    assert (await rig.error("audio.send", {**part, "offset": -1}))[0] == "usage"
    assert (await rig.error("audio.send", {**part, "data": "A" * 800_004}))[0] == "usage"
    assert (await rig.error("audio.send", {**part, "upload": "../x"}))[0] == "usage"


async def test_an_existing_sound_is_replaced_only_when_told(rig: Rig) -> None:
    await put(rig)
    assert (await put(rig))["error"]["data"]["kind"] == "conflict"
    assert (await put(rig, replace=True))["replaced"] is True


async def test_a_folder_that_cannot_be_read_is_told_and_may_be_tried_again(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "sounds").write_text("no folder")
    for method in ("audio.list", "audio.check"):
        kind, message = await rig.error(method)
        assert kind == "unavailable" and "cannot be read" in message
