"""What the store tells a starting pacer: the last calls in order, talks and wrap-ups; nothing that is long past."""

from __future__ import annotations

from typing import Any

import pytest
from tests.store.amd_calls import Judged, place
from tests.store.world import World

from dialerd.core.amd.delay import PersonsVerdict
from dialerd.core.call import Status
from dialerd.core.remembered import MOST_CALLS, Remembered
from dialerd.core.traces import CUT_NOTE
from dialerd.store.units import micros


@pytest.fixture
def world(url: str) -> Any:
    made = World(url)
    made.open()
    yield made
    made.close()


def calls(world: World, campaign_id: int, count: int, status: Status = Status.NO_ANSWER) -> None:
    attempts, _ = world.open_attempts(world.claim(campaign_id, count).leads)
    world.submit(*(world.end(one, status) for one in attempts))


def told(world: World, campaign_id: int) -> Remembered:
    return world.store.load_restart_state().restored().remembered[campaign_id]


def state(world: World, campaign_id: int, name: str, seconds: float, ago_s: float = 600.0) -> None:
    """One interval of an agent's state log."""
    start = micros(world.now) - round(1e6 * ago_s)
    entry = f"test-{name}-{seconds}-{ago_s}-{campaign_id}"
    (known,) = world.rows("SELECT MIN(id) AS id FROM agent")
    agent_id = known["id"] or world.add("agent", name="ann", endpoint="PJSIP/ann", created_at=0)
    world.add(
        "agent_state_log", agent_id=agent_id, state=name, campaign_id=campaign_id, started_at=start,
        ended_at=start + round(1e6 * seconds), entry=entry,
    )  # fmt: skip


def test_the_last_hours_calls_come_in_the_order_of_dialling(world: World) -> None:
    campaign_id = world.campaign_with_leads(30, max_attempts_per_day=50)
    calls(world, campaign_id, 3)
    world.pass_time(minutes=50)
    calls(world, campaign_id, 2, Status.BUSY)
    world.pass_time(minutes=20)
    calls(world, campaign_id, 4)
    statuses = [one.status for one in told(world, campaign_id).attempts]
    assert statuses == [Status.BUSY] * 2 + [Status.NO_ANSWER] * 4
    world.pass_time(hours=2)
    assert told(world, campaign_id) == Remembered()


def test_another_campaigns_calls_and_test_calls_are_not_among_them(world: World) -> None:
    campaign_id = world.campaign_with_leads(5, max_attempts_per_day=50)
    other = world.campaign_with_leads(5, name="autumn", max_attempts_per_day=50)
    calls(world, other, 5)
    calls(world, campaign_id, 2)
    assert len(told(world, campaign_id).attempts) == 2
    world.run("UPDATE lead_list SET hidden = ? WHERE campaign_id = ?", (True, campaign_id))
    assert told(world, campaign_id).attempts == ()


def test_never_more_than_a_starting_pacer_needs(world: World) -> None:
    campaign_id = world.campaign_with_leads(1, max_attempts_per_day=50)
    calls(world, campaign_id, 1)
    (row,) = world.rows("SELECT * FROM call_log")
    for n in range(MOST_CALLS + 50):
        world.add("call_log", **{**row, "id": 1000 + n, "chain_seq": None, "attempt_number": n})
    attempts = told(world, campaign_id).attempts
    assert [one.attempt_number for one in attempts] == list(range(50, MOST_CALLS + 50))


def test_talks_and_wrap_ups_are_those_of_the_campaign_and_of_the_last_day(world: World) -> None:
    campaign_id = world.campaign_with_leads(1)
    other = world.campaign_with_leads(1, name="autumn")
    state(world, campaign_id, "on_call", 61.5, ago_s=900)
    state(world, campaign_id, "on_call", 40.0, ago_s=700)
    state(world, campaign_id, "wrap_up", 12.0)
    state(world, campaign_id, "ready", 99.0)
    state(world, other, "on_call", 300.0)
    state(world, campaign_id, "on_call", 77.0, ago_s=30 * 3600)
    state(world, campaign_id, "on_call", 9 * 3600.0, ago_s=10 * 3600)  # left open by a dialerd that had stopped
    assert (told(world, campaign_id).talks_s, told(world, campaign_id).wrap_ups_s) == ((61.5, 40.0), (12.0,))


def test_amds_verdicts_on_people_are_the_last_ones_with_its_present_parameters(world: World) -> None:
    campaign_id = world.campaign_with_leads(30, amd_enabled=True)
    place(world, campaign_id, [Judged("HUMAN", "agent", verdict_s=9.0)])
    world.pass_time(days=31)
    place(
        world,
        campaign_id,
        [
            Judged("HUMAN", "agent", verdict_s=1.25),
            Judged("HUMAN", "agent", verdict_s=9.0, parameters="1,1,1,1,1,1,1,1,1"),
            Judged("MACHINE", "machine", verdict_s=9.0),
            Judged("NOTSURE", "machine", verdict_s=9.0),  # it went to no person
            Judged("", "nobody", more={"verdict_at": None, "note": CUT_NOTE}),
        ],
    )
    world.pass_time(days=2)
    place(world, campaign_id, [Judged("NOTSURE", "agent", verdict_s=5.0)])
    assert told(world, campaign_id).verdicts == (
        PersonsVerdict(1.25),
        PersonsVerdict(2.0, cut=True),
        PersonsVerdict(5.0, greeted=False),
    )
    world.run("UPDATE campaign SET amd_enabled = ?", (False,))
    assert told(world, campaign_id).verdicts == ()
