"""What an import does with numbers that are leads already. Both databases."""

from __future__ import annotations

from typing import Any

import pytest
from tests.store.world import World

from dialerd.core.import_policy import ImportPolicy, OnDuplicate, Unique

ROW: dict[str, Any] = {"number": "+4930100", "zones": ["Europe/Berlin"], "regions": ["DE"], "name": "Ada"}
OTHER: dict[str, Any] = {"number": "+4930101", "zones": ["Europe/Berlin"], "regions": ["DE"]}


async def numbers(world: World, campaign: str) -> list[tuple[str, str, str]]:
    """Campaign's leads: list, number, name."""
    rows = await world.store.records.leads(campaign)
    return [(row["list"], row["number"], row["name"]) for row in rows]


@pytest.mark.parametrize(
    ("unique", "same_list", "same_campaign", "other_campaign"),
    [(Unique.LIST, 0, 1, 1), (Unique.CAMPAIGN, 0, 0, 1), (Unique.STORE, 0, 0, 0)],
)
async def test_where_a_number_may_be_once(
    world: World, unique: Unique, same_list: int, same_campaign: int, other_campaign: int
) -> None:
    world.campaign("spring"), world.campaign("autumn")
    records, policy = world.store.records, ImportPolicy(unique=unique)
    assert (await records.import_leads("spring", "a", [ROW, ROW], policy))["added"] == 1
    added = [
        (await records.import_leads(campaign, name, [ROW], policy))["added"]
        for campaign, name in (("spring", "a"), ("spring", "b"), ("autumn", "a"))
    ]
    assert added == [same_list, same_campaign, other_campaign]


async def test_update_gives_the_files_values_and_keeps_the_history(world: World) -> None:
    campaign_id = world.campaign("spring")
    records = world.store.records
    await records.import_leads("spring", "a", [ROW])
    world.run("UPDATE lead SET call_count = 2, state = 'retry'")
    changed = {**ROW, "name": "Ada B", "zones": ["Europe/Rome"], "priority": 70, "attributes": {"plan": "gold"}}
    policy = ImportPolicy(on_duplicate=OnDuplicate.UPDATE)
    done = await records.import_leads("spring", "b", [changed, OTHER], policy)
    assert (done["added"], done["updated"], done["duplicates"]) == (1, 1, 0)
    (row,) = world.rows("SELECT * FROM lead WHERE number = '+4930100'")
    assert (row["name"], row["zones"], row["priority"], row["call_count"], row["state"]) == (
        "Ada B", "Europe/Rome", 70, 2, "retry",
    )  # fmt: skip
    claimed = {lead.number: lead.zones for lead in world.claim(campaign_id, 2).leads}
    assert claimed["+4930100"] == ("Europe/Rome",), "its class has changed, too"
    assert (await records.import_leads("spring", "b", [ROW], policy))["updated"] == 0, "not while it is claimed"


async def test_reject_names_the_rows(world: World) -> None:
    world.campaign("spring")
    records = world.store.records
    await records.import_leads("spring", "a", [ROW])
    policy = ImportPolicy(on_duplicate=OnDuplicate.REJECT)
    done = await records.import_leads("spring", "b", [OTHER, {"number": "x"}, ROW], policy)
    assert done["added"] == 1 and sorted(one["index"] for one in done["rejected"]) == [1, 2]
    assert "is a lead already" in next(one["reason"] for one in done["rejected"] if one["index"] == 2)
    assert await numbers(world, "spring") == [("a", "+4930100", "Ada"), ("b", "+4930101", "")]


async def test_a_held_list_is_not_dialled_from_until_it_is_released(world: World) -> None:
    campaign_id = world.campaign("spring")
    records = world.store.records
    await records.import_leads("spring", "new", [ROW], ImportPolicy(hold=True))
    assert world.claim(campaign_id, 1).leads == ()
    await records.book.edit_list("spring", "new", {"active": True})
    assert len(world.claim(campaign_id, 1).leads) == 1


async def test_alternate_numbers_are_kept_with_the_first_one_at_the_head(world: World) -> None:
    world.campaign("spring")
    others = [{"number": "+3906100", "zones": ["Europe/Rome"], "regions": ["IT"]}, ROW]
    done = await world.store.records.import_leads("spring", "a", [{**ROW, "alternates": others}])
    assert done["added"] == 1
    (row,) = await world.store.records.leads("spring")
    assert [one["number"] for one in row["alternates"]] == ["+4930100", "+3906100"]
    bad = [{"number": "+4930109", "alternates": [{"number": "x"}]}, {"number": "+4930109", "alternates": "x"}]
    done = await world.store.records.import_leads("spring", "a", bad)
    assert len(done["rejected"]) == 2
