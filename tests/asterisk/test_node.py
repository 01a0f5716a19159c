"""The node against a fake AMI: commands out, events in, failures as events."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from dialerd.core.errors import Unavailable
from dialerd.core.messages import (
    CallAnswered,
    CallBridged,
    CallEnded,
    CallRinging,
    ForgetTraces,
    Hangup,
    LegEnded,
    LegUp,
    OriginateFailed,
    PbxConnected,
    PbxLost,
    UnattendedTrace,
)

from .fake_ami import FakeAmi, event, message, until
from .rig import ATTEMPT_CHANNEL, LEG, ORIGINATE, RING, TOKEN, rig


async def test_the_picture_comes_with_connected() -> None:
    told = FakeAmi()
    told.channels = [
        {
            "Channel": "PJSIP/x-1",
            "ChannelState": "6",
            "Uniqueid": "dlr-3-00000003",
            "BridgeId": "b1",
            "Duration": "01:00:02",
        },
        {"Channel": "PJSIP/y-1", "ChannelState": "6", "Uniqueid": "1700000000.1"},
        {"Channel": "Local/z-1;2", "ChannelState": "6", "Uniqueid": "dlr-3-00000003-b"},
    ]
    told.database = {
        "unattended/9": f"{TOKEN}|1700000000|1700000002|1700000009|refused",
        "optout/a9": "1700000005|abandon|9",
        "optout/+39061": "1700000006|callback|",
    }
    async with rig(ami=told) as pbx:
        connected = await pbx.next(PbxConnected)
        assert connected.version == "22.10.1~fake"
        assert [(seen.unique_id, seen.up, seen.duration_s) for seen in connected.channels] == [
            ("dlr-3-00000003", True, 3602.0)
        ]
        assert connected.unattended == (
            UnattendedTrace(
                attempt_id=9,
                token=TOKEN,
                answered_at=datetime.fromtimestamp(1700000000, UTC),
                message_started_at=datetime.fromtimestamp(1700000002, UTC),
                message_ended_at=datetime.fromtimestamp(1700000009, UTC),
                reason="refused",
                key="unattended-9",
            ),
        )
        assert [(one.number, one.attempt_id, one.key) for one in connected.opt_outs] == [
            ("", 9, "optout-a9"),
            ("+39061", None, "optout-+39061"),
        ]
        assert pbx.node.connected and pbx.node.status()["connected"]


async def test_originate_carries_the_contract() -> None:
    async with rig() as pbx:
        pbx.node.carry_out(ORIGINATE)
        await until(lambda: pbx.ami.of("Originate"), "Originate")
        sent = pbx.ami.of("Originate")[0]
        assert sent["Channel"] == "PJSIP/+390612345678@carrier"
        assert sent["ChannelId"] == sent["ActionID"] == ATTEMPT_CHANNEL
        assert sent["CallerID"] == '"Zoë & Söhne" <390699999999>'
        assert sent["Timeout"] == "30000"
        assert (sent["Context"], sent["Exten"], sent["Priority"]) == ("dialerd-outbound", "s", "1")
        variables = dict(line.split("=", 1) for line in sent["Variable"].split("\n"))
        assert variables == {
            "DLR_ATTEMPT": "12",
            "DLR_TOKEN": TOKEN,
            "DLR_AMD": "2500:1500:800:5000:100:50:3:256:5000",
            "DLR_GUARD_FROM": "verdict",
            "DLR_GUARD_S": "1.9",
            "DLR_AGI": pbx.node._commands.agi,
            "DLR_MESSAGE": "custom/who&custom/why",
            "DLR_RECORD": "/var/spool/rec/12.wav",
            "DLR_SAMPLE": "/var/spool/rec/amd/20260302/12.wav",
            "DLR_OPTOUT": "9",
            "DLR_TRANSFER": "",
        }
        assert "OtherChannelId" not in sent


async def test_a_whole_call() -> None:
    async with rig() as pbx:
        pbx.node.carry_out(RING)
        pbx.node.carry_out(ORIGINATE)
        await until(lambda: len(pbx.ami.of("Originate")) == 2, "two Originates")
        for one in (
            event("BridgeEnter", BridgeUniqueid="hold", BridgeTechnology="holding_bridge", Uniqueid=LEG, Channel="P/1"),
            event("DialState", DialStatus="RINGING", DestUniqueid=ATTEMPT_CHANNEL),
            event("DialEnd", DialStatus="ANSWER", DestUniqueid=ATTEMPT_CHANNEL),
            event("OriginateResponse", ActionID=ATTEMPT_CHANNEL, Response="Success", Uniqueid=ATTEMPT_CHANNEL),
            event("BridgeEnter", BridgeUniqueid="b", Uniqueid=ATTEMPT_CHANNEL),
            event("BridgeLeave", BridgeUniqueid="hold", Uniqueid=LEG),
            event("BridgeEnter", BridgeUniqueid="b", Uniqueid=LEG),
            event("Hangup", Uniqueid=ATTEMPT_CHANNEL, Cause="16", **{"Cause-txt": "Normal Clearing"}),
        ):
            pbx.ami.push(one)
        await pbx.next(CallEnded)
        kinds = [type(one).__name__ for one in pbx.events[1:]]
        assert kinds == ["LegUp", "CallRinging", "CallAnswered", "CallBridged", "CallUnbridged", "CallEnded"]
        assert pbx.of(LegUp) == [LegUp(agent_id=7, leg_id=LEG, channel_name="P/1")]
        assert pbx.of(CallBridged) == [CallBridged(attempt_id=12, agent_id=7, leg_id=LEG)]
        assert pbx.of(CallEnded) == [CallEnded(attempt_id=12, hangup_cause=16)]


async def test_refused_by_asterisk_is_certain() -> None:
    async with rig() as pbx:
        pbx.ami.reactions["Originate"] = lambda action, writer: writer.write(
            message(("Response", "Error"), ("ActionID", action["ActionID"]), ("Message", "Extension does not exist."))
        )
        pbx.node.carry_out(ORIGINATE)
        failed = await pbx.next(OriginateFailed)
        assert failed.certain and failed.channel_id == ATTEMPT_CHANNEL and "Extension does not exist." in failed.reason
        pbx.node.carry_out(RING)
        assert await pbx.next(LegEnded) == LegEnded(agent_id=7, leg_id=LEG)


async def test_no_channel_at_all_is_told_after_the_grace_and_a_hangup_within_it_wins() -> None:
    async with rig() as pbx:
        failure = {"Response": "Failure", "Reason": "0", "Uniqueid": "<unknown>"}
        pbx.node.carry_out(ORIGINATE)
        await until(lambda: pbx.ami.of("Originate"), "Originate")
        pbx.ami.push(event("OriginateResponse", ActionID=ATTEMPT_CHANNEL, **failure))
        failed = await pbx.next(OriginateFailed)
        assert failed.certain

        pbx.node.carry_out(RING)
        await until(lambda: len(pbx.ami.of("Originate")) == 2, "Originate")
        pbx.ami.push(event("OriginateResponse", ActionID=LEG, **failure))
        pbx.ami.push(event("Hangup", Uniqueid=LEG, Cause="17", TechCause="SIP 486 Busy Here"))
        assert await pbx.next(LegEnded) == LegEnded(agent_id=7, leg_id=LEG, hangup_cause=17, sip_cause=486)
        await until(lambda: not len(pbx.node._commands._background), "grace over")
        assert len(pbx.of(LegEnded)) == 1


async def test_not_connected_is_certain_and_nothing_is_kept_for_later() -> None:
    async with rig() as pbx:
        pbx.ami.secret = "changed"
        pbx.ami.cut()
        await pbx.next(PbxLost)
        pbx.node.carry_out(ORIGINATE)
        assert (await pbx.next(OriginateFailed)).certain
        pbx.node.carry_out(Hangup(node="pbx1", channel_id=ATTEMPT_CHANNEL))
        pbx.node.carry_out(ForgetTraces(node="pbx1", keys=("unattended-1",)))
        assert not pbx.ami.of("Originate") and not pbx.ami.of("Hangup")


async def test_hangup_is_repeated_until_the_channel_is_there() -> None:
    async with rig() as pbx:
        answers = iter(("Error", "Error", "Success"))
        pbx.ami.reactions["Hangup"] = lambda action, writer: writer.write(
            message(("Response", next(answers)), ("ActionID", action["ActionID"]), ("Message", "No such channel"))
        )
        pbx.node.carry_out(Hangup(node="pbx1", channel_id=ATTEMPT_CHANNEL))
        await until(lambda: len(pbx.ami.of("Hangup")) == 3, "three hang-ups")
        assert {one["Channel"] for one in pbx.ami.of("Hangup")} == {ATTEMPT_CHANNEL}
        assert not pbx.of(CallEnded)


async def test_hangup_of_a_channel_that_never_was_ends_the_call() -> None:
    async with rig() as pbx:
        pbx.ami.reactions["Hangup"] = lambda action, writer: writer.write(
            message(("Response", "Error"), ("ActionID", action["ActionID"]), ("Message", "No such channel"))
        )
        pbx.node.carry_out(Hangup(node="pbx1", channel_id=ATTEMPT_CHANNEL))
        assert await pbx.next(CallEnded) == CallEnded(attempt_id=12)
        pbx.node.carry_out(Hangup(node="pbx1", channel_id="PJSIP/someone-else"))
        await until(lambda: pbx.node.counters["commands_refused"] == 1, "refused")


async def test_traces_are_forgotten_one_by_one() -> None:
    async with rig() as pbx:

        def react(action: dict[str, str], writer: object) -> None:
            id_ = ("ActionID", action["ActionID"])
            pbx.ami.push(message(("Response", "Success"), id_))
            result = "Failure" if "a5" in action["Channel"] else "Success"
            pbx.ami.push(event("OriginateResponse", ActionID=action["ActionID"], Response=result, Reason="4"))

        pbx.ami.reactions["Originate"] = react
        pbx.node.carry_out(ForgetTraces(node="pbx1", keys=("unattended-9", "optout-a5", "../x", "optout-+39061")))
        await until(lambda: pbx.node.counters["traces_forgotten"] == 2, "forgotten")
        assert pbx.node.counters["traces_kept"] == 2
        assert [one["Channel"] for one in pbx.ami.of("Originate")] == [
            "Local/unattended-9@dialerd-forget",
            "Local/optout-a5@dialerd-forget",
            "Local/optout-+39061@dialerd-forget",
        ]


async def test_the_trace_of_a_call_is_read_when_it_is_over() -> None:
    async with rig() as pbx:
        pbx.node.carry_out(ORIGINATE)
        await until(lambda: pbx.ami.of("Originate"), "Originate")
        pbx.ami.push(event("UserEvent", UserEvent="DialerdUnattended", Attempt="12", Token=TOKEN, Reason="timeout"))
        pbx.ami.database["unattended/12"] = f"{TOKEN}|1700000000.5|1700000002|1700000009|timeout"
        pbx.ami.push(event("Hangup", Uniqueid=ATTEMPT_CHANNEL, Cause="16"))
        trace = await pbx.next(UnattendedTrace)
        assert trace.attempt_id == 12 and trace.reason == "timeout" and trace.message_ended_at is not None
        assert [type(one) for one in pbx.events[-2:]] == [UnattendedTrace, CallEnded]


async def test_what_happened_while_the_picture_was_read_happens_on_top_of_it() -> None:
    async with rig() as pbx:
        alive = {"Channel": "P/1", "ChannelState": "6", "Uniqueid": ATTEMPT_CHANNEL}
        pbx.ami.channels = [alive, {**alive, "Uniqueid": "dlr-13-0badcafe", "ChannelState": "3"}]
        pbx.ami.database["unattended/13"] = f"{TOKEN}|1|2||refused"

        def settings(action: dict[str, str], writer: object) -> None:
            pbx.ami.push(event("Hangup", Uniqueid=ATTEMPT_CHANNEL, Cause="16"))
            pbx.ami.push(event("DialState", DialStatus="RINGING", DestUniqueid="dlr-13-0badcafe"))
            pbx.ami.push(message(("Response", "Success"), ("ActionID", action["ActionID"])))

        pbx.ami.reactions["CoreSettings"] = settings
        pbx.events.clear()
        pbx.ami.cut()
        connected = await pbx.next(PbxConnected)
        await pbx.next(CallRinging)
        assert [type(one) for one in pbx.events] == [PbxLost, CallEnded, PbxConnected, CallRinging]
        assert [seen.unique_id for seen in connected.channels] == ["dlr-13-0badcafe"]
        assert connected.unattended == ()  # its call is still up: the trace comes when it is over
        pbx.ami.push(event("Hangup", Uniqueid="dlr-13-0badcafe", Cause="16"))
        assert (await pbx.next(UnattendedTrace)).attempt_id == 13


async def test_a_call_that_ends_while_the_picture_is_read_ends_with_its_trace() -> None:
    async with rig() as pbx:
        pbx.ami.channels = [{"Channel": "P/1", "ChannelState": "6", "Uniqueid": ATTEMPT_CHANNEL}]
        pbx.ami.database["unattended/12"] = f"{TOKEN}|1700000000|1700000002||refused"

        def settings(action: dict[str, str], writer: object) -> None:
            pbx.ami.push(message(("Response", "Success"), ("ActionID", action["ActionID"])))
            pbx.ami.push(event("Hangup", Uniqueid="dlr-13-0badcafe", Cause="16"))  # gone before the list
            pbx.ami.push(event("Hangup", Uniqueid=ATTEMPT_CHANNEL, Cause="16"))  # gone after it
            pbx.ami.database["unattended/13"] = f"{TOKEN}|1700000000|1700000002|1700000009|refused"

        pbx.ami.reactions["CoreSettings"] = settings
        pbx.events.clear()
        pbx.ami.cut()
        connected = await pbx.next(PbxConnected)
        assert [type(one) for one in pbx.events][:2] == [PbxLost, PbxConnected], "an ending was told before its trace"
        assert [seen.unique_id for seen in connected.channels] == [ATTEMPT_CHANNEL]
        assert [trace.attempt_id for trace in connected.unattended] == [13]
        assert (await pbx.next(UnattendedTrace)).attempt_id == 12
        assert await pbx.next(CallEnded) == CallEnded(attempt_id=12, hangup_cause=16)


async def test_what_happens_between_login_and_the_picture_waits_for_the_picture() -> None:
    async with rig() as pbx:
        pbx.ami.database["unattended/12"] = f"{TOKEN}|1700000000|1700000002|1700000009|refused"
        pbx.ami.boots = False  # Asterisk is still starting, but its calls already end

        def login(action: dict[str, str], writer: object) -> None:
            pbx.ami.push(message(("Response", "Success"), ("ActionID", action["ActionID"])))
            pbx.ami.push(event("Hangup", Uniqueid=ATTEMPT_CHANNEL, Cause="16"))

        pbx.ami.reactions["Login"] = login
        pbx.events.clear()
        pbx.ami.cut()
        await until(lambda: len(pbx.ami.connections) == 2 and pbx.ami.actions[1], "the second login")
        await asyncio.sleep(0.1)
        assert not pbx.of(CallEnded), "closed before its trace was known"
        pbx.ami.push(event("FullyBooted", Status="Fully Booted"))
        connected = await pbx.next(PbxConnected)
        assert [trace.attempt_id for trace in connected.unattended] == [12]
        assert not pbx.of(CallEnded)


async def test_channels_can_be_asked_for_and_compared_again_at_any_time() -> None:
    async with rig() as pbx:
        pbx.ami.channels = [{"Channel": "P/1", "ChannelState": "6", "Uniqueid": ATTEMPT_CHANNEL}]
        assert [seen.unique_id for seen in await pbx.node.channels()] == [ATTEMPT_CHANNEL]
        assert len(pbx.of(PbxConnected)) == 1, "looking is not connecting"
        await pbx.node.compare_again()
        assert "on request" in (await pbx.next(PbxLost)).reason
        assert [seen.unique_id for seen in (await pbx.next(PbxConnected, 2)).channels] == [ATTEMPT_CHANNEL]
        pbx.ami.push(event("Hangup", Uniqueid=ATTEMPT_CHANNEL, Cause="16"))
        assert (await pbx.next(CallEnded)).attempt_id == 12, "events go on"
        pbx.ami.secret = "changed"
        pbx.ami.cut()
        await pbx.next(PbxLost, 2)
        with pytest.raises(Unavailable):
            await pbx.node.channels()
        with pytest.raises(Unavailable):
            await pbx.node.compare_again()


async def test_after_the_reconnect_a_leg_in_its_bridge_is_not_announced_again() -> None:
    told = FakeAmi()
    told.channels = [{"Channel": "P/1", "ChannelState": "6", "Uniqueid": LEG, "BridgeId": "hold"}]
    async with rig(ami=told) as pbx:
        pbx.ami.push(event("BridgeEnter", BridgeUniqueid="b", Uniqueid=ATTEMPT_CHANNEL))
        pbx.ami.push(event("BridgeEnter", BridgeUniqueid="b", Uniqueid=LEG))
        await pbx.next(CallBridged)
        assert not pbx.of(LegUp) and len(pbx.of(CallAnswered)) == 1


@pytest.mark.parametrize("refused", ["CoreSettings", "CoreShowChannels", "DBGetTree"])
async def test_a_refused_list_is_not_taken_for_an_empty_one(refused: str) -> None:
    async with rig(connected=False) as pbx:
        pbx.ami.reactions[refused] = lambda action, writer: writer.write(
            message(("Response", "Error"), ("ActionID", action["ActionID"]), ("Message", "Permission denied"))
        )
        lost = await pbx.next(PbxLost)
        assert f"refuses {refused} (Permission denied)" in lost.reason and "reporting" in lost.reason
        assert not pbx.of(PbxConnected)
