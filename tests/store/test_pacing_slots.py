"""Tests of dialerd.store.pacing_slots: slots are written once, kept for weeks, and added up for any period."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.store.world import MONDAY_NOON, World

from dialerd.core.errors import NotFound
from dialerd.core.messages import SavePacingSlot
from dialerd.core.pacing import Limit
from dialerd.core.pacing.history import KEPT, SUMS, Slot
from dialerd.store.batch import Batch, Entry
from dialerd.store.pacing_slots import PRUNED_AT_ONCE, pacing_history
from dialerd.store.tables_logs import PacingSlot

NOON_S = int(MONDAY_NOON.timestamp())


def slot(start_s: int, **values: Any) -> Slot:
    start_s += NOON_S
    return Slot(**{"start_s": start_s, "until_s": start_s + 10, "mode": "predictive", "decisions": 10, **values})


def save(world: World, campaign_id: int, *slots: Slot) -> None:
    world.submit(*(SavePacingSlot(campaign_id=campaign_id, slot=one) for one in slots))


def read(world: World, since_s: float, until_s: float, points: int = 60, name: str = "spring") -> dict[str, Any]:
    since, until = MONDAY_NOON + timedelta(seconds=since_s), MONDAY_NOON + timedelta(seconds=until_s)
    return world.work(lambda session: pacing_history(session, name, since, until, points))


def test_a_slot_comes_back_as_it_was(world: World) -> None:
    campaign_id = world.campaign()
    sums = {name: number + 0.5 if name in ("ratio", "chance", "expected_abandons") else number
            for number, name in enumerate(SUMS, 1)}  # fmt: skip
    limits = Counter({limit.value: number for number, limit in enumerate(Limit, 1)})
    save(world, campaign_id, slot(0, **sums, limits=limits, credit=-1.5, obstacle="the link is\0 down"))
    answer = read(world, 0, 10)
    (span,) = answer["spans"]
    assert {name: span[name] for name in SUMS} == sums
    assert span["limits"] == limits
    assert (span["at"], span["until"]) == (MONDAY_NOON, MONDAY_NOON + timedelta(seconds=10))
    assert (span["mode"], span["credit"], answer["step_s"]) == ("predictive", -1.5, 10)
    assert answer["obstacles"] == [
        {"obstacle": "the link is down", "times": sums["stopped"], "until": MONDAY_NOON + timedelta(seconds=10)}
    ]
    assert answer["last_at"] == MONDAY_NOON + timedelta(seconds=10)


def test_a_long_period_is_added_up_without_loss(world: World) -> None:
    campaign_id, other = world.campaign(), world.campaign("other")
    for second in range(0, 3600, 10):
        save(world, campaign_id, slot(second, calls=second // 10, credit=second / 10, limits=Counter(agents=10)))
    save(world, other, slot(0, calls=1000))
    answer = read(world, 0, 3600, points=7)
    assert answer["step_s"] == 520, "the next multiple of ten seconds above 3600 / 7"
    assert 7 <= len(answer["spans"]) <= 8
    assert sum(span["calls"] for span in answer["spans"]) == sum(range(360))
    assert sum(span["decisions"] for span in answer["spans"]) == 3600
    assert answer["spans"][-1]["credit"] == 359, "the credit at the end of each span"
    part = read(world, 600, 1200, points=600)
    assert [span["calls"] for span in part["spans"]] == list(range(60, 120)), "from since, before until"


def test_gaps_stay_gaps_and_a_slot_of_a_minute_says_until_when(world: World) -> None:
    campaign_id = world.campaign()
    save(world, campaign_id, slot(0), replace(slot(120), until_s=NOON_S + 180))
    spans = read(world, 0, 300, points=60)["spans"]
    assert len(read(world, 150, 300)["spans"]) == 1, "a slot that began before the period and lasts into it is shown"
    assert read(world, 180, 300)["spans"] == []
    ends = [((s["at"] - MONDAY_NOON).total_seconds(), (s["until"] - MONDAY_NOON).total_seconds()) for s in spans]
    assert ends == [(0, 10), (120, 180)]


def test_obstacles_are_those_that_stopped_it_longest(world: World) -> None:
    campaign_id = world.campaign()
    for number, (text, times) in enumerate((("a", 1), ("b", 5), ("a", 2), ("c", 9), ("d", 1), ("e", 0))):
        save(world, campaign_id, slot(number * 10, obstacle=text, stopped=times))
    found = [(row["obstacle"], row["times"]) for row in read(world, 0, 100)["obstacles"]]
    assert found == [("c", 9), ("b", 5), ("a", 3)]


def test_a_repeated_command_changes_nothing_but_two_slots_of_one_time_count_both(world: World) -> None:
    campaign_id = world.campaign()
    command = SavePacingSlot(campaign_id=campaign_id, slot=slot(0, calls=3))

    def twice(session: Any) -> None:
        for _ in range(2):
            Batch(session, world.now, world.store._writer.hopper, world.store._writer._counts).carry_out(
                [Entry("run-1", command)]
            )

    world.work(twice)
    assert [span["calls"] for span in read(world, 0, 10)["spans"]] == [3]
    save(world, campaign_id, slot(0, calls=4))  # the same seconds after a restart
    assert [span["calls"] for span in read(world, 0, 10)["spans"]] == [7]


def test_what_is_old_goes_a_little_with_each_slot_that_comes(world: World) -> None:
    campaign_id, other = world.campaign(), world.campaign("other")
    old = -int(KEPT.total_seconds())
    for number in range(PRUNED_AT_ONCE + 5):
        start_at = (NOON_S + old - 1000 + number) * 1_000_000
        world.add("pacing_slot", campaign_id=campaign_id, start_at=start_at, until_at=0, entry=f"old-{number}")
    world.add("pacing_slot", campaign_id=other, start_at=start_at, until_at=0, entry="old-other")
    save(world, campaign_id, slot(old + 10), slot(0))

    def left(of: int) -> int:
        return int(world.rows("SELECT COUNT(*) AS n FROM pacing_slot WHERE campaign_id = ?", [of])[0]["n"])

    assert left(campaign_id) == 2, "both writes have removed some; what is within 35 days stays"
    assert left(other) == 1, "another campaign's are not this one's business"


def test_an_unknown_campaign_and_one_without_slots(world: World) -> None:
    world.campaign()
    with pytest.raises(NotFound, match="sprong"):
        read(world, 0, 10, name="sprong")
    assert read(world, 0, 10) == {"step_s": 10, "spans": [], "obstacles": [], "last_at": None}


def test_the_table_has_a_column_for_every_sum_and_every_limit() -> None:
    columns = set(PacingSlot._meta.fields)
    assert columns == {"id", "campaign_id", "start_at", "until_at", "mode", "obstacle", "credit", "entry", *SUMS} | {
        f"limit_{limit.value}" for limit in Limit
    }


async def test_the_records_answer_on_the_background_reader(world: World) -> None:
    save(world, world.campaign(), slot(0, calls=2))
    answer = await world.store.records.pacing_history("spring", MONDAY_NOON, MONDAY_NOON + timedelta(minutes=1), 6)
    assert [span["calls"] for span in answer["spans"]] == [2]


def test_what_the_ledger_forbade_is_told_with_the_decisions_it_took(world: World) -> None:
    campaign_id = world.campaign()
    over, away = "abandon rate 9.0 % is above max_abandon_rate 5 %", "the link is down"
    for second in (0, 10):
        save(world, campaign_id, slot(second, obstacle=over, limits=Counter(budget=10)))
    save(world, campaign_id, slot(20, obstacle=away, decisions=0, stopped=3), slot(30, limits=Counter(agents=10)))
    told = read(world, 0, 60)["obstacles"]
    assert [(row["obstacle"], row["times"]) for row in told] == [(over, 20), (away, 3)]
