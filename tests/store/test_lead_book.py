"""Leads and lists by hand: add, change, remove, pause, recycle. Both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.store.world import World

from dialerd.core.call import Status
from dialerd.core.errors import Conflict, Invalid, NotFound
from dialerd.store import list_records

ROW = {"number": "+4930100", "zones": ["Europe/Berlin"], "regions": ["DE"], "attributes": {"city": "Bonn"}}


async def test_add_edit_and_remove_a_lead(world: World) -> None:
    campaign_id = world.campaign("spring")
    book = world.store.records.book
    others = [{"number": "+3906100", "zones": ["Europe/Rome"], "regions": ["IT"]}]
    added = await book.add_lead("spring", "by-hand", {**ROW, "alternates": others})
    assert [one["number"] for one in added["alternates"]] == ["+4930100", "+3906100"]
    with pytest.raises(Conflict, match=r"has a lead with \+4930100 already"):
        await book.add_lead("spring", "another", ROW)
    with pytest.raises(Invalid, match="zones: 'Mars/Base' is not a time zone"):
        await book.add_lead("spring", "by-hand", {**ROW, "number": "+4930101", "zones": ["Mars/Base"]})
    changes = {"priority": 80, "zones": ["Europe/Rome"], "attributes": {"city": "", "plan": "gold"}, "name": "Ada"}
    changed = await book.edit_lead("+4930100", changes)
    assert (changed["priority"], changed["zones"], changed["name"]) == (80, ["Europe/Rome"], "Ada")
    assert changed["attributes"] == {"plan": "gold"} and len(changed["alternates"]) == 2
    (of,) = world.rows("SELECT dial_class.zones AS zones FROM lead JOIN dial_class ON dial_class.id = class_id")
    assert of == {"zones": "Europe/Rome"}
    with pytest.raises(Invalid, match="unknown field 'colour'"):
        await book.edit_lead(str(added["id"]), {"colour": "red"})
    assert await book.remove_lead(str(added["id"])) == {"lead": added["id"], "number": "+4930100", "removed": True}
    with pytest.raises(NotFound):
        await book.remove_lead(str(added["id"]))
    assert world.claim(campaign_id, 1).leads == ()


async def test_what_a_rule_put_off_is_judged_anew_after_an_edit(world: World) -> None:
    campaign_id = world.campaign("spring", max_attempts_per_day=1)
    book = world.store.records.book
    added = await book.add_lead("spring", "by-hand", ROW)
    (attempt,), _ = world.open_attempts(world.claim(campaign_id, 1).leads)
    with pytest.raises(Conflict, match="being called"):
        await book.edit_lead(str(added["id"]), {"priority": 3})
    world.submit(world.end(attempt, Status.NO_ANSWER))
    world.pass_time(hours=2)
    assert world.claim(campaign_id, 1).leads == ()
    assert (await world.store.records.lead(str(added["id"])))["blocked_rule"] == "max_attempts_per_day"
    changed = await book.edit_lead(str(added["id"]), {"number": "+4930199"})
    assert (changed["number"], changed["dial_number"]) == ("+4930199", "+4930199")
    assert [lead.number for lead in world.claim(campaign_id, 1).leads] == ["+4930199"], "another number, no cap"


async def test_a_lead_with_calls_is_closed_not_removed(world: World) -> None:
    campaign_id = world.campaign("spring")
    book = world.store.records.book
    added = await book.add_lead("spring", "by-hand", ROW)
    (attempt,), _ = world.open_attempts(world.claim(campaign_id, 1).leads)
    world.submit(world.end(attempt, Status.BUSY))
    await book.add_callback(str(added["id"]), world.now + timedelta(hours=1), None, "")
    assert not (await book.remove_lead(str(added["id"])))["removed"]
    (appointment,) = await book.callbacks("spring", None, "", 9, 0)
    assert (appointment["state"], appointment["ended_at"]) == ("cancelled", world.now)
    assert world.rows("SELECT state, next_attempt_at FROM lead") == [{"state": "completed", "next_attempt_at": None}]
    assert len(world.rows("SELECT id FROM call_log")) == 1
    with pytest.raises(Conflict, match="has 1 leads with calls"):
        await book.remove_list("spring", "by-hand")


async def test_lists_are_counted_paused_weighed_renamed_and_removed(world: World) -> None:
    campaign_id = world.campaign("spring")
    book = world.store.records.book
    first, second = world.lead_list(campaign_id, "first"), world.lead_list(campaign_id, "second")
    world.leads(campaign_id, first, 3)
    world.leads(campaign_id, second, 2, first=10)
    world.run("UPDATE lead SET state = 'completed', next_attempt_at = NULL WHERE id = 1")
    rows = await book.lead_lists("spring")
    assert [(row["list"], row["due"], row["finished"], row["active"]) for row in rows] == [
        ("first", 2, 1, True), ("second", 2, 0, True),
    ]  # fmt: skip
    await book.edit_list("spring", "first", {"active": False})
    assert len(world.claim(campaign_id, 9).leads) == 2, "nothing from the paused list"
    await book.edit_list("spring", "first", {"active": True, "weight": 3, "name": "best"})
    shown = await book.lead_list("spring", "best")
    assert (shown["weight"], shown["states"]) == (3, {"new": 2, "completed": 1})
    with pytest.raises(Conflict, match="has a list second already"):
        await book.edit_list("spring", "best", {"name": "second"})
    with pytest.raises(Invalid, match="weight: '0' must be between"):
        await book.edit_list("spring", "best", {"weight": 0})
    with pytest.raises(NotFound, match=r"no list 'bset' .*best"):
        await book.lead_list("spring", "bset")
    with pytest.raises(Conflict, match="about to be dialled"):
        await book.remove_list("spring", "second")
    await book.remove_list("spring", "best")
    assert [row["list"] for row in await book.lead_lists(None)] == ["second"]
    assert world.rows("SELECT COUNT(*) AS n FROM lead") == [{"n": 2}]


async def test_a_list_that_is_paused_is_not_dialled_from_even_with_claimed_leads(world: World) -> None:
    campaign_id = world.campaign_with_leads(2, name="spring")
    leads = world.claim(campaign_id, 2).leads
    await world.store.records.book.edit_list("spring", "first", {"active": False})
    _, events = world.open_attempts(leads)
    assert [event.verdict.rule for event in events] == ["list_paused"] * 2  # type: ignore[union-attr]
    await world.store.records.book.edit_list("spring", "first", {"active": True})
    assert len(world.claim(campaign_id, 2).leads) == 2


async def test_recycling_takes_the_wanted_ones_in_steps(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_records, "AT_ONCE", 3)
    campaign_id = world.campaign("spring", max_attempts=1, max_attempts_per_day=9)
    ids = world.leads(campaign_id, world.lead_list(campaign_id), 8)
    for status, disposition in ((Status.BUSY, ""), (Status.MACHINE, ""), (Status.ANSWERED, "sale")):
        (attempt,), _ = world.open_attempts(world.claim(campaign_id, 1).leads)
        world.submit(world.end(attempt, status, disposition))
    world.run("UPDATE lead SET state = 'exhausted', next_attempt_at = NULL, call_count = 1 WHERE state = 'new'")
    book = world.store.records.book
    with pytest.raises(Invalid, match="state: 'new' is not a final state"):
        await book.recycle("spring", "first", ["new"], [])
    assert await book.recycle("spring", "first", ["exhausted", "completed"], ["machine"]) == 1
    assert world.rows("SELECT id, call_count FROM lead WHERE state = 'new'") == [{"id": ids[1], "call_count": 0}]
    assert await book.recycle("spring", "first", ["exhausted"], []) == 6
    world.pass_time(days=2)
    assert len(world.claim(campaign_id, 9).leads) == 7
    assert len(world.rows("SELECT id FROM call_log")) == 3, "records stay"
    assert world.now - timedelta(days=2) < world.now
