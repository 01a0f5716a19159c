"""AMD's parameters as they are set: the shipped ones pass, what can never work is refused with one sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from dialerd.core.amd.frames import frames
from dialerd.core.amd.model import judge
from dialerd.core.amd.presets import PRESETS
from dialerd.core.campaign import AmdParameters
from dialerd.core.errors import Invalid
from dialerd.store.campaign_settings import COLUMNS, checked_settings

PRESENT = {
    "min_dial_ratio": 1.0, "max_dial_ratio": 3.0, "target_abandon_rate": 3.0, "max_abandon_rate": 5.0,
    "daily_start": "09:00", "daily_end": "17:00",
}  # fmt: skip
OF_COLUMN = {
    "amd_initial_silence": "initial_silence",
    "amd_greeting": "greeting",
    "amd_after_greeting_silence": "after_greeting_silence",
    "amd_total_analysis_time": "total_analysis_time",
    "amd_min_word_length": "minimum_word_length",
    "amd_between_words_silence": "between_words_silence",
    "amd_max_words": "maximum_number_of_words",
    "amd_silence_threshold": "silence_threshold",
    "amd_max_word_length": "maximum_word_length",
}


def row(parameters: AmdParameters) -> dict[str, Any]:
    values = asdict(parameters)
    return {**PRESENT, **{column: values[name] for column, name in OF_COLUMN.items()}}


def refusals(change: Mapping[str, Any], present: AmdParameters | None = None) -> list[str]:
    try:
        checked_settings(change, row(present or AmdParameters()))
    except Invalid as refused:
        return str(refused).split("; ")
    return []


def sound(*parts: tuple[int, int]) -> Any:
    """A square wave: (milliseconds, loudness) one after the other."""
    pieces = [np.resize(np.array([level, -level], dtype=np.int16), ms * 8) for ms, level in parts]
    return frames(np.concatenate(pieces))


@pytest.mark.parametrize("name", PRESETS)
def test_shipped_presets_are_accepted(name: str) -> None:
    values = asdict(PRESETS[name])
    assert refusals({column: values[of] for column, of in OF_COLUMN.items()}) == []


@pytest.mark.parametrize("column", OF_COLUMN)
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "x", "100000"])
def test_zero_and_nonsense_are_refused(column: str, value: str) -> None:
    (refusal,) = refusals({column: value})
    assert refusal.startswith(f"{column}: '{value}'")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"amd_after_greeting_silence": 5000}, "amd_after_greeting_silence: 5000 ms is not below amd_total"),
        ({"amd_greeting": 6000}, "amd_greeting: 6000 ms is not below amd_total_analysis_time"),
        ({"amd_min_word_length": 1500}, "amd_min_word_length: 1500 ms is not below amd_greeting"),
        ({"amd_max_word_length": 100}, "amd_min_word_length: 100 ms is not below amd_max_word_length"),
        ({"amd_between_words_silence": 800}, "amd_between_words_silence: 800 ms is not below amd_after"),
    ],
)  # fmt: skip
def test_contradictions_are_refused_with_one_sentence(change: dict[str, int], says: str) -> None:
    (refusal,) = refusals(change)
    assert refusal.startswith(says) and ", so " in refusal


def test_all_contradictions_at_once() -> None:
    assert len(refusals({"amd_total_analysis_time": 700})) == 2


PARAMETERS = st.builds(
    AmdParameters,
    initial_silence=st.integers(1, 8000),
    greeting=st.integers(1, 8000),
    after_greeting_silence=st.integers(1, 8000),
    total_analysis_time=st.integers(1, 8000),
    minimum_word_length=st.integers(1, 3000),
    between_words_silence=st.integers(1, 3000),
    maximum_number_of_words=st.integers(1, 10),
    maximum_word_length=st.integers(1, 8000),
)


@settings(max_examples=200, deadline=None)
@given(PARAMETERS)
def test_what_is_refused_can_never_work(parameters: AmdParameters) -> None:
    """By AMD's model: what the sentences say is so."""
    refused = " ".join(refusals({}, parameters))
    hello = [sound((first, 0), (word, 5000), (9000, 0)) for first in (100, 600) for word in (160, 300, 900)]
    if "before it knows a person" in refused:
        assert all(judge(each, parameters).status != "HUMAN" for each in hello)
    if "before it takes a long greeting" in refused:
        talks = sound((200, 0), (9000, 5000))
        assert not judge(talks, parameters).cause.startswith("LONGGREETING")
    if "no two words" in refused:
        for gap_ms in range(20, 400, 60):
            words = sound((100, 0), *[(200, 5000), (gap_ms, 0)] * 12)
            assert not judge(words, replace(parameters, maximum_number_of_words=1)).cause.startswith("MAXWORDS")


def test_every_parameter_is_a_column() -> None:
    assert set(OF_COLUMN) <= set(COLUMNS) and set(OF_COLUMN.values()) == set(asdict(AmdParameters()))


def test_a_preset_sets_all_nine_but_for_those_given_beside_it() -> None:
    columns = checked_settings({"amd_preset": "Vicidial", "amd_max_words": 6}, row(AmdParameters()))
    wanted = asdict(replace(PRESETS["vicidial"], maximum_number_of_words=6))
    assert columns == {column: wanted[name] for column, name in OF_COLUMN.items()}
    (refused,) = refusals({"amd_preset": "vicidail"})
    assert refused.startswith("amd_preset: 'vicidail' must be one of asterisk-default, original, ")
    assert refused.endswith("(did you mean vicidial?)")
    assert refusals({"amd_preset": "original", "amd_after_greeting_silence": 5000}), "checked as a whole"
