"""Whose sound is kept: the lot is drawn once, fairly, and is told to Asterisk and the record alike."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, strategies as st
from tests.core.stage import Stage
from tests.core.values import agent, campaign, settings

from dialerd.core.amd.sampling import is_sampled, sample_file
from dialerd.core.campaign import Campaign
from dialerd.core.messages import Originate, SaveAttempt

TOKENS = st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}")
SHARES = st.floats(0, 1)


@given(TOKENS, SHARES, SHARES)
def test_a_greater_share_only_adds_calls(token: str, one: float, other: float) -> None:
    assert is_sampled(token, min(one, other)) <= is_sampled(token, max(one, other))
    assert is_sampled(token, 1.0) and not is_sampled(token, 0.0)


def test_the_share_is_kept() -> None:
    tokens = [f"{number * 2654435761 % 2**32:08x}{0:024x}" for number in range(1000)]
    assert sum(is_sampled(token, 0.2) for token in tokens) == 200


def test_samples_lie_by_day_beside_the_recordings() -> None:
    day = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)
    assert sample_file("/rec", "dlr-7-0badcafe", day) == "/rec/amd/20260302/dlr-7-0badcafe.wav"
    assert sample_file("", "dlr-7-0badcafe", day) == ""


def originate(wanted: Campaign, folder: str = "/rec") -> Originate:
    stage = Stage(wanted, agents=[agent(1)], limits=settings(recording_folder=folder))
    stage.dial()
    sent = [command for command in stage.said if isinstance(command, Originate)][-1]
    saved = [command for command in stage.said if isinstance(command, SaveAttempt)][-1]
    assert saved.attempt.amd_sample_file == sent.sample_file, "the record names the file that Asterisk writes"
    return sent


def test_what_asterisk_is_told() -> None:
    sent = originate(campaign(amd_enabled=True, amd_sample=1.0))
    assert sent.sample_file.startswith("/rec/amd/") and sent.sample_file.endswith(f"/{sent.channel_id}.wav")
    assert originate(campaign(amd_enabled=True)).sample_file == ""
    assert originate(campaign(amd_sample=1.0)).sample_file == "", "without AMD there is nothing to hear"
