"""Tests of dialerd.store.intents: what is committed, what the gate refuses inside the transaction."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.store.world import World

from dialerd.core.call import Status
from dialerd.core.messages import AddDoNotCall, AttemptRefused, AttemptsOpened, Event, OpenAttempts
from dialerd.store.intents import _write
from dialerd.store.units import micros


def refusals(events: list[Event]) -> list[tuple[int, str]]:
    return [(event.attempt_id, event.verdict.rule) for event in events if isinstance(event, AttemptRefused)]


def test_the_intent_is_stored_with_rule_set_verdict_zones_and_consent(world: World) -> None:
    campaign_id = world.campaign()
    world.leads(campaign_id, world.lead_list(campaign_id), 1, zones="Europe/Berlin,Europe/Paris", consent_id="c-1")
    (attempt,), _ = world.open_attempts(world.claim(campaign_id, 1).leads, caller_id="+4930", pacing_decision="2 free")
    (stored,) = world.store.load_restart_state().open_attempts
    attempt.rule_set, attempt.rule_verdict = "none/1", "allowed"
    attempt.zones, attempt.consent_id = ("Europe/Berlin", "Europe/Paris"), "c-1"
    assert stored == attempt


def test_a_repeated_command_opens_nothing_new_and_is_answered_again(world: World) -> None:
    campaign_id = world.campaign_with_leads(2)
    leads = world.claim(campaign_id, 2).leads
    attempts, first = world.open_attempts(leads)
    again = world.submit(OpenAttempts(attempts=tuple(attempts), leads=leads))
    assert again == first == [AttemptsOpened(attempt_ids=tuple(a.id for a in attempts))]
    assert world.rows("SELECT COUNT(*) AS n FROM call_log") == [{"n": 2}]


def test_a_number_put_on_the_do_not_call_list_after_the_claim_is_not_dialled(world: World) -> None:
    campaign_id = world.campaign_with_leads(2)
    leads = world.claim(campaign_id, 2).leads
    attempts = [world.attempt(lead) for lead in leads]
    events = world.submit(
        AddDoNotCall(number=leads[0].number, source="abandon", at=world.now),
        OpenAttempts(attempts=tuple(attempts), leads=leads),
    )
    assert refusals(events) == [(attempts[0].id, "do_not_call")]
    assert AttemptsOpened(attempt_ids=(attempts[1].id,)) in events
    assert [row["state"] for row in world.rows("SELECT state FROM lead ORDER BY id")] == ["dnc", "claimed"]
    (blocked,) = world.rows("SELECT * FROM blocked_attempt")
    assert (blocked["attempt_id"], blocked["rule"]) == (attempts[0].id, "do_not_call")


def test_no_number_has_two_open_attempts_in_two_campaigns_or_in_one_command(world: World) -> None:
    spring, autumn = world.campaign("spring"), world.campaign("autumn")
    for campaign_id in (spring, autumn):
        world.leads(campaign_id, world.lead_list(campaign_id), 2)
    leads = (*world.claim(spring, 2).leads, *world.claim(autumn, 2).leads)
    attempts, events = world.open_attempts(leads)
    assert refusals(events) == [(attempts[2].id, "open_attempt"), (attempts[3].id, "open_attempt")]
    rows = world.rows("SELECT state, next_attempt_at FROM lead WHERE campaign_id = ?", [autumn])
    assert [(row["state"], row["next_attempt_at"]) for row in rows] == [
        ("new", micros(world.now + timedelta(minutes=1)))
    ] * 2
    world.submit(world.end(attempts[0], Status.NO_ANSWER))
    world.pass_time(minutes=2)
    (free,) = world.claim(autumn, 2).leads
    assert free.number == leads[0].number


def test_the_unique_index_keeps_out_what_another_process_opened_meanwhile(world: World) -> None:
    campaign_id = world.campaign_with_leads(2)
    leads = world.claim(campaign_id, 2).leads
    (first, second), _ = world.open_attempts(leads)
    rival, free = world.attempt(leads[0]), world.attempt(leads[1], number="+49301119999")
    assert world.work(lambda session: _write(session, [rival, free])) == {rival.id}
    assert {row["id"] for row in world.rows("SELECT id FROM call_log")} == {first.id, second.id, free.id}


def test_the_cap_of_24_hours_counts_attempts_of_all_campaigns_that_were_sent(world: World) -> None:
    spring, autumn = world.campaign("spring", max_attempts=9), world.campaign("autumn", max_attempts_per_day=2)
    for campaign_id in (spring, autumn):
        world.leads(campaign_id, world.lead_list(campaign_id), 1)
    (held,) = world.claim(autumn, 1).leads
    started = world.now
    for status in (Status.CANCELLED, Status.NO_ANSWER, Status.BUSY):
        world.pass_time(minutes=90)
        (attempt,), events = world.open_attempts(world.claim(spring, 1).leads)
        assert refusals(events) == []
        ended = world.end(attempt, status)
        if status is Status.CANCELLED:
            ended.attempt.dialed_at = None  # given up before it was sent
        world.submit(ended)
    (refused,), events = world.open_attempts([held])
    assert refusals(events) == [(refused.id, "max_attempts_per_day")]
    (row,) = world.rows("SELECT next_attempt_at FROM lead WHERE campaign_id = ?", [autumn])
    assert row["next_attempt_at"] == micros(started + timedelta(minutes=180, hours=24))


@pytest.mark.parametrize("change", ["state = 'retry'", "dial_number = '+4999999'", "call_count = 3"])
def test_a_lead_that_changed_after_the_claim_is_not_dialled(world: World, change: str) -> None:
    campaign_id = world.campaign_with_leads(1)
    leads = world.claim(campaign_id, 1).leads
    world.run(f"UPDATE lead SET {change}")
    (attempt,), events = world.open_attempts(leads)
    rule = {"s": "not_claimed", "d": "lead_changed", "c": "max_attempts"}[change[0]]
    assert refusals(events) == [(attempt.id, rule)]
    assert world.rows("SELECT id FROM call_log") == []
    assert world.rows("SELECT state FROM lead") != [{"state": "claimed"}]


def test_a_lead_with_an_unfinished_attempt_is_not_dialled_again(world: World) -> None:
    campaign_id = world.campaign_with_leads(1)
    leads = world.claim(campaign_id, 1).leads
    (attempt,), _ = world.open_attempts(leads)
    world.run("UPDATE call_log SET ended_at = created_at")  # the agent has not disposed of it yet
    (second,), events = world.open_attempts(leads)
    assert refusals(events) == [(second.id, "open_attempt")]
    assert world.rows("SELECT state FROM lead") == [{"state": "claimed"}], "it still belongs to the first attempt"
    assert [a.id for a in world.store.load_restart_state().unfinished_attempts] == [attempt.id]


def test_hours_are_asked_at_the_moment_of_dialling(world: World) -> None:
    campaign_id = world.campaign_with_leads(1, daily_end="13:30", name="spring")
    leads = world.claim(campaign_id, 1).leads
    world.pass_time(hours=1)
    (attempt,), events = world.open_attempts(leads)
    assert refusals(events) == [(attempt.id, "calling_hours")]
    assert world.rows("SELECT state FROM lead") == [{"state": "new"}]
