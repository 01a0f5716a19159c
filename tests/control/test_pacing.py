"""The method on what pacing has decided: which period is asked for, and what becomes of the store's sums."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dialerd.control.ports import Row
from dialerd.core.pacing.history import SUMS

from .rig import AGENT, AUDITOR, NOW, Rig


def span(second: int, **sums: Any) -> Row:
    at = NOW - timedelta(seconds=900 - second)
    return {
        **dict.fromkeys(SUMS, 0), "at": at, "until": at + timedelta(seconds=10), "mode": "predictive", "limits": {},
        "credit": 2.5, **sums,
    }  # fmt: skip


async def test_sums_become_means_over_decisions_and_over_forecasts() -> None:
    rig = Rig()
    rig.records.spans = [
        span(0, decisions=10, calls=4, ready=20, staffed=100, occupied=80, in_flight=55, lines_used=60, ratio=15.0,
             planned=4, expected_free=8.0, expected_answers=6.0, chance=1.0, threshold=0.12, expected_abandons=6.0,
             live=9, forecast_live=9, limits={"agents": 6, "budget": 4}),
        span(10, decisions=30, stopped=10, calls=2, staffed=300, occupied=120, limits={"agents": 30}, credit=1.25,
             expected_abandons=4.0, live=3, abandoned=2, forecast_live=2, forecast_abandoned=1),
        span(20, live=1),
    ]  # fmt: skip
    answer = await rig.call("pacing.show", {"name": "spring"}, AUDITOR)
    first, second, third = answer["points"]
    assert (first["ready"], first["staffed"], first["in_flight"], first["lines_used"]) == (2.0, 10.0, 5.5, 6.0)
    assert (first["dial_ratio"], first["occupancy"]) == (1.5, 80.0)
    assert (first["expected_free"], first["expected_answers"]) == (2.0, 1.5)
    assert (first["answer_chance"], first["risk_allowed"]) == (25.0, 3.0)
    assert second["answer_chance"] is None, "no forecast, no chance"
    assert (third["dial_ratio"], third["occupancy"], third["live_answers"]) == (None, None, 1)
    total = answer["total"]
    assert (total["decisions"], total["stopped"], total["calls"]) == (40, 10, 6)
    assert total["limits"] == {"agents": 36, "budget": 4}
    assert (total["occupancy"], total["live_answers"], total["abandoned"], total["credit"]) == (50.0, 13, 2, 2.5)
    assert answer["calibration"] == {
        "expected": 10.0, "happened": 1, "low": 4, "high": 17, "fit": "fewer", "live_answers": 11
    }  # fmt: skip
    assert (answer["campaign"], answer["state"], answer["why"]) == ("spring", "stopped", "not started")


async def test_nothing_decided_is_no_error() -> None:
    answer = await Rig().call("pacing.show", {"name": "spring"})
    assert (answer["points"], answer["calibration"], answer["last_at"]) == ([], None, None)
    assert answer["total"]["decisions"] == 0 and answer["total"]["dial_ratio"] is None


@pytest.mark.parametrize(
    ("params", "since_s", "until_s", "points"),
    [
        ({}, -900, 0, 60),
        ({"last": 60}, -60, 0, 60),
        ({"last": 35 * 86400, "points": 500}, -35 * 86400, 0, 500),
        ({"since": "2026-03-02T14:00:00+00:00"}, -3600, 0, 60),
        ({"since": "2026-03-02T14:00:00+00:00", "until": "2026-03-02T14:30:00+00:00"}, -3600, -1800, 60),
        ({"until": "2026-03-02T14:30:00+00:00"}, -2700, -1800, 60),
        ({"since": "2026-03-02T14:00:00+00:00", "until": "2026-03-03T00:00:00+00:00"}, -3600, 0, 60),
    ],
)
async def test_periods(params: dict[str, Any], since_s: float, until_s: float, points: int) -> None:
    rig = Rig()
    await rig.call("pacing.show", {"name": "spring", **params})
    since, until = NOW + timedelta(seconds=since_s), NOW + timedelta(seconds=until_s)
    assert rig.records.asked == [("pacing_history", since, until, points)]


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"last": 5}, "last: must be a number of at least 10"),
        ({"last": 36 * 86400}, "last: decisions are kept for 35 days"),
        ({"last": 60, "since": "2026-03-02T14:00:00+00:00"}, "last: goes without since and until"),
        ({"since": "yesterday"}, "since: 'yesterday' is not a time with its offset"),
        ({"since": "2025-03-02T14:00:00+00:00"}, "since: decisions are kept for 35 days"),
        ({"until": "0001-01-02T14:00:00+00:00"}, "until: decisions are kept for 35 days"),
        ({"since": "2026-03-02T14:00:00+00:00", "until": "2026-03-02T13:00:00+00:00"}, "until: must be later"),
        ({"since": "2099-01-01T00:00:00+00:00"}, "since: 2099-01-01T00:00:00+00:00 is in the future"),
        ({"until": "2099-01-01T00:00:00+00:00"}, "until: 2099-01-01T00:00:00+00:00 is in the future"),
        ({"points": 0}, "points: must be a whole number of at least 1"),
        ({"points": 501}, "points: must be a whole number of at most 500"),
        ({"last": "1h"}, "last: must be a number"),
    ],
)
async def test_wrong_periods_are_one_sentence(params: dict[str, Any], sentence: str) -> None:
    kind, message = await Rig().error("pacing.show", {"name": "spring", **params})
    assert kind == "usage" and message.startswith(sentence)


async def test_who_may_ask_and_for_what() -> None:
    assert (await Rig().error("pacing.show", {"name": "sprong"}))[0] == "not_found"
    assert (await Rig().error("pacing.show", {"name": "spring"}, AGENT))[0] == "forbidden"
