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


FULL: dict[str, Any] = {
    **ROW, "consent_class": "written", "consent_date": "2026-01-01", "consent_id": "c-7", "priority": 80, "rank": 3,
    "person": "p-1", "postal_code": "10115", "attributes": {"plan": "gold", "city": "Bonn"},
    "alternates": [{"number": "+3906100", "zones": ["Europe/Rome"], "regions": ["IT"]}],
}  # fmt: skip
UPDATE = ImportPolicy(on_duplicate=OnDuplicate.UPDATE)


async def test_update_erases_nothing_that_the_row_does_not_name(world: World) -> None:
    world.campaign("spring")
    records = world.store.records
    await records.import_leads("spring", "a", [FULL])
    await records.book.edit_lead("+4930100", {"zones": ["Europe/Lisbon"]})
    before = await records.lead("+4930100")
    row = {**ROW, "name": "", "derived": ["zones", "regions"], "attributes": {"city": "Rom"}, "priority": None}
    assert (await records.import_leads("spring", "a", [row], UPDATE))["updated"] == 1
    after = await records.lead("+4930100")
    assert after == {**before, "attributes": {"plan": "gold", "city": "Rom"}}
    assert after["zones"] == after["alternates"][0]["zones"] == ["Europe/Lisbon"], "set by hand: worth more"
    row = {**ROW, "zones": ["Europe/Rome"], "derived": ["regions"], "consent_class": "express", "rank": 0}
    await records.import_leads("spring", "a", [row], UPDATE)
    after = await records.lead("+4930100")
    assert after["zones"] == after["alternates"][0]["zones"] == ["Europe/Rome"], "the row names it"
    assert (after["consent_class"], after["consent_date"], after["rank"]) == ("express", "2026-01-01", 0)
    (of,) = world.rows(
        "SELECT dial_class.zones AS zones, dial_class.consent_class AS consent"
        " FROM lead JOIN dial_class ON dial_class.id = class_id"
    )
    assert of == {"zones": "Europe/Rome", "consent": "express"}


async def test_update_changes_every_lead_with_the_number_where_the_policy_looks(world: World) -> None:
    world.campaign("spring"), world.campaign("autumn")
    records = world.store.records
    for campaign in ("spring", "autumn"):
        await records.import_leads(campaign, "a", [ROW], ImportPolicy(unique=Unique.LIST))
        await records.import_leads(campaign, "b", [ROW], ImportPolicy(unique=Unique.LIST))
    for unique, changed in ((Unique.LIST, 1), (Unique.CAMPAIGN, 2), (Unique.STORE, 4)):
        policy = ImportPolicy(on_duplicate=OnDuplicate.UPDATE, unique=unique)
        done = await records.import_leads("spring", "a", [{**ROW, "name": unique.value}], policy)
        assert (done["updated"], done["duplicates"]) == (1, 0), "numbers are counted, as in the file"
        assert sum(row["name"] == unique.value for row in await records.leads()) == changed


async def test_update_does_not_let_attributes_grow_beyond_what_a_lead_may_hold(world: World) -> None:
    world.campaign("spring")
    records = world.store.records
    await records.import_leads("spring", "a", [{**ROW, "attributes": {"a": "x" * 5000}}])
    done = await records.import_leads("spring", "a", [{**ROW, "attributes": {"b": "x" * 5000}}, OTHER], UPDATE)
    assert (done["added"], done["updated"]) == (1, 0)
    assert done["rejected"] == [{"index": 0, "reason": "attributes: longer than 8000 characters"}]


async def test_what_a_rule_put_off_is_judged_anew_after_an_update(world: World) -> None:
    world.campaign("spring")
    records = world.store.records
    await records.import_leads("spring", "a", [ROW])
    world.run("UPDATE lead SET blocked_rule = 'consent', next_attempt_at = NULL")
    await records.import_leads("spring", "a", [{**ROW, "consent_class": "written"}], UPDATE)
    assert world.rows("SELECT blocked_rule, next_attempt_at FROM lead") == [{"blocked_rule": "", "next_attempt_at": 0}]


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
