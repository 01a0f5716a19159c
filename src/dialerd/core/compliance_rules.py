"""Owns each single rule of the gate: what it looks at, what it objects to, when to ask it again. Pure.

Knows neither the order of the rules nor what becomes of a lead that one of them forbids: `compliance` does. The rules
that ask for the called party's local time are in `local_hours`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from dialerd.core.calling_windows import Week, daily
from dialerd.core.lead import Lead
from dialerd.core.rule_set import After, Purpose, RuleSet, Scope, show_length

DAY = timedelta(hours=24)
AT_ONCE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallingRules:
    """What a campaign allows, and the law it has chosen. Defaults are the original's: 09:00–17:00, three attempts.

    `week` is local time of the called party. `max_attempts` counts for the lead; the others count for the number,
    over all campaigns: in 24 h, in `attempt_window_days`, and ever (0: no such limit).
    """

    week: Week = field(default_factory=lambda: daily(time(9), time(17)))
    max_attempts: int = 3
    max_attempts_per_day: int = 3
    max_attempts_per_window: int = 0
    attempt_window_days: int = 30
    max_attempts_per_number: int = 0
    law: RuleSet | None = None

    def weeks(self, regions: tuple[str, ...]) -> tuple[Week, ...]:
        """Every week that binds for a lead in these regions: the campaign's own, and those of the law."""
        return (self.week, *(self.law.weeks(regions) if self.law is not None else ()))

    def memory(self) -> timedelta:
        """How far back the attempts in Facts must reach for these rules."""
        own = timedelta(days=self.attempt_window_days) if self.max_attempts_per_window else DAY
        return max(DAY, own, self.law.longest_memory() if self.law is not None else DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What must be known of a number, and of the person behind it, at the moment of dialling, over all campaigns.

    Attempts are in order of time and reach back as far as `CallingRules.memory`.
    """

    do_not_call: str = ""  # which of our own lists forbids it; empty: none
    national_lists: frozenset[str] = frozenset()  # imported lists that hold it; the law says which of them bind
    open_attempt: bool = False  # another attempt to this number is in progress
    number_attempts: tuple[datetime, ...] = ()
    number_attempts_ever: int = 0
    person_attempts: tuple[datetime, ...] = ()
    last: Mapping[After, datetime] = field(default_factory=dict)  # conversation, refusal: person; abandoned: number
    list_dates: Mapping[str, date] = field(default_factory=dict)  # required do-not-call list → date of its data
    agent_guaranteed: bool = False  # the call is only placed because an agent is there for it


@dataclass(frozen=True, slots=True)
class Case:
    """What every rule is given."""

    lead: Lead
    facts: Facts
    rules: CallingRules
    now: datetime

    @property
    def law(self) -> RuleSet:
        """The rule set; LookupError when there is none, which forbids the call."""
        if self.rules.law is None:
            raise LookupError("no rule set is chosen")
        return self.rules.law


Found = tuple[str, str | None, datetime | None]
"""Inputs, objection (None: there is none), when to ask again."""
Judge = Callable[[Case], Found]


def in_force(case: Case) -> Found:
    """The rule set is chosen and in force today."""
    law = case.rules.law
    if law is None:
        return "no rule set", "the campaign has no rule set: dialerctl campaign edit NAME --rule-set …", None
    if law.in_force(case.now.date()):
        return law.label, None, None
    if case.now.date() < law.effective_from:
        return law.label, f"{law.label} holds from {law.effective_from} only", None
    return law.label, f"{law.label} held until {law.effective_until}: install its successor", None


def do_not_call(case: Case) -> Found:
    """Our own lists, and the imported ones that bind this lead."""
    name = case.facts.do_not_call
    if name:
        return case.lead.number, f"on the {name} list", None
    for wanted in case.rules.law.lists if case.rules.law is not None else ():
        binds = wanted.concerns(case.lead.regions) and case.lead.consent_class not in wanted.exempt
        if binds and wanted.name in case.facts.national_lists:
            return case.lead.number, f"on the {wanted.name} list", None
    return case.lead.number, None, None


def jurisdiction(case: Case) -> Found:
    """Every region the lead may be in is one that the law is made for."""
    regions, countries = case.lead.regions, case.law.countries
    inputs = f"regions {', '.join(regions) or 'unknown'}"
    if not countries:
        return inputs, None, None
    if not regions:
        return inputs, f"no country is known for this lead, and {case.law.name} holds in {', '.join(countries)}", None
    foreign = [region for region in regions if region.partition("-")[0] not in countries]
    if foreign:
        return inputs, f"the lead is in {foreign[0]}, and {case.law.name} holds in {', '.join(countries)}", None
    return inputs, None, None


def list_age(case: Case) -> Found:
    """The national lists that the law wants are there and fresh."""
    seen = []
    for wanted in case.law.lists:
        if not wanted.concerns(case.lead.regions) or case.lead.consent_class in wanted.exempt:
            continue
        dated = case.facts.list_dates.get(wanted.name)
        seen.append(f"{wanted.name} of {dated or 'never'}")
        if dated is None:
            return seen[-1], f"the do-not-call list {wanted.name} was never imported: import it", None
        if case.now.date() - dated > wanted.max_age:
            age = (case.now.date() - dated).days
            return seen[-1], f"the do-not-call list {wanted.name} is {age} days old: import the new one", None
    return ", ".join(seen) or "none wanted", None, None


def consent(case: Case, purpose: Purpose = Purpose.CALL) -> Found:
    """The lead has the consent that the law wants for this purpose."""
    lead = case.lead
    has = f"consent {lead.consent_class or 'none'}" + (f" of {lead.consent_date}" if lead.consent_date else "")
    for wanted in case.law.consents:
        if wanted.purpose is not purpose or not wanted.concerns(lead.regions):
            continue
        if lead.consent_class not in wanted.classes:
            return has, f"{purpose.value} wants consent of class {' or '.join(sorted(wanted.classes))}", None
        if wanted.max_age is not None:
            if lead.consent_date is None:
                return has, "the consent has no date", None
            if case.now.date() - lead.consent_date > wanted.max_age:
                return has, f"the consent is older than {show_length(wanted.max_age)}", None
    return has, None, None


def max_attempts(case: Case) -> Found:
    """The campaign's own limit for a lead."""
    made, most = case.lead.attempts, case.rules.max_attempts
    inputs = f"{made} of {most} attempts"
    return inputs, f"{made} of {most} attempts used" if made >= most else None, None


def open_attempt(case: Case) -> Found:
    """One call to a number at a time."""
    if not case.facts.open_attempt:
        return "none open", None, None
    return "one open", "another attempt to this number is in progress", case.now + timedelta(minutes=1)


def per_number(case: Case) -> Found:
    """The campaign's own limit for a number, ever."""
    made, most = case.facts.number_attempts_ever, case.rules.max_attempts_per_number
    if not most:
        return f"{made} attempts to this number, no limit", None, None
    return f"{made} of {most}", f"{made} of {most} attempts to this number used" if made >= most else None, None


def daily_cap(case: Case) -> Found:
    """The campaign's own limit for a number in 24 h."""
    return _capped(case, "number", case.facts.number_attempts, case.rules.max_attempts_per_day, DAY)


def window_cap(case: Case) -> Found:
    """The campaign's own limit for a number in a rolling window."""
    most = case.rules.max_attempts_per_window
    if not most:
        return "no limit", None, None
    return _capped(case, "number", case.facts.number_attempts, most, timedelta(days=case.rules.attempt_window_days))


def frequency(case: Case) -> Found:
    """The caps of the law, for the number or the person."""
    seen = []
    for cap in case.law.caps:
        if cap.concerns(case.lead.regions):
            attempts = case.facts.number_attempts if cap.scope is Scope.NUMBER else case.facts.person_attempts
            inputs, objection, again = _capped(case, cap.scope.value, attempts, cap.most, cap.within)
            if objection is not None:
                return inputs, f"{cap.name}: {objection}", again
            seen.append(inputs)
    return "; ".join(dict.fromkeys(seen)) or "no limit", None, None


def _capped(case: Case, whose: str, attempts: tuple[datetime, ...], most: int, within: timedelta) -> Found:
    """Rolling window (now − within, now]: an attempt leaves it exactly `within` after it was made."""
    counted = [at for at in attempts if at > case.now - within]
    inputs = f"{len(counted)} of {most} to this {whose} in {show_length(within)}"
    if len(counted) < most:
        return inputs, None, None
    leaves = counted[len(counted) - most] + within
    objection = f"{len(counted)} attempts to this {whose} in {show_length(within)}, {most} allowed"
    return inputs, objection, max(leaves, case.now + AT_ONCE)


def quiet(case: Case) -> Found:
    """Nobody is called soon after a conversation, a refusal, an abandoned call."""
    seen = []
    for quiet in case.law.quiets:
        since = case.facts.last.get(quiet.after)
        if since is None or not quiet.concerns(case.lead.regions):
            continue
        ends = since + quiet.length
        seen.append(f"{quiet.after.value} at {since:%Y-%m-%d %H:%M} UTC")
        if case.now < ends and not (quiet.agent_lifts and case.facts.agent_guaranteed):
            return seen[-1], f"{quiet.name}: {show_length(quiet.length)} of quiet after {quiet.after.value}", ends
    return ", ".join(seen) or "nothing to keep quiet after", None, None
