"""Owns weekly calling windows and the arithmetic of local time: open or not, when next, until when. Knows no rule.

Windows are wall-clock minutes of the called party. All answers are instants in UTC, exact to the second over summer
time (an opening that falls into a skipped hour is the end of that hour; a repeated hour opens twice).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Interval = tuple[int, int]
"""Minutes after midnight, [opens, closes): 540, 1020 is 09:00–17:00; 1440 is midnight at the end of the day."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HORIZON_DAYS = 21
"""How far an opening is looked for: no public holidays anywhere close three weeks in a row."""

_INTERVAL = re.compile(r"\A([01]?[0-9]|2[0-4]):([0-5][0-9])\s*[-–]\s*([01]?[0-9]|2[0-4]):([0-5][0-9])\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """The windows of one rule. `days` starts with Monday; `holiday` None: a holiday is like its weekday."""

    days: tuple[tuple[Interval, ...], ...]
    holiday: tuple[Interval, ...] | None = None
    holidays: frozenset[date] = frozenset()
    known_years: frozenset[int] = frozenset()  # of `holidays`; asked beyond them, the week cannot be judged

    def __post_init__(self) -> None:
        """Refuse what cannot be evaluated."""
        if len(self.days) != 7:
            raise ValueError("a week needs seven days, Monday first")
        for opens, closes in (*(i for day in self.days for i in day), *(self.holiday or ())):
            if not 0 <= opens < closes <= 1440:
                raise ValueError(f"a window from minute {opens} to minute {closes} is none")

    def on(self, day: date) -> tuple[Interval, ...]:
        """The windows of one local date; ValueError when holidays matter and that year's are not known."""
        if self.holiday is None:
            return self.days[day.weekday()]
        if day.year not in self.known_years:
            raise ValueError(f"the public holidays of {day.year} are not known to this rule set")
        return self.holiday if day in self.holidays else self.days[day.weekday()]

    def is_open(self, local: datetime) -> bool:
        """Whether this wall-clock time lies in a window."""
        minute = local.hour * 60 + local.minute
        return any(opens <= minute < closes for opens, closes in self.on(local.date()))


ALWAYS = Week(days=(((0, 1440),),) * 7)


def daily(opens: time, closes: time, days: Iterable[int] = range(7)) -> Week:
    """The same window on each of `days` (0 = Monday); `time.max` closes at the end of the day."""
    last = 1440 if closes == time.max else closes.hour * 60 + closes.minute
    window = ((opens.hour * 60 + opens.minute, last),)
    wanted = frozenset(days)
    return Week(days=tuple(window if day in wanted else () for day in range(7)))


def parse_intervals(text: str) -> tuple[Interval, ...]:
    """`08:00-21:00`, several joined by commas, or `closed`; ValueError with the sentence."""
    if text.strip().lower() == "closed":
        return ()
    found: list[Interval] = []
    for part in text.split(","):
        match = _INTERVAL.match(part.strip())
        if match is None:
            raise ValueError(f"{part.strip()[:40]!r} is not a window like 08:00-21:00, nor closed")
        h1, m1, h2, m2 = (int(group) for group in match.groups())
        opens, closes = h1 * 60 + m1, h2 * 60 + m2
        if not opens < closes <= 1440:
            raise ValueError(f"{part.strip()[:40]!r} does not end after its beginning on the same day")
        if found and opens < found[-1][1]:
            raise ValueError(f"{part.strip()[:40]!r} begins before the window in front of it ends")
        found.append((opens, closes))
    return tuple(found)


def parse_week(table: Mapping[str, str]) -> Week:
    """A week as rule files write it: `mon-fri = "10:00-13:00, 14:00-20:00"`, `sat = …`, `holiday = "closed"`.

    A day that is not named is closed. ValueError with the sentence.
    """
    days: list[tuple[Interval, ...]] = [()] * 7
    named: set[int] = set()
    holiday: tuple[Interval, ...] | None = None
    for key, text in table.items():
        if not isinstance(text, str):
            raise ValueError(f"{key}: is not a text like 08:00-21:00")
        if key == "holiday":
            holiday = parse_intervals(text)
            continue
        for day in _days(key):
            if day in named:
                raise ValueError(f"{WEEKDAYS[day]} is named twice")
            named.add(day)
            days[day] = parse_intervals(text)
    return Week(days=tuple(days), holiday=holiday)


def _days(key: str) -> list[int]:
    first, _, last = key.strip().lower().partition("-")
    if first not in WEEKDAYS or (last and last not in WEEKDAYS):
        raise ValueError(f"{key[:40]!r} is neither a day ({', '.join(WEEKDAYS)}), a range like mon-fri, nor holiday")
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    if end < start:
        raise ValueError(f"{key[:40]!r} runs backwards: write two lines")
    return list(range(start, end + 1))


def show_intervals(intervals: Sequence[Interval]) -> str:
    """The text that `parse_intervals` reads."""
    return ", ".join(f"{o // 60:02}:{o % 60:02}-{c // 60:02}:{c % 60:02}" for o, c in intervals) or "closed"


def show_week(week: Week) -> str:
    """One line: days with the same windows together."""
    parts: list[str] = []
    day = 0
    while day < 7:
        end = day
        while end < 6 and week.days[end + 1] == week.days[day]:
            end += 1
        name = WEEKDAYS[day] if end == day else f"{WEEKDAYS[day]}-{WEEKDAYS[end]}"
        parts.append(f"{name} {show_intervals(week.days[day])}")
        day = end + 1
    if week.holiday is not None:
        parts.append(f"holidays {show_intervals(week.holiday)}")
    return "; ".join(parts)


def closed_in(weeks: Sequence[Week], zones: Sequence[ZoneInfo], at: datetime) -> ZoneInfo | None:
    """The first zone in which one of the weeks is closed at this instant; None: open everywhere."""
    for zone in zones:
        local = at.astimezone(zone)
        if not all(week.is_open(local) for week in weeks):
            return zone
    return None


def next_open(weeks: Sequence[Week], zones: Sequence[ZoneInfo], after: datetime) -> datetime | None:
    """The first instant later than `after` at which every week is open in every zone; None within the horizon."""
    return _first(weeks, zones, after, wanted_open=True)


def open_until(weeks: Sequence[Week], zones: Sequence[ZoneInfo], now: datetime) -> datetime | None:
    """Given an instant that is open, the first later one that is not; None: it stays open."""
    return _first(weeks, zones, now, wanted_open=False)


def _first(weeks: Sequence[Week], zones: Sequence[ZoneInfo], after: datetime, *, wanted_open: bool) -> datetime | None:
    """Only where a window opens or closes, or clocks change, can the answer change: these instants are tried in order.

    Nearly always it is found within two days, so these are looked at first, with the edges of two more: two days from
    late today may end on the fourth date, where clocks are put forward or a zone skips a day at the date line.
    """
    for days in (4, HORIZON_DAYS):
        edges = {edge for zone in zones for edge in _edges(weeks, zone, after, days, closing=not wanted_open)}
        for instant in sorted(edges):
            if (closed_in(weeks, zones, instant) is None) is wanted_open:
                if days < HORIZON_DAYS and instant > after + timedelta(days=2):
                    break  # an edge of another zone may come before it
                return instant
    return None


def _edges(weeks: Sequence[Week], zone: ZoneInfo, after: datetime, days: int, *, closing: bool) -> Iterator[datetime]:
    """Every later instant of these days at which a window opens (or closes) or the zone's offset changes."""
    today = after.astimezone(zone).date()
    for ahead in range(-1, days):
        day = today + timedelta(days=ahead)
        for week in weeks:
            for opens, closes in week.on(day):
                for instant in _instants(day, closes if closing else opens, zone):
                    if instant > after:
                        yield instant
        change = _offset_change(day, zone)
        if change is not None and change > after:
            yield change


def _instants(day: date, minute: int, zone: ZoneInfo) -> Iterator[datetime]:
    """When a zone's clocks show this minute of this day: once, twice in a repeated hour, never in a skipped one."""
    wall = datetime.combine(day, time(0)) + timedelta(minutes=minute)
    for fold in (0, 1):
        instant = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
            yield instant


def _offset_change(day: date, zone: ZoneInfo) -> datetime | None:
    """The instant at which the zone's offset changes within 26 hours of this day's beginning; None: it does not."""
    low = int(datetime.combine(day, time(0), tzinfo=zone).timestamp())
    high = low + 26 * 3600
    before = datetime.fromtimestamp(low, zone).utcoffset()
    if datetime.fromtimestamp(high, zone).utcoffset() == before:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)
