"""What the gate is told of a number and a person: over campaigns, over leads, over a restart. Both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from tests.store.world import World

from dialerd.core.call import Status
from dialerd.core.compliance_rules import Facts
from dialerd.core.rule_set import After, Cap, Quiet, RequiredList, RuleSet, Scope
from dialerd.store.facts import Gate, NumberFacts
from dialerd.store.mapping import LEAD_COLUMNS, lead_value

PERSON = Cap(name="two a week", most=2, within=timedelta(days=7), scope=Scope.PERSON)
LAW = RuleSet(
    name="law", version="1", title="",
    demands=(
        PERSON, Quiet(name="q", after=After.CONVERSATION, length=timedelta(days=7)),
        Quiet(name="q", after=After.ABANDONED, length=timedelta(hours=72), agent_lifts=True),
        Quiet(name="q", after=After.REFUSAL, length=timedelta(days=60)),
        RequiredList(name="register", max_age=timedelta(days=31), exempt=frozenset({"written"})),
    ),
)  # fmt: skip
SETS = {"none": RuleSet(name="none", version="1", title=""), "law": LAW}


def world_at(url: str) -> World:
    """A store that knows the law."""
    world = World(url, rule_sets=SETS)
    world.open()
    return world


def facts(world: World, lead_id: int) -> Facts:
    """The facts about a lead now."""

    def read(session: Any) -> Facts:
        lead = lead_value(session.one(f"SELECT {LEAD_COLUMNS} FROM lead WHERE id = ?", (lead_id,)))
        gate = Gate(session, lead.campaign_id)
        return NumberFacts(session, [lead], {lead.campaign_id: gate}, world.now).about(lead)

    return world.work(read)


def call(world: World, lead_id: int, ago: timedelta, **columns: Any) -> None:
    """A finished call to a lead some time ago."""
    world._next_attempt += 1
    row = world.rows("SELECT campaign_id, list_id, dial_number FROM lead WHERE id = ?", [lead_id])[0]
    at = int((world.now - ago).timestamp() * 1_000_000)
    values = {
        "id": 5000 + world._next_attempt, "lead_id": lead_id, "campaign_id": row["campaign_id"],
        "list_id": row["list_id"], "number": row["dial_number"], "created_at": at, "dialed_at": at, "ended_at": at,
        "closed_at": at, "status": "no_answer", "disposition": "no_answer", **columns,
    }  # fmt: skip
    world.run(
        f"INSERT INTO call_log ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", list(values.values())
    )


def test_attempts_of_a_number_count_over_campaigns_and_those_of_a_person_over_numbers(url: str) -> None:
    world = world_at(url)
    try:
        spring, autumn = world.campaign("spring", rule_set="law", max_attempts_per_number=9), world.campaign("autumn")
        first_list, second_list = world.lead_list(spring), world.lead_list(autumn)
        (mine,) = world.leads(spring, first_list, 1, person="p-1")
        (other_number,) = world.leads(spring, first_list, 1, first=1, person="p-1")
        (same_number,) = world.leads(autumn, second_list, 1)
        (stranger,) = world.leads(spring, first_list, 1, first=2, person="p-2")
        for lead_id, hours in ((mine, 30), (other_number, 20), (same_number, 10), (stranger, 5), (mine, 24 * 40)):
            call(world, lead_id, timedelta(hours=hours))
        call(world, mine, timedelta(hours=1), status="cancelled", dialed_at=None)
        found = facts(world, mine)
        assert found.number_attempts == tuple(world.now - timedelta(hours=hours) for hours in (30, 10))
        assert found.person_attempts == tuple(world.now - timedelta(hours=hours) for hours in (30, 20))
        assert found.number_attempts_ever == 3, "the cancelled one rang nowhere"
        assert facts(world, stranger).person_attempts == (world.now - timedelta(hours=5),)
        assert facts(world, same_number).person_attempts == (), "no rule of its campaign asks"
    finally:
        world.close()


def test_caps_hold_across_a_restart_and_between_campaigns(new_url: Callable[[], str]) -> None:
    url = new_url()
    world = world_at(url)
    spring, autumn = world.campaign("spring", max_attempts_per_day=2), world.campaign("autumn", max_attempts_per_day=2)
    for campaign_id in (spring, autumn):
        world.leads(campaign_id, world.lead_list(campaign_id), 1)
    started = world.now
    for campaign_id in (spring, autumn):
        world.run("UPDATE lead SET next_attempt_at = 0 WHERE state = 'retry'")
        (attempt,), _ = world.open_attempts(world.claim(campaign_id, 1).leads)
        world.submit(world.end(attempt, Status.BUSY))
        world.pass_time(minutes=5)
    world.close()
    again = world_at(url)
    try:
        again.now = started + timedelta(hours=23, minutes=59)
        for campaign_id in (spring, autumn):
            answer = again.claim(campaign_id, 1)
            assert answer.leads == () and answer.shortage is not None
            assert answer.shortage.blocked == {"max_attempts_per_day": 1}
            assert answer.shortage.next_due_at == started + timedelta(hours=24)
        again.now = started + timedelta(hours=24)
        assert len(again.claim(spring, 1).leads) == 1
    finally:
        again.close()


def test_with_a_machine_nobody_has_talked(url: str) -> None:
    world = world_at(url)
    try:
        campaign_id = world.campaign("spring", rule_set="law")
        (one,) = world.leads(campaign_id, world.lead_list(campaign_id), 1)
        at = int((world.now - timedelta(days=2)).timestamp() * 1_000_000)
        call(world, one, timedelta(days=2), status="answered", disposition="machine", bridged_at=at)
        assert After.CONVERSATION not in facts(world, one).last
    finally:
        world.close()


def test_what_quiet_follows_is_remembered_however_long_ago(url: str) -> None:
    world = world_at(url)
    try:
        campaign_id = world.campaign("spring", rule_set="law", dial_mode="power")
        list_id = world.lead_list(campaign_id)
        (one,) = world.leads(campaign_id, list_id, 1, person="p")
        (two,) = world.leads(campaign_id, list_id, 1, first=1, person="p")
        at = int((world.now - timedelta(days=50)).timestamp() * 1_000_000)
        call(world, one, timedelta(days=50), status="answered", disposition="not_interested", bridged_at=at)
        call(world, two, timedelta(hours=50), status="abandoned", disposition="abandoned")
        assert facts(world, one).last == {
            After.CONVERSATION: world.now - timedelta(days=50), After.REFUSAL: world.now - timedelta(days=50),
        }  # fmt: skip
        found = facts(world, two)
        assert found.last[After.REFUSAL] == world.now - timedelta(days=50), "the same person"
        assert found.last[After.ABANDONED] == world.now - timedelta(hours=50)
        assert not found.agent_guaranteed
        world.run("UPDATE campaign SET dial_mode = 'progressive'")
        assert facts(world, two).agent_guaranteed
    finally:
        world.close()


def test_lists_prefixes_and_their_dates(url: str) -> None:
    world = world_at(url)
    try:
        spring, autumn = world.campaign("spring", rule_set="law"), world.campaign("autumn")
        (mine,) = world.leads(spring, world.lead_list(spring), 1)
        (theirs,) = world.leads(autumn, world.lead_list(autumn), 1)
        for name, complete in (("register", True), ("register", False), ("unwanted", True)):
            list_id = world.add("dnc_list", name=name, data_date="2026-02-20", imported_at=0, complete=complete)
            world.run("INSERT INTO dnc_number (number, list_id) VALUES (49300000000, ?)", [list_id])
        found = facts(world, mine)
        assert (found.national_lists, found.list_dates["register"]) == (frozenset({"register"}), date(2026, 2, 20))
        assert facts(world, theirs).national_lists == frozenset(), "its law asks for none"
        world.run("INSERT INTO dnc_prefix (prefix, campaign_id, added_at) VALUES ('+49300', ?, 0)", [autumn])
        assert (facts(world, mine).do_not_call, facts(world, theirs).do_not_call) == ("", "+49300…")
        world.run("INSERT INTO do_not_call (number, campaign_id, added_at) VALUES ('+49300000000', ?, 0)", [spring])
        assert facts(world, mine).do_not_call == "do-not-call"
    finally:
        world.close()
