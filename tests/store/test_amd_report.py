"""The report of a small campaign against a count by hand: here by plain lists, in the report by SQL and weights."""

from __future__ import annotations

import statistics
from datetime import timedelta
from typing import Any

import pytest

from dialerd.core.amd.evidence import By, Cell, Judged as Counted
from dialerd.core.amd.report import estimate, figures, matrix, together

from .amd_calls import PARAMETERS, Judged, place
from .world import World

OTHER = "4000,3000,1000,5000,100,50,6,256,900"

# What a campaign's calls were like. Of the 20 machine calls with the first parameters ten were sampled and eight of
# these heard: two persons. Of the five with the other parameters all were sampled and heard: nobody.
FIRST = [
    *[Judged("MACHINE", "machine", sample=True, review="person", verdict_s=1.3)] * 2,
    *[Judged("MACHINE", "machine", sample=True, review="machine", verdict_s=0.9)] * 6,
    *[Judged("MACHINE", "machine", sample=True, verdict_s=1.1)] * 2,
    *[Judged("MACHINE", "machine", verdict_s=1.1)] * 10,
    *[Judged("HUMAN", "agent", disposition="sale", verdict_s=1.6)] * 6,
    *[Judged("HUMAN", "agent", disposition="machine", verdict_s=1.7)] * 2,
    Judged("HUMAN", "agent", verdict_s=2.4),  # no disposition
    Judged("HUMAN", "agent", disposition="sale", review="machine", verdict_s=1.8),
    Judged("NOTSURE", "agent", disposition="not_interested", verdict_s=5.0),
    Judged("NOTSURE", "agent", disposition="machine", verdict_s=5.02),
    Judged("NOTSURE", "machine", verdict_s=5.0),  # the campaign's policy of that day
    Judged("HANGUP", "nobody", verdict_s=0.4),
    Judged("", "nobody", more={"verdict_at": None}),
]
SECOND = [
    *[Judged("MACHINE", "machine", sample=True, review="machine", parameters=OTHER, verdict_s=2.0)] * 5,
    *[Judged("HUMAN", "agent", disposition="sale", parameters=OTHER, verdict_s=2.2)] * 7,
]
DROPS = {
    "voicemail_started_at": timedelta(seconds=9),
    "voicemail_ended_at": timedelta(seconds=21),
    "voicemail_cue": "beep",
}


async def counted(world: World, by: By = By.NOTHING, **asked: Any) -> dict[str, Counted]:
    parts, _ = await world.store.records.amd.counts("spring", asked.get("since"), asked.get("until"), by)
    return dict(parts)


def cells(judged: Counted) -> dict[tuple[str, str], tuple[int, int, int]]:
    return {(row["said"], row["got"]): (row["person"], row["machine"], row["unknown"]) for row in matrix(judged)}


@pytest.fixture
def seeded(world: World) -> World:
    """The campaign: the first calls at noon through one trunk, the second at one o'clock through another."""
    campaign_id = world.campaign_with_leads(60, timezone="Asia/Kathmandu")  # 5:45 ahead of UTC
    place(world, campaign_id, FIRST)
    world.pass_time(hours=1)
    ids = place(world, campaign_id, SECOND)
    for call in ids:
        world.run("UPDATE call_log SET trunk = 'second' WHERE id = ?", (call,))
    at = {name: world.now + what if isinstance(what, timedelta) else what for name, what in DROPS.items()}
    drop = Judged("MACHINE", "machine", parameters=OTHER, verdict_s=2.0)
    place(world, campaign_id, [Judged(**{**vars_of(drop), "more": at})])
    place(
        world,
        campaign_id,
        [Judged(**{**vars_of(drop), "more": {**at, "voicemail_ended_at": None, "voicemail_cue": ""}})],
    )
    return world


def vars_of(call: Judged) -> dict[str, Any]:
    return {name: getattr(call, name) for name in call.__dataclass_fields__}


async def test_the_matrix_is_the_count_by_hand(seeded: World) -> None:
    judged = together((await counted(seeded)).values())
    assert cells(judged) == {
        ("machine", "machine"): (2, 6 + 5, 12 + 2),
        ("human", "agent"): (6 + 7, 2 + 1, 1),
        ("unsure", "agent"): (1, 1, 0),
        ("unsure", "machine"): (0, 0, 1),
        ("hangup", "nobody"): (0, 0, 1),
        ("none", "nobody"): (0, 0, 1),
    }
    assert sum(tally.calls for tally in judged.tallies) == len(FIRST) + len(SECOND) + 2


async def test_people_lost_and_machines_leaked_are_the_sums_by_hand(seeded: World) -> None:
    found = figures(together((await counted(seeded)).values()))
    # treated as machines: 20 + 1 with the first parameters, of which 13 unheard count for 2 in 8 each; 7 with the
    # others, of which 2 unheard count for 0 in 5
    lost = 2 + 13 * 2 / 8 + 2 * 0 / 5
    assert found["as_machines"]["calls"] == 28 and found["people_lost"]["number"]["value"] == pytest.approx(
        lost, abs=0.006
    )
    # given to agents: 14 people and 4 machines known, one call unknown, for 7 in 11 (the first parameters)
    people = 14 + 7 / 11
    assert found["people_lost"]["share"]["value"] == pytest.approx(100 * lost / (lost + people), abs=0.006)
    leaked = 19 - people
    assert found["machines_leaked"]["number"]["value"] == pytest.approx(leaked, abs=0.006)
    assert found["machines_leaked"]["share"]["value"] == pytest.approx(100 * leaked / (leaked + 28 - lost), abs=0.006)
    assert not estimate(together((await counted(seeded)).values()))["enough"], "13 of 28 heard"


async def test_delays_are_those_of_the_list(seeded: World) -> None:
    delay = figures(together((await counted(seeded)).values()))["delay"]
    people = sorted([1.6] * 6 + [1.7] * 2 + [2.4, 1.8] + [2.2] * 7 + [5.0, 5.02, 5.0])
    assert delay["to_people"] == {
        "calls": 20,
        "median_s": statistics.median_low(people),
        "p95_s": people[18],
        "max_s": 5.02,
    }
    assert delay["machine"]["calls"] == 27 and delay["machine"]["median_s"] == 1.1
    assert "hangup" not in delay and "none" not in delay


async def test_parts_by_parameters_trunk_and_hour(seeded: World) -> None:
    first = {
        ("machine", "machine"): (2, 6, 12), ("human", "agent"): (6, 3, 1), ("unsure", "agent"): (1, 1, 0),
        ("unsure", "machine"): (0, 0, 1), ("hangup", "nobody"): (0, 0, 1), ("none", "nobody"): (0, 0, 1),
    }  # fmt: skip
    second = {("machine", "machine"): (0, 5, 2), ("human", "agent"): (7, 0, 0)}
    parts = await counted(seeded, By.PARAMETERS)
    assert {key: cells(part) for key, part in parts.items()} == {PARAMETERS: first, OTHER: second}
    parts = await counted(seeded, By.HOUR)
    assert {key: cells(part) for key, part in parts.items()} == {"17": first, "18": second}, "noon UTC is 17:45 there"
    parts = await counted(seeded, By.TRUNK)
    assert cells(parts["second"]) == {("machine", "machine"): (0, 5, 0), ("human", "agent"): (7, 0, 0)}
    assert sum(tally.calls for part in parts.values() for tally in part.tallies) == len(FIRST) + len(SECOND) + 2


async def test_a_period_and_what_stands_beside(seeded: World) -> None:
    since = seeded.now - timedelta(minutes=30)
    assert cells(together((await counted(seeded, since=since)).values()))[("human", "agent")] == (7, 0, 0)
    _, beside = await seeded.store.records.amd.counts("spring", None, None, By.NOTHING)
    assert beside["voicemail"] == {"started": 2, "to_the_end": 1, "cues": {"beep": 1, "none": 1}}
    assert beside["waiting"] == 2


async def test_every_figure_has_its_calls(seeded: World) -> None:
    """Each cell of each part: as many calls as the cell says, together each judged call once."""
    book = seeded.store.records.amd
    for by in By:
        listed: list[int] = []
        for key, part in (await counted(seeded, by)).items():
            for (said, got), known in cells(part).items():
                for heard, count in zip(("person", "machine", "unknown"), known, strict=True):
                    cell = Cell(said=said, got=got, heard=heard, key=None if by is By.NOTHING else key)
                    total, rows = await book.calls("spring", None, None, by, cell, limit=100, offset=0)
                    assert total == len(rows) == count, (by, cell)
                    assert {(row["said"], row["got"]) for row in rows} <= {(said, got)}
                    listed += [row["call"] for row in rows]
        assert sorted(listed) == [row["id"] for row in seeded.rows("SELECT id FROM call_log ORDER BY id")]


async def test_a_call_that_is_not_finished_counts_nowhere(seeded: World) -> None:
    seeded.run("UPDATE call_log SET record_hash = '' WHERE id = 1")
    judged = together((await counted(seeded)).values())
    assert cells(judged)[("machine", "machine")] == (1, 11, 14)
    assert (await seeded.store.records.amd.calls(
        "spring", None, None, By.NOTHING, Cell(), limit=100, offset=0
    ))[0] == len(FIRST) + len(SECOND) + 1  # fmt: skip


async def test_pages_of_calls_in_order(seeded: World) -> None:
    book = seeded.store.records.amd
    total, rows = await book.calls("spring", None, None, By.NOTHING, Cell(said="machine"), limit=5, offset=20)
    assert total == 27 and [row["call"] for row in rows] == sorted(row["call"] for row in rows)
    assert len(rows) == 5 and rows[0]["delay_s"] == 2.0
