"""Hang-up causes: one table; the SIP code wins where it is known."""

from __future__ import annotations

import pytest

from dialerd.core.call import Status
from dialerd.core.causes import Q850_STATUS, SIP_STATUS, unanswered_status
from dialerd.core.dispositions import BUILT_IN

S = Status
Q850 = {
    1: S.INVALID_NUMBER, 16: S.NO_ANSWER, 17: S.BUSY, 18: S.NO_ANSWER, 19: S.NO_ANSWER, 20: S.NO_ANSWER,
    21: S.REJECTED, 22: S.INVALID_NUMBER, 27: S.FAILED, 28: S.INVALID_NUMBER, 34: S.CONGESTION, 38: S.FAILED,
    41: S.CONGESTION, 42: S.CONGESTION, 44: S.CONGESTION, 55: S.REJECTED, 102: S.NO_ANSWER, 127: S.FAILED,
}  # fmt: skip
SIP = {
    403: S.REJECTED, 404: S.INVALID_NUMBER, 408: S.NO_ANSWER, 410: S.INVALID_NUMBER, 480: S.NO_ANSWER,
    484: S.INVALID_NUMBER, 486: S.BUSY, 487: S.NO_ANSWER, 500: S.CONGESTION, 503: S.CONGESTION, 600: S.BUSY,
    603: S.REJECTED, 604: S.INVALID_NUMBER, 607: S.REJECTED, 608: S.REJECTED,
}  # fmt: skip


@pytest.mark.parametrize(("cause", "status"), Q850.items())
def test_q850(cause: int, status: Status) -> None:
    assert unanswered_status(cause, None) is status


@pytest.mark.parametrize(("code", "status"), SIP.items())
def test_sip_wins_over_the_cause_it_was_folded_into(code: int, status: Status) -> None:
    assert unanswered_status(17 if status is not S.BUSY else 1, code) is status


@pytest.mark.parametrize("sip", [None, 0, 183, 200, 299, 699])
def test_an_unknown_sip_code_says_nothing(sip: int | None) -> None:
    assert unanswered_status(17, sip) is S.BUSY


@pytest.mark.parametrize("cause", [None, 0, 999, -1])
def test_what_nobody_knows_has_failed(cause: int | None) -> None:
    assert unanswered_status(cause, None) is S.FAILED


def test_each_status_of_the_tables_is_a_system_disposition() -> None:
    codes = {d.code for d in BUILT_IN if d.is_system}
    assert {s.value for s in (*Q850_STATUS.values(), *SIP_STATUS.values())} <= codes
    assert {s.value for s in Status} - {"answered"} <= codes
