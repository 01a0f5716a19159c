"""What AMDSTATUS means, and who meets an agent."""

from __future__ import annotations

import pytest

from dialerd.core.amd.status import AmdResult, amd_result, treated_as
from dialerd.core.campaign import AmdPolicy


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("HUMAN", AmdResult.HUMAN),
        (" machine\n", AmdResult.MACHINE),
        ("NOTSURE", AmdResult.UNSURE),
        ("HANGUP", AmdResult.HANGUP),
        ("", AmdResult.NOT_RUN),
        ("  ", AmdResult.NOT_RUN),
        ("FAX", AmdResult.UNSURE),
    ],
)
def test_statuses(status: str, result: AmdResult) -> None:
    assert amd_result(status) is result


@pytest.mark.parametrize("unsure", AmdPolicy)
@pytest.mark.parametrize("not_run", AmdPolicy)
def test_doubt_goes_where_the_campaign_says_and_certainty_where_it_must(unsure: AmdPolicy, not_run: AmdPolicy) -> None:
    assert {result: treated_as(result, unsure=unsure, not_run=not_run) for result in AmdResult} == {
        AmdResult.HUMAN: AmdPolicy.AGENT,
        AmdResult.MACHINE: AmdPolicy.MACHINE,
        AmdResult.FAX: AmdPolicy.MACHINE,
        AmdResult.SIT: AmdPolicy.MACHINE,
        AmdResult.UNSURE: unsure,
        AmdResult.NOT_RUN: not_run,
        AmdResult.HANGUP: None,
    }
