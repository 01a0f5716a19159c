"""Whole calls through the simulated PBX, as docs/asterisk-contract.md describes them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from dialerd.simulation.pbx import SimulatedPbx
from dialerd.simulation.scenario import Outcome
from dialerd.simulation.world import CAUSES, CallFate

from .conftest import PERSON, AmiClient, Script, agent_leg, customer, value, verdicts

NUMBER = "390550000001"


def script(pbx: SimulatedPbx, fate: CallFate, number: str = NUMBER) -> None:
    world = pbx.switch.world
    assert isinstance(world, Script)
    world.fates[number] = fate


async def agent(_: dict[str, str]) -> dict[str, str]:
    return {"DLR_ATTENDED": "1", "DLR_VERDICT": "agent", "DLR_AGENT_LEG": "agt-7-0badcafe"}


async def abandon(_: dict[str, str]) -> dict[str, str]:
    return {"DLR_ATTENDED": "1", "DLR_VERDICT": "abandon"}


async def silent(_: dict[str, str]) -> dict[str, str]:
    await asyncio.sleep(30)
    return {}


def names(client: AmiClient, unique_id: str) -> list[str]:
    found = []
    for event in client.events:
        ids = {value(event, "Uniqueid"), value(event, "DestUniqueid")}
        if unique_id in ids:
            status = value(event, "DialStatus") or value(event, "UserEvent") or value(event, "BridgeType")
            found.append(f"{value(event, 'Event')} {status}".strip())
    return found


async def leg_in_place(client: AmiClient) -> None:
    client.send(agent_leg(7))
    await client.until("BridgeEnter", Uniqueid="agt-7-0badcafe", BridgeType="base")


async def test_person_meets_agent_and_hangs_up(pbx: SimulatedPbx, ami: AmiClient) -> None:
    script(pbx, PERSON)
    await leg_in_place(ami)
    async with verdicts(agent) as server:
        ami.send(customer(NUMBER, 1, server.port, DLR_AMD="2500:1500:800:5000:100:50:3:256:5000"))
        hangup = await ami.until("Hangup", Uniqueid="dlr-1-0badcafe")
        await asyncio.sleep(0.05)
        await ami.ask(Action="Ping")
    assert value(hangup, "Cause") == "16"
    assert names(ami, "dlr-1-0badcafe") == [
        "Newchannel", "DialBegin", "Newstate", "DialState RINGING", "Newstate", "DialEnd ANSWER", "OriginateResponse",
        "VarSet", "VarSet", "VarSet", "VarSet", "VarSet", "BridgeEnter basic", "BridgeLeave basic", "Hangup",
    ]  # fmt: skip
    assert names(ami, "agt-7-0badcafe")[-5:] == [
        "BridgeEnter base", "BridgeLeave base", "BridgeEnter basic", "BridgeLeave basic", "BridgeEnter base",
    ]  # fmt: skip
    seen = server.seen[0]
    assert seen["agi_arg_1"] == "1" and seen["agi_arg_2"] == "0" * 32
    assert seen["agi_network_script"] == "verdict" and seen["agi_uniqueid"] == "dlr-1-0badcafe"
    assert seen["AMDSTATUS"] == "200 result=1 (HUMAN)" and seen["AMDCAUSE"] == "200 result=1 (HUMAN-800-800)"
    (truth,) = pbx.truth.calls
    assert (truth.ended_by, truth.agent, truth.verdict) == ("customer", "7", "agent")
    assert truth.silence_s is not None and truth.silence_s < 0.4
    assert truth.talk_s == pytest.approx(0.05, abs=0.05)


async def test_agent_ends_the_call_with_the_asterisk_key(pbx: SimulatedPbx, ami: AmiClient) -> None:
    script(pbx, replace(PERSON, customer_ends=False))
    await leg_in_place(ami)
    async with verdicts(agent) as server:
        ami.send(customer(NUMBER, 1, server.port))
        await ami.until("Hangup", Uniqueid="dlr-1-0badcafe")
    key = await ami.until("DTMFEnd", Uniqueid="agt-7-0badcafe")
    assert value(key, "Digit") == "*"
    assert server.seen[0]["AMDSTATUS"] == "200 result=0"
    assert pbx.truth.calls[0].ended_by == "agent"


async def test_losing_the_leg_ends_the_customers_call(pbx: SimulatedPbx, ami: AmiClient) -> None:
    script(pbx, replace(PERSON, talk_s=10))
    await leg_in_place(ami)
    async with verdicts(agent) as server:
        ami.send(customer(NUMBER, 1, server.port))
        await ami.until("BridgeEnter", Uniqueid="dlr-1-0badcafe")
        assert pbx.lose_agent_leg(7)
        await ami.until("Hangup", Uniqueid="dlr-1-0badcafe")
        await ami.until("Hangup", Uniqueid="agt-7-0badcafe")
    assert pbx.truth.calls[0].ended_by == "leg_lost"


@pytest.mark.parametrize("by_id", ["dlr-1-0badcafe", "agt-7-0badcafe"])
async def test_hangup_action_ends_a_conversation(pbx: SimulatedPbx, ami: AmiClient, by_id: str) -> None:
    script(pbx, replace(PERSON, talk_s=10))
    await leg_in_place(ami)
    async with verdicts(agent) as server:
        ami.send(customer(NUMBER, 1, server.port))
        await ami.until("BridgeEnter", Uniqueid="dlr-1-0badcafe")
        assert value(await ami.ask(Action="Hangup", Channel=by_id), "Response") == "Success"
        await ami.until("Hangup", Uniqueid="dlr-1-0badcafe")


async def test_leg_that_is_not_there_is_asked_for_again_and_then_the_message_plays(
    pbx: SimulatedPbx, ami: AmiClient
) -> None:
    script(pbx, PERSON)
    async with verdicts(agent) as server:
        ami.send(customer(NUMBER, 1, server.port))
        await ami.until("Hangup", Uniqueid="dlr-1-0badcafe")
    assert len(server.seen) == 3
    assert pbx.truth.calls[0].unattended == "empty"


async def test_abandoned_person_hears_the_message_and_it_is_announced(pbx: SimulatedPbx, ami: AmiClient) -> None:
    script(pbx, replace(PERSON, opts_out=True))
    async with verdicts(abandon) as server:
        ami.send(customer(NUMBER, 1, server.port, DLR_OPTOUT="9"))
        out = await ami.until("UserEvent", UserEvent="DialerdOptOut")
    assert (value(out, "Number"), value(out, "Attempt"), value(out, "Source")) == ("", "1", "abandon")
    stages = [value(e, "Stage") for e in ami.events if value(e, "UserEvent") == "DialerdMessage"]
    assert stages == ["start", "end"]
    assert "/dialerd/unattended/1" not in pbx.switch.database
    assert pbx.switch.database["/dialerd/optout/a1"].endswith("|abandon|1")


async def test_person_who_hangs_up_in_the_message(pbx: SimulatedPbx, ami: AmiClient) -> None:
    script(pbx, replace(PERSON, listens_s=0.01))
    async with verdicts(abandon) as server:
        ami.send(customer(NUMBER, 1, server.port))
        await ami.until("Hangup", Uniqueid="dlr-1-0badcafe")
    assert [value(e, "Stage") for e in ami.events if value(e, "UserEvent") == "DialerdMessage"] == ["start"]
    assert pbx.truth.calls[0].ended_by == "customer"


@pytest.mark.parametrize("verdict", ["machine", "hangup"])
async def test_machine_and_hangup_end_at_once(pbx: SimulatedPbx, ami: AmiClient, verdict: str) -> None:
    async def decide(_: dict[str, str]) -> dict[str, str]:
        return {"DLR_ATTENDED": "1", "DLR_VERDICT": verdict}

    script(pbx, PERSON)
    async with verdicts(decide) as server:
        ami.send(customer(NUMBER, 1, server.port))
        await ami.until("Hangup", Uniqueid="dlr-1-0badcafe")
    assert not [e for e in ami.events if value(e, "Event") == "UserEvent"]
    assert pbx.switch.database == {}


async def test_refused_agi_leaves_a_trace_and_plays_the_message(pbx: SimulatedPbx, ami: AmiClient) -> None:
    script(pbx, PERSON)
    ami.send(customer(NUMBER, 1, 1))
    await ami.until("UserEvent", UserEvent="DialerdMessage", Stage="end")
    token, answered, started, ended, reason = pbx.switch.database["/dialerd/unattended/1"].split("|")
    assert (token, reason) == ("0" * 32, "refused")
    assert int(answered) <= int(started) <= int(ended)
    note = await ami.until("UserEvent", UserEvent="DialerdUnattended")
    assert (value(note, "Attempt"), value(note, "Token"), value(note, "Reason")) == ("1", "0" * 32, "refused")


async def test_guard_expires_while_the_agi_waits(pbx: SimulatedPbx, ami: AmiClient) -> None:
    script(pbx, PERSON)
    async with verdicts(silent) as server:
        ami.send(customer(NUMBER, 1, server.port, DLR_GUARD_S="0.1"))
        await ami.until("Hangup", Uniqueid="dlr-1-0badcafe")
        assert server.hangups == 1
    assert pbx.switch.database["/dialerd/unattended/1"].endswith("|timeout")
    silence = pbx.truth.calls[0].silence_s
    assert silence is not None and 0.1 <= silence < 0.2


async def test_guard_from_the_answer_counts_the_detection(pbx: SimulatedPbx, ami: AmiClient) -> None:
    script(pbx, replace(PERSON, amd_delay_s=5))
    async with verdicts(agent) as server:
        ami.send(customer(NUMBER, 1, server.port, DLR_GUARD_S="0.1", DLR_GUARD_FROM="answer", DLR_AMD="1:2"))
        await ami.until("UserEvent", UserEvent="DialerdUnattended", Reason="amd")
        assert server.seen == []


async def test_hang_up_before_any_verdict_leaves_a_trace_unless_attended(pbx: SimulatedPbx, ami: AmiClient) -> None:
    script(pbx, replace(PERSON, patience_s=0.05))
    async with verdicts(silent) as server:
        ami.send(customer(NUMBER, 1, server.port))
        await ami.until("Hangup", Uniqueid="dlr-1-0badcafe")
    token, _, started, ended, reason = pbx.switch.database["/dialerd/unattended/1"].split("|")
    assert (token, started, ended, reason) == ("0" * 32, "", "", "hangup")

    async def attended(_: dict[str, str]) -> dict[str, str]:
        return {"DLR_ATTENDED": "1"}

    script(pbx, replace(PERSON, patience_s=0.05), "390550000002")
    async with verdicts(silent) as server:
        order = customer("390550000002", 2, server.port, DLR_ATTENDED="1")
        ami.send(order)
        await ami.until("Hangup", Uniqueid="dlr-2-0badcafe")
    assert "/dialerd/unattended/2" not in pbx.switch.database


@pytest.mark.parametrize("outcome", [o for o in Outcome if o not in (Outcome.PERSON, Outcome.MACHINE)])
async def test_refusals_carry_their_causes(pbx: SimulatedPbx, ami: AmiClient, outcome: Outcome) -> None:
    cause, sip = CAUSES[outcome]
    script(pbx, CallFate(outcome=outcome, refused_after_s=0.02, hangup_cause=cause, sip_cause=sip))
    ami.send(customer(NUMBER, 1, 1))
    response = await ami.until("OriginateResponse", ActionID="call-1")
    assert (value(response, "Response"), value(response, "Reason")) == ("Failure", "0")
    hangup = await ami.until("Hangup", Uniqueid="dlr-1-0badcafe")
    assert (value(hangup, "Cause"), value(hangup, "TechCause")) == (str(cause), str(sip))


async def test_ring_timeout_and_cancelled_call(pbx: SimulatedPbx, ami: AmiClient) -> None:
    rings = CallFate(outcome=Outcome.NO_ANSWER, ring_after_s=0.02)
    script(pbx, rings)
    script(pbx, rings, "390550000002")
    ami.send(customer(NUMBER, 1, 1))
    ami.send(customer("390550000002", 2, 1))
    await ami.until("DialState", DestUniqueid="dlr-2-0badcafe")
    await ami.ask(Action="Hangup", Channel="dlr-2-0badcafe")
    assert value(await ami.until("DialEnd", DestUniqueid="dlr-2-0badcafe"), "DialStatus") == "NOANSWER"
    assert value(await ami.until("Hangup", Uniqueid="dlr-1-0badcafe"), "Cause") == "19"
    assert value(await ami.until("OriginateResponse", ActionID="call-1"), "Reason") == "3"


async def test_forget_removes_exactly_one_trace(pbx: SimulatedPbx, ami: AmiClient) -> None:
    pbx.switch.database.update({"/dialerd/unattended/1": "a", "/dialerd/unattended/12": "b", "/dialerd/optout/a1": "c"})
    for number, (key, answer) in enumerate(
        [("unattended-1", "Success"), ("../evil-1", "Failure"), ("optout-a1", "Success")]
    ):
        await ami.ask(
            Action="Originate", ActionID=f"f{number}", Channel=f"Local/{key}@dialerd-forget",
            Context="dialerd-forget", Exten="s", Priority="1", Async="true",
        )  # fmt: skip
        assert value(await ami.until("OriginateResponse", ActionID=f"f{number}"), "Response") == answer
    assert pbx.switch.database == {"/dialerd/unattended/12": "b"}
