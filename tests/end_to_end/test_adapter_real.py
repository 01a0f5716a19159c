"""The Asterisk edge (src/dialerd/asterisk) against the real Asterisk. The test decides the verdicts."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from dialerd.asterisk.node import AsteriskNode
from dialerd.asterisk.settings import NodeSettings
from dialerd.core.call import HungUpBy
from dialerd.core.campaign import AmdParameters, MeasuredFrom
from dialerd.core.messages import (
    CallAnswered,
    CallBridged,
    CallEnded,
    CallRinging,
    CallUnbridged,
    ForgetTraces,
    Hangup,
    LegEnded,
    LegUp,
    MessageEnded,
    MessageStarted,
    OptOutTrace,
    Originate,
    OriginateFailed,
    PbxConnected,
    PbxEvent,
    PbxLost,
    RingAgent,
    SendVerdict,
    UnattendedTrace,
    VerdictAbandoned,
    VerdictAsked,
)

from .farend import Behaviour, FarEnd
from .farend.audio import tone
from .farend.behaviour import RING_FOREVER, rejecting
from .farend.speech import human_hello, voicemail_greeting
from .pbx.asterisk import Asterisk

pytestmark = pytest.mark.real_asterisk

Kind = TypeVar("Kind")
ATTEMPTS = itertools.count(700_001)
AGENTS = itertools.count(701)
AGENT_HZ, CUSTOMER_HZ, ABANDON_HZ = 1000, 1400, 600


class Dialer:
    """Stands in for the dialer: keeps what the node posts and answers questions as `verdicts` says."""

    def __init__(self) -> None:
        self.node: AsteriskNode = None  # type: ignore[assignment]
        self.events: list[PbxEvent] = []
        self.verdicts: dict[int, tuple[str, str]] = {}

    def post(self, event: PbxEvent) -> None:
        self.events.append(event)
        if isinstance(event, VerdictAsked) and event.attempt_id in self.verdicts:
            verdict, leg = self.verdicts[event.attempt_id]
            self.node.carry_out(SendVerdict(request_id=event.request_id, verdict=verdict, leg_id=leg))

    async def next(self, kind: type[Kind], timeout_s: float = 10.0, **wanted: Any) -> Kind:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for event in self.events:
                if isinstance(event, kind) and all(getattr(event, k) == v for k, v in wanted.items()):
                    return event
            await asyncio.sleep(0.005)
        raise AssertionError(f"no {kind.__name__} {wanted} among {self.events}")

    def of_attempt(self, attempt_id: int) -> list[str]:
        return [type(e).__name__ for e in self.events if getattr(e, "attempt_id", None) == attempt_id]

    def call(self, number: str, message: str = "", **changes: Any) -> Originate:
        attempt_id = next(ATTEMPTS)
        values: dict[str, Any] = {
            "node": "pbx",
            "attempt_id": attempt_id,
            "channel_id": f"dlr-{attempt_id}-{secrets.token_hex(4)}",
            "token": secrets.token_hex(16),
            "number": number,
            "trunk": "carrier",
            "caller_id": "390612345678",
            "caller_name": "Büro (Rom)",
            "ring_timeout_s": 20.0,
            "amd": None,
            "guard_from": MeasuredFrom.ANSWER,
            "guard_s": 1.9,
            "message": message,
            "opt_out_key": "9",
            "recording_file": "",
        }
        return Originate(**{**values, **changes})

    async def log_in(self, phone: str) -> RingAgent:
        agent_id = next(AGENTS)
        leg_id = f"agt-{agent_id}-{secrets.token_hex(4)}"
        ring = RingAgent(node="pbx", agent_id=agent_id, leg_id=leg_id, endpoint=f"PJSIP/{phone}", ring_timeout_s=5.0)
        self.node.carry_out(ring)
        await self.next(LegUp, leg_id=leg_id)
        return ring


@asynccontextmanager
async def dialer_on(pbx: Asterisk, **changes: Any) -> AsyncIterator[Dialer]:
    dialer = Dialer()
    values: dict[str, Any] = {
        "name": "pbx",
        "port": pbx.ports.ami,
        "secret": pbx.configuration.ami_secret,
        "agi_listen_port": 0,
        "verdict_socket": None,
        "first_retry_s": 0.1,
        "longest_retry_s": 0.5,
    }
    settings = NodeSettings(**{**values, **changes})
    trunks = {
        "carrier": "PJSIP/{number}@trunk",
        "nowhere": "PJSIP/{number}@nosuch",
        "far": "Local/{number}@test-far",
    }
    dialer.node = AsteriskNode(settings, trunks, dialer.post)
    await dialer.node.start()
    try:
        await dialer.next(PbxConnected)
        yield dialer
    finally:
        await dialer.node.stop()


async def until(condition: Callable[[], bool], what: str, timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"timed out: {what}"
        await asyncio.sleep(0.01)


async def test_a_person_meets_an_agent(pbx: Asterisk, farend: FarEnd) -> None:
    farend.behaves("1001", Behaviour(then=tone(AGENT_HZ)))
    farend.behaves("5560001", Behaviour(plays=human_hello(), then=tone(CUSTOMER_HZ)))
    async with dialer_on(pbx) as dialer:
        assert (await dialer.next(PbxConnected)).version.startswith("22")
        agent = await dialer.log_in("1001")
        call = dialer.call("5560001", amd=AmdParameters(), guard_from=MeasuredFrom.GREETING_END)
        dialer.verdicts[call.attempt_id] = ("agent", agent.leg_id)
        dialer.node.carry_out(call)
        asked = await dialer.next(VerdictAsked, attempt_id=call.attempt_id)
        assert (asked.token, asked.amd_status) == (call.token, "HUMAN") and asked.amd_cause.startswith("HUMAN-")
        bridged = await dialer.next(CallBridged)
        assert (bridged.attempt_id, bridged.agent_id, bridged.leg_id) == (call.attempt_id, agent.agent_id, agent.leg_id)
        [customer], [phone] = farend.calls_to("5560001"), farend.calls_to("1001")
        assert customer.caller == "390612345678"
        await until(lambda: customer.tone_seconds(AGENT_HZ) > 0.5, "the agent at the customer's ear")
        await until(lambda: phone.tone_seconds(CUSTOMER_HZ) > 0.3, "the customer at the agent's ear")
        farend.hang_up(customer)
        ended = await dialer.next(CallEnded)
        assert (ended.hangup_cause, ended.sip_cause) == (16, None)
        assert (await dialer.next(CallUnbridged)).by is HungUpBy.CUSTOMER
        assert dialer.of_attempt(call.attempt_id) == [
            "CallRinging", "CallAnswered", "VerdictAsked", "CallBridged", "CallUnbridged", "CallEnded",
        ]  # fmt: skip
        await asyncio.sleep(0.2)
        assert phone.talking and len([e for e in dialer.events if isinstance(e, LegUp)]) == 1
        dialer.node.carry_out(Hangup(node="pbx", channel_id=agent.leg_id))
        assert (await dialer.next(LegEnded)).leg_id == agent.leg_id
        assert not dialer.node.counters["handler_errors"]


async def test_a_machine_is_hung_up(pbx: Asterisk, farend: FarEnd) -> None:
    farend.behaves("5560002", Behaviour(plays=voicemail_greeting()))
    async with dialer_on(pbx) as dialer:
        call = dialer.call("5560002", amd=AmdParameters(), guard_from=MeasuredFrom.GREETING_END)
        dialer.verdicts[call.attempt_id] = ("machine", "")
        dialer.node.carry_out(call)
        asked = await dialer.next(VerdictAsked)
        assert asked.amd_status == "MACHINE" and asked.amd_cause
        assert (await dialer.next(CallEnded)).hangup_cause == 16


@pytest.mark.parametrize(("code", "cause"), [(486, 17), (603, 21), (404, 1), (503, 34)])
async def test_causes(pbx: Asterisk, farend: FarEnd, code: int, cause: int) -> None:
    farend.behaves(f"55601{code}", rejecting(code))
    async with dialer_on(pbx) as dialer:
        dialer.node.carry_out(dialer.call(f"55601{code}"))
        ended = await dialer.next(CallEnded)
        assert (ended.hangup_cause, ended.sip_cause) == (cause, code)
        assert not [e for e in dialer.events if isinstance(e, OriginateFailed)]


async def test_no_answer_and_hang_up_while_ringing(pbx: Asterisk, farend: FarEnd) -> None:
    farend.behaves("5560003", RING_FOREVER)
    farend.behaves("5560004", RING_FOREVER)
    async with dialer_on(pbx) as dialer:
        silent, cancelled = dialer.call("5560003", ring_timeout_s=1.0), dialer.call("5560004")
        dialer.node.carry_out(silent)
        dialer.node.carry_out(cancelled)
        await dialer.next(CallRinging, attempt_id=cancelled.attempt_id)
        dialer.node.carry_out(Hangup(node="pbx", channel_id=cancelled.channel_id))
        await dialer.next(CallEnded, attempt_id=cancelled.attempt_id)
        assert (await dialer.next(CallEnded, attempt_id=silent.attempt_id)).hangup_cause == 19


async def test_a_hang_up_right_behind_the_originate_is_not_lost(pbx: Asterisk, farend: FarEnd) -> None:
    farend.behaves("5560005", *[RING_FOREVER] * 20)
    async with dialer_on(pbx) as dialer:
        calls = [dialer.call("5560005") for _ in range(20)]
        for call in calls:
            dialer.node.carry_out(call)
            dialer.node.carry_out(Hangup(node="pbx", channel_id=call.channel_id))
        for call in calls:
            await dialer.next(CallEnded, attempt_id=call.attempt_id)
        await asyncio.sleep(0.5)
        assert "dlr-70" not in await asyncio.to_thread(pbx.cli, "core show channels concise")


async def test_what_cannot_be_dialled(pbx: Asterisk, farend: FarEnd) -> None:
    async with dialer_on(pbx) as dialer:
        nowhere, unknown = dialer.call("5560006", trunk="nowhere"), dialer.call("5560006", trunk="unheard-of")
        dialer.node.carry_out(nowhere)
        dialer.node.carry_out(unknown)
        assert (await dialer.next(OriginateFailed, channel_id=unknown.channel_id)).certain
        assert (await dialer.next(OriginateFailed, channel_id=nowhere.channel_id)).certain
        ring = RingAgent(node="pbx", agent_id=9, leg_id="agt-9-0badcafe", endpoint="PJSIP/nobody", ring_timeout_s=5.0)
        dialer.node.carry_out(ring)
        assert (await dialer.next(LegEnded)).leg_id == "agt-9-0badcafe"


async def test_hang_up_while_waiting_is_attended(pbx: Asterisk, farend: FarEnd) -> None:
    farend.behaves("5560007", Behaviour(hangs_up_after_s=0.5))
    async with dialer_on(pbx) as dialer:
        call = dialer.call("5560007", guard_s=10.0)
        dialer.node.carry_out(call)
        await dialer.next(VerdictAsked)
        await dialer.next(VerdictAbandoned)
        await dialer.next(CallEnded)
        await asyncio.sleep(0.3)
        assert not [e for e in dialer.events if isinstance(e, UnattendedTrace)]
        assert f"/dialerd/unattended/{call.attempt_id}" not in await asyncio.to_thread(pbx.database)


async def test_abandon_and_opt_out(pbx: Asterisk, farend: FarEnd) -> None:
    abandon = str(pbx.folder / "sounds/abandon")
    farend.behaves("5560008", Behaviour())
    farend.behaves("5560009", Behaviour(digits=((1.0, "9"),)))
    async with dialer_on(pbx) as dialer:
        heard, pressed = (dialer.call(n, abandon) for n in ("5560008", "5560009"))
        for call in (heard, pressed):
            dialer.verdicts[call.attempt_id] = ("abandon", "")
            dialer.node.carry_out(call)
        opt_out = await dialer.next(OptOutTrace)
        assert (opt_out.attempt_id, opt_out.source) == (pressed.attempt_id, "abandon")
        await dialer.next(MessageEnded, 30, attempt_id=heard.attempt_id)
        await dialer.next(CallEnded, 30, attempt_id=heard.attempt_id)
        assert farend.calls_to("5560008")[0].tone_seconds(ABANDON_HZ) > 1
        dialer.node.carry_out(ForgetTraces(node="pbx", keys=(opt_out.key,)))
        await until(lambda: dialer.node.counters["traces_forgotten"] == 1, "forgotten")
        assert f"/dialerd/optout/a{pressed.attempt_id}" not in await asyncio.to_thread(pbx.database)


async def test_the_dialplan_alone_its_trace_and_its_removal(pbx: Asterisk, farend: FarEnd) -> None:
    abandon = str(pbx.folder / "sounds/abandon")
    farend.behaves("5560010", Behaviour())
    farend.behaves("5560011", Behaviour())
    async with dialer_on(pbx) as dialer:  # the dialer never answers: while we watch, the trace comes at the call's end
        watched = dialer.call("5560010", abandon, guard_s=0.8)
        dialer.node.carry_out(watched)
        await dialer.next(VerdictAbandoned)
        await dialer.next(MessageStarted)
        trace = await dialer.next(UnattendedTrace, 30)
        assert (trace.attempt_id, trace.token, trace.reason) == (watched.attempt_id, watched.token, "timeout")
        assert trace.answered_at and trace.message_started_at and trace.message_ended_at
        assert dialer.of_attempt(watched.attempt_id)[-2:] == ["UnattendedTrace", "CallEnded"]
        missed = dialer.call("5560011", abandon, guard_s=0.8)
        dialer.node.carry_out(missed)
        await dialer.next(CallAnswered, attempt_id=missed.attempt_id)
    await until(lambda: farend.calls_to("5560011")[0].over, "the message of the missed call", 30)
    await asyncio.sleep(0.5)
    async with dialer_on(pbx) as dialer:  # dialerd is back
        connected = await dialer.next(PbxConnected)
        traces = {trace.attempt_id: trace for trace in connected.unattended}
        assert traces[missed.attempt_id].token == missed.token and traces[missed.attempt_id].message_ended_at
        dialer.node.carry_out(ForgetTraces(node="pbx", keys=tuple(trace.key for trace in traces.values())))
        await until(lambda: dialer.node.counters["traces_forgotten"] == len(traces), "forgotten", 30)
        assert not [key for key in await asyncio.to_thread(pbx.database) if "unattended/70" in key]


async def test_the_stand_alone_script(pbx: Asterisk, farend: FarEnd) -> None:
    farend.behaves("1002", Behaviour(then=tone(AGENT_HZ)))
    farend.behaves("5560012", Behaviour(then=tone(CUSTOMER_HZ)))
    farend.behaves("5560013", Behaviour(hangs_up_after_s=1.0))
    socket = Path(pbx.folder) / "verdict" / "verdict.sock"
    script = str(Path(pbx.folder) / "agi-bin" / "dialerd-amd.agi")
    async with dialer_on(pbx, agi="script", agi_script=script, verdict_socket=socket) as dialer:
        agent = await dialer.log_in("1002")
        call = dialer.call("5560012", guard_s=8.0)
        dialer.verdicts[call.attempt_id] = ("agent", agent.leg_id)
        dialer.node.carry_out(call)
        await dialer.next(CallBridged)
        await until(lambda: farend.calls_to("5560012")[0].tone_seconds(AGENT_HZ) > 0.5, "the agent is heard")
        dialer.node.carry_out(Hangup(node="pbx", channel_id=call.channel_id))
        await dialer.next(CallEnded)
        leaving = dialer.call("5560013", guard_s=8.0)
        dialer.node.carry_out(leaving)
        await dialer.next(VerdictAsked, attempt_id=leaving.attempt_id)
        await dialer.next(VerdictAbandoned, attempt_id=leaving.attempt_id)


async def test_local_dial_strings(pbx: Asterisk, farend: FarEnd, farend_dialplan: None) -> None:
    farend.behaves("1003", Behaviour(then=tone(AGENT_HZ)))
    farend.behaves("5560014", Behaviour(then=tone(CUSTOMER_HZ)))
    farend.behaves("5560015", rejecting(486))
    async with dialer_on(pbx) as dialer:
        agent = await dialer.log_in("1003")
        call, busy = dialer.call("5560014", trunk="far"), dialer.call("5560015", trunk="far")
        dialer.verdicts[call.attempt_id] = ("agent", agent.leg_id)
        dialer.node.carry_out(call)
        dialer.node.carry_out(busy)
        await dialer.next(CallBridged)
        customer = farend.wait_for_call("5560014")
        await until(lambda: customer.tone_seconds(AGENT_HZ) > 1.0, "the agent is heard")
        assert not [e for e in dialer.events if isinstance(e, CallUnbridged)]  # not optimised away
        farend.hang_up(customer)
        await dialer.next(CallEnded, attempt_id=call.attempt_id)
        assert (await dialer.next(CallEnded, attempt_id=busy.attempt_id)).hangup_cause == 17
        names = dialer.of_attempt(call.attempt_id)
        assert names.count("CallAnswered") == names.count("CallEnded") == names.count("CallUnbridged") == 1


async def test_dialplan_reload_and_a_cut_link_leave_the_talk_alone(pbx: Asterisk, farend: FarEnd) -> None:
    farend.behaves("1004", Behaviour(then=tone(AGENT_HZ)))
    farend.behaves("5560016", Behaviour(then=tone(CUSTOMER_HZ)))
    async with dialer_on(pbx) as dialer:
        agent = await dialer.log_in("1004")
        call = dialer.call("5560016")
        dialer.verdicts[call.attempt_id] = ("agent", agent.leg_id)
        dialer.node.carry_out(call)
        await dialer.next(CallBridged)
        await asyncio.to_thread(pbx.reload_dialplan)
        dialer.events.clear()
        dialer.node._link.drop("cut by the test")
        await dialer.next(PbxLost)
        connected = await dialer.next(PbxConnected)
        seen = {channel.unique_id: channel for channel in connected.channels}
        assert seen[call.channel_id].up and seen[call.channel_id].bridge_id == seen[agent.leg_id].bridge_id != ""
        [customer] = farend.calls_to("5560016")
        before = customer.tone_seconds(AGENT_HZ)
        await until(lambda: customer.tone_seconds(AGENT_HZ) > before + 0.5, "the talk goes on")
        farend.hang_up(customer)
        assert (await dialer.next(CallUnbridged)).by is HungUpBy.CUSTOMER
        await dialer.next(CallEnded)
        assert not [e for e in dialer.events if isinstance(e, CallBridged | CallAnswered | LegUp)]


async def test_a_burst_ends_completely(pbx: Asterisk, farend: FarEnd) -> None:
    farend.behaves("5560020", *[rejecting(486)] * 60)
    farend.behaves("5560021", *[Behaviour()] * 40)
    async with dialer_on(pbx) as dialer:
        calls = [dialer.call("5560020") for _ in range(60)] + [dialer.call("5560021", guard_s=20.0) for _ in range(40)]
        began: dict[int, float] = {}
        took: list[float] = []
        original = dialer.post

        def post(event: PbxEvent) -> None:
            if isinstance(event, VerdictAsked):
                began[event.attempt_id] = time.monotonic()
            elif isinstance(event, CallEnded) and event.attempt_id in began:
                took.append(time.monotonic() - began[event.attempt_id])
            original(event)

        dialer.node._post = post
        for call in calls:
            dialer.verdicts[call.attempt_id] = ("hangup", "")
            dialer.node.carry_out(call)
        for call in calls:
            await dialer.next(CallEnded, 30, attempt_id=call.attempt_id)
        ended = [event.attempt_id for event in dialer.events if isinstance(event, CallEnded)]
        assert sorted(ended) == sorted(call.attempt_id for call in calls)
        assert len(took) == 40 and not [e for e in dialer.events if isinstance(e, OriginateFailed)]
        print(f"verdict to hang-up: median {sorted(took)[20] * 1000:.0f} ms, worst {max(took) * 1000:.0f} ms")
        await until(lambda: len(dialer.node._commands._background) == 0, "no command under way")
        counters = dialer.node.counters
        assert len(dialer.node._book) == 0
        assert not dialer.node._link._manager.protocol.responses  # type: ignore[union-attr]
        assert not counters["handler_errors"] and not counters["answers_late"] and not counters["verdicts_undelivered"]


async def test_wrong_secret_and_hostile_values(pbx: Asterisk, farend: FarEnd) -> None:
    async with dialer_on(pbx) as dialer:
        wicked = 'x"\r\nAction: Command\r\nCommand: core stop now'
        dialer.node.carry_out(dialer.call("5560017", caller_name=wicked))
        dialer.node.carry_out(dialer.call("5560017", message="a,${SHELL(id)}"))
        dialer.node.carry_out(dialer.call("5560017&PJSIP/1001"))
        await until(lambda: len([e for e in dialer.events if isinstance(e, OriginateFailed)]) == 3, "refused")
        assert pbx.running() and not farend.calls_to("5560017")
    wrong = Dialer()
    settings = NodeSettings(name="pbx", port=pbx.ports.ami, secret="wrong", agi_listen_port=0, verdict_socket=None)
    wrong.node = AsteriskNode(settings, {}, wrong.post)
    await wrong.node.start()
    assert "Authentication failed" in (await wrong.next(PbxLost)).reason
    await wrong.node.stop()


async def test_restart_of_asterisk(pbx: Asterisk, farend: FarEnd) -> None:
    """Keep it the last: it ends every call."""
    farend.behaves("1005", Behaviour())
    async with dialer_on(pbx) as dialer:
        agent = await dialer.log_in("1005")
        dialer.events.clear()
        await asyncio.to_thread(pbx.restart)
        assert "shutting down" in (await dialer.next(PbxLost)).reason
        assert (await dialer.next(LegEnded)).leg_id == agent.leg_id
        connected = await dialer.next(PbxConnected, 60)
        assert connected.channels == ()
        assert len([e for e in dialer.events if isinstance(e, PbxLost)]) == 1


@pytest.fixture
def farend_dialplan(pbx: Asterisk) -> None:
    """A context that dials the far end, for Local dial strings."""
    for step in ("1,Dial,PJSIP/${EXTEN}@trunk", "2,Hangup,${HANGUPCAUSE}"):
        done = pbx.cli(f"dialplan add extension _X.,{step} into test-far")
        assert "test-far" in done, done
