"""Owns the gate: may this lead be dialled now? Pure; zones, counters and lists come in as values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dialerd.core.lead import Lead


@dataclass(frozen=True, slots=True, kw_only=True)
class CallingRules:
    """What a campaign allows. Windows are local time of the called party: weekday (0 = Monday) → (open, close).

    Defaults are the original system's: 09:00–17:00, three attempts.
    """

    name: str = "basic"
    version: str = "1"
    windows: tuple[tuple[time, time] | None, ...] = ((time(9), time(17)),) * 7
    max_attempts: int = 3
    max_attempts_per_day: int = 3

    def __post_init__(self) -> None:
        """Refuse a rule set that cannot be evaluated (fail-closed happens in may_dial as well)."""
        if len(self.windows) != 7:
            raise ValueError("windows: one entry for each weekday, Monday first")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What must be known of a number at the moment of dialling, over all campaigns."""

    do_not_call: str = ""  # which list forbids it; empty: none
    open_attempt: bool = False  # another attempt to this number is in progress
    number_attempts_24h: int = 0
    oldest_attempt_24h: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateVerdict:
    """`allowed`, or the first `rule` that forbids it, why, and when to ask again (None: never)."""

    allowed: bool
    rule: str = ""
    detail: str = ""
    next_time: datetime | None = None


RETRY_UNKNOWN = timedelta(minutes=5)


def may_dial(lead: Lead, facts: Facts, rules: CallingRules, now: datetime) -> GateVerdict:
    """Given a lead, the facts about its number and the rules, return yes or the first rule that forbids it.

    Fail-closed: anything that cannot be evaluated (unknown zone, broken rule) forbids the call.
    """
    try:
        for verdict in _rules_in_order(lead, facts, rules, now):
            if verdict is not None:
                return verdict
    except Exception as error:  # fail-closed: a broken rule must never let a call through
        return GateVerdict(allowed=False, rule="broken_rule", detail=f"{type(error).__name__}: {error}")
    return GateVerdict(allowed=True)


def _rules_in_order(lead: Lead, facts: Facts, rules: CallingRules, now: datetime) -> Iterator[GateVerdict | None]:
    yield _do_not_call(facts)
    yield _attempt_cap(lead, rules)
    yield _open_attempt(facts, now)
    yield _daily_cap(facts, rules, now)
    yield _calling_hours(lead, rules, now)


def _do_not_call(facts: Facts) -> GateVerdict | None:
    if not facts.do_not_call:
        return None
    return GateVerdict(allowed=False, rule="do_not_call", detail=f"on the {facts.do_not_call} list")


def _attempt_cap(lead: Lead, rules: CallingRules) -> GateVerdict | None:
    if lead.attempts < rules.max_attempts:
        return None
    detail = f"{lead.attempts} of {rules.max_attempts} attempts used"
    return GateVerdict(allowed=False, rule="max_attempts", detail=detail)


def _open_attempt(facts: Facts, now: datetime) -> GateVerdict | None:
    if not facts.open_attempt:
        return None
    return GateVerdict(
        allowed=False,
        rule="open_attempt",
        detail="another attempt to this number is in progress",
        next_time=now + timedelta(minutes=1),
    )


def _daily_cap(facts: Facts, rules: CallingRules, now: datetime) -> GateVerdict | None:
    if facts.number_attempts_24h < rules.max_attempts_per_day:
        return None
    oldest = facts.oldest_attempt_24h or now
    return GateVerdict(
        allowed=False,
        rule="max_attempts_per_day",
        detail=f"{facts.number_attempts_24h} attempts to this number in 24 h, {rules.max_attempts_per_day} allowed",
        next_time=max(oldest + timedelta(hours=24), now + timedelta(seconds=1)),
    )


def _calling_hours(lead: Lead, rules: CallingRules, now: datetime) -> GateVerdict | None:
    if not lead.zones:
        return GateVerdict(allowed=False, rule="unknown_zone", detail="no time zone is known for this lead")
    try:
        zones = [ZoneInfo(name) for name in lead.zones]
    except Exception:
        bad = ", ".join(lead.zones)
        return GateVerdict(allowed=False, rule="unknown_zone", detail=f"no such time zone: {bad}")
    closed = [zone for zone in zones if not _is_open(zone, rules, now)]
    if not closed:
        return None
    return GateVerdict(
        allowed=False,
        rule="calling_hours",
        detail=f"{now.astimezone(closed[0]):%a %H:%M} in {closed[0].key}, outside the calling window",
        next_time=_next_open(zones, rules, now),
    )


def _is_open(zone: ZoneInfo, rules: CallingRules, now: datetime) -> bool:
    local = now.astimezone(zone)
    window = rules.windows[local.weekday()]
    return window is not None and window[0] <= local.time() < window[1]


def _next_open(zones: list[ZoneInfo], rules: CallingRules, now: datetime) -> datetime | None:
    """The first minute within eight days at which every zone is open; None if there is none."""
    starts = sorted(
        opening
        for zone in zones
        for day in range(9)
        if (opening := _opening(zone, rules, now, day)) is not None and opening > now
    )
    return next((start for start in starts if all(_is_open(zone, rules, start) for zone in zones)), None)


def _opening(zone: ZoneInfo, rules: CallingRules, now: datetime, days_ahead: int) -> datetime | None:
    day = now.astimezone(zone).date() + timedelta(days=days_ahead)
    window = rules.windows[day.weekday()]
    if window is None:
        return None
    return datetime.combine(day, window[0], tzinfo=zone).astimezone(UTC)
