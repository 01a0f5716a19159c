"""Owns the way from a rule file's tables to a RuleSet, every problem named. Pure; knows no file and no library.

The format is described in docs/rules.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from dialerd.core.abandon_window import AbandonWindow
from dialerd.core.calling_windows import Week, parse_week
from dialerd.core.errors import Invalid, hint
from dialerd.core.rule_set import (
    CAMPAIGN_DEMANDS,
    REGION,
    After,
    CampaignDemand,
    Cap,
    ConsentNeeded,
    Demand,
    Hours,
    Purpose,
    Quiet,
    RequiredList,
    RuleSet,
    Scope,
)

NAME = re.compile(r"\A[a-z0-9][a-z0-9-]{0,39}\Z")
_LENGTH = re.compile(r"\A([0-9]{1,5}) ?(days?|h|hours?|min|s|seconds?)\Z")
_UNITS = {"d": 86_400, "h": 3600, "m": 60, "s": 1}

Holidays = Callable[[str], tuple[frozenset[date], frozenset[int]]]
"""Given a calendar (`US`, `US-AL`), its public holidays and the years they are known for; LookupError: no such one."""


def parse_rule_set(data: Mapping[str, Any], holidays: Holidays) -> RuleSet:
    """Given a rule file's content, return the set; Invalid lists every problem with its table and key."""
    reader = _Reader(holidays)
    rule_set = reader.read(data)
    if reader.problems or rule_set is None:
        raise Invalid("; ".join(reader.problems))
    return rule_set


class _Reader:
    def __init__(self, holidays: Holidays) -> None:
        self.problems: list[str] = []
        self._holidays = holidays
        self._sources: Mapping[str, str] = {}

    def read(self, data: Mapping[str, Any]) -> RuleSet | None:
        top = _Table(self, "", data)
        name = top.text("name", NAME)
        version, title = top.text("version"), top.text("title")
        countries = top.texts("countries", REGION)
        since, until = top.day("effective_from", date.min), top.day("effective_until", None)
        window = top.one_of("abandon_window", AbandonWindow) if "abandon_window" in data else None
        losses_inside = top.flag("amd_losses_inside")
        notes = top.texts("notes")
        self._sources = dict(top.table("sources"))
        demands: list[Demand] = []
        for kind, build in _BUILDERS.items():
            for index, entry in enumerate(top.tables(kind), start=1):
                table = _Table(self, f"{kind} {index}", entry)
                demand = build(table)
                regions, note = table.texts("regions", REGION), table.text("note", needed=False)
                source = table.text("source", needed=False)
                if source and source not in self._sources:
                    table.problem("source", f"{source!r} is not among [sources]")
                table.finish()
                if demand is not None:
                    demands.append(replace(demand, source=self._sources.get(source, ""), regions=regions, note=note))
        top.finish()
        if self.problems:
            return None
        return RuleSet(
            name=name, version=version, title=title, countries=countries, effective_from=since or date.min,
            effective_until=until, abandon_window=window, amd_losses_inside=losses_inside, demands=tuple(demands),
            notes=notes,
        )  # fmt: skip

    def with_holidays(self, week: Week, calendar: str) -> Week:
        """The week with the public holidays of a calendar; ValueError when there is no such calendar."""
        if week.holiday is None:
            return week
        try:
            days, years = self._holidays(calendar)
        except LookupError:
            raise ValueError(f"{calendar!r} is no country (US) or subdivision (US-AL) with known holidays") from None
        return replace(week, holidays=days, known_years=years)


class _Table:
    """One table of the file; what was not asked for is a problem."""

    def __init__(self, reader: _Reader, where: str, data: Any) -> None:
        self._reader = reader
        self._where = where
        self._data: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        self._asked: set[str] = set()
        if not isinstance(data, Mapping):
            reader.problems.append(f"{where}: is not a table")

    def problem(self, key: str, text: str) -> None:
        self._reader.problems.append(f"{self._where}.{key}: {text}" if self._where else f"{key}: {text}")

    def get(self, key: str) -> Any:
        self._asked.add(key)
        return self._data.get(key)

    def text(self, key: str, form: re.Pattern[str] | None = None, *, needed: bool = True) -> str:
        value = self.get(key)
        if value is None and not needed:
            return ""
        if not isinstance(value, str) or not value.strip() or (form is not None and not form.match(value)):
            self.problem(key, "is missing" if value is None else f"{str(value)[:40]!r} cannot stand here")
            return ""
        return value

    def texts(self, key: str, form: re.Pattern[str] | None = None) -> tuple[str, ...]:
        value = self.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) and (not form or form.match(v)) for v in value):
            self.problem(key, f"{str(value)[:60]!r} is not a list of texts as they must be")
            return ()
        return tuple(value)

    def number(self, key: str, low: float, high: float) -> float:
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            said = "is missing" if value is None else f"{str(value)[:40]!r} is not a number from {low:g} to {high:g}"
            self.problem(key, said)
            return low
        return float(value)

    def length(self, key: str, *, needed: bool = True) -> timedelta | None:
        value = self.get(key)
        match = _LENGTH.match(value) if isinstance(value, str) else None
        if match is None:
            if needed or value is not None:
                self.problem(key, f'{str(value)[:40]!r} is not a length like "7 days", "24 h" or "90 s"')
            return None
        return timedelta(seconds=int(match[1]) * _UNITS[match[2][0]])

    def day(self, key: str, default: date | None) -> date | None:
        value = self.get(key)
        if value is None:
            return default
        if type(value) is not date:
            self.problem(key, f"{str(value)[:40]!r} is not a date like 2026-08-11 (without quotes)")
            return default
        return value

    def one_of(self, key: str, kind: Any, default: Any = None) -> Any:
        value = self.get(key)
        if value is None and default is not None:
            return default
        try:
            return kind(value)
        except ValueError:
            self.problem(key, f"{str(value)[:40]!r} is not one of {', '.join(member.value for member in kind)}")
            return next(iter(kind))

    def flag(self, key: str) -> bool:
        value = self.get(key)
        if value is not None and not isinstance(value, bool):
            self.problem(key, f"{str(value)[:40]!r} is not true or false")
        return value is True

    def table(self, key: str) -> Mapping[str, str]:
        value = self.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping) or not all(isinstance(item, str) for item in value.values()):
            self.problem(key, "is not a table of texts")
            return {}
        return value

    def tables(self, key: str) -> list[Any]:
        value = self.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.problem(key, f"is not a list of tables: write [[{key}]]")
            return []
        return value

    def week(self, key: str, calendar: str) -> Week | None:
        table = self.table(key)
        try:
            if not table:
                raise ValueError("is missing")
            return self._reader.with_holidays(parse_week(table), calendar)
        except ValueError as error:
            self.problem(key, str(error))
            return None

    def finish(self) -> None:
        for key in self._data:
            if key not in self._asked:
                self.problem(str(key)[:40], f"no such key{hint(str(key), sorted(self._asked))}")


def _hours(table: _Table) -> Demand | None:
    week = table.week("week", table.text("holiday_calendar", REGION, needed=False) or "US")
    return Hours(week=week) if week is not None else None


def _cap(table: _Table) -> Demand | None:
    name, most = table.text("name"), int(table.number("most", 1, 1000))
    within, scope = table.length("within"), table.one_of("counts", Scope, Scope.NUMBER)
    return Cap(name=name, most=most, within=within, scope=scope) if within is not None else None


def _quiet(table: _Table) -> Demand | None:
    name, after, length = table.text("name"), table.one_of("after", After), table.length("length")
    lifts = table.get("agent_lifts") is True
    return Quiet(name=name, after=after, length=length, agent_lifts=lifts) if length is not None else None


def _list(table: _Table) -> Demand | None:
    name, age, exempt = table.text("name", NAME), table.length("max_age"), frozenset(table.texts("exempt"))
    return RequiredList(name=name, max_age=age, exempt=exempt) if age is not None else None


def _consent(table: _Table) -> Demand | None:
    purpose, classes = table.one_of("purpose", Purpose), frozenset(table.texts("classes"))
    if not classes:
        table.problem("classes", "names no class of consent, so nobody could ever be called")
    return ConsentNeeded(purpose=purpose, classes=classes, max_age=table.length("max_age", needed=False))


def _campaign(table: _Table) -> Demand | None:
    key, value = table.text("key"), table.number("value", 0, 1_000_000)
    if key and key not in CAMPAIGN_DEMANDS:
        table.problem("key", f"{key[:40]!r} is not one of {', '.join(CAMPAIGN_DEMANDS)}")
        return None
    return CampaignDemand(key=key, value=value)


_BUILDERS: Mapping[str, Callable[[_Table], Demand | None]] = {
    "hours": _hours,
    "cap": _cap,
    "quiet": _quiet,
    "dnc_list": _list,
    "consent": _consent,
    "campaign": _campaign,
}
"""The tables of a rule file and what each becomes."""
