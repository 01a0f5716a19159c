"""Do-not-call: own entries, prefixes, imported lists in steps, the look-up. Both databases."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.store.world import World

from dialerd.core.errors import Conflict, Invalid, NotFound
from dialerd.core.rule_set import RequiredList, RuleSet
from dialerd.store import dnc_import

LAW = RuleSet(
    name="listed", version="1", title="",
    demands=(RequiredList(name="de-robinson", max_age=timedelta(days=31), exempt=frozenset({"written"})),),
)  # fmt: skip
TODAY = date(2026, 3, 2)


async def test_a_number_added_blocks_its_leads_of_every_campaign_or_of_one_at_once(world: World) -> None:
    spring, autumn = world.campaign("spring"), world.campaign("autumn")
    for campaign_id in (spring, autumn):
        world.leads(campaign_id, world.lead_list(campaign_id), 3)
    book = world.store.records.book
    await book.add_callback("2", world.now + timedelta(hours=1), None, "")
    assert await book.forbid(["+49300000000"], [], None, "letter") == 1
    assert await book.forbid(["+49300000000"], [], None, "again") == 0
    assert await book.forbid(["+49300000001"], [], "spring", "phone") == 1
    states = world.rows("SELECT campaign_id, dial_number FROM lead WHERE state = 'dnc' ORDER BY id")
    assert [tuple(row.values()) for row in states] == [
        (spring, "+49300000000"), (spring, "+49300000001"), (autumn, "+49300000000"),
    ]  # fmt: skip
    (appointment,) = await book.callbacks("spring", None, "", 9, 0)
    assert appointment["state"] == "cancelled", "who may not be called is promised nothing"
    checked = await book.dnc_check(["+49300000000", "+49300000001", "+49300000002"])
    assert [row["on"] for row in checked] == [
        ["do-not-call, all campaigns (letter)"], ["do-not-call, campaign spring (phone)"], [],
    ]  # fmt: skip
    assert [row["number"] for row in await book.forbidden("spring", 10, 0)] == ["+49300000001"]
    assert await book.allow(["+49300000000", "+49300000001"], None) == 1, "the other one is the campaign's own"
    assert await book.allow(["+49300000001"], "spring") == 1
    with pytest.raises(Invalid, match="'030' is not"):
        await book.forbid(["+49300000009", "030"], [], None, "")
    assert not (await book.dnc_check(["+49300000009"]))[0]["listed"], "all or nothing"


async def test_a_prefix_blocks_whatever_begins_so(world: World) -> None:
    campaign_id = world.campaign_with_leads(2, name="spring")
    book = world.store.records.book
    assert await book.forbid([], ["+493000000"], "spring", "office") == 1
    assert world.claim(campaign_id, 2).leads == ()
    assert {row["state"] for row in world.rows("SELECT state FROM lead")} == {"dnc"}
    assert (await book.dnc_check(["+493000000123"]))[0]["on"] == ["prefix +493000000, campaign spring"]
    assert await book.allow(["+493000000…"], "spring") == 1
    with pytest.raises(Invalid, match="prefix: '0049' is not"):
        await book.forbid([], ["0049"], None, "")


async def test_an_imported_list_counts_when_it_is_complete_and_replaces_the_one_before(url: str) -> None:
    world = World(url, rule_sets={"listed": LAW})
    world.open()
    try:
        campaign_id = world.campaign("spring", rule_set="listed")
        list_id = world.lead_list(campaign_id)
        world.leads(campaign_id, list_id, 3)
        world.leads(campaign_id, list_id, 1, first=1000, consent_class="written")
        book = world.store.records.book
        (wanted,) = await book.dnc_lists()
        assert wanted["problem"] == "never imported, and campaign spring (listed) needs it"
        assert [one.consent_class for one in world.claim(campaign_id, 9).leads] == ["written"]

        import_id = await book.begin_dnc_list("de-robinson", TODAY)
        assert await book.add_to_dnc_list(import_id, [49300000000, 49300000001, 49300000000]) == 2
        assert world.claim(campaign_id, 9).leads == (), "not complete: it does not count yet"
        done = await book.finish_dnc_list(import_id)
        assert done == {"list": "de-robinson", "data_date": "2026-03-02", "entries": 2}
        assert [one.number for one in world.claim(campaign_id, 9).leads] == ["+49300000002"]
        (row,) = await book.dnc_check(["+49300000001"])
        assert row["on"] == ["de-robinson, data of 2026-03-02 (0 days old)"]

        world.pass_time(days=31)
        newer = await book.begin_dnc_list("de-robinson", TODAY + timedelta(days=30))
        await book.add_to_dnc_list(newer, [49300000002])
        await book.finish_dnc_list(newer)
        assert world.rows("SELECT number, list_id FROM dnc_number") == [{"number": 49300000002, "list_id": newer}]
        assert len(world.rows("SELECT id FROM dnc_list")) == 1
        world.pass_time(days=33)
        (old,) = await book.dnc_lists()
        assert old["age_days"] == 34 and "older than 31 days" in old["problem"]
        with pytest.raises(Conflict, match="has data of 2026-04-01 already"):
            await book.begin_dnc_list("de-robinson", TODAY)
        with pytest.raises(Invalid, match="is in the future"):
            await book.begin_dnc_list("de-robinson", TODAY + timedelta(days=999))
        with pytest.raises(Invalid, match="'x y' may only hold"):
            await book.begin_dnc_list("x y", TODAY)
        with pytest.raises(NotFound, match="no unfinished import"):
            await book.add_to_dnc_list(newer, [49300000003])
        await book.remove_dnc_list("de-robinson")
        assert world.rows("SELECT COUNT(*) AS n FROM dnc_number") == [{"n": 0}]
        with pytest.raises(NotFound, match="no imported list 'de-robinson'"):
            await book.remove_dnc_list("de-robinson")
    finally:
        world.close()


async def test_the_look_up_names_the_import_that_counts_not_the_newest_data(world: World) -> None:
    for dated, number in (("2026-03-01", 49300000001), ("2026-02-01", 49300000002)):  # the second counts: it is later
        list_id = world.add("dnc_list", name="de-robinson", data_date=dated, imported_at=0, complete=True)
        world.run("INSERT INTO dnc_number (number, list_id) VALUES (?, ?)", [number, list_id])
    book = world.store.records.book
    rows = await book.dnc_check(["+49300000001", "+49300000002"])
    assert [row["on"] for row in rows] == [[], ["de-robinson, data of 2026-02-01 (29 days old)"]]
    assert [(row["data_date"], row["age_days"]) for row in await book.dnc_lists()] == [("2026-02-01", 29)]
    assert await book.begin_dnc_list("de-robinson", date(2026, 2, 20)) > list_id, "newer than what counts"


async def test_a_large_list_is_removed_in_steps_and_leaves_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dnc_import, "REMOVED_AT_ONCE", 7)
    book = world.store.records.book
    for name, step in (("one", 1), ("two", 3)):
        import_id = await book.begin_dnc_list(name, TODAY)
        await book.add_to_dnc_list(import_id, range(4930000, 4930100, step))
        await book.finish_dnc_list(import_id)
    await book.remove_dnc_list("one")
    left = world.rows("SELECT number FROM dnc_number ORDER BY number")
    assert [row["number"] for row in left] == list(range(4930000, 4930100, 3))


async def test_an_import_that_broke_off_counts_for_nothing_and_goes_with_the_next(world: World) -> None:
    book = world.store.records.book
    broken = await book.begin_dnc_list("de-robinson", TODAY)
    await book.add_to_dnc_list(broken, [49300000001])
    again = await book.begin_dnc_list("de-robinson", TODAY)
    await book.add_to_dnc_list(again, [49300000002])
    await book.finish_dnc_list(again)
    assert [row["listed"] for row in await book.dnc_check(["+49300000001", "+49300000002"])] == [False, True]
    assert [row["id"] for row in world.rows("SELECT id FROM dnc_list")] == [again]
