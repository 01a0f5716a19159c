"""Appointments: made on a call or by hand, whose they are, kept, cancelled, put off by the window, across a restart."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.store.world import World

from dialerd.core.call import Attempt, Status
from dialerd.core.errors import Conflict, Invalid, NotFound
from dialerd.core.lead import Lead
from dialerd.core.messages import ClaimLeads, LeadsClaimed
from dialerd.store.callback_records import add_callback, callbacks, cancel_callback
from dialerd.store.restart import load_restart_state
from dialerd.store.units import micros


def people(world: World, campaign_id: int, *names: str) -> list[int]:
    """Agents who work in the campaign."""
    ids = []
    for name in names:
        ids.append(world.add("agent", name=name, endpoint=f"PJSIP/{name}", created_at=0))
        world.add("agent_campaign", agent_id=ids[-1], campaign_id=campaign_id)
    return ids


def claimed(world: World, campaign_id: int, *agents: int) -> list[Lead]:
    (answer,) = world.submit(ClaimLeads(campaign_id=campaign_id, count=5, agents=frozenset(agents)))
    assert isinstance(answer, LeadsClaimed)
    return list(answer.leads)


def dispose(world: World, attempt: Attempt, due: datetime, agent_id: int, own: bool) -> None:
    """The agent promises a call."""
    close = world.end(attempt, Status.ANSWERED, "callback", callback_at=due, agent_id=agent_id, note="ask for Ada")
    world.submit(replace(close, callback_own=own))


def promised(world: World, own: bool = True, **campaign: Any) -> tuple[int, int, int, int]:
    """A campaign, two agents, and a lead promised a call in an hour by the first; the four ids."""
    campaign_id = world.campaign_with_leads(1, **campaign)
    first, second = people(world, campaign_id, "1001", "1002")
    (lead,) = claimed(world, campaign_id)
    (attempt,), _ = world.open_attempts([lead])
    dispose(world, attempt, world.now + timedelta(hours=1), first, own)
    return campaign_id, first, second, lead.id


def listed(world: World, state: str = "pending", **filters: Any) -> list[dict[str, Any]]:
    named = {"campaign": None, "agent": None, "limit": 100, "offset": 0, **filters}
    return world.work(
        lambda s: callbacks(s, world.now, named["campaign"], named["agent"], state, named["limit"], named["offset"])
    )


def lead_state(world: World) -> str:
    ((state,),) = [tuple(row.values()) for row in world.rows("SELECT state FROM lead")]
    return str(state)


def test_a_promise_is_its_agents_until_the_tolerance_has_passed_and_then_anyones(world: World) -> None:
    campaign_id, first, second, lead_id = promised(world, callback_tolerance=900)
    assert claimed(world, campaign_id, first, second) == [], "not before its time"
    world.pass_time(hours=1)
    assert claimed(world, campaign_id, second) == []
    world.pass_time(seconds=900)
    (late,) = claimed(world, campaign_id, second)
    assert (late.id, late.agent_id) == (lead_id, None), "it does not carry the name of one who is not there"


def test_a_promise_goes_to_its_agent_when_due(world: World) -> None:
    campaign_id, first, second, lead_id = promised(world)
    world.pass_time(hours=1)
    (lead,) = claimed(world, campaign_id, first, second)
    assert (lead.id, lead.agent_id) == (lead_id, first)


def test_a_promise_by_anyone_asks_for_no_agent(world: World) -> None:
    campaign_id, _, second, lead_id = promised(world, own=False)
    world.pass_time(hours=1)
    (lead,) = claimed(world, campaign_id, second)
    assert (lead.id, lead.agent_id) == (lead_id, None)


def test_it_is_listed_and_done_by_the_next_call_that_counts(world: World) -> None:
    campaign_id, first, _, lead_id = promised(world)
    (row,) = listed(world)
    assert (row["lead"], row["agent"], row["state"], row["overdue"]) == (lead_id, "1001", "pending", False)
    assert (row["note"], row["due_at"], row["campaign"]) == ("ask for Ada", world.now + timedelta(hours=1), "spring")
    assert listed(world, agent="1002") == [] and len(listed(world, agent="1001", campaign="spring")) == 1
    world.pass_time(hours=1, seconds=1)
    assert listed(world)[0]["overdue"]
    (attempt,), _ = world.open_attempts(claimed(world, campaign_id, first))
    world.submit(world.end(attempt, Status.NO_ANSWER))
    assert listed(world) == []
    (done,) = listed(world, "done")
    assert (done["ended_at"], done["overdue"]) == (world.now, False)
    (lead,) = world.rows("SELECT state, callback_agent_id FROM lead")
    assert (lead["state"], lead["callback_agent_id"]) == ("retry", None)


def test_a_call_that_was_cancelled_before_it_rang_breaks_no_promise(world: World) -> None:
    campaign_id, first, second, lead_id = promised(world)
    due = world.now + timedelta(hours=1)
    world.pass_time(hours=1)
    (attempt,), _ = world.open_attempts(claimed(world, campaign_id, first))
    world.submit(world.end(attempt, Status.CANCELLED))
    (lead,) = world.rows("SELECT state, next_attempt_at, callback_agent_id FROM lead")
    assert lead == {"state": "callback", "next_attempt_at": micros(due), "callback_agent_id": first}
    assert len(listed(world)) == 1
    assert claimed(world, campaign_id, second) == []
    assert [one.id for one in claimed(world, campaign_id, first)] == [lead_id]


def test_a_new_appointment_takes_the_place_of_the_old_one(world: World) -> None:
    campaign_id, first, second, _ = promised(world)
    world.pass_time(hours=1)
    (attempt,), _ = world.open_attempts(claimed(world, campaign_id, first))
    dispose(world, attempt, world.now + timedelta(days=1), second, own=True)
    assert [row["agent"] for row in listed(world)] == ["1002"]
    assert [row["agent"] for row in listed(world, "done")] == ["1001"]
    world.pass_time(days=1)
    assert [lead.agent_id for lead in claimed(world, campaign_id, first, second)] == [second]


def test_outside_the_window_it_waits_for_the_opening_and_is_its_agents_then(world: World) -> None:
    campaign_id, first, second, lead_id = promised(world, daily_start="09:00", daily_end="14:00", timezone="UTC")
    world.pass_time(hours=1)  # 14:00 in Berlin: closed from this instant on
    assert claimed(world, campaign_id, first, second) == []
    (lead,) = world.rows("SELECT state, next_attempt_at FROM lead")
    opening = datetime.fromisoformat("2026-03-03T08:00:00+00:00")
    assert (lead["state"], lead["next_attempt_at"]) in (
        ("callback", micros(opening)),
        ("callback", micros(world.now)),  # its class was passed over as a whole
    )
    world.now = opening
    (again,) = claimed(world, campaign_id, first, second)
    assert (again.id, again.agent_id) == (lead_id, first)


def test_after_a_restart_the_promise_is_as_it_was(url: str) -> None:
    world = World(url)
    world.open()
    campaign_id, first, second, lead_id = promised(world)
    world.pass_time(hours=1)
    assert len(claimed(world, campaign_id, first)) == 1
    again = world.reopened()
    try:
        assert claimed(again, campaign_id, second) == []
        assert [(one.id, one.agent_id) for one in claimed(again, campaign_id, first)] == [(lead_id, first)]
    finally:
        again.close()


def test_a_restart_tells_the_dialer_whose_call_is_on_its_way(world: World) -> None:
    campaign_id, first, _, _ = promised(world)
    world.pass_time(hours=1)
    (attempt,), _ = world.open_attempts(claimed(world, campaign_id, first))
    state = world.work(lambda s: load_restart_state(s, world.now))
    assert state.restored().promises == {attempt.id: first}


def test_by_hand_any_lead_that_may_be_called_is_promised(world: World) -> None:
    campaign_id = world.campaign_with_leads(3)
    (first,) = people(world, campaign_id, "1001")
    due = world.now + timedelta(hours=2)
    made, campaign = world.work(lambda s: add_callback(s, "+49300000001", due, "1001", "call", world.now))
    assert campaign == campaign_id
    assert (made["lead"], made["agent"], made["due_at"], made["call"]) == (2, "1001", due, None)
    later = due + timedelta(hours=1)
    world.work(lambda s: add_callback(s, "2", later, None, "", world.now))
    assert [row["due_at"] for row in listed(world)] == [later]
    assert len(listed(world, "cancelled")) == 1
    (lead,) = world.rows("SELECT state, next_attempt_at, callback_agent_id FROM lead WHERE id = 2")
    assert lead == {"state": "callback", "next_attempt_at": micros(later), "callback_agent_id": None}
    assert first


def test_what_cannot_be_promised_is_refused(world: World) -> None:
    campaign_id = world.campaign_with_leads(3)
    people(world, campaign_id, "1001")
    people(world, world.campaign("other"), "1009")
    due = world.now + timedelta(hours=2)

    def add(lead: str = "1", at: datetime = due, agent: str | None = None) -> Any:
        return world.work(lambda s: add_callback(s, lead, at, agent, "", world.now))

    with pytest.raises(Invalid, match="does not work in campaign spring"):
        add(agent="1009")
    with pytest.raises(NotFound, match="did you mean 1001"):
        add(agent="10011")
    with pytest.raises(Invalid, match="in the past"):
        add(at=world.now)
    with pytest.raises(Invalid, match="more than a year"):
        add(at=world.now + timedelta(days=400))
    with pytest.raises(NotFound):
        add("77")
    world.run("UPDATE lead SET state = 'dnc' WHERE id = 2")
    with pytest.raises(Conflict, match="do-not-call"):
        add("2")
    claimed(world, campaign_id)
    with pytest.raises(Conflict, match="about to be called"):
        add("1")
    assert listed(world) == []


def test_cancelled_the_lead_is_tried_like_any_other(world: World) -> None:
    campaign_id, _, second, _ = promised(world, retry_delay=600)
    (row,) = listed(world)
    gone, _ = world.work(lambda s: cancel_callback(s, row["id"], world.now))
    assert (gone["state"], lead_state(world)) == ("cancelled", "retry")
    with pytest.raises(Conflict, match="cancelled already"):
        world.work(lambda s: cancel_callback(s, row["id"], world.now))
    with pytest.raises(NotFound):
        world.work(lambda s: cancel_callback(s, 99, world.now))
    world.pass_time(seconds=600)
    assert [lead.agent_id for lead in claimed(world, campaign_id, second)] == [None]


def test_cancelled_without_attempts_left_the_lead_is_exhausted(world: World) -> None:
    promised(world, max_attempts=1)
    world.work(lambda s: cancel_callback(s, 1, world.now))
    assert lead_state(world) == "exhausted"


def test_who_may_not_be_called_any_more_is_promised_nothing(world: World) -> None:
    campaign_id, first, _, _ = promised(world)
    (lead,) = world.rows("SELECT dial_number FROM lead")
    world.add("do_not_call", number=lead["dial_number"], added_at=0)
    world.pass_time(hours=1)
    assert claimed(world, campaign_id, first) == []
    assert listed(world) == []
    assert len(listed(world, "cancelled")) == 1 and lead_state(world) == "dnc"
