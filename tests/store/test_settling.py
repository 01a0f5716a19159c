"""What becomes of leads after a call: retry rules, next numbers, appointments, abandoned people. Both databases."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.store.world import World

from dialerd.core.call import Status
from dialerd.core.errors import Conflict, Invalid, NotFound
from dialerd.store.units import instant, micros

NUMBERS = [
    {"number": "+4930100", "zones": ["Europe/Berlin"], "regions": ["DE"]},
    {"number": "+3906100", "zones": ["Europe/Rome"], "regions": ["IT"]},
    {"number": "+4420100", "zones": ["Europe/London"], "regions": ["GB"]},
]


def lead(world: World, numbers: int = 1, **columns: Any) -> tuple[int, int]:
    """A campaign with one lead of so many numbers; their ids."""
    campaign_id = world.campaign(max_attempts=9, max_attempts_per_day=9, retry_delay=600)
    first = NUMBERS[0]
    values = {
        "number": first["number"], "dial_number": first["number"], "zones": "Europe/Berlin", "regions": "DE",
        "alternates": json.dumps(NUMBERS[:numbers]) if numbers > 1 else "[]", **columns,
    }  # fmt: skip
    (lead_id,) = world.leads(campaign_id, world.lead_list(campaign_id), 1, **values)
    return campaign_id, lead_id


def call(world: World, campaign_id: int, status: Status, disposition: str = "", **more: Any) -> dict[str, Any]:
    """The lead is called, whatever time it waits for, and the call ends so; the lead's row afterwards."""
    world.run("UPDATE lead SET next_attempt_at = 0 WHERE next_attempt_at IS NOT NULL")
    (attempt,), _ = world.open_attempts(world.claim(campaign_id, 1).leads)
    world.submit(world.end(attempt, status, disposition, **more))
    return world.rows("SELECT * FROM lead")[0]


def waits_s(world: World, row: dict[str, Any]) -> float:
    """How long the lead waits from now on."""
    return (instant(row["next_attempt_at"]) - world.now).total_seconds()


async def test_a_rule_grows_up_to_its_longest_and_counts_each_outcome_by_itself(world: World) -> None:
    campaign_id, _ = lead(world)
    await world.store.records.book.set_retry_rule("spring", "busy", {"delay": 60, "growth": 3, "max_delay": 400})
    found = []
    for status in (Status.BUSY, Status.NO_ANSWER, Status.BUSY, Status.BUSY, Status.BUSY):
        row = call(world, campaign_id, status)
        found.append((row["state"], waits_s(world, row)))
    assert found == [("retry", 60), ("retry", 600), ("retry", 180), ("retry", 400), ("retry", 400)]


async def test_a_dispositions_rule_wins_over_its_statuses_and_stop_ends_the_lead(world: World) -> None:
    campaign_id, _ = lead(world)
    book = world.store.records.book
    await book.set_retry_rule("spring", "answered", {"delay": 10})
    assert waits_s(world, call(world, campaign_id, Status.ANSWERED, "not_interested")) == 10
    await book.set_retry_rule("spring", "not_interested", {"stop": True})
    row = call(world, campaign_id, Status.ANSWERED, "not_interested")
    assert (row["state"], row["next_attempt_at"]) == ("completed", None)


async def test_after_its_maximum_the_next_number_comes_and_then_the_end(world: World) -> None:
    campaign_id, _ = lead(world, numbers=2)
    await world.store.records.book.set_retry_rule("spring", "busy", {"delay": 60, "max_attempts": 2})
    assert waits_s(world, call(world, campaign_id, Status.BUSY)) == 60
    row = call(world, campaign_id, Status.BUSY)
    assert (row["dial_number"], row["number_index"], row["zones"], row["regions"]) == (
        "+3906100",
        1,
        "Europe/Rome",
        "IT",
    )
    assert waits_s(world, row) == 0, "nothing was wrong with this number"
    (of,) = world.rows("SELECT zones FROM dial_class WHERE id = ?", [row["class_id"]])
    assert of == {"zones": "Europe/Rome"}
    assert waits_s(world, call(world, campaign_id, Status.BUSY)) == 60, "counted for each number"
    assert call(world, campaign_id, Status.BUSY)["state"] == "exhausted"
    numbers = [row["number"] for row in world.rows("SELECT number FROM call_log ORDER BY id")]
    assert numbers == ["+4930100", "+4930100", "+3906100", "+3906100"]


async def test_next_number_goes_round(world: World) -> None:
    campaign_id, _ = lead(world, numbers=3)
    await world.store.records.book.set_retry_rule("spring", "no_answer", {"delay": 5, "next_number": True})
    dialled = [call(world, campaign_id, Status.NO_ANSWER)["dial_number"] for _ in range(4)]
    assert dialled == ["+3906100", "+4420100", "+4930100", "+3906100"]
    assert world.rows("SELECT number FROM lead") == [{"number": "+4930100"}], "who the lead is does not change"


def test_a_wrong_number_goes_to_the_next_one_and_the_last_ends_the_lead(world: World) -> None:
    campaign_id, _ = lead(world, numbers=2)
    row = call(world, campaign_id, Status.INVALID_NUMBER)
    assert (row["state"], row["dial_number"], waits_s(world, row)) == ("retry", "+3906100", 0)
    assert call(world, campaign_id, Status.INVALID_NUMBER)["state"] == "invalid"


def test_a_number_on_the_list_is_passed_over_and_a_persons_own_wish_is_not(world: World) -> None:
    campaign_id, _ = lead(world, numbers=2)
    world.run("INSERT INTO do_not_call (number, added_at) VALUES ('+4930100', 0)")
    answer = world.claim(campaign_id, 1)
    assert answer.leads == ()
    assert [one.number for one in world.claim(campaign_id, 1).leads] == ["+3906100"]
    assert [row["rule"] for row in world.rows("SELECT rule FROM blocked_attempt")] == ["do_not_call"]
    world.run("UPDATE lead SET state = 'retry', next_attempt_at = 0")
    row = call(world, campaign_id, Status.ANSWERED, "dnc")
    assert row["state"] == "dnc", "the person has said so"


def test_an_abandoned_person_is_marked_until_an_agent_was_met(world: World) -> None:
    campaign_id, _ = lead(world)
    assert call(world, campaign_id, Status.ABANDONED)["abandoned_at"] == micros(world.now)
    assert call(world, campaign_id, Status.NO_ANSWER)["abandoned_at"] is None


def test_an_own_callback_keeps_its_agent_and_the_next_call_ends_it(world: World) -> None:
    campaign_id, _ = lead(world)
    agent_id = world.add("agent", name="1001", endpoint="PJSIP/1001", created_at=0)
    (attempt,), _ = world.open_attempts(world.claim(campaign_id, 1).leads)
    due = world.now + timedelta(hours=3)
    command = world.end(attempt, Status.ANSWERED, "callback", agent_id=agent_id, callback_at=due)
    world.submit(type(command)(attempt=command.attempt, callback_at=due, callback_own=True))
    (row,) = world.rows("SELECT * FROM lead")
    assert (row["state"], row["next_attempt_at"], row["callback_agent_id"]) == ("callback", micros(due), agent_id)
    assert world.rows("SELECT state, agent_id FROM callback") == [{"state": "pending", "agent_id": agent_id}]
    world.pass_time(hours=3)
    assert world.claim(campaign_id, 1).leads == ()
    world.pass_time(seconds=900)
    (found,) = world.claim(campaign_id, 1).leads
    assert found.agent_id is None, "its time has passed by more than the tolerance: it is anyone's"
    (attempt,), _ = world.open_attempts([found])
    world.submit(world.end(attempt, Status.ANSWERED, "sale"))
    assert world.rows("SELECT state FROM callback") == [{"state": "done"}]


async def test_what_a_retry_rule_may_be(world: World) -> None:
    world.campaign("spring")
    book = world.store.records.book
    with pytest.raises(Invalid, match=r"outcome: 'bussy' .*did you mean busy.*; delai: no such setting .*delay"):
        await book.set_retry_rule("spring", "bussy", {"delai": 3})
    with pytest.raises(Invalid, match="stop: a rule that ends a lead"):
        await book.set_retry_rule("spring", "busy", {"stop": True, "next_number": True})
    with pytest.raises(NotFound, match=r"no campaign 'sprig'.*spring"):
        await book.set_retry_rule("sprig", "busy", {"delay": 3})
    with pytest.raises(NotFound, match="no retry rule for 'busy'"):
        await book.remove_retry_rule("spring", "busy")
    await book.set_retry_rule("spring", "busy", {"delay": 3, "growth": 2})
    await book.set_retry_rule("spring", "busy", {"delay": 4})
    (rule,) = await book.retry_rules("spring")
    assert (rule["delay"], rule["growth"], rule["next_number"]) == (4, 2.0, False)
    await book.remove_retry_rule("spring", "busy")
    assert await book.retry_rules(None) == []


async def test_appointments_by_hand(world: World) -> None:
    campaign_id, lead_id = lead(world)
    agent_id = world.add("agent", name="1001", endpoint="PJSIP/1001", created_at=0)
    world.add("agent_campaign", agent_id=agent_id, campaign_id=campaign_id)
    book = world.store.records.book
    due = world.now + timedelta(hours=1)
    first = await book.add_callback(str(lead_id), due, None, "")
    second = await book.add_callback("+4930100", due, "1001", "ask for Ada")
    rows = await book.callbacks("spring", None, "", 10, 0)
    assert [(row["id"], row["state"], row["agent"]) for row in rows] == [
        (first["id"], "cancelled", None), (second["id"], "pending", "1001"),
    ]  # fmt: skip
    world.pass_time(hours=2)
    (row,) = await book.callbacks(None, "1001", "pending", 10, 0)
    assert row["overdue"] and row["note"] == "ask for Ada"
    cancelled = await book.cancel_callback(second["id"])
    assert cancelled["state"] == "cancelled"
    with pytest.raises(Conflict, match="is cancelled already"):
        await book.cancel_callback(second["id"])
    with pytest.raises(NotFound, match="no callback 999"):
        await book.cancel_callback(999)
    (lead_row,) = world.rows("SELECT state, next_attempt_at, callback_agent_id FROM lead")
    assert lead_row == {"state": "new", "next_attempt_at": 0, "callback_agent_id": None}
    world.claim(campaign_id, 1)
    with pytest.raises(Conflict, match="on a call"):
        await book.add_callback(str(lead_id), due + timedelta(hours=9), None, "")
