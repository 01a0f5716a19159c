"""What is known of calls that AMD judged: whose word counts, which samples have a label, what to listen to next."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dialerd.core.errors import Conflict, NotFound

from .amd_calls import Judged, place
from .world import World


async def samples(world: World, **asked: object) -> tuple[int, dict[int, tuple[str, str]]]:
    total, rows = await world.store.records.amd.samples("spring", None, None, limit=100, offset=0)
    return total, {row["attempt_id"]: (row["heard"], row["told_by"]) for row in rows}


async def test_a_review_beats_a_disposition_and_defaults_say_nothing(world: World) -> None:
    campaign_id = world.campaign_with_leads(20)
    ids = place(
        world,
        campaign_id,
        [
            Judged("MACHINE", "machine", review="person", sample=True),
            Judged("MACHINE", "machine", sample=True),  # nobody has listened
            Judged("MACHINE", "machine", review="machine"),  # no sample
            Judged("HUMAN", "agent", disposition="sale", sample=True),
            Judged("HUMAN", "agent", disposition="machine", sample=True),
            Judged("HUMAN", "agent", disposition="sale", review="machine", sample=True),
            Judged("HUMAN", "agent", sample=True),  # no_disposition: nobody gave it
            Judged("HUMAN", "nobody", sample=True),
            Judged("NOTSURE", "agent", disposition="not_interested", sample=True),
        ],
    )
    assert await samples(world) == (
        5,
        {
            ids[0]: ("person", "review"),
            ids[3]: ("person", "disposition"),
            ids[4]: ("machine", "disposition"),
            ids[5]: ("machine", "review"),
            ids[8]: ("person", "disposition"),
        },
    )


async def test_the_campaigns_default_disposition_is_nobodys_word(world: World) -> None:
    campaign_id = world.campaign_with_leads(5, default_disposition="not_interested")
    place(world, campaign_id, [Judged("HUMAN", "agent", disposition="not_interested", sample=True)])
    assert (await samples(world))[0] == 0


async def test_test_calls_and_calls_without_amd_are_no_evidence(world: World) -> None:
    campaign_id = world.campaign_with_leads(5)
    without = {"amd_status": "", "amd_result": "", "amd_parameters": ""}
    place(
        world,
        campaign_id,
        [
            Judged("HUMAN", "agent", disposition="sale", sample=True, more={"dial_mode": "test"}),
            Judged("HUMAN", "agent", disposition="sale", sample=True, more=without),
        ],
    )
    world.run("UPDATE call_log SET dial_mode = 'test' WHERE id = 1")
    assert (await samples(world))[0] == 0


async def test_pages_and_periods(world: World) -> None:
    campaign_id = world.campaign_with_leads(9)
    ids = []
    for _ in range(3):
        ids += place(world, campaign_id, [Judged("HUMAN", "agent", disposition="sale", sample=True)])
        world.pass_time(hours=1)
    book = world.store.records.amd
    total, page = await book.samples("spring", None, None, limit=2, offset=1)
    assert (total, [row["attempt_id"] for row in page]) == (3, ids[1:])
    middle = world.now - timedelta(hours=2)
    total, page = await book.samples("spring", middle, middle + timedelta(minutes=1), limit=9, offset=0)
    assert (total, [row["attempt_id"] for row in page]) == (1, [ids[1]])
    assert page[0]["at"] == middle
    with pytest.raises(NotFound, match="sprng"):
        await book.samples("sprng", None, None, limit=1, offset=0)


async def test_the_last_word_counts_and_the_one_before_is_told(world: World) -> None:
    campaign_id = world.campaign_with_leads(3)
    (call,) = place(world, campaign_id, [Judged("MACHINE", "machine", sample=True)])
    book = world.store.records.amd
    first = await book.review(call, "machine", "sue", "")
    assert first["before"] is None
    again = await book.review(call, "person", "bob", "two hellos")
    assert again["before"] == {"heard": "machine", "reviewed_by": "sue"}
    assert world.rows("SELECT heard, reviewed_by, note FROM amd_review") == [
        {"heard": "person", "reviewed_by": "bob", "note": "two hellos"}
    ]


async def test_only_answered_calls_with_amd_are_reviewed(world: World) -> None:
    campaign_id = world.campaign_with_leads(5)
    book = world.store.records.amd
    without = {"amd_status": "", "amd_result": "", "amd_parameters": ""}
    calls = place(
        world,
        campaign_id,
        [Judged("", "nobody", more={"answered_at": None}), Judged("", "agent", more=without)],
    )
    with pytest.raises(Conflict, match="was not answered"):
        await book.review(calls[0], "person", "sue", "")
    with pytest.raises(Conflict, match="without answering-machine detection"):
        await book.review(calls[1], "person", "sue", "")
    with pytest.raises(NotFound, match="no call 99"):
        await book.review(99, "person", "sue", "")


async def test_the_queue_is_in_the_order_of_the_tokens(world: World) -> None:
    campaign_id = world.campaign_with_leads(9)
    token = "0" * 16
    ids = place(
        world,
        campaign_id,
        [
            Judged("MACHINE", "machine", sample=True, token=token + "e" * 16),
            Judged("MACHINE", "machine", sample=True, token=token + "a" * 16),
            Judged("MACHINE", "machine", sample=True, token=token + "b" * 16),
            Judged("MACHINE", "machine", sample=True, review="machine"),
            Judged("MACHINE", "machine"),  # no sample
            Judged("HUMAN", "agent", sample=True),
            Judged("NOTSURE", "machine", sample=True, token=token + "d" * 16),  # treated as a machine all the same
        ],
    )
    book = world.store.records.amd
    total, rows = await book.waiting("spring", None, None, limit=3)
    assert (total, [row["call"] for row in rows]) == (4, [ids[1], ids[2], ids[6]])
    assert rows[0]["campaign"] == "spring" and rows[0]["file"] == f"/samples/{ids[1]}.wav"
    await book.review(ids[1], "machine", "sue", "")
    total, rows = await book.waiting(None, None, None, limit=9)
    assert (total, [row["call"] for row in rows]) == (3, [ids[2], ids[6], ids[0]])
    assert await book.waiting(None, world.now + timedelta(hours=1), None, limit=9) == (0, [])
