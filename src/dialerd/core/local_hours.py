"""Owns the rules of the gate that ask what time it is where the lead is, and the zones they ask for. Pure.

Knows no other rule, nor their order: `compliance` does.
"""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo

from dialerd.core.calling_windows import Week, closed_in, next_open, show_week
from dialerd.core.compliance_rules import Case, Found


class UnknownZone(ValueError):
    """A lead whose local time nobody knows."""


def calling_hours(case: Case) -> Found:
    """The campaign's own window, in every zone the lead may be in."""
    return _hours(case, (case.rules.week,), "the campaign's window")


def legal_hours(case: Case) -> Found:
    """The windows of the law, in every zone the lead may be in."""
    weeks = case.law.weeks(case.lead.regions)
    return _hours(case, weeks, case.law.name) if weeks else ("no limit", None, None)


def _hours(case: Case, weeks: tuple[Week, ...], whose: str) -> Found:
    zones = zones_of(case.lead.zones)
    closed = closed_in(weeks, zones, case.now)
    shown = closed or zones[0]
    inputs = f"{case.now.astimezone(shown):%a %Y-%m-%d %H:%M} in {shown.key}"
    if len(zones) > 1:
        inputs += f" and {len(zones) - 1} more zones"
    if closed is None:
        return inputs, None, None
    local = case.now.astimezone(closed)
    outside = list(dict.fromkeys(show_week(week) for week in weeks if not week.is_open(local)))
    windows = " and ".join(outside[:2]) + (f" and {len(outside) - 2} more" if len(outside) > 2 else "")
    objection = f"{local:%a %H:%M} in {closed.key}, outside {whose} ({windows})"
    # The next opening of this rule alone would often be one that the other forbids: both are looked at together.
    return inputs, objection, next_open(case.rules.weeks(case.lead.regions), zones, case.now)


def zones_of(names: tuple[str, ...]) -> tuple[ZoneInfo, ...]:
    """The zones of these names; UnknownZone when there is none or one is no zone."""
    if not names:
        raise UnknownZone("no time zone is known for this lead")
    try:
        return _zones(names)
    except Exception:
        raise UnknownZone(f"no such time zone: {', '.join(names)}") from None


@lru_cache(maxsize=4096)
def _zones(names: tuple[str, ...]) -> tuple[ZoneInfo, ...]:
    return tuple(ZoneInfo(name) for name in names)
