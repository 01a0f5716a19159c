"""Tests of dialerd.store.records and what stands behind it: questions, edits, imports, audit."""

from __future__ import annotations

import asyncio
import inspect
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.store.world import World

from dialerd.control import ports
from dialerd.core.agent import LegMode
from dialerd.core.call import Status
from dialerd.core.campaign import CampaignState, DialMode
from dialerd.core.errors import Conflict, Invalid, NotFound
from dialerd.core.messages import AttemptRefused, AttemptsOpened, OpenAttempts
from dialerd.store.campaign_settings import COLUMNS
from dialerd.store.records import Records


def test_it_has_every_method_of_the_control_edges_protocol() -> None:
    wanted = {name: member for name, member in vars(ports.Records).items() if inspect.iscoroutinefunction(member)}
    assert len(wanted) > 15
    for name, member in wanted.items():
        assert inspect.signature(getattr(Records, name)) == inspect.signature(member), name


async def test_a_campaign_has_the_originals_defaults(world: World) -> None:
    campaign = await world.store.records.add_campaign({"name": "spring"})
    assert campaign.dial_mode is DialMode.PREDICTIVE
    assert campaign.state is CampaignState.STOPPED
    assert campaign.target_abandon_rate == 0.03 and campaign.max_abandon_rate == 0.05
    assert campaign.amd.arguments() == "2500,1500,800,5000,100,50,3,256,5000"
    row = await world.store.records.campaign("spring")
    assert row["target_abandon_rate"] == 3.0 and row["retry_delay"] == 3600
    assert row["cost_per_minute"] == Decimal("0.03") and row["agent_hourly_cost"] == Decimal(15)
    assert row["created_at"] == world.now and row["amd_enabled"] is False
    assert set(COLUMNS) <= set(row)


async def test_settings_come_as_text_too(world: World) -> None:
    given = {
        "name": "summer", "dial_mode": "power", "dial_ratio": "2.5", "amd_enabled": "yes", "daily_start": "08:30",
        "daily_end": "24:00", "call_days": "Mon-Fri,sun", "timezone": "Europe/Berlin", "target_abandon_rate": "2.5",
        "cost_per_minute": "0.0355", "caller_id": "+4930123456", "opt_out_key": "8",
    }  # fmt: skip
    campaign = await world.store.records.add_campaign(given)
    assert campaign.dial_ratio == 2.5 and campaign.amd_enabled and campaign.target_abandon_rate == 0.025
    assert [day == ((510, 1440),) for day in campaign.rules.week.days] == [True] * 5 + [False, True]
    row = await world.store.records.campaign("summer")
    assert row["cost_per_minute"] == Decimal("0.0355")
    edited = await world.store.records.edit_campaign("summer", {"max_lines": "40", "amd_enabled": False})
    assert edited.max_lines == 40 and not edited.amd_enabled and edited.dial_ratio == 2.5


async def test_every_problem_is_told_at_once_with_its_column(world: World) -> None:
    with pytest.raises(Invalid) as refused:
        await world.store.records.add_campaign(
            {"name": "x;y", "dial_ratoi": 2, "dial_ratio": 11, "call_days": "someday", "timezone": "Europe/Berlinn"}
        )
    text = str(refused.value)
    for part in (
        "name: 'x;y'",
        "did you mean dial_ratio?",
        "dial_ratio: '11'",
        "call_days: 'someday'",
        "Europe/Berlin?",
    ):
        assert part in text
    assert await world.store.records.campaigns() == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("dial_ratio", "nan"), ("dial_ratio", 0.5), ("target_abandon_rate", 101), ("max_lines", 1.5),
        ("max_lines", True), ("daily_start", "9:00"), ("daily_end", "25:00"), ("call_days", ""),
        ("timezone", "../etc/passwd"), ("opt_out_key", "99"),
        ("abandon_message", "hello,world"), ("abandon_message", "${EXTEN}"), ("opt_out_key", "12"), ("trunk", "a\nb"),
        ("caller_id", "+49 30"), ("caller_id", "0"), ("caller_name", "A\r\nB"), ("amd_silence_threshold", 40_000),
        ("cost_per_minute", "0.0000001"), ("cost_per_minute", "-1"), ("voicemail_file", "x y"), ("name", ""),
        ("default_disposition", "unheard_of"), ("dial_mode", "fast"), ("amd_enabled", "maybe"), ("state", "active"),
        ("dial_timeout", "1e400"), ("name", "spring\n"), ("max_dial_ratio", 10.5), ("daily_start", "18:00"),
        ("min_dial_ratio", 4), ("target_abandon_rate", 6),
    ],
)  # fmt: skip
async def test_a_wrong_value_is_refused_and_nothing_changes(world: World, column: str, value: Any) -> None:
    await world.store.records.add_campaign({"name": "spring"})
    before = await world.store.records.campaign("spring")
    world.pass_time(seconds=1)
    with pytest.raises(Invalid, match=column):
        await world.store.records.edit_campaign("spring", {"priority": 70, column: value})
    assert await world.store.records.campaign("spring") == before


async def test_names_are_unique_and_unknown_ones_are_answered_with_the_nearest(world: World) -> None:
    records = world.store.records
    await records.add_campaign({"name": "spring"})
    with pytest.raises(Conflict, match="spring"):
        await records.add_campaign({"name": "spring"})
    with pytest.raises(NotFound, match="did you mean spring"):
        await records.campaign("sprnig")
    with pytest.raises(NotFound, match="did you mean spring"):
        await records.edit_campaign("sprin", {"priority": 1})


async def test_an_agent_is_added_with_its_campaigns(world: World) -> None:
    records = world.store.records
    spring = await records.add_campaign({"name": "spring"})
    profile = await records.add_agent(
        {"name": "1001", "full_name": "Åsa", "endpoint": "PJSIP/1001", "leg_mode": "on_hook", "campaigns": ["spring"]}
    )
    assert profile.leg_mode is LegMode.ON_HOOK and profile.campaign_ids == {spring.id}
    assert (await records.agent("1001"))["campaigns"] == ["spring"]
    assert [row["name"] for row in await records.agents()] == ["1001"]
    with pytest.raises(Conflict):
        await records.add_agent({"name": "1001", "endpoint": "PJSIP/1001"})
    with pytest.raises(Invalid) as refused:
        await records.add_agent({"name": "10/02", "endpoint": "PJSIP 1", "campaigns": "sprin", "fullname": "x"})
    for part in ("name:", "endpoint:", "did you mean spring?", "did you mean full_name?"):
        assert part in str(refused.value)
    with pytest.raises(NotFound, match="did you mean 1001"):
        await records.agent("1002")


async def test_an_import_counts_what_it_added_and_says_why_rows_were_rejected(world: World) -> None:
    records = world.store.records
    await records.add_campaign({"name": "spring"})
    rows = [
        {"number": "+49301000001", "name": "Åsa", "zones": ["Europe/Berlin"], "attributes": {"city": "Köln", "n": 3}},
        {"number": "+49301000001"},
        {"number": "0301000002"},
        {"number": "+49301000003", "name": "A\r\nAction: Originate"},
        {"number": "+49301000004", "zones": "Mars/Base"},
        {"number": "+49301000005", "attributes": {"x": "a\x00b"}},
        {"number": "+49301000006", "priority": 0},
        {"number": "+49301000007", "colour": "red"},
        {"number": "+49301000008", "name": "\u202egnp.exe"},
        {"number": "+49301000009\n"},
        {"number": "+49301000010", "name": "\ud800"},
        {"number": "+49301000011", "zones": "Europe/Berlin,Asia/Tokyo", "priority": "80", "consent_date": "2026-02-29"},
        {"number": "+49301000012", "zones": "Europe/Berlin,Asia/Tokyo", "priority": "80", "consent_date": "2026-02-28"},
    ]  # fmt: skip
    result = await records.import_leads("spring", "first", rows)
    assert (result["added"], result["duplicates"]) == (2, 1)
    assert [item["index"] for item in result["rejected"]] == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert all(item["reason"] for item in result["rejected"])
    again = await records.import_leads("spring", "second", rows[:1])
    assert (again["added"], again["duplicates"]) == (0, 1)
    first, second = await records.leads("spring")
    assert first["attributes"] == {"city": "Köln", "n": 3} and first["zones"] == ["Europe/Berlin"]
    assert first["campaign"] == "spring" and first["list"] == "first" and first["next_attempt_at"] is None
    assert second["priority"] == 80 and second["consent_date"] == "2026-02-28"
    assert (await records.lead("+49301000001"))["id"] == first["id"]
    assert (await records.lead(str(first["id"])))["calls"] == []
    for wrong, error in (("999", NotFound), ("9" * 30, Invalid), ("x", Invalid), ("+4930", NotFound)):
        with pytest.raises(error):
            await records.lead(wrong)
    with pytest.raises(NotFound):
        await records.import_leads("autumn", "first", rows)
    with pytest.raises(Invalid):
        await records.import_leads("spring", "test-calls", rows)


async def test_attempts_are_opened_between_the_chunks_of_a_large_import(world: World) -> None:
    campaign_id = world.campaign_with_leads(40)
    rows = [{"number": f"+4940{index:07d}", "zones": "Europe/Berlin"} for index in range(20_000)]
    leads = list(world.claim(campaign_id, 40).leads)
    seen: list[int] = []
    importing = asyncio.create_task(world.store.records.import_leads("spring", "big", rows))
    for number, lead in enumerate(leads):
        attempt = world.attempt(lead)
        world.store.submit(OpenAttempts(attempts=(attempt,), leads=(lead,)))
        await world.store.drain()
        assert world.events[-1] == AttemptsOpened(attempt_ids=(attempt.id,)), f"the answer to attempt {number}"
        seen.append((await world.store.records.campaign("spring"))["id"])
    assert not importing.done(), "the intents were to be committed while the import ran"
    assert (await importing)["added"] == 20_000
    assert len(seen) == 40


async def test_campaigns_come_with_the_counts_of_their_leads(world: World) -> None:
    campaign_id = world.campaign_with_leads(5)
    claimed = world.claim(campaign_id, 3).leads
    attempts, _ = world.open_attempts(claimed[:2])
    world.submit(world.end(attempts[0], Status.BUSY), world.end(attempts[1], Status.INVALID_NUMBER))
    await world.store.records.lead_for_test_call("spring", "+4930999", ["Europe/Berlin"], ["DE"])
    (row,) = await world.store.records.campaigns()
    counts = {key: row[f"leads_{key}"] for key in ("total", "due", "waiting", "claimed", "finished")}
    assert counts == {"total": 5, "due": 2, "waiting": 1, "claimed": 1, "finished": 1}


async def test_the_lead_of_a_test_call_is_its_own_and_never_dialled_by_the_campaign(world: World) -> None:
    records = world.store.records
    campaign_id = world.campaign()
    number = "+49301112223"
    await records.import_leads("spring", "first", [{"number": number, "zones": "Europe/Berlin"}])
    (real,) = await records.leads("spring")
    lead = await records.lead_for_test_call("spring", number, ["Europe/Berlin"], ["DE"])
    assert lead.id != real["id"] and lead.attempts == 0
    assert (lead.zones, lead.regions) == (("Europe/Berlin",), ("DE",)), "what a rule set of one country asks for"
    (attempt,), events = world.open_attempts([lead])
    assert events == [AttemptsOpened(attempt_ids=(attempt.id,))]
    with pytest.raises(Conflict):
        await records.lead_for_test_call("spring", number, ["Europe/Berlin"], ["DE"])
    world.submit(world.end(attempt, Status.NO_ANSWER, "test_call"))
    world.pass_time(days=2)
    assert [found.id for found in world.claim(campaign_id, 10).leads] == [real["id"]]
    with pytest.raises(Invalid):
        await records.lead_for_test_call("spring", "030111", ["Europe/Berlin"], ["DE"])
    with pytest.raises(Invalid):
        await records.lead_for_test_call("spring", number, ["Nowhere"], ["DE"])


async def test_a_test_call_is_refused_by_the_same_gate(world: World) -> None:
    world.campaign(daily_start="01:00", daily_end="02:00")
    lead = await world.store.records.lead_for_test_call("spring", "+4930999", ["Europe/Berlin"], ["DE"])
    _, events = world.open_attempts([lead])
    assert [type(event) for event in events] == [AttemptRefused]


async def test_calls_are_found_by_campaign_agent_status_and_time(world: World) -> None:
    records = world.store.records
    campaign_id = world.campaign_with_leads(3)
    agent = await records.add_agent({"name": "1001", "endpoint": "PJSIP/1001", "campaigns": "spring"})
    attempts, _ = world.open_attempts(world.claim(campaign_id, 2).leads)
    world.submit(
        world.end(attempts[0], Status.ANSWERED, "sale", agent_id=agent.id, answered_at=world.now, live_answer=True)
    )
    assert [row["id"] for row in await records.calls()] == [attempts[1].id, attempts[0].id]
    (sold,) = await records.calls(campaign="spring", agent="1001", status="answered")
    assert sold["agent"] == "1001" and sold["disposition"] == "sale" and sold["campaign"] == "spring"
    assert sold["created_at"] == world.now and sold["live_answer"] is True
    assert "token" not in sold
    assert await records.calls(since=(world.now + timedelta(seconds=1)).isoformat()) == []
    assert len(await records.calls(until="2026-03-02T12:00:01+00:00", limit=1)) == 1
    with pytest.raises(Invalid, match="since"):
        await records.calls(since="yesterday")
    assert (await records.call(attempts[0].id))["id"] == attempts[0].id
    for unknown in (99, 2**70):
        with pytest.raises(NotFound):
            await records.call(unknown)
    assert {row["code"] for row in await records.dispositions()} >= {"sale", "dnc", "lost"}


async def test_the_audit_log_takes_whatever_was_sent(world: World) -> None:
    params = {"name": "x\x00y\ud800", "nested": {"a": [1, None]}}
    await world.store.records.audit(1000, "operator\x00", "campaign.add", params, "refused: \ud83d")
    (row,) = world.rows("SELECT * FROM audit_log")
    assert json.loads(row["params"]) == params
    assert (row["uid"], row["user_name"], row["method"]) == (1000, "operator", "campaign.add")
