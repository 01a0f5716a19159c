"""What a day of real calls shows: outcomes by hour, durations, agents at work; nobody's number."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import pytest
from tests.store.world import MONDAY_NOON, World

from dialerd.core.call import Status
from dialerd.core.errors import Invalid, NotFound
from dialerd.store.replay_day import OUTCOMES, SAMPLE_CAP, thinned
from dialerd.store.units import micros

MIDNIGHT = MONDAY_NOON.replace(hour=0)
DAY = (MIDNIGHT.isoformat(), (MIDNIGHT + timedelta(days=1)).isoformat())


async def replayed(world: World) -> dict[str, Any]:
    return await world.store.records.replay_day("spring", *DAY)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


async def test_each_call_counts_in_its_hour_with_how_long_everything_took(world: World) -> None:
    campaign = world.campaign_with_leads(6)
    agent = world.add("agent", name="1001", endpoint="PJSIP/1001", created_at=0)
    leads = world.claim(campaign, 6).leads
    attempts, _ = world.open_attempts(leads)
    at = world.now
    world.now += seconds(200)
    world.submit(
        world.end(attempts[0], Status.ANSWERED, "sale", dialed_at=at + seconds(1), answered_at=at + seconds(9.5),
                  verdict_at=at + seconds(11), bridged_at=at + seconds(11.5), ended_at=at + seconds(100),
                  agent_id=agent, amd_status="HUMAN", live_answer=True),
        world.end(attempts[1], Status.MACHINE, "machine", dialed_at=at, answered_at=at + seconds(18)),
        world.end(attempts[2], Status.NO_ANSWER, "no_answer", dialed_at=at, ended_at=at + seconds(30)),
        world.end(attempts[3], Status.BUSY, "busy", dialed_at=at, ended_at=at + seconds(2)),
        world.end(attempts[4], Status.ABANDONED, "abandoned", dialed_at=at, answered_at=at + seconds(7),
                  live_answer=True),
        world.end(attempts[5], Status.CANCELLED, "cancelled", dialed_at=at, ended_at=at + seconds(5)),
    )  # fmt: skip
    day = await replayed(world)
    assert (day["calls"], day["left_out"], len(day["hours"])) == (5, 1, 24)
    assert all(hour["outcomes"] == {} for place, hour in enumerate(day["hours"]) if place != 12)
    noon = day["hours"][12]
    assert noon["outcomes"] == {"person": 2, "machine": 1, "no_answer": 1, "busy": 1}
    assert noon["answer_s"] == [7.0, 8.5] and noon["machine_s"] == [18.0] and noon["unanswered_s"] == [30.0]
    assert noon["refused_s"] == [2.0] and noon["talk_s"] == [88.5] and noon["amd_s"] == [1.5]
    assert "+4930" not in json.dumps(day, default=str), "no numbers"
    tomorrow = await world.store.records.replay_day("spring", DAY[1], "2026-03-04T00:00:00Z")
    assert tomorrow["calls"] == 0


async def test_agents_at_work_by_quarter_of_an_hour_and_their_wrap_ups(world: World) -> None:
    campaign, other = world.campaign_with_leads(1), world.campaign("polls")
    world.now = MONDAY_NOON - seconds(500)
    (attempt,), _ = world.open_attempts(world.claim(campaign, 1).leads)
    agent = world.add("agent", name="1001", endpoint="PJSIP/1001", created_at=0)
    world.run("INSERT INTO agent_campaign (agent_id, campaign_id) VALUES (?, ?)", (agent, campaign))

    def state(name: str, begin_s: float, end_s: float | None, campaign_id: int | None) -> None:
        ended = None if end_s is None else micros(MONDAY_NOON + seconds(end_s))
        world.add("agent_state_log", agent_id=agent, state=name, campaign_id=campaign_id, entry=f"{name}{begin_s}",
                  started_at=micros(MONDAY_NOON + seconds(begin_s)), ended_at=ended)  # fmt: skip

    state("ready", -450, 900, None)
    state("on_call", 900, 1000, campaign)
    state("wrap_up", 1000, 1030.5, campaign)
    state("paused", 1030.5, 1800, None)
    state("on_call", 1800, 2700, other)
    state("ready", 2700, None, None)
    world.now = MONDAY_NOON + seconds(3600)
    world.submit(world.end(attempt, Status.ANSWERED, "sale", live_answer=True))
    world.now = MONDAY_NOON + seconds(9 * 3600)
    day = await replayed(world)
    busy = {place: value for place, value in enumerate(day["staffed"]) if value}
    assert busy == {47: 0.5, 48: 1.0, 49: round(130.5 / 900, 2), 51: 1.0}, "nobody works after the end of the last call"
    assert day["hours"][12]["wrap_up_s"] == [30.5]


async def test_calls_that_were_tests_do_not_count(world: World) -> None:
    campaign = world.campaign("spring")
    world.leads(campaign, world.lead_list(campaign, "test-calls", hidden=True), 1)
    attempts, _ = world.open_attempts(world.claim(campaign, 1).leads or ())
    for attempt in attempts:
        world.submit(world.end(attempt, Status.BUSY, "busy"))
    assert (await replayed(world))["calls"] == 0


async def test_bad_days_and_unknown_campaigns_are_one_sentence(world: World) -> None:
    world.campaign("spring")
    records = world.store.records
    with pytest.raises(NotFound, match=r"no campaign .sprong.*spring"):
        await records.replay_day("sprong", *DAY)
    with pytest.raises(Invalid, match="after since, by 26 hours"):
        await records.replay_day("spring", DAY[1], DAY[0])
    with pytest.raises(Invalid, match="after since, by 26 hours"):
        await records.replay_day("spring", DAY[0], "2026-03-05T00:00:00Z")
    with pytest.raises(Invalid, match="until: 'noon' is not an instant"):
        await records.replay_day("spring", DAY[0], "noon")


def test_a_thinned_sample_keeps_the_distribution() -> None:
    rng = random.Random(3)
    values = [rng.lognormvariate(4, 1) for _ in range(20_000)]
    thin = thinned(values)
    assert len(thin) == SAMPLE_CAP and thin == sorted(thin)
    assert sum(thin) / len(thin) == pytest.approx(sum(values) / len(values), rel=0.05)
    assert thin[SAMPLE_CAP // 2] == pytest.approx(sorted(values)[10_000], rel=0.03)
    assert thinned([3.0, 1.0]) == [1.0, 3.0]


def test_every_ending_is_either_counted_or_left_out_on_purpose() -> None:
    assert set(Status) - set(OUTCOMES) == {Status.CANCELLED, Status.LOST}
