"""Owns the method on what pacing has decided: sums of the store become means, percents and a comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from dialerd.control.context import Context, ParamsInvalid
from dialerd.control.methods.campaigns import Name, with_live
from dialerd.control.params import past_instant
from dialerd.control.ports import Row
from dialerd.core.pacing.calibration import calibration
from dialerd.core.pacing.history import KEPT, SLOT_S, SUMS

MOST_POINTS = 500
DEFAULT_LAST_S = 900.0
_SETTINGS = ("dial_mode", "target_abandon_rate", "max_abandon_rate", "dial_ratio", "min_dial_ratio", "max_dial_ratio")
_LIVE = ("state", "why", "dials_now", "fault", "pacing")


class ShowParams(msgspec.Struct, frozen=True):
    """The campaign, and the period: the `last` seconds, or `since` (and `until`, by default now)."""

    name: Name
    last: Annotated[float, msgspec.Meta(ge=SLOT_S)] | None = None
    since: str | None = None
    until: str | None = None
    points: Annotated[int, msgspec.Meta(ge=1, le=MOST_POINTS)] = 60


async def show(context: Context, params: ShowParams) -> Row:
    """pacing.show: decisions of a period in about `points` parts, their total, what limited them, the calibration."""
    since, until = _period(params, context.services.now())
    campaign = with_live(context, await context.records.campaign(params.name))
    found = await context.records.pacing_history(params.name, since, until, params.points)
    spans: Sequence[Row] = found["spans"]
    total = _added_up(spans)
    fit = calibration(total["expected_abandons"], total["forecast_abandoned"])
    return {
        "campaign": params.name,
        "since": since,
        "until": until,
        "step_s": found["step_s"],
        **{key: campaign[key] for key in (*_LIVE, *_SETTINGS) if key in campaign},
        "total": _means(total),
        "obstacles": found["obstacles"],
        "calibration": {
            **asdict(fit),
            "expected": round(fit.expected, 2),
            "live_answers": total["forecast_live"],
        }
        if total["planned"]
        else None,
        "last_at": found["last_at"],
        "points": [{"at": s["at"], "until": s["until"], "mode": s["mode"], **_means(s)} for s in spans],
    }


def _period(params: ShowParams, now: datetime) -> tuple[datetime, datetime]:
    if params.last is not None and (params.since or params.until):
        raise ParamsInvalid("last: goes without since and until")
    until = past_instant(params.until, "until", now) if params.until else now
    oldest = now - KEPT - timedelta(minutes=1)  # the minute: a client counts back from its own now
    if until <= oldest:
        raise ParamsInvalid(f"until: decisions are kept for {KEPT.days} days")
    if params.since:
        since = past_instant(params.since, "since", now)
    else:
        last_s = params.last if params.last is not None else DEFAULT_LAST_S
        if not last_s <= KEPT.total_seconds():
            raise ParamsInvalid(f"last: decisions are kept for {KEPT.days} days")
        since = until - timedelta(seconds=last_s)
    if until <= since:
        raise ParamsInvalid("until: must be later than since")
    if since < oldest:
        raise ParamsInvalid(f"since: decisions are kept for {KEPT.days} days")
    return since, until


def _added_up(spans: Sequence[Row]) -> Row:
    limits: Counter[str] = Counter()
    for span in spans:
        limits.update(span["limits"])
    sums = {name: sum(span[name] for span in spans) for name in SUMS}
    return {**sums, "limits": dict(limits.most_common()), "credit": spans[-1]["credit"] if spans else None}


def _means(sums: Row) -> Row:
    """What people read of sums: means over the decisions, percents, counts."""
    decisions, planned = sums["decisions"], sums["planned"]

    def mean(name: str, of: int, digits: int = 2, times: float = 1.0) -> float | None:
        return round(times * float(sums[name]) / of, digits) if of else None

    return {
        "decisions": decisions,
        "stopped": sums["stopped"],
        "calls": sums["calls"],
        "limits": sums["limits"],
        "ready": mean("ready", decisions),
        "staffed": mean("staffed", decisions),
        "occupancy": mean("occupied", sums["staffed"], 1, 100),
        "in_flight": mean("in_flight", decisions),
        "lines_used": mean("lines_used", decisions),
        "dial_ratio": mean("ratio", decisions),
        "expected_free": mean("expected_free", planned),
        "expected_answers": mean("expected_answers", planned),
        "answer_chance": mean("chance", planned, 1, 100),
        "risk_allowed": mean("threshold", planned, 2, 100),
        "credit": round(sums["credit"], 2) if sums["credit"] is not None else None,
        "live_answers": sums["live"],
        "abandoned": sums["abandoned"],
        "expected_abandons": round(float(sums["expected_abandons"]), 3),
    }
