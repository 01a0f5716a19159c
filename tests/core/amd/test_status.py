"""What AMDSTATUS means, and who meets an agent."""

from __future__ import annotations

import pytest

from dialerd.core.amd.status import MEETS_AGENT, AmdResult, amd_result


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


def test_doubt_goes_to_an_agent() -> None:
    assert set(AmdResult) - {AmdResult.MACHINE, AmdResult.HANGUP} == MEETS_AGENT
