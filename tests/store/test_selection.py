"""Which leads are chosen, in which order: priority, abandoned, appointments, closing zones, attempts, order, mix."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.store.world import World

from dialerd.core.calling_windows import parse_week
from dialerd.core.errors import Invalid
from dialerd.core.messages import ClaimLeads
from dialerd.core.rule_set import Hours, RuleSet
from dialerd.store.campaign_sizes import CampaignSizes
from dialerd.store.facts import Gate
from dialerd.store.hopper import AHEAD, Hopper
from dialerd.store.selection import choose
from dialerd.store.units import micros


def chosen(world: World, campaign_id: int, count: int = 100, agents: tuple[int, ...] = ()) -> list[int]:
    """The ids in order."""
    return world.work(lambda s: choose(s, Gate(s, campaign_id), world.now, count, agents=agents))


def test_priority_then_abandoned_then_appointments_then_attempts(world: World) -> None:
    campaign_id = world.campaign(dial_mode="progressive")
    list_id = world.lead_list(campaign_id)
    past = micros(world.now) - 1
    (plain,) = world.leads(campaign_id, list_id, 1, first=0)
    (twice,) = world.leads(campaign_id, list_id, 1, first=1, state="retry", call_count=2, next_attempt_at=past)
    (once,) = world.leads(campaign_id, list_id, 1, first=2, state="retry", call_count=1, next_attempt_at=past)
    (promised,) = world.leads(campaign_id, list_id, 1, first=3, state="callback", call_count=2, next_attempt_at=past)
    (lost,) = world.leads(
        campaign_id, list_id, 1, first=4, state="retry", call_count=1, next_attempt_at=past, abandoned_at=past
    )
    (urgent,) = world.leads(campaign_id, list_id, 1, first=5, priority=51)
    world.leads(campaign_id, list_id, 1, first=6, state="retry", next_attempt_at=past + 2, priority=99)
    assert chosen(world, campaign_id) == [urgent, lost, promised, plain, once, twice]
    world.run("UPDATE campaign SET abandoned_first = FALSE")
    assert set(chosen(world, campaign_id)[2:]) == {plain, once, twice, lost}


def test_abandoned_people_come_first_only_where_an_agent_is_guaranteed(world: World) -> None:
    campaign_id = world.campaign(dial_mode="power")
    list_id = world.lead_list(campaign_id)
    past = micros(world.now) - 1
    (lost,) = world.leads(
        campaign_id, list_id, 1, first=0, state="retry", call_count=1, next_attempt_at=past, abandoned_at=past
    )
    (plain,) = world.leads(campaign_id, list_id, 1, first=1)
    assert chosen(world, campaign_id) == [plain, lost]
    world.run("UPDATE campaign SET dial_mode = 'progressive'")
    assert chosen(world, campaign_id) == [lost, plain]


def test_an_appointment_with_one_agent_waits_for_that_agent_or_for_the_tolerance(world: World) -> None:
    campaign_id = world.campaign(callback_tolerance=600)
    list_id = world.lead_list(campaign_id)
    agent_id = world.add("agent", name="1001", endpoint="PJSIP/1001", created_at=0)
    (own,) = world.leads(
        campaign_id, list_id, 1, state="callback", next_attempt_at=micros(world.now), callback_agent_id=agent_id
    )
    assert chosen(world, campaign_id) == []
    assert chosen(world, campaign_id, agents=(agent_id + 1,)) == []
    assert chosen(world, campaign_id, agents=(agent_id,)) == [own]
    world.pass_time(seconds=599)
    assert chosen(world, campaign_id) == []
    world.pass_time(seconds=1)
    assert chosen(world, campaign_id) == [own], "its time has passed by more than the tolerance: anyone"


@pytest.mark.parametrize(
    ("order", "new", "again"),
    [
        ("down", [0, 1, 2], [3, 4, 5]), ("up", [2, 1, 0], [5, 4, 3]), ("rank", [1, 2, 0], [5, 3, 4]),
        ("oldest", [0, 1, 2], [4, 3, 5]), ("newest", [2, 1, 0], [5, 3, 4]),
    ],
)  # fmt: skip
def test_list_orders(world: World, order: str, new: list[int], again: list[int]) -> None:
    campaign_id = world.campaign(lead_order=order)
    list_id = world.lead_list(campaign_id)
    at = micros(world.now) - 1000
    ids = [world.leads(campaign_id, list_id, 1, first=n, rank=rank)[0] for n, rank in enumerate((1, 9, 5))]
    for n, (rank, last) in enumerate(((5, 20), (1, 10), (9, 30)), start=3):
        ids += world.leads(
            campaign_id, list_id, 1, first=n, rank=rank, state="retry", call_count=1, next_attempt_at=at,
            last_attempt_at=at - 100 + last,
        )  # fmt: skip
    assert chosen(world, campaign_id) == [ids[n] for n in new + again]


def test_random_order_is_no_order_and_the_same_each_time(world: World) -> None:
    campaign_id = world.campaign(lead_order="random")
    ids = world.leads(campaign_id, world.lead_list(campaign_id), 60)
    first = chosen(world, campaign_id)
    assert sorted(first) == ids and first == chosen(world, campaign_id)
    assert sum(1 for a, b in zip(ids, first, strict=True) if a == b) < 15
    assert sorted(chosen(world, campaign_id, 10)) != ids[:10]


def test_lists_are_mixed_by_weight_in_every_stretch(world: World) -> None:
    campaign_id = world.campaign()
    heavy, light = world.lead_list(campaign_id, "heavy", weight=3), world.lead_list(campaign_id, "light", weight=1)
    of = dict.fromkeys(world.leads(campaign_id, heavy, 30), "heavy")
    of |= dict.fromkeys(world.leads(campaign_id, light, 30, first=100), "light")
    names = [of[lead_id] for lead_id in chosen(world, campaign_id, 40)]
    assert all(Counter(names[n : n + 4])["heavy"] == 3 for n in range(0, 40, 4))
    world.run("UPDATE lead_list SET active = FALSE WHERE name = 'heavy'")
    assert {of[lead_id] for lead_id in chosen(world, campaign_id)} == {"light"}


def test_zones_that_close_first_come_first_when_wanted(world: World) -> None:
    campaign_id = world.campaign(daily_start="08:00", daily_end="18:00")  # noon UTC
    list_id = world.lead_list(campaign_id)
    zones = ("Europe/London", "Asia/Kolkata", "America/New_York", "Europe/Athens")
    ids = {zone: world.leads(campaign_id, list_id, 1, first=n, zones=zone)[0] for n, zone in enumerate(zones)}
    ids["America/New_York"] = ids.pop("America/New_York")
    assert chosen(world, campaign_id) == [ids["Europe/London"], ids["Asia/Kolkata"], ids["Europe/Athens"]], (
        "07:00 there"
    )
    world.run("UPDATE campaign SET closing_zones_first = TRUE")
    assert chosen(world, campaign_id) == [ids["Asia/Kolkata"], ids["Europe/Athens"], ids["Europe/London"]]


def test_a_filter_decides_on_fields_and_attributes_however_few_pass(world: World) -> None:
    campaign_id = world.campaign(lead_filter="city == 'Bonn' and rank > 5 and list in ('first', 'second')")
    list_id = world.lead_list(campaign_id)
    world.leads(campaign_id, list_id, 300, attributes='{"city":"Köln"}', rank=9)
    wanted = world.leads(campaign_id, list_id, 3, first=400, attributes='{"city":"bonn"}', rank=6)
    world.leads(campaign_id, list_id, 2, first=500, attributes='{"city":"Bonn"}', rank=5)
    assert chosen(world, campaign_id, 2) == wanted[:2]
    assert chosen(world, campaign_id, 50) == wanted


async def test_a_filter_that_cannot_be_understood_is_refused_where_it_is_set(world: World) -> None:
    world.campaign(name="spring")
    with pytest.raises(Invalid, match=r"lead_filter: .*wants"):
        await world.store.records.edit_campaign("spring", {"lead_filter": "city = 'Bonn'"})
    assert (await world.store.records.edit_campaign("spring", {"lead_filter": " city == 'Bonn' "})).name == "spring"
    assert world.rows("SELECT lead_filter FROM campaign") == [{"lead_filter": "city == 'Bonn'"}]


def test_classes_that_may_not_be_dialled_are_passed_over(url: str) -> None:
    law = RuleSet(
        name="none", version="1", title="", demands=(
            Hours(week=parse_week({"mon-sun": "08:00-20:00"})),
            Hours(week=parse_week({"tue-fri": "08:00-20:00"}), regions=("US-XX",)),
        ),
    )  # fmt: skip
    world = World(url, rule_sets={"none": law})
    world.open()
    try:
        campaign_id = world.campaign()
        list_id = world.lead_list(campaign_id)  # a Monday, noon UTC
        world.leads(campaign_id, list_id, 200, zones="America/Los_Angeles")
        world.leads(campaign_id, list_id, 3, first=300, regions="US-XX")
        world.leads(campaign_id, list_id, 3, first=400, regions="US")
        (open_one,) = world.leads(campaign_id, list_id, 1, first=500, regions="US-YY")
        answer = world.claim(campaign_id, 2)
        assert [lead.id for lead in answer.leads] == [open_one]
        assert answer.shortage is not None and answer.shortage.blocked == {"legal_hours": 206}
        assert answer.shortage.next_due_at == world.now.replace(hour=16), "08:00 in Los Angeles"
    finally:
        world.close()


# -- a large campaign: chosen ahead by somebody else


def test_a_large_campaign_is_chosen_ahead_and_each_lead_is_looked_at_again(world: World) -> None:
    campaign_id = world.campaign(dial_mode="progressive")
    list_id = world.lead_list(campaign_id)
    ids = world.leads(campaign_id, list_id, 40)
    asked: list[object] = []
    hopper = Hopper(asked.append, CampaignSizes(5))

    def look(count: int = 1) -> tuple[list[int], bool]:
        return world.work(lambda s: hopper.look(s, Gate(s, campaign_id), world.now, count, ()))

    assert look() == ([], False) and len(asked) == 1, "asked for, not waited for"
    assert look() == ([], False) and len(asked) == 1
    world.work(asked.pop())  # type: ignore[arg-type]
    first, _ = look(0)
    assert first == ids and not asked
    assert look() == ([], True), "all of them have been looked at"
    hopper.give_back(campaign_id, ids[3:5])
    (late,) = world.leads(campaign_id, list_id, 1, first=99, state="callback", next_attempt_at=micros(world.now))
    assert look() == ([late, *ids[3:5]], True), "appointments are looked for at each claim"
    world.pass_time(seconds=31)
    look()
    assert len(asked) == 1, "the choice has become stale"
    hopper.forget(campaign_id)
    asked.clear()
    assert look()[0] == [] and len(asked) == 1, "nothing is known any more: it is asked for anew"
    world.work(asked.pop())  # type: ignore[arg-type]
    assert look()[0][:2] == [late, ids[0]]
    assert AHEAD > 100


def test_claims_of_a_large_campaign_hand_out_each_lead_once(url: str) -> None:
    world = World(url)
    world.open()
    try:
        world.store._writer.sizes.small = 10
        campaign_id = world.campaign()
        ids = world.leads(campaign_id, world.lead_list(campaign_id), 120)
        held: list[int] = []
        for _ in range(200):
            (answer,) = world.submit(ClaimLeads(campaign_id=campaign_id, count=7))
            held += [lead.id for lead in answer.leads]  # type: ignore[union-attr]
            if len(held) == 120:
                break
            world.pass_time(seconds=1)
        assert held == ids
    finally:
        world.close()


async def test_attributes_for_the_dialplan_come_with_the_claim(world: World) -> None:
    campaign_id = world.campaign(name="spring")
    list_id = world.lead_list(campaign_id)
    world.leads(campaign_id, list_id, 1, attributes='{"City":"Bonn","plan":"gold","age":7}')
    world.leads(campaign_id, list_id, 1, first=1)
    await world.store.records.edit_campaign("spring", {"channel_variables": "city, age,nothing"})
    first, second = world.claim(campaign_id, 2).leads
    assert first.variables == (("city", "Bonn"), ("age", "7")) and second.variables == ()
    with pytest.raises(Invalid, match="channel_variables"):
        await world.store.records.edit_campaign("spring", {"channel_variables": ",".join(f"a{n}" for n in range(11))})
