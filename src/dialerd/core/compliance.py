"""Owns the gate: may this lead be dialled now? Pure; zones, holidays, counters and lists come in as values.

`may_dial` is asked at import, at the claim and at the moment of dialling; `checks` shows every rule with what it saw,
`next_time` when the lead may be dialled. All three walk the same table of rules, RULES, in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from dialerd.core import compliance_rules, local_hours
from dialerd.core.compliance_rules import CallingRules, Case, Facts, Judge
from dialerd.core.lead import Lead, LeadState
from dialerd.core.local_hours import UnknownZone
from dialerd.core.rule_set import Purpose

RETRY_UNKNOWN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateVerdict:
    """`allowed`, or the first `rule` that forbids it, why, and when to ask again (None: never)."""

    allowed: bool
    rule: str = ""
    detail: str = ""
    next_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule and what it found: `inputs` is what it looked at, `verdict` None when it has no objection."""

    rule: str
    inputs: str
    verdict: GateVerdict | None = None


def may_dial(lead: Lead, facts: Facts, rules: CallingRules, now: datetime) -> GateVerdict:
    """Given a lead, the facts about its number and the rules, return yes or the first rule that forbids it.

    Fail-closed: anything that cannot be evaluated (unknown zone, broken rule) forbids the call.
    """
    return _first(tuple(RULES), Case(lead, facts, rules, now))


def class_may_dial(lead: Lead, facts: Facts, rules: CallingRules, now: datetime) -> GateVerdict:
    """Like `may_dial`, by the rules of OF_CLASS alone: the answer for every lead with these zones, regions, consent."""
    return _first(OF_CLASS, Case(lead, facts, rules, now))


def number_may_dial(lead: Lead, facts: Facts, rules: CallingRules, now: datetime) -> GateVerdict:
    """The rest of `may_dial`, for a lead whose class may be dialled at this same moment."""
    return _first(OF_NUMBER, Case(lead, facts, rules, now))


def checks(lead: Lead, facts: Facts, rules: CallingRules, now: datetime) -> list[Check]:
    """Every rule in order with its inputs, also behind the first that forbids: what `lead explain` shows."""
    case = Case(lead, facts, rules, now)
    return [_judged(rule, judge, case) for rule, judge in RULES.items()]


def next_time(lead: Lead, facts: Facts, rules: CallingRules, now: datetime) -> datetime | None:
    """The first instant at which every rule allows this lead, if nothing else happens meanwhile; None: never.

    Now, when it is allowed now. An open attempt is taken to end at once.
    """
    facts, at = replace(facts, open_attempt=False), now
    for _ in range(100):  # each step leaves one rule behind; windows and caps may take turns for some days
        verdict = may_dial(lead, facts, rules, at)
        if verdict.allowed:
            return at
        if verdict.next_time is None or verdict.next_time <= at:
            return None
        at = verdict.next_time
    return None


def consented(lead: Lead, purpose: Purpose, rules: CallingRules, now: datetime) -> GateVerdict | None:
    """None when the lead has the consent that the law wants for this purpose; else why not."""
    case = Case(lead, Facts(), rules, now)
    return _judged("consent", lambda c: compliance_rules.consent(c, purpose), case).verdict


def _first(names: tuple[str, ...], case: Case) -> GateVerdict:
    for name in names:
        verdict = _judged(name, RULES[name], case).verdict
        if verdict is not None:
            return verdict
    return GateVerdict(allowed=True)


def _judged(rule: str, judge: Judge, case: Case) -> Check:
    try:
        if case.now.tzinfo is None:
            raise ValueError("a time without a zone")
        inputs, objection, again = judge(case)
    except UnknownZone as error:
        return Check(rule=rule, inputs="", verdict=_no("unknown_zone", str(error), None))
    except Exception as error:  # fail-closed: a broken rule must never let a call through
        return Check(rule=rule, inputs="", verdict=_no("broken_rule", f"{rule}: {type(error).__name__}: {error}", None))
    return Check(rule=rule, inputs=inputs, verdict=None if objection is None else _no(rule, objection, again))


def _no(rule: str, detail: str, again: datetime | None) -> GateVerdict:
    return GateVerdict(allowed=False, rule=rule, detail=detail, next_time=again)


RULES: Mapping[str, Judge] = MappingProxyType(
    {
        "rule_set": compliance_rules.in_force,
        "do_not_call": compliance_rules.do_not_call,
        "jurisdiction": compliance_rules.jurisdiction,
        "dnc_list_age": compliance_rules.list_age,
        "consent": compliance_rules.consent,
        "max_attempts": compliance_rules.max_attempts,
        "max_attempts_per_number": compliance_rules.per_number,
        "open_attempt": compliance_rules.open_attempt,
        "max_attempts_per_day": compliance_rules.daily_cap,
        "max_attempts_per_window": compliance_rules.window_cap,
        "frequency_cap": compliance_rules.frequency,
        "quiet_period": compliance_rules.quiet,
        "calling_hours": local_hours.calling_hours,
        "legal_hours": local_hours.legal_hours,
    }
)
"""Every rule in the order in which it is asked."""

NEVER_AGAIN: Mapping[str, LeadState] = MappingProxyType(
    {
        "do_not_call": LeadState.DNC,
        "max_attempts": LeadState.EXHAUSTED,
        "max_attempts_per_number": LeadState.EXHAUSTED,
    }
)
"""Rules that finish a lead, and as what; the others only put it off."""

OF_CLASS = ("rule_set", "jurisdiction", "dnc_list_age", "consent", "calling_hours", "legal_hours")
"""Rules whose answer is the same for all leads of one class (zones, regions, consent): no number is looked at."""

OF_NUMBER = tuple(name for name in RULES if name not in OF_CLASS)
"""All the others."""
