"""Tests of dialerd.store.claims: who is claimed, in which order, and what a refusal leaves behind."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import given, settings, strategies as st
from tests.store.world import World

from dialerd.core.call import Status
from dialerd.core.messages import ClaimLeads, LeadsClaimed, ReleaseLeads
from dialerd.store.campaign_sizes import CampaignSizes
from dialerd.store.facts import Gate
from dialerd.store.hopper import LOOK_EXTRA, LOOK_FACTOR, Hopper
from dialerd.store.lead_counts import LeadCounts
from dialerd.store.session import Session
from dialerd.store.units import instant, micros


def test_leads_come_by_priority_then_appointments_then_new_ones_then_the_others(world: World) -> None:
    campaign_id = world.campaign()
    list_id = world.lead_list(campaign_id)
    due = micros(world.now)
    (late,) = world.leads(campaign_id, list_id, 1, first=1, next_attempt_at=due - 1, state="retry")
    (early,) = world.leads(campaign_id, list_id, 1, first=2, next_attempt_at=due - 2, state="callback")
    twin = world.leads(campaign_id, list_id, 2, first=3, next_attempt_at=due - 1)
    (urgent,) = world.leads(campaign_id, list_id, 1, first=5, next_attempt_at=due, priority=80)
    (idle,) = world.leads(campaign_id, list_id, 1, first=6, priority=10)
    world.leads(campaign_id, list_id, 1, first=7, next_attempt_at=due + 1, priority=99)
    claimed = world.claim(campaign_id, 10)
    assert [lead.id for lead in claimed.leads] == [urgent, early, *twin, late, idle]
    assert claimed.shortage is not None
    assert (claimed.shortage.due, claimed.shortage.waiting) == (0, 1)
    assert claimed.shortage.next_due_at == instant(due + 1)


def test_a_claimed_lead_is_not_claimed_again_until_it_is_released(world: World) -> None:
    campaign_id = world.campaign_with_leads(3)
    first = world.claim(campaign_id, 2).leads
    second = world.claim(campaign_id, 2)
    assert len(first) == 2 and len(second.leads) == 1
    assert {lead.id for lead in first}.isdisjoint(lead.id for lead in second.leads)
    world.submit(ReleaseLeads(lead_ids=(first[0].id,)))
    assert [lead.id for lead in world.claim(campaign_id, 5).leads] == [first[0].id]


def test_a_released_lead_is_what_it_was_and_due_at_once(world: World) -> None:
    campaign_id = world.campaign()
    list_id = world.lead_list(campaign_id)
    for index, state in enumerate(("new", "retry", "callback")):
        world.leads(campaign_id, list_id, 1, first=index, state=state, next_attempt_at=index)
    before = world.rows("SELECT * FROM lead ORDER BY id")
    leads = world.claim(campaign_id, 3).leads
    assert {row["state"] for row in world.rows("SELECT state FROM lead")} == {"claimed"}
    world.submit(ReleaseLeads(lead_ids=tuple(lead.id for lead in leads)))
    assert world.rows("SELECT * FROM lead ORDER BY id") == before


def test_a_lead_with_an_unfinished_attempt_is_not_released(world: World) -> None:
    campaign_id = world.campaign_with_leads(1)
    leads = world.claim(campaign_id, 1).leads
    world.open_attempts(leads)
    world.submit(ReleaseLeads(lead_ids=(leads[0].id,)))
    assert [row["state"] for row in world.rows("SELECT state FROM lead")] == ["claimed"]


def test_outside_their_hours_leads_are_passed_over_as_a_class_and_counted(world: World) -> None:
    campaign_id = world.campaign(daily_start="14:00", daily_end="15:00")
    list_id = world.lead_list(campaign_id)
    world.leads(campaign_id, list_id, 2)  # noon UTC is 13:00 in Berlin
    world.leads(campaign_id, list_id, 1, first=2, zones="Europe/Helsinki")
    answer = world.claim(campaign_id, 3)
    assert [lead.zones for lead in answer.leads] == [("Europe/Helsinki",)] and answer.shortage is not None
    assert answer.shortage.blocked == {"calling_hours": 2}
    assert answer.shortage.next_due_at == world.now + timedelta(hours=1)
    world.claim(campaign_id, 3)
    log = world.rows("SELECT rule, zones FROM blocked_class JOIN dial_class ON dial_class.id = class_id")
    assert log == [{"rule": "calling_hours", "zones": "Europe/Berlin"}], (
        "one row when it begins, not one for each claim"
    )
    world.pass_time(hours=1)
    assert len(world.claim(campaign_id, 2).leads) == 2


def test_what_a_rule_on_the_number_refuses_gets_the_gates_next_time_and_one_row_in_the_log(world: World) -> None:
    campaign_id = world.campaign(max_attempts_per_day=1)
    world.leads(campaign_id, world.lead_list(campaign_id), 1)
    (attempt,), _ = world.open_attempts(world.claim(campaign_id, 1).leads)
    world.submit(world.end(attempt, Status.NO_ANSWER))
    world.pass_time(hours=2)
    for _ in range(2):
        answer = world.claim(campaign_id, 1)
        assert answer.leads == () and answer.shortage is not None
        assert answer.shortage.blocked == {"max_attempts_per_day": 1}
        assert answer.shortage.next_due_at == attempt.created_at + timedelta(hours=24)
        world.run("UPDATE lead SET next_attempt_at = 0")
    assert [row["rule"] for row in world.rows("SELECT rule FROM blocked_attempt")] == ["max_attempts_per_day"]
    world.pass_time(hours=22)
    assert len(world.claim(campaign_id, 1).leads) == 1
    assert {row["blocked_rule"] for row in world.rows("SELECT blocked_rule FROM lead")} == {""}


async def test_longer_hours_make_the_leads_due_that_the_old_ones_put_off(world: World) -> None:
    campaign_id = world.campaign(daily_start="14:00", daily_end="15:00", name="spring")
    world.leads(campaign_id, world.lead_list(campaign_id), 2)
    assert world.claim(campaign_id, 2).leads == ()
    await world.store.records.edit_campaign("spring", {"daily_start": "09:00"})
    assert len(world.claim(campaign_id, 2).leads) == 2


async def test_more_attempts_allowed_bring_exhausted_leads_back(world: World) -> None:
    campaign_id = world.campaign(name="spring")
    world.leads(campaign_id, world.lead_list(campaign_id), 1, call_count=3)
    assert world.claim(campaign_id, 1).leads == ()
    await world.store.records.edit_campaign("spring", {"max_attempts": 3})
    assert world.claim(campaign_id, 1).leads == (), "three are used"
    await world.store.records.edit_campaign("spring", {"max_attempts": 4})
    assert [lead.attempts for lead in world.claim(campaign_id, 1).leads] == [3]


def test_each_refusal_leaves_the_lead_in_its_state(world: World) -> None:
    campaign_id = world.campaign()
    list_id = world.lead_list(campaign_id)
    world.leads(campaign_id, list_id, 1, first=0)
    world.leads(campaign_id, list_id, 1, first=1, call_count=3)
    world.leads(campaign_id, list_id, 1, first=2, zones="")
    world.leads(campaign_id, list_id, 1, first=3, zones="Mars/Base")
    world.run("INSERT INTO do_not_call (number, added_at) VALUES ('+49300000000', 0)")
    answer = world.claim(campaign_id, 9)
    assert answer.leads == () and answer.shortage is not None
    assert answer.shortage.blocked == {"do_not_call": 1, "max_attempts": 1, "unknown_zone": 2}
    rows = world.rows("SELECT state, next_attempt_at, blocked_rule FROM lead ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [
        ("dnc", None, "do_not_call"),
        ("exhausted", None, "max_attempts"),
        ("new", 0, ""),
        ("new", 0, ""),
    ]


def test_a_number_forbidden_for_one_campaign_is_free_in_another(world: World) -> None:
    spring, autumn = world.campaign("spring"), world.campaign("autumn")
    for campaign_id in (spring, autumn):
        world.leads(campaign_id, world.lead_list(campaign_id), 1)
    world.run("INSERT INTO do_not_call (number, campaign_id, added_at) VALUES ('+49300000000', ?, 0)", [spring])
    assert world.claim(spring, 1).leads == ()
    assert len(world.claim(autumn, 1).leads) == 1


def test_a_campaign_whose_rules_are_broken_claims_nobody(world: World) -> None:
    campaign_id = world.campaign_with_leads(2, daily_start="late", name="spring")
    answer = world.claim(campaign_id, 2)
    assert answer.leads == () and answer.shortage is not None
    assert answer.shortage.blocked == {"broken_rule": 2}
    assert world.claim(999, 2) == LeadsClaimed(campaign_id=999, leads=(), shortage=answer.shortage.__class__())


def test_one_claim_looks_at_a_bounded_number_of_leads_and_says_there_is_more(world: World) -> None:
    limit = 2 * LOOK_FACTOR + LOOK_EXTRA
    campaign_id = world.campaign_with_leads(limit + 5, name="spring")
    world.run("INSERT INTO do_not_call (number, added_at) SELECT number, 0 FROM lead")
    first = world.claim(campaign_id, 2).shortage
    assert first is not None
    assert first.blocked == {"do_not_call": limit} and first.due == 5 and first.finished == limit
    second = world.claim(campaign_id, 2).shortage
    assert second is not None
    assert second.blocked == {"do_not_call": limit + 5} and second.due == 0


def test_a_list_that_is_not_active_is_not_dialled_from_nor_counted(world: World) -> None:
    campaign_id = world.campaign()
    world.leads(campaign_id, world.lead_list(campaign_id, "paused", active=False), 3)
    world.leads(campaign_id, world.lead_list(campaign_id, "running"), 1, first=10)
    answer = world.claim(campaign_id, 5)
    assert [lead.number for lead in answer.leads] == ["+49300000010"]
    assert answer.shortage is not None
    assert (answer.shortage.due, answer.shortage.waiting, answer.shortage.next_due_at) == (0, 0, None)


def test_a_number_on_two_lists_is_claimed_once(world: World) -> None:
    campaign_id = world.campaign()
    for name in ("first", "second"):
        world.leads(campaign_id, world.lead_list(campaign_id, name), 1)
    answer = world.claim(campaign_id, 5)
    assert len(answer.leads) == 1
    assert answer.shortage is not None and answer.shortage.due == 1


def test_a_large_campaign_is_counted_later_by_somebody_else(world: World) -> None:
    campaign_id = world.campaign_with_leads(3)
    asked: list[object] = []
    counts = LeadCounts(asked.append, CampaignSizes(2))

    def shortage() -> tuple[int, int]:
        found = world.work(
            lambda session: counts.shortage(
                session, Gate(session, campaign_id), world.now, none_due=False, blocked=Counter()
            )
        )
        return found.due, found.waiting

    assert shortage() == (1, 0)  # not known yet, but there is at least one
    assert shortage() == (1, 0) and len(asked) == 1
    world.work(asked[0])  # type: ignore[arg-type]
    assert shortage() == (3, 0) and len(asked) == 1
    world.pass_time(seconds=6)
    assert shortage() == (3, 0) and len(asked) == 2


def test_a_claim_from_a_large_campaign_reads_neither_classes_nor_lists_and_is_not_counted_again(world: World) -> None:
    campaign_id = world.campaign_with_leads(6)
    later: list[Any] = []
    hopper = Hopper(later.append, CampaignSizes(5))
    asked: list[str] = []

    def look(session: Session) -> list[int]:
        one, rows = session.one, session.rows

        def noted(read: Any) -> Any:
            return lambda sql, params=(): asked.append(sql) or read(sql, params)

        session.one, session.rows = noted(one), noted(rows)  # type: ignore[method-assign]
        return hopper.look(session, Gate(session, campaign_id), world.now, 2, ())[0]

    def counted() -> int:
        return sum("SELECT COUNT(*) FROM (SELECT 1 FROM lead" in sql for sql in asked)

    assert world.work(look) == [] and len(later) == 1  # the choice ahead is on its way
    world.work(later[0])
    asked.clear()
    assert len(world.work(look)) == 6
    assert counted() == 0 and not [sql for sql in asked if "dial_class" in sql or "FROM lead_list" in sql]
    world.pass_time(seconds=31)
    world.work(look)
    assert counted() == 0 and len(later) == 2, "after a while it is looked at again, by the other one"
    hopper.forget(campaign_id)
    world.work(look)
    assert counted() == 1, "leads may have been removed"


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("claim"), st.integers(1, 4)),
            st.tuples(st.just("release"), st.integers(0, 7)),
            st.tuples(st.just("wait"), st.integers(1, 90)),
        ),
        max_size=12,
    )
)
def test_no_lead_is_ever_handed_out_twice(steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(f"sqlite:///{folder}/store.sqlite3")
        world.open()
        try:
            campaign_id = world.campaign_with_leads(8)
            held: set[int] = set()
            for step, value in steps:
                if step == "wait":
                    world.pass_time(minutes=value)
                elif step == "release":
                    released = sorted(held)[:value]
                    world.submit(ReleaseLeads(lead_ids=tuple(released)))
                    held.difference_update(released)
                else:
                    (answer,) = world.submit(ClaimLeads(campaign_id=campaign_id, count=value))
                    assert isinstance(answer, LeadsClaimed)
                    ids = [lead.id for lead in answer.leads]
                    assert held.isdisjoint(ids) and len(set(ids)) == len(ids)
                    assert len(ids) == min(value, 8 - len(held))
                    held.update(ids)
            stored = {row["id"] for row in world.rows("SELECT id FROM lead WHERE state = 'claimed'")}
            assert stored == held
        finally:
            world.close()
