"""What each method asks of store and dialer, and what it answers."""

from __future__ import annotations

import pytest

from dialerd.control.ports import Floor, Records
from dialerd.core.campaign import CampaignVerb
from dialerd.core.errors import Conflict
from dialerd.core.messages import (
    AgentDispose,
    AgentLogin,
    AgentLogout,
    AgentPause,
    AgentSaved,
    AgentUnpause,
    CampaignOrder,
    CampaignSaved,
    HangupAttempt,
    LeadsAdded,
    TestCall,
)

from .rig import AGENT, AUDITOR, NOW, Rig


async def test_hello_version_and_a_client_of_another_protocol() -> None:
    rig = Rig()
    assert await rig.call("hello", {"protocol": 1}, AUDITOR) == {"protocol": 1, "version": "0.1.0", "role": "auditor"}
    assert (await rig.call("version"))["asterisk"] == {"pbx": "22.1.0"}
    kind, message = await rig.error("hello", {"protocol": 2})
    assert kind == "protocol_mismatch" and "upgrade dialerd" in message
    assert "upgrade dialerctl" in (await rig.error("hello", {"protocol": 0}))[1]


async def test_the_ledgers_calls_are_of_the_figures_snapshot() -> None:
    rig = Rig()
    figures = await rig.call("campaign.ledger", {"name": "spring"}, AUDITOR)
    assert "calls" not in figures and figures["live_answers"] == 2
    assert figures["unfinished"] == {"live_answers": 3, "abandoned": 1}
    past = await rig.call("campaign.ledger", {"name": "spring", "until": "2026-03-02T00:00:00+00:00"}, AUDITOR)
    assert "unfinished" not in past
    told = await rig.call("campaign.ledger", {"name": "spring", "calls": True, "limit": 2, "offset": 4}, AUDITOR)
    assert [row["id"] for row in told["calls"]] == [1, 2]
    name, asked, limit, offset = rig.records.asked[-1]
    assert (name, asked["snapshot"], limit, offset) == ("spring", 40, 2, 4)
    assert asked["until"].isoformat() == told["until"]
    late = {"name": "spring", "since": "2026-03-02T00:00:00+00:00", "until": "2026-03-01T00:00:00+00:00"}
    kind, message = await rig.error("campaign.ledger", late)
    assert kind == "usage" and "is not before until" in message
    assert (await rig.error("campaign.ledger", {"name": "spring", "since": "someday"}))[0] == "usage"
    assert (await rig.error("campaign.ledger", {"name": "spring"}, AGENT))[0] == "forbidden"


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"since": "2099-01-01T00:00:00+00:00"}, "since: 2099-01-01T00:00:00+00:00 is in the future"),
        ({"until": "2099-01-01T00:00:00+00:00"}, "until: 2099-01-01T00:00:00+00:00 is in the future"),
        ({"until": "0001-01-02T00:00:00+00:00"}, "until: 0001-01-02T00:00:00+00:00 is before the year 2000"),
        ({"since": "1752-01-01T00:00:00+00:00"}, "since: 1752-01-01T00:00:00+00:00 is before the year 2000"),
    ],
)
async def test_a_ledger_of_a_time_that_nothing_is_known_of(asked: dict[str, str], sentence: str) -> None:
    kind, message = await Rig().error("campaign.ledger", {"name": "spring", **asked})
    assert kind == "usage" and message.startswith(sentence)


async def test_until_today_is_until_now() -> None:
    """24 hours that ended at midnight would leave out yesterday evening."""
    rig = Rig()
    await rig.call("campaign.ledger", {"name": "spring", "until": "2026-03-03T00:00:00+00:00"})
    assert rig.records.asked[-1][1]["until"] == NOW


async def test_an_explanation_has_the_warnings_and_other_answers_have_no_such_column() -> None:
    rig = Rig()
    assert (await rig.call("campaign.explain", {"name": "spring"}))["warnings"] == ["w"]
    assert "warnings" not in await rig.call("campaign.show", {"name": "spring"})


async def test_status_joins_the_dialer_and_the_store() -> None:
    rig = Rig()
    status = await rig.call("status")
    assert status["started_at"] == "2026-03-02T15:00:00+00:00"
    assert (status["version"], status["protocol"], status["uptime_s"]) == ("0.1.0", 1, 0.0)
    campaign = status["campaigns"][0]
    assert campaign["leads"]["total"] == rig.records.campaigns_by_name["spring"]["leads_total"]


async def test_config_show_masks_secrets() -> None:
    rows = await Rig().call("config.show")
    assert "hunter2" not in str(rows)
    assert {"table": "asterisk.pbx", "key": "secret", "value": "********", "origin": "default"} in rows


async def test_campaigns_are_added_edited_and_shown_with_their_live_state() -> None:
    rig = Rig()
    assert (await rig.call("campaign.add", {"name": "autumn", "max_lines": 4}))["max_lines"] == 4
    assert (await rig.call("campaign.edit", {"name": "spring", "changes": {"max_lines": 3}}))["max_lines"] == 3
    assert [type(order) for order in rig.floor.orders] == [CampaignSaved, CampaignSaved, LeadsAdded]
    assert (await rig.error("campaign.edit", {"name": "spring", "changes": {}}))[0] == "usage"
    assert (await rig.error("campaign.edit", {"name": "spring", "changes": {"bad": 1}}))[0] == "invalid"
    assert (await rig.call("campaign.show", {"name": "spring"}))["why"] == "not started"
    assert [row["name"] for row in await rig.call("campaign.list")] == ["spring", "autumn"]


async def test_campaign_verbs() -> None:
    rig = Rig()
    for verb, state in (("start", "active"), ("pause", "paused"), ("resume", "active"), ("stop", "stopped")):
        assert await rig.call(f"campaign.{verb}", {"name": "spring"}) == {"name": "spring", "state": state}
    verbs = [order.verb for order in rig.floor.orders if isinstance(order, CampaignOrder)]
    assert verbs == [CampaignVerb.START, CampaignVerb.PAUSE, CampaignVerb.RESUME, CampaignVerb.STOP]
    rig.floor.refuse = Conflict("campaign spring is stopped: cannot pause it")
    assert (await rig.error("campaign.pause", {"name": "spring"}))[0] == "conflict"


async def test_a_day_to_replay_is_asked_from_the_store() -> None:
    rig = Rig()
    day = {"name": "spring", "since": "2026-03-01T00:00:00+00:00", "until": "2026-03-02T00:00:00+00:00"}
    assert (await rig.call("campaign.replay", day, AUDITOR))["since"] == day["since"]
    assert rig.records.asked == [tuple(day.values())]
    assert (await rig.error("campaign.replay", {**day, "name": "sprong"}))[0] == "not_found"
    assert (await rig.error("campaign.replay", {"name": "spring"}))[0] == "usage"


async def test_a_start_without_leads_is_told() -> None:
    rig = Rig()
    rig.records.campaigns_by_name["spring"]["leads_total"] = 0
    answer = await rig.call("campaign.start", {"name": "spring"})
    assert answer["state"] == "active"
    assert answer["notes"] == ["campaign spring has no leads yet: dialerctl lead import FILE --campaign spring"]
    rig.records.campaigns_by_name["spring"].update(leads_total=5, dial_mode="preview", abandon_message="")
    (note,) = (await rig.call("campaign.start", {"name": "spring"}))["notes"]
    assert "no abandon message is set" in note


async def test_leads() -> None:
    rig = Rig()
    chunk = {"campaign": "spring", "list": "march", "rows": [{"number": "+15550111"}]}
    assert await rig.call("lead.import", chunk) == {"added": 1, "duplicates": 0, "rejected": []}
    kind, message = await rig.error("lead.import", {**chunk, "rows": [{}] * 1001})
    assert kind == "usage" and "1 to 1000" in message
    await rig.call("lead.list", {"campaign": "spring", "state": "retry", "limit": 5, "offset": 10})
    assert rig.records.asked == [("spring", "march"), ("spring", "retry", 5, 10)]
    assert (await rig.error("lead.list", {"campaign": "sprong"}))[0] == "not_found"
    assert (await rig.call("lead.show", {"lead": 5}))["number"] == "5"
    assert (await rig.call("lead.show", {"lead": "+15550111"}))["number"] == "+15550111"


async def test_agents() -> None:
    rig = Rig()
    new = {"name": "1003", "endpoint": "PJSIP/1003", "leg_mode": "on_hook", "campaigns": ["spring"]}
    assert (await rig.call("agent.add", new))["id"] == 9
    assert rig.records.asked == [{**new, "full_name": ""}]
    assert (await rig.error("agent.add", {**new, "leg_mode": "off"}))[1] == (
        "leg_mode: must be one of nailed_up, on_hook, not 'off'"
    )
    assert [row.get("state") for row in await rig.call("agent.list")] == ["ready", None, None]
    await rig.call("agent.login", {"name": "1001"})
    await rig.call("agent.logout", {"name": "1001", "force": True})
    await rig.call("agent.pause", {"name": "1001", "reason": "lunch"})
    assert await rig.call("agent.unpause", {"name": "1001"}) == {"name": "1001", "state": "ready"}
    assert rig.floor.orders[1:] == [
        AgentLogin(agent_id=1),
        AgentLogout(agent_id=1, force=True),
        AgentPause(agent_id=1, reason="lunch"),
        AgentUnpause(agent_id=1),
    ]
    assert isinstance(rig.floor.orders[0], AgentSaved)


async def test_dispose() -> None:
    rig = Rig()
    params = {"name": "1001", "disposition": "callback", "callback_at": "2026-03-03T10:00:00+02:00", "note": "busy"}
    await rig.call("agent.dispose", params)
    (order,) = rig.floor.orders
    assert isinstance(order, AgentDispose) and order.code == "callback" and order.callback_at is not None
    for change, words in (
        ({"callback_at": "tomorrow"}, "is not a time with its offset"),
        ({"callback_at": "2026-03-03T10:00:00"}, "is not a time with its offset"),
        ({"callback_at": "0001-01-01T00:00:00+14:00"}, "callback_at"),
        ({"callback_at": "2026-03-01T10:00:00+00:00"}, "is in the past"),
        ({"disposition": "sael"}, "no disposition 'sael' (did you mean 'sale'?)"),
        ({"disposition": ""}, "disposition: must be a text that is not empty"),
        ({"note": "x" * 2001}, "note: must be a text of at most 2000"),
    ):
        assert words in (await rig.error("agent.dispose", {**params, **change}))[1]


async def test_calls() -> None:
    rig = Rig()
    await rig.call("call.list", {"status": "busy", "since": "2026-03-01T00:00:00+00:00"})
    assert rig.records.asked[0]["status"] == "busy"
    assert rig.records.asked[0]["since"] == "2026-03-01T00:00:00+00:00"
    assert [row["id"] for row in await rig.call("call.list", {"live": True, "campaign": "spring"})] == [12]
    assert await rig.call("call.list", {"live": True, "agent": "1001"}) == []
    assert "since:" in (await rig.error("call.list", {"since": "yesterday"}))[1]
    assert (await rig.call("call.show", {"call": "12"}))["state"] == "ringing"
    assert "state" not in await rig.call("call.show", {"call": 11})
    assert (await rig.error("call.show", {"call": 101}))[0] == "not_found"
    assert (await rig.error("call.show", {"call": "1x"}))[0] == "usage"


async def test_hangup() -> None:
    rig = Rig()
    assert (await rig.call("call.hangup", {"call": 12}))["call"] == 12
    assert rig.floor.orders == [HangupAttempt(attempt_id=12)]
    assert (await rig.error("call.hangup", {"call": 11}))[0] == "conflict"
    assert (await rig.error("call.hangup", {"call": 101}))[0] == "not_found"


async def test_a_test_call_answers_when_it_is_on_its_way() -> None:
    rig = Rig()
    params = {"campaign": "spring", "number": "+15550199", "timezone": "Europe/Berlin"}
    assert await rig.call("call.test", params) == {"call": 13}
    (order,) = rig.floor.orders
    assert isinstance(order, TestCall) and order.lead.zones == ("Europe/Berlin",)
    kind, message = await rig.error("call.test", {**params, "timezone": "Europe/Berln"})
    assert kind == "invalid" and "did you mean 'Europe/Berlin'?" in message
    rig.floor.gate = False
    kind, message = await rig.error("call.test", {**params, "number": "+15550198"})
    assert (kind, message) == ("forbidden", "test call 13 was refused: on the global list")
    rig.floor.refusals.clear()
    rig.records.dialed = False
    kind, message = await rig.error("call.test", {**params, "number": "+15550197"})
    assert kind == "unavailable" and "did not start within" in message


async def test_an_agent_sees_the_own_row_only() -> None:
    rig = Rig()
    assert [row["name"] for row in await rig.call("agent.list", peer=AGENT)] == ["1001"]
    assert len(await rig.call("agent.list")) >= 1


async def test_new_leads_wake_the_campaign() -> None:
    rig = Rig()
    rows = [{"number": "+15550142", "zones": ["Europe/Berlin"]}]
    assert (await rig.call("lead.import", {"campaign": "spring", "list": "one", "rows": rows}))["added"]
    (order,) = rig.floor.orders
    assert isinstance(order, LeadsAdded)


async def test_dispositions() -> None:
    assert {"code": "sale", "label": "Sale"} in await Rig().call("disposition.list")


def test_the_fakes_have_whatever_the_methods_may_ask_for() -> None:
    """Otherwise hostile requests would find the fake's gaps instead of the dispatcher's."""
    rig = Rig()
    for port, fake in ((Records, rig.records), (Floor, rig.floor)):
        missing = [name for name in vars(port) if not name.startswith("_") and not hasattr(fake, name)]
        assert missing == [], port.__name__
