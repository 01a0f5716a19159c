"""What becomes of leads: growing delays, caps by outcome and number, next numbers with their zones, kept promises."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.store.world import World

from dialerd.core.call import Attempt, Status
from dialerd.core.messages import AddDoNotCall, ReleaseLeads
from dialerd.store.units import micros

NUMBERS = ("+4930100001", "+4930100002", "+4930100003")
ZONES = ("Europe/Berlin", "America/Denver", "Asia/Tokyo")


def alternates(*places: int) -> str:
    """Numbers of one lead, each in a zone and region of its own."""
    return json.dumps(
        [{"number": NUMBERS[i], "zones": [ZONES[i]], "regions": [("DE", "US-CO", "JP")[i]]} for i in places]
    )


def lead_of(world: World, count: int, **campaign: Any) -> tuple[int, int]:
    """A campaign that never tires, and its one lead with this many numbers."""
    limits = {"max_attempts": 50, "max_attempts_per_day": 50}
    campaign_id = world.campaign(**{**limits, **campaign})
    columns: dict[str, Any] = {"number": NUMBERS[0], "dial_number": NUMBERS[0], "regions": "DE"}
    if count > 1:
        columns["alternates"] = alternates(*range(count))
    (lead_id,) = world.leads(campaign_id, world.lead_list(campaign_id), 1, **columns)
    return campaign_id, lead_id


def rule(world: World, campaign_id: int, outcome: str, **columns: Any) -> None:
    world.add("retry_rule", campaign_id=campaign_id, outcome=outcome, **columns)


def dial(world: World, campaign_id: int) -> Attempt:
    """Claim the lead, whatever time that takes, and open an attempt."""
    (lead,) = world.claim(campaign_id, 1).leads
    (attempt,), _ = world.open_attempts([lead])
    return attempt


def end(world: World, campaign_id: int, status: Status, disposition: str = "") -> dict[str, Any]:
    """One whole attempt that ends so; the lead afterwards, with `wait_s` until it is due."""
    attempt = dial(world, campaign_id)
    world.submit(world.end(attempt, status, disposition))
    (lead,) = world.rows("SELECT * FROM lead WHERE id = ?", (attempt.lead_id,))
    due = lead["next_attempt_at"]
    lead["wait_s"] = None if due is None else (due - micros(world.now)) / 1e6
    lead["called"] = attempt.number
    if due is not None:
        world.now = max(world.now, world.now + timedelta(seconds=lead["wait_s"]))
    return lead


def test_delays_grow_to_the_maximum_and_the_rule_wears_out(world: World) -> None:
    campaign_id, _ = lead_of(world, 1)
    rule(world, campaign_id, "busy", delay=300, growth=2.0, max_delay=1000, max_attempts=4)
    waits = [end(world, campaign_id, Status.BUSY)["wait_s"] for _ in range(3)]
    assert waits == [300, 600, 1000]
    assert end(world, campaign_id, Status.BUSY)["state"] == "exhausted"


def test_another_outcome_has_its_own_count_and_no_rule_means_retry_delay(world: World) -> None:
    campaign_id, _ = lead_of(world, 1, retry_delay=1234)
    rule(world, campaign_id, "busy", delay=300, growth=3.0)
    assert end(world, campaign_id, Status.BUSY)["wait_s"] == 300
    assert end(world, campaign_id, Status.NO_ANSWER)["wait_s"] == 1234
    assert end(world, campaign_id, Status.BUSY)["wait_s"] == 900, "the second busy"


def test_a_rule_for_a_disposition_goes_before_that_of_the_status(world: World) -> None:
    campaign_id, _ = lead_of(world, 1)
    rule(world, campaign_id, "answered", delay=60)
    rule(world, campaign_id, "not_interested", delay=7200)
    assert end(world, campaign_id, Status.ANSWERED, "not_interested")["wait_s"] == 7200
    assert end(world, campaign_id, Status.ANSWERED, "wrong_person")["wait_s"] == 60


def test_stop_ends_the_lead(world: World) -> None:
    campaign_id, _ = lead_of(world, 2)
    rule(world, campaign_id, "no_answer", stop=True, next_number=True)
    lead = end(world, campaign_id, Status.NO_ANSWER)
    assert (lead["state"], lead["next_attempt_at"], lead["number_index"]) == ("completed", None, 0)


def test_the_next_number_comes_with_its_zones_regions_and_class_and_the_first_again_after_the_last(
    world: World,
) -> None:
    campaign_id, _ = lead_of(world, 3)
    rule(world, campaign_id, "busy", delay=10, growth=2.0, next_number=True)
    seen = []
    for _ in range(4):
        lead = end(world, campaign_id, Status.BUSY)
        (of_class,) = world.rows("SELECT zones, regions FROM dial_class WHERE id = ?", (lead["class_id"],))
        assert (of_class["zones"], of_class["regions"]) == (lead["zones"], lead["regions"])
        seen.append((lead["called"], lead["dial_number"], lead["zones"], lead["regions"], lead["wait_s"]))
    assert seen == [
        (NUMBERS[0], NUMBERS[1], ZONES[1], "US-CO", 10),
        (NUMBERS[1], NUMBERS[2], ZONES[2], "JP", 10),
        (NUMBERS[2], NUMBERS[0], ZONES[0], "DE", 10),
        (NUMBERS[0], NUMBERS[1], ZONES[1], "US-CO", 20),
    ]
    assert lead["number"] == NUMBERS[0], "what the lead is known by stays"


def test_each_number_is_worn_out_by_itself(world: World) -> None:
    campaign_id, _ = lead_of(world, 2)
    rule(world, campaign_id, "busy", delay=10, max_attempts=2)
    leads = [end(world, campaign_id, Status.BUSY) for _ in range(4)]
    assert [lead["called"] for lead in leads] == [NUMBERS[0], NUMBERS[0], NUMBERS[1], NUMBERS[1]]
    assert [lead["state"] for lead in leads] == ["retry", "retry", "retry", "exhausted"]
    assert leads[1]["wait_s"] == 0, "nothing was wrong with the person: the next number at once"


def test_an_invalid_number_is_left_and_never_tried_again(world: World) -> None:
    campaign_id, _ = lead_of(world, 3)
    rule(world, campaign_id, "busy", delay=10, next_number=True)
    assert end(world, campaign_id, Status.BUSY)["dial_number"] == NUMBERS[1]
    lead = end(world, campaign_id, Status.INVALID_NUMBER)
    assert (lead["state"], lead["dial_number"], lead["wait_s"]) == ("retry", NUMBERS[2], 0)
    lead = end(world, campaign_id, Status.INVALID_NUMBER)
    assert (lead["state"], lead["dial_number"]) == ("retry", NUMBERS[0]), "the first was only busy"
    assert end(world, campaign_id, Status.BUSY)["dial_number"] == NUMBERS[0], "no other number is left"
    assert end(world, campaign_id, Status.INVALID_NUMBER)["state"] == "invalid"


def test_the_campaigns_own_cap_ends_a_lead_with_numbers_left(world: World) -> None:
    campaign_id, _ = lead_of(world, 3, max_attempts=2)
    rule(world, campaign_id, "busy", delay=10, next_number=True)
    assert end(world, campaign_id, Status.BUSY)["state"] == "retry"
    assert end(world, campaign_id, Status.BUSY)["state"] == "exhausted"


def test_a_cancelled_attempt_counts_nowhere(world: World) -> None:
    campaign_id, _ = lead_of(world, 2)
    rule(world, campaign_id, "cancelled", delay=10, max_attempts=1, next_number=True)
    lead = end(world, campaign_id, Status.CANCELLED)
    assert (lead["state"], lead["call_count"], lead["wait_s"], lead["number_index"]) == ("retry", 0, 0, 0)


def test_a_forbidden_number_is_passed_over_and_the_lead_ends_when_all_are(world: World) -> None:
    campaign_id, lead_id = lead_of(world, 3)
    for index in (0, 1):
        world.add("do_not_call", number=NUMBERS[index], added_at=0, **({} if index else {"campaign_id": campaign_id}))
    assert world.claim(campaign_id, 1).leads == ()
    (lead,) = world.rows("SELECT * FROM lead")
    assert (lead["state"], lead["dial_number"], lead["zones"]) == ("new", NUMBERS[2], ZONES[2])
    assert lead["next_attempt_at"] == micros(world.now)
    (blocked,) = world.rows("SELECT rule, lead_id FROM blocked_attempt")
    assert (blocked["rule"], blocked["lead_id"]) == ("do_not_call", lead_id)
    (claimed,) = world.claim(campaign_id, 1).leads
    assert (claimed.number, claimed.zones, claimed.regions) == (NUMBERS[2], (ZONES[2],), ("JP",))
    world.submit(ReleaseLeads(lead_ids=(lead_id,)))
    world.add("dnc_prefix", prefix="+49301", added_at=0)
    assert world.claim(campaign_id, 1).leads == ()
    (lead,) = world.rows("SELECT state, dial_number FROM lead")
    assert (lead["state"], lead["dial_number"]) == ("dnc", NUMBERS[2])


def test_forbidden_between_claim_and_intent_the_next_number_is_dialled(world: World) -> None:
    campaign_id, _ = lead_of(world, 2)
    (lead,) = world.claim(campaign_id, 1).leads
    world.add("do_not_call", number=NUMBERS[0], added_at=0)
    _, (refused,) = world.open_attempts([lead])
    assert refused.verdict.rule == "do_not_call"  # type: ignore[attr-defined]
    assert dial(world, campaign_id).number == NUMBERS[1]


@pytest.mark.parametrize("how", ["disposition", "key"])
def test_who_opts_out_on_a_call_is_left_alone_at_every_number(world: World, how: str) -> None:
    campaign_id, _ = lead_of(world, 3)
    attempt = dial(world, campaign_id)
    if how == "key":
        world.submit(AddDoNotCall(number=attempt.number, source="key", attempt_id=attempt.id, at=world.now))
    world.submit(world.end(attempt, Status.ANSWERED, "dnc" if how == "disposition" else "sale"))
    (lead,) = world.rows("SELECT state, next_attempt_at FROM lead")
    assert (lead["state"], lead["next_attempt_at"]) == ("dnc", None)
