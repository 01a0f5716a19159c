"""Owns the value of a rule set: what one jurisdiction demands of a call, each demand with its source. Knows no file.

The files in `rules/` are read by `dialerd.rule_files` and become these values by `rule_set_parsing`; the gate in
`compliance` evaluates them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from typing import ClassVar

from dialerd.core.abandon_window import AbandonWindow
from dialerd.core.calling_windows import Week, show_week

REGION = re.compile(r"\A[A-Z]{2}(-[A-Z0-9]{1,3})?\Z")
"""ISO 3166: a country (US) or a subdivision (US-FL), as demands name where they hold and leads where they are."""


class Scope(Enum):
    """Whose attempts are counted: those to one number, or those to one person at all numbers (12 CFR 1006.14(b))."""

    NUMBER = "number"
    PERSON = "person"


class After(Enum):
    """What a quiet period begins with."""

    CONVERSATION = "conversation"
    ABANDONED = "abandoned"
    REFUSAL = "refusal"


class Purpose(Enum):
    """What consent is asked for."""

    CALL = "call"
    PRERECORDED = "prerecorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What every demand has: where it holds (empty: wherever the set does), its source, a note for the operator."""

    KIND: ClassVar[str] = ""
    regions: tuple[str, ...] = ()
    source: str = ""
    note: str = ""

    def concerns(self, regions: Iterable[str]) -> bool:
        """Whether it holds for a lead in these regions: a country alone may be any of its states, so all count."""
        if not self.regions:
            return True
        return any(
            region in self.regions or any(own.startswith(f"{region}-") for own in self.regions) for region in regions
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours(Demand):
    """Calling windows in the called party's time. Of several that hold, every one must be open."""

    KIND: ClassVar[str] = "calling hours"
    week: Week


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap(Demand):
    """At most this many attempts in any period of this length."""

    KIND: ClassVar[str] = "attempts"
    name: str
    most: int
    within: timedelta
    scope: Scope = Scope.NUMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet(Demand):
    """No call for some time after this; `agent_lifts`: allowed all the same when an agent is guaranteed."""

    KIND: ClassVar[str] = "quiet period"
    name: str
    after: After
    length: timedelta
    agent_lifts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredList(Demand):
    """A do-not-call list that must have been imported and be no older; consent of these classes exempts from it."""

    KIND: ClassVar[str] = "do-not-call list"
    name: str
    max_age: timedelta
    exempt: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentNeeded(Demand):
    """Consent of one of these classes, no older than `max_age`."""

    KIND: ClassVar[str] = "consent"
    purpose: Purpose
    classes: frozenset[str]
    max_age: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignDemand(Demand):
    """What a campaign's settings must be before it may start; `key` is one of CAMPAIGN_DEMANDS."""

    KIND: ClassVar[str] = "campaign"
    key: str
    value: float


CAMPAIGN_DEMANDS: Mapping[str, str] = {
    "min_ring_seconds": "unanswered calls ring for at least {:g} s",
    "max_wait_seconds": "a person who answers meets an agent or the message within {:g} s",
    "max_abandon_percent": "at most {:g} % of the calls answered by a person are abandoned",
    "caller_id_owned": "the caller ID is registered as ours on the trunk",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Everything one jurisdiction demands. `countries` empty: numbers of every country, no region need be known."""

    name: str
    version: str
    title: str
    countries: tuple[str, ...] = ()
    effective_from: date = date.min
    effective_until: date | None = None
    abandon_window: AbandonWindow | None = None  # over what the law measures the abandon rate; None: it does not say
    amd_losses_inside: bool = False  # people taken for machines count as abandoned, as an estimate
    demands: tuple[Demand, ...] = ()
    notes: tuple[str, ...] = ()
    hours: tuple[Hours, ...] = field(init=False)
    caps: tuple[Cap, ...] = field(init=False)
    quiets: tuple[Quiet, ...] = field(init=False)
    lists: tuple[RequiredList, ...] = field(init=False)
    consents: tuple[ConsentNeeded, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Sort the demands by kind once: the gate asks for them at every call."""
        for name, kind in (
            ("hours", Hours),
            ("caps", Cap),
            ("quiets", Quiet),
            ("lists", RequiredList),
            ("consents", ConsentNeeded),
        ):
            object.__setattr__(self, name, tuple(demand for demand in self.demands if isinstance(demand, kind)))

    @property
    def label(self) -> str:
        """Name and version, as each attempt keeps them."""
        return f"{self.name}/{self.version}"

    def in_force(self, today: date) -> bool:
        """Whether it holds on this day."""
        return self.effective_from <= today and (self.effective_until is None or today < self.effective_until)

    def weeks(self, regions: tuple[str, ...]) -> tuple[Week, ...]:
        """Every week that holds for a lead in these regions."""
        return tuple(hours.week for hours in self.hours if hours.concerns(regions))

    def campaign_demands(self) -> Iterator[CampaignDemand]:
        """What the settings of a campaign under this set must be."""
        return (demand for demand in self.demands if isinstance(demand, CampaignDemand))

    def longest_memory(self) -> timedelta:
        """How far back attempts must be known to judge its caps."""
        return max((cap.within for cap in self.caps), default=timedelta(0))


def ledger_rules(law: RuleSet) -> str:
    """How a set wants the abandon rate counted, as one line; empty where it says nothing."""
    window = f"abandon rate counted over {law.abandon_window.value}" if law.abandon_window is not None else ""
    losses = "people whom AMD took for machines count as abandoned (estimate)" if law.amd_losses_inside else ""
    return "; ".join(part for part in (window, losses) if part)


def describe(demand: Demand) -> str:
    """A demand in words, without its place and source: one line for a table."""
    match demand:
        case Hours():
            return show_week(demand.week)
        case Cap():
            whose = "one number" if demand.scope is Scope.NUMBER else "one person"
            return f"at most {demand.most} to {whose} in {show_length(demand.within)}"
        case Quiet():
            unless = ", unless an agent is guaranteed" if demand.agent_lifts else ""
            return f"{show_length(demand.length)} after {demand.after.value}{unless}"
        case RequiredList():
            exempt = f"; exempt: {', '.join(sorted(demand.exempt))}" if demand.exempt else ""
            return f"{demand.name}, at most {show_length(demand.max_age)} old{exempt}"
        case ConsentNeeded():
            age = f", at most {show_length(demand.max_age)} old" if demand.max_age is not None else ""
            return f"for each {demand.purpose.value}: {' or '.join(sorted(demand.classes))}{age}"
        case CampaignDemand():
            return CAMPAIGN_DEMANDS[demand.key].format(demand.value)
        case _:
            return demand.KIND


def show_length(length: timedelta) -> str:
    """`3 days`, `36 h`, `90 s`."""
    seconds = int(length.total_seconds())
    if seconds % 86_400 == 0 and seconds != 86_400:
        return f"{seconds // 86_400} days"
    return f"{seconds // 3600} h" if seconds % 3600 == 0 else f"{seconds} s"
