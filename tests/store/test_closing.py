"""Tests of dialerd.store.closing and journal: progress, finished records and everything that follows from them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.store.world import World

from dialerd.core.agent import AgentState
from dialerd.core.call import Attempt, AttemptState, HungUpBy, Status
from dialerd.core.campaign import CampaignState
from dialerd.core.messages import (
    AddDoNotCall,
    ClaimLeads,
    CloseAttempt,
    LogEvent,
    SaveAgentState,
    SaveAttempt,
    SaveCampaignState,
)
from dialerd.store.chain import verify_chain
from dialerd.store.units import micros


def one_open(world: World, **columns: Any) -> Attempt:
    campaign_id = world.campaign_with_leads(1, **{"name": "spring", **columns})
    (attempt,), _ = world.open_attempts(world.claim(campaign_id, 1).leads)
    return attempt


def the_lead(world: World) -> tuple[str, int, int | None]:
    (row,) = world.rows("SELECT state, call_count, next_attempt_at FROM lead")
    return row["state"], row["call_count"], row["next_attempt_at"]


@pytest.mark.parametrize(
    ("status", "disposition", "state", "count", "wait_s"),
    [
        (Status.NO_ANSWER, "", "retry", 1, 3600),
        (Status.ANSWERED, "sale", "completed", 1, None),
        (Status.ANSWERED, "", "completed", 1, None),
        (Status.ANSWERED, "callback", "callback", 1, 3600),
        (Status.INVALID_NUMBER, "", "invalid", 1, None),
        (Status.CANCELLED, "", "retry", 0, 0),
        (Status.ANSWERED, "dnc", "dnc", 1, None),
        (Status.ANSWERED, "invented", "completed", 1, None),
    ],
)
def test_the_lead_follows_from_the_disposition(
    world: World, status: Status, disposition: str, state: str, count: int, wait_s: int | None
) -> None:
    attempt = one_open(world)
    world.pass_time(seconds=30)
    world.submit(world.end(attempt, status, disposition))
    due = None if wait_s is None else micros(world.now + timedelta(seconds=wait_s))
    assert the_lead(world) == (state, count, due)
    (row,) = world.rows("SELECT disposition, closed_at, record_hash FROM call_log")
    expected = disposition or ("no_disposition" if status is Status.ANSWERED else status.value)
    assert row["disposition"] == expected and row["closed_at"] == micros(world.now) and row["record_hash"]


def test_the_last_attempt_exhausts_the_lead(world: World) -> None:
    attempt = one_open(world, max_attempts=1)
    world.submit(world.end(attempt, Status.BUSY))
    assert the_lead(world) == ("exhausted", 1, None)


def test_a_callback_is_an_appointment_at_its_time(world: World) -> None:
    attempt = one_open(world)
    at = world.now + timedelta(days=1)
    world.submit(world.end(attempt, Status.ANSWERED, "callback", callback_at=at))
    assert the_lead(world) == ("callback", 1, micros(at))
    (row,) = world.rows("SELECT attempt_id, due_at, state FROM callback")
    assert row == {"attempt_id": attempt.id, "due_at": micros(at), "state": "pending"}


def test_do_not_call_takes_the_number_out_of_every_campaign(world: World) -> None:
    attempt = one_open(world)
    autumn = world.campaign("autumn")
    world.leads(autumn, world.lead_list(autumn), 1)
    world.submit(world.end(attempt, Status.ANSWERED, "dnc"))
    assert [row["state"] for row in world.rows("SELECT state FROM lead")] == ["dnc", "dnc"]
    (row,) = world.rows("SELECT number, source, attempt_id FROM do_not_call")
    assert row == {"number": attempt.number, "source": "disposition", "attempt_id": attempt.id}


def test_an_opt_out_by_key_during_the_call_wins_over_the_retry(world: World) -> None:
    attempt = one_open(world)
    opt_out = AddDoNotCall(number="", source="abandon", at=world.now, attempt_id=attempt.id)
    world.submit(opt_out, opt_out)
    world.submit(world.end(attempt, Status.ABANDONED, live_answer=True))
    assert the_lead(world) == ("dnc", 1, None)
    assert world.rows("SELECT number, source FROM do_not_call") == [{"number": attempt.number, "source": "abandon"}]


@pytest.mark.parametrize(
    ("status", "live", "message", "row"),
    [
        (Status.ANSWERED, True, False, {"abandoned": 0, "message_played": 0}),
        (Status.ABANDONED, True, True, {"abandoned": 1, "message_played": 1}),
        (Status.CUSTOMER_HANGUP, True, False, {"abandoned": 0, "message_played": 0}),
        (Status.MACHINE, False, False, None),
    ],
)
def test_the_ledger_has_one_row_for_each_person_who_answered(
    world: World, status: Status, live: bool, message: bool, row: dict[str, int] | None
) -> None:
    attempt = one_open(world)
    answered = world.now + timedelta(seconds=5)
    started = answered + timedelta(seconds=2) if message else None
    world.pass_time(seconds=20)
    close = world.end(attempt, status, answered_at=answered, live_answer=live, message_started_at=started)
    world.submit(close, close)
    rows = world.rows("SELECT * FROM abandon_ledger")
    if row is None:
        assert rows == []
    else:
        known = {"attempt_id": attempt.id, "campaign_id": attempt.campaign_id, "at": micros(answered)}
        assert rows == [{**known, **row}]


def test_a_repeated_close_and_later_progress_change_nothing(world: World) -> None:
    attempt = one_open(world)
    close = world.end(attempt, Status.BUSY)
    world.submit(close)
    before = world.rows("SELECT * FROM call_log"), world.rows("SELECT * FROM lead")
    world.pass_time(hours=1)
    world.submit(close, SaveAttempt(attempt=attempt), world.end(attempt, Status.ANSWERED, "sale"))
    assert (world.rows("SELECT * FROM call_log"), world.rows("SELECT * FROM lead")) == before


def test_records_that_end_in_one_commit_are_as_if_they_had_ended_one_by_one(world: World) -> None:
    campaign_id = world.campaign_with_leads(4)
    attempts, _ = world.open_attempts(world.claim(campaign_id, 4).leads)
    endings = [
        world.end(attempts[0], Status.NO_ANSWER),
        world.end(attempts[1], Status.ANSWERED, "sale", live_answer=True),
        world.end(attempts[2], Status.ANSWERED, "dnc", live_answer=True),
        world.end(attempts[0], Status.BUSY),  # repeated: the first counts
        world.end(attempts[3], Status.ABANDONED, live_answer=True),
    ]
    world.submit(*endings)
    rows = world.rows("SELECT id, status, chain_seq, prev_hash, record_hash FROM call_log ORDER BY id")
    assert [(row["status"], row["chain_seq"]) for row in rows] == [
        ("no_answer", 1), ("answered", 2), ("answered", 3), ("abandoned", 4),
    ]  # fmt: skip
    assert [row["prev_hash"] for row in rows[1:]] == [row["record_hash"] for row in rows[:-1]]
    assert world.work(verify_chain).intact
    states = [row["state"] for row in world.rows("SELECT state FROM lead ORDER BY id")]
    assert states == ["retry", "completed", "dnc", "retry"]
    assert len(world.rows("SELECT * FROM abandon_ledger")) == 3


def test_a_record_without_an_ending_is_marked_lost_and_approximate(world: World) -> None:
    attempt = one_open(world)
    world.pass_time(minutes=5)
    world.submit(CloseAttempt(attempt=attempt))
    (row,) = world.rows("SELECT status, disposition, approximate, ended_at, state FROM call_log")
    assert tuple(row.values()) == ("lost", "lost", 1, micros(world.now), "ended")


def test_an_attempt_the_store_has_never_seen_is_recorded_whole(world: World) -> None:
    campaign_id = world.campaign_with_leads(2)
    leads = world.claim(campaign_id, 2).leads
    saved, closed = world.attempt(leads[0]), world.attempt(leads[1])
    world.submit(SaveAttempt(attempt=saved), world.end(closed, Status.BUSY))
    rows = world.rows("SELECT id, number, state, status FROM call_log ORDER BY id")
    assert rows == [
        {"id": saved.id, "number": saved.number, "state": "intended", "status": None},
        {"id": closed.id, "number": closed.number, "state": "ended", "status": "busy"},
    ]


def test_progress_never_takes_a_step_back_nor_touches_the_intent(world: World) -> None:
    attempt = one_open(world)
    ringing = attempt.snapshot()
    ringing.state, ringing.dialed_at, ringing.ringing_at = AttemptState.RINGING, world.now, world.now
    older = attempt.snapshot()
    older.state, older.number, older.rule_set, older.token = AttemptState.DIALING, "+4977777", "other", "stolen"
    world.submit(SaveAttempt(attempt=ringing))
    world.submit(SaveAttempt(attempt=older))
    (stored,) = world.store.load_restart_state().open_attempts
    assert (stored.ringing_at, stored.number, stored.rule_set) == (world.now, attempt.number, "none/1")
    assert stored.token == attempt.token


def test_of_many_snapshots_in_one_commit_the_last_one_stays(world: World) -> None:
    attempt = one_open(world)
    steps = []
    for seconds, state in enumerate((AttemptState.DIALING, AttemptState.RINGING, AttemptState.ANSWERED)):
        step = attempt.snapshot()
        step.state, step.note = state, f"step {seconds}"
        steps.append(SaveAttempt(attempt=step))
    world.submit(*steps, ClaimLeads(campaign_id=attempt.campaign_id, count=1), *steps)
    (stored,) = world.store.load_restart_state().open_attempts
    assert (stored.state, stored.note) == (AttemptState.ANSWERED, "step 2")


def test_durations_are_whole_seconds_of_the_steps(world: World) -> None:
    attempt = one_open(world)
    start = world.now
    world.pass_time(seconds=100)
    world.submit(
        world.end(
            attempt,
            Status.ANSWERED,
            "sale",
            ringing_at=start + timedelta(seconds=1),
            answered_at=start + timedelta(seconds=13),
            bridged_at=start + timedelta(seconds=14.6),
            hold_duration_s=7.4,
            hung_up_by=HungUpBy.AGENT,
            hangup_cause=16,
        )
    )
    (row,) = world.rows(
        "SELECT ring_duration, wait_duration, talk_duration, hold_duration, hold_us, hung_up_by, hangup_cause"
        " FROM call_log"
    )
    assert tuple(row.values()) == (12, 2, 85, 7, 7_400_000, "agent", 16)


def test_whatever_asterisk_or_an_agent_wrote_can_be_stored(world: World) -> None:
    attempt = one_open(world)
    hostile = "x\x00'; DROP TABLE call_log; --\ud800\r\n=1+1\u202e"
    world.submit(
        world.end(attempt, Status.ANSWERED, "sale", note=hostile, amd_cause=hostile, agent_channel=hostile),
        LogEvent(level="warning", text=hostile),
    )
    (row,) = world.rows("SELECT note, amd_cause, agent_channel FROM call_log")
    kept = "x'; DROP TABLE call_log; --?\r\n=1+1\u202e"
    assert set(row.values()) == {kept}
    assert world.rows("SELECT level, text FROM event_log") == [{"level": "warning", "text": kept}]


def test_an_agents_states_follow_each_other_without_a_gap(world: World) -> None:
    campaign_id = world.campaign()
    agent_id = world.add("agent", name="1001", endpoint="PJSIP/1001", created_at=0)
    start = world.now
    for seconds, state in ((0, AgentState.READY), (60, AgentState.ON_CALL), (50, AgentState.PAUSED)):
        world.submit(
            SaveAgentState(
                agent_id=agent_id,
                state=state,
                reason="lunch" if state is AgentState.PAUSED else "",
                at=start + timedelta(seconds=seconds),
                campaign_id=campaign_id,
                leg_id=f"agt-1-{seconds}",
            )
        )
    rows = world.rows("SELECT state, started_at, ended_at FROM agent_state_log ORDER BY id")
    at = {seconds: micros(start + timedelta(seconds=seconds)) for seconds in (0, 60, 50)}
    assert [tuple(row.values()) for row in rows] == [
        ("ready", at[0], at[60]),
        ("on_call", at[60], at[60]),  # the wall clock was stepped back: an interval is never negative
        ("paused", at[50], None),
    ]
    (agent,) = world.store.load_restart_state().agents
    assert (agent.state, agent.reason, agent.leg_id) == (AgentState.PAUSED, "lunch", "agt-1-50")
    assert agent.since == start + timedelta(seconds=50) and agent.campaign_id == campaign_id


def test_a_campaigns_state_is_kept(world: World) -> None:
    campaign_id = world.campaign()
    world.submit(SaveCampaignState(campaign_id=campaign_id, state="active"))
    (campaign,) = world.store.load_restart_state().campaigns
    assert campaign.state is CampaignState.ACTIVE
