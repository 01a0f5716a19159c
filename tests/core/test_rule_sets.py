"""The shipped rule sets at every edge: minutes, holidays, states, caps, lists, consent, settings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dialerd.core.calling_windows import ALWAYS
from dialerd.core.campaign import DialMode
from dialerd.core.compliance import GateVerdict, consented, may_dial
from dialerd.core.compliance_rules import CallingRules, Facts
from dialerd.core.readiness import start_problems
from dialerd.core.rule_set import After, Purpose, RuleSet, Scope, describe
from dialerd.rule_files import load_rule_sets

from .values import campaign, lead

TODAY = date(2026, 11, 27)
LAWS = load_rule_sets(TODAY)
MINUTE = timedelta(minutes=1)
ZONE = {
    "US": "America/New_York", "GB": "Europe/London", "CA": "America/Toronto", "FR": "Europe/Paris",
    "DE": "Europe/Berlin", "AU": "Australia/Sydney",
}  # fmt: skip


def ask(law: RuleSet, now: datetime, regions: tuple[str, ...] = (), **more: Any) -> GateVerdict:
    """The gate for a lead to whom nothing but the law matters: consented, on no list, lists fresh."""
    country = (regions or law.countries or ("US",))[0][:2]
    values = {
        "zones": (ZONE[country],), "regions": regions or law.countries[:1], "consent_class": "written",
        **{key: more.pop(key) for key in list(more) if key in ("zones", "consent_class", "attempts")},
    }  # fmt: skip
    facts = Facts(**{"list_dates": {wanted.name: now.date() for wanted in law.lists}, **more})
    rules = CallingRules(law=law, week=ALWAYS, max_attempts=99, max_attempts_per_day=99)
    return may_dial(lead(1, **values), facts, rules, now)


def at(country: str, text: str) -> datetime:
    """Local time as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE[country])).astimezone(UTC)


TABLE = """\
us-telemarketing US-NY 2026-12-02 08:00-21:00
us-telemarketing US-NY 2026-12-06 08:00-21:00
us-telemarketing US-FL 2026-12-02 08:00-20:00
us-telemarketing US-MD 2026-12-02 08:00-20:00
us-telemarketing US-OK 2026-12-02 08:00-20:00
us-telemarketing US-VA 2026-12-02 08:00-21:00
us-telemarketing US-AL 2026-12-02 08:00-20:00
us-telemarketing US-AL 2026-12-06
us-telemarketing US-AL 2026-12-25
us-telemarketing US-LA 2026-12-25
us-telemarketing US-LA 2026-12-05 08:00-20:00
us-telemarketing US-LA 2027-01-01
us-telemarketing US-MS 2026-12-06
us-telemarketing US-MS 2026-12-25 08:00-20:00
us-telemarketing US-CT 2026-12-02 09:00-20:00
us-telemarketing US-NV 2026-12-02 09:00-20:00
us-telemarketing US-KY 2026-12-02 10:00-21:00
us-telemarketing US-MA 2026-12-02 08:00-20:00
us-telemarketing US-MI 2026-12-02 09:00-21:00
us-telemarketing US-MN 2026-12-02 09:00-21:00
us-telemarketing US-NM 2026-12-02 09:00-21:00
us-telemarketing US-PA 2026-12-02 08:00-21:00
us-telemarketing US-PA 2026-12-05 08:00-12:00
us-telemarketing US-RI 2026-12-02 09:00-18:00
us-telemarketing US-RI 2026-12-05
us-telemarketing US-TX 2026-12-06 12:00-21:00
us-telemarketing US-TX 2026-12-05 09:00-21:00
us-telemarketing US-WA 2026-12-02 08:00-20:00
us-telemarketing US 2026-12-02 10:00-18:00
us-telemarketing US 2026-12-05
us-collections US-FL 2026-12-06 08:00-21:00
uk GB 2026-12-02 08:00-21:00
uk GB 2026-12-05 09:00-18:00
uk GB 2026-12-06
uk GB 2026-12-25
uk GB 2027-01-01
ca CA 2026-12-02 09:00-21:30
ca CA 2026-12-05 10:00-18:00
ca CA 2026-12-06 10:00-18:00
fr FR 2026-12-02 10:00-13:00 14:00-20:00
fr FR 2026-12-05
fr FR 2026-12-25
fr FR 2027-05-01
fr FR 2027-07-14
fr FR 2027-07-15 10:00-13:00 14:00-20:00
de DE 2026-12-02 09:00-20:00
de DE 2026-12-05 10:00-16:00
de DE 2026-12-06
de DE 2027-10-03
de DE 2026-12-25
au AU-NSW 2026-12-02 09:00-20:00
au AU-NSW 2026-12-05 09:00-17:00
au AU-NSW 2026-12-06
au AU-NSW 2027-01-26
au AU-VIC 2026-11-03
au AU-NSW 2026-11-03 09:00-20:00
au AU 2026-11-03
"""
"""Preset, region, local day, the windows of that day (none: closed). Each opening and closing minute is asked."""
DAYS = [tuple((line + " ").split(" ", 3)) for line in TABLE.splitlines()]


@pytest.mark.parametrize(("name", "region", "day", "windows"), DAYS)
def test_each_window_to_the_minute(name: str, region: str, day: str, windows: str) -> None:
    law, country = LAWS[name], region[:2]
    spans = [span.split("-") for span in windows.split()]
    for opens, closes in spans:
        first, end = at(country, f"{day} {opens}"), at(country, f"{day} {closes}")
        asked = [ask(law, moment, (region,)) for moment in (first - MINUTE, first, end - MINUTE, end)]
        assert [verdict.allowed for verdict in asked] == [False, True, True, False]
        assert asked[0].rule == "legal_hours" and asked[0].next_time == first
    if not spans:
        assert not any(ask(law, at(country, f"{day} {hour:02}:30"), (region,)).allowed for hour in range(24))


def test_every_demand_has_a_source_and_words_and_every_value_to_be_checked_says_so() -> None:
    assert set(LAWS) == {"us-telemarketing", "us-collections", "uk", "ca", "fr", "de", "au", "none"}
    for law in LAWS.values():
        assert law.title and law.version and (law.demands or law.name == "none")
        for demand in law.demands:
            assert demand.source and describe(demand) and demand.KIND, (law.name, demand)
    assert LAWS["none"].demands == () and LAWS["none"].countries == ()
    assert ask(LAWS["none"], datetime(2026, 12, 6, 3, tzinfo=UTC), zones=("Europe/Rome",), consent_class="").allowed


@pytest.mark.parametrize(
    ("name", "region", "most", "days"),
    [("us-telemarketing", "US-FL", 3, 1), ("us-telemarketing", "US-MD", 3, 1), ("us-telemarketing", "US-OK", 3, 1),
     ("us-collections", "US-NY", 7, 7), ("fr", "FR", 4, 30)],
)  # fmt: skip
def test_frequency_caps_at_their_edge(name: str, region: str, most: int, days: int) -> None:
    law, now = LAWS[name], at(region[:2], "2026-12-02 12:00")
    within = timedelta(days=days)
    oldest = now - within + timedelta(seconds=1)
    times = tuple(oldest + timedelta(minutes=n) for n in range(most))
    assert ask(law, now, (region,), person_attempts=times[1:]).allowed
    verdict = ask(law, now, (region,), person_attempts=times)
    assert (verdict.rule, verdict.next_time) == ("frequency_cap", oldest + within)
    later = now + timedelta(seconds=1)
    assert ask(law, later, (region,), person_attempts=times).allowed, "the oldest has left the window"
    assert ask(law, now, (region,), number_attempts=times).allowed, "counted for the person, not the number"
    assert all(cap.scope is Scope.PERSON for cap in law.caps)


def test_states_without_a_cap_have_none_and_an_unknown_state_has_all() -> None:
    law, now = LAWS["us-telemarketing"], at("US", "2026-12-02 12:00")
    three = tuple(now - timedelta(hours=n) for n in (3, 2, 1))
    assert ask(law, now, ("US-NY",), person_attempts=three).allowed
    assert ask(law, now, ("US",), person_attempts=three).rule == "frequency_cap"
    assert ask(law, now, ("US-NY", "US-FL"), person_attempts=three).rule == "frequency_cap", "it may be either"


@pytest.mark.parametrize(
    ("name", "after", "length", "lifted"),
    [("us-collections", After.CONVERSATION, timedelta(days=7), False),
     ("uk", After.ABANDONED, timedelta(hours=72), True), ("fr", After.REFUSAL, timedelta(days=60), False)],
)  # fmt: skip
def test_quiet_periods_at_their_end(name: str, after: After, length: timedelta, lifted: bool) -> None:
    law = LAWS[name]
    end = at(law.countries[0], "2026-12-02 12:00")
    last = {after: end - length}
    verdict = ask(law, end - timedelta(seconds=1), last=last)
    assert (verdict.rule, verdict.next_time) == ("quiet_period", end)
    assert ask(law, end, last=last).allowed
    assert ask(law, end - timedelta(seconds=1), last=last, agent_guaranteed=True).allowed is lifted


@pytest.mark.parametrize(("name", "days"), [("us-telemarketing", 31), ("uk", 28), ("ca", 31), ("au", 30)])
def test_national_lists_and_their_age(name: str, days: int) -> None:
    law = LAWS[name]
    (wanted,) = law.lists
    now = at(law.countries[0], "2026-12-02 12:00")
    region = {"US": "US-NY", "AU": "AU-NSW"}.get(law.countries[0], law.countries[0])

    def told(age: int | None, consent: str = "", listed: bool = False) -> str:
        dates = {} if age is None else {wanted.name: now.date() - timedelta(days=age)}
        names = frozenset({wanted.name}) if listed else frozenset()
        return ask(law, now, (region,), consent_class=consent, list_dates=dates, national_lists=names).rule

    assert [told(days), told(days + 1), told(None)] == ["", "dnc_list_age", "dnc_list_age"]
    assert told(1, listed=True) == "do_not_call"
    assert [told(None, "written"), told(days + 1, "written", listed=True)] == ["", ""], "consent exempts"


@pytest.mark.parametrize(
    ("name", "region", "classes"),
    [("de", "DE", {"express", "written"}), ("fr", "FR", {"express", "written", "contract"}),
     ("us-telemarketing", "US-FL", {"express", "written"}), ("us-telemarketing", "US-MD", {"express", "written"}),
     ("us-telemarketing", "US-OK", {"express", "written"}), ("us-telemarketing", "US-NY", None), ("uk", "GB", None)],
)  # fmt: skip
def test_consent_to_be_called(name: str, region: str, classes: set[str] | None) -> None:
    now = at(region[:2], "2026-12-02 12:00")
    for given in ("", "verbal", "express", "written", "contract"):
        allowed = classes is None or given in classes
        assert ask(LAWS[name], now, (region,), consent_class=given).allowed is allowed, given


def test_prerecorded_messages_want_consent_of_their_own() -> None:
    now = at("US", "2026-12-02 12:00")
    for name, classes in {
        "us-telemarketing": {"written"},
        "uk": {"express", "written"},
        "none": {"", "express"},
    }.items():
        rules = CallingRules(law=LAWS[name])
        for given in ("", "express", "written"):
            found = consented(
                lead(1, regions=LAWS[name].countries, consent_class=given), Purpose.PRERECORDED, rules, now
            )
            assert (found is None) is (given in classes or name == "none"), (name, given)


def test_a_foreign_number_and_an_unknown_one_are_not_dialled() -> None:
    now = at("GB", "2026-12-02 12:00")
    assert ask(LAWS["uk"], now, ("FR",), zones=("Europe/London",)).rule == "jurisdiction"
    rules = CallingRules(law=LAWS["uk"], week=ALWAYS)
    nowhere = lead(1, regions=(), zones=("Europe/London",))
    assert may_dial(nowhere, Facts(), rules, now).rule == "jurisdiction"


def test_before_and_after_a_set_is_in_force() -> None:
    assert ask(LAWS["fr"], at("FR", "2026-08-10 11:00")).rule == "rule_set"
    ended = replace(LAWS["fr"], effective_until=date(2027, 1, 1))
    assert (
        ask(ended, at("FR", "2026-12-31 11:00")).allowed and ask(ended, at("FR", "2027-01-04 11:00")).rule == "rule_set"
    )


@pytest.mark.parametrize("name", sorted(set(LAWS) - {"none"}))
def test_settings_that_a_set_forbids_are_refused_at_the_start_with_the_cure(name: str) -> None:
    law = LAWS[name]
    values = {demand.key: demand.value for demand in law.campaign_demands()}
    assert values["min_ring_seconds"] == 15 and values["max_wait_seconds"] == 2 and values["caller_id_owned"] == 1
    good = campaign(
        dial_mode=DialMode.PROGRESSIVE, ring_timeout_s=15.0, abandon_after_s=2.0, target_abandon_rate=0.02,
        rules=CallingRules(law=law),
    )  # fmt: skip
    owned = {"allowed_caller_ids": {"390600000"}}
    assert start_problems(good, ["out"], **owned) == []
    cases = [
        (replace(good, ring_timeout_s=14.0), owned, "--dial-timeout 15"),
        (replace(good, abandon_after_s=2.1), owned, "--abandon-after 2"),
        (good, {"allowed_caller_ids": ()}, "add caller_ids to"),
    ]
    if "max_abandon_percent" in values:
        over = values["max_abandon_percent"] / 100 + 0.001
        cases.append((replace(good, target_abandon_rate=over), owned, "--target-abandon-rate"))
    for bad, trunk, cure in cases:
        (said,) = start_problems(bad, ["out"], **trunk)  # type: ignore[arg-type]
        assert cure in said
