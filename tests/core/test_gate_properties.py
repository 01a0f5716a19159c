"""The whole gate: whatever it lets through breaks no rule, judged by a second, straightforward reading of each."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings, strategies as st

from dialerd.core.calling_windows import Week
from dialerd.core.compliance import (
    NEVER_AGAIN,
    OF_CLASS,
    OF_NUMBER,
    RULES,
    checks,
    class_may_dial,
    may_dial,
    next_time,
    number_may_dial,
)
from dialerd.core.compliance_rules import CallingRules, Facts
from dialerd.core.lead import Lead
from dialerd.core.rule_set import After, Cap, ConsentNeeded, Demand, Hours, Purpose, Quiet, RequiredList, RuleSet, Scope

from .values import lead

NOW = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001
ZONES = st.lists(
    st.sampled_from(["Europe/Rome", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Mars/Base"]),
    max_size=3, unique=True,
).map(tuple)  # fmt: skip
REGIONS = st.lists(st.sampled_from(["US", "US-FL", "US-NY", "IT"]), max_size=2, unique=True).map(tuple)
PLACES = st.lists(st.sampled_from(["US-FL", "US-NY", "IT"]), max_size=2, unique=True).map(tuple)
CONSENTS = st.sampled_from(["", "express", "written"])
LENGTHS = st.sampled_from([timedelta(hours=1), timedelta(hours=24), timedelta(days=3), timedelta(days=30)])
DAY = st.lists(st.integers(0, 1440), max_size=4, unique=True).map(
    lambda edges: tuple(zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
)
WEEKS = st.one_of(
    st.just(Week(days=(((0, 1440),),) * 7)),
    st.builds(lambda d: Week(days=tuple(d)), st.lists(DAY, min_size=7, max_size=7)),
)
DEMANDS: st.SearchStrategy[Demand] = st.one_of(
    st.builds(Hours, week=WEEKS, regions=PLACES),
    st.builds(
        Cap, name=st.just("c"), most=st.integers(1, 3), within=LENGTHS, scope=st.sampled_from(Scope), regions=PLACES
    ),
    st.builds(
        Quiet, name=st.just("q"), after=st.sampled_from(After), length=LENGTHS,
        agent_lifts=st.booleans(), regions=PLACES,
    ),
    st.builds(
        RequiredList, name=st.sampled_from(["a", "b"]), max_age=LENGTHS,
        exempt=st.frozensets(CONSENTS, max_size=1), regions=PLACES,
    ),
    st.builds(
        ConsentNeeded, purpose=st.sampled_from(Purpose), classes=st.frozensets(CONSENTS, min_size=1),
        max_age=st.one_of(st.none(), LENGTHS), regions=PLACES,
    ),
)  # fmt: skip
LAWS = st.builds(
    RuleSet, name=st.just("law"), version=st.just("1"), title=st.just(""),
    countries=st.sampled_from([(), ("US",), ("US", "IT")]), demands=st.lists(DEMANDS, max_size=4).map(tuple),
    effective_from=st.sampled_from([date.min, date(2025, 6, 1)]),
    effective_until=st.sampled_from([None, date(2026, 6, 1)]),
)  # fmt: skip
RULE = st.builds(
    CallingRules, week=WEEKS, max_attempts=st.integers(1, 4), max_attempts_per_day=st.integers(1, 4),
    max_attempts_per_window=st.integers(0, 3), attempt_window_days=st.integers(1, 30),
    max_attempts_per_number=st.integers(0, 5), law=st.one_of(st.none(), LAWS, LAWS, LAWS),
)  # fmt: skip


@st.composite
def cases(draw: Any) -> tuple[Lead, Facts, CallingRules, datetime]:
    """A lead, facts, rules and a moment; past events lie around the edges of the windows."""
    now = draw(NOW)
    edge = st.sampled_from([1, 24, 72, 720]).flatmap(
        lambda hours: st.integers(-2, 2).map(lambda s: now - timedelta(hours=hours, seconds=s))
    )
    past = st.one_of(edge, st.integers(0, 800).map(lambda hours: now - timedelta(hours=hours)))
    times = st.lists(past.filter(lambda at: at <= now), max_size=5).map(lambda found: tuple(sorted(found)))
    facts = Facts(
        do_not_call=draw(st.sampled_from(["", "", "", "internal"])),
        national_lists=draw(st.frozensets(st.sampled_from(["a", "b"]), max_size=1)),
        open_attempt=draw(st.sampled_from([False, False, True])),
        number_attempts=draw(times),
        number_attempts_ever=draw(st.integers(0, 6)),
        person_attempts=draw(times),
        last=draw(st.dictionaries(st.sampled_from(After), past, max_size=2)),
        list_dates=draw(
            st.dictionaries(
                st.sampled_from(["a", "b"]), st.integers(0, 40).map(lambda d: (now - timedelta(days=d)).date())
            )
        ),
        agent_guaranteed=draw(st.booleans()),
    )
    one = lead(
        1, zones=draw(ZONES), regions=draw(REGIONS), attempts=draw(st.integers(0, 4)), consent_class=draw(CONSENTS),
        consent_date=draw(st.one_of(st.none(), st.integers(0, 40).map(lambda d: (now - timedelta(days=d)).date()))),
    )  # fmt: skip
    return one, facts, draw(RULE), now


def holds(demand: Demand, regions: tuple[str, ...]) -> bool:
    """A rule for a state holds for its people, and for those of whom only the country is known."""
    return not demand.regions or any(
        r in demand.regions or any(d[:3] == r + "-" for d in demand.regions) for r in regions
    )


def broken(one: Lead, facts: Facts, rules: CallingRules, now: datetime) -> list[str]:
    """Every rule that a call now would break."""
    found = []
    law = rules.law
    if law is None or now.date() < law.effective_from or (law.effective_until and now.date() >= law.effective_until):
        return ["no law in force"]
    if facts.do_not_call or facts.open_attempt:
        found.append("listed or open")
    if law.countries and (not one.regions or {r[:2] for r in one.regions} - set(law.countries)):
        found.append("country")
    if one.attempts >= rules.max_attempts:
        found.append("lead's attempts")
    if rules.max_attempts_per_number and facts.number_attempts_ever >= rules.max_attempts_per_number:
        found.append("number's attempts")
    windows = [("number", rules.max_attempts_per_day, timedelta(hours=24))]
    if rules.max_attempts_per_window:
        windows.append(("number", rules.max_attempts_per_window, timedelta(days=rules.attempt_window_days)))
    weeks = [rules.week]
    for demand in law.demands:
        if not holds(demand, one.regions):
            continue
        match demand:
            case Hours():
                weeks.append(demand.week)
            case Cap():
                windows.append((demand.scope.value, demand.most, demand.within))
            case Quiet():
                since = facts.last.get(demand.after)
                if since and now - since < demand.length and not (demand.agent_lifts and facts.agent_guaranteed):
                    found.append("quiet")
            case RequiredList() if one.consent_class not in demand.exempt:
                dated = facts.list_dates.get(demand.name)
                if dated is None or now.date() - dated > demand.max_age or demand.name in facts.national_lists:
                    found.append("national list")
            case ConsentNeeded() if demand.purpose is Purpose.CALL:
                too_old = demand.max_age is not None and (
                    one.consent_date is None or now.date() - one.consent_date > demand.max_age
                )
                if one.consent_class not in demand.classes or too_old:
                    found.append("consent")
    for whose, most, within in windows:
        times = facts.number_attempts if whose == "number" else facts.person_attempts
        if sum(1 for at in times if now - at < within) >= most:
            found.append(f"cap of {whose}")
    if not one.zones or "Mars/Base" in one.zones:
        return [*found, "zone"]
    for zone in one.zones:
        local = now.astimezone(ZoneInfo(zone))
        minute = local.hour * 60 + local.minute
        if any(not any(a <= minute < b for a, b in week.days[local.weekday()]) for week in weeks):
            found.append("hours")
    return found


@settings(max_examples=1500, deadline=None)
@given(cases())
def test_what_is_let_through_breaks_no_rule_and_what_is_refused_breaks_one(case: Any) -> None:
    verdict = may_dial(*case)
    assert verdict.allowed is (broken(*case) == []), (verdict, broken(*case))
    assert not verdict.allowed or verdict == type(verdict)(allowed=True)
    assert verdict.allowed or (verdict.rule and verdict.detail)
    if verdict.rule in NEVER_AGAIN:
        assert verdict.next_time is None


@settings(max_examples=400, deadline=None)
@given(cases())
def test_checks_name_every_rule_in_order_and_the_first_objection_is_the_gates(case: Any) -> None:
    shown = checks(*case)
    assert [check.rule for check in shown] == list(RULES)
    first = next((check.verdict for check in shown if check.verdict is not None), None)
    verdict = may_dial(*case)
    assert (first is None) is verdict.allowed and (first is None or first == verdict)


@settings(max_examples=400, deadline=None)
@given(cases())
def test_the_two_parts_of_the_gate_are_the_whole(case: Any) -> None:
    one, facts, rules, now = case
    of_class = class_may_dial(one, Facts(list_dates=facts.list_dates), rules, now)
    if of_class.allowed:
        assert number_may_dial(*case) == may_dial(*case)
    assert {*OF_CLASS, *OF_NUMBER} == set(RULES) and not set(OF_CLASS) & set(OF_NUMBER)


@settings(max_examples=400, deadline=None)
@given(cases())
def test_a_class_is_forbidden_only_when_each_of_its_leads_is(case: Any) -> None:
    one, facts, rules, now = case
    of_class = class_may_dial(one, Facts(list_dates=facts.list_dates), rules, now)
    if not of_class.allowed:
        assert not may_dial(*case).allowed
        assert of_class.rule in OF_CLASS or of_class.rule in ("unknown_zone", "broken_rule")


@settings(max_examples=400, deadline=None)
@given(cases(), st.lists(st.floats(0, 1), max_size=12))
def test_the_time_foretold_is_allowed_and_nothing_before_it_is(case: Any, fractions: list[float]) -> None:
    one, facts, rules, now = case
    calm = Facts(**{**{f: getattr(facts, f) for f in Facts.__dataclass_fields__}, "open_attempt": False})
    assume(all(later >= earlier for earlier, later in pairwise(calm.number_attempts)))
    foretold = next_time(one, facts, rules, now)
    if foretold is None:
        return
    assert foretold >= now and may_dial(one, calm, rules, foretold).allowed
    for fraction in fractions:
        before = now + (foretold - now) * fraction
        assert before >= foretold or not may_dial(one, calm, rules, before).allowed


@given(cases())
def test_a_time_without_a_zone_blocks(case: Any) -> None:
    one, facts, rules, now = case
    assert not may_dial(one, facts, rules, now.replace(tzinfo=None)).allowed
