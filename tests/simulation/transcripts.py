"""Reads the recorded AMI conversations of tests/fixtures/ami and says what a world must be like to repeat them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from dialerd.simulation.scenario import Outcome
from dialerd.simulation.world import CallFate

Message = list[tuple[str, str]]
FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "ami"
NEVER_S = 3600.0


def value(message: Message, name: str) -> str:
    return next((text for key, text in message if key == name), "")


@dataclass
class Call:
    """What one customer call of a recording tells about the called party and about the verdict."""

    number: str
    fate: CallFate
    verdicts: list[dict[str, str]] = field(default_factory=list)
    agi: str = "answers"  # answers | refuses | silent


@dataclass
class Recording:
    """A conversation: (direction, message) in order."""

    steps: list[tuple[str, Message]]

    @property
    def actions(self) -> list[Message]:
        return [message for side, message in self.steps if side == "client"]

    @property
    def heard(self) -> list[Message]:
        return [message for side, message in self.steps if side == "server"]

    def events(self, unique_id: str) -> list[Message]:
        return [m for m in self.heard if unique_id in (value(m, "Uniqueid"), value(m, "DestUniqueid"))]

    def originates(self, context: str) -> list[Message]:
        return [a for a in self.actions if value(a, "Action") == "Originate" and value(a, "Context") == context]

    def calls(self) -> dict[str, Call]:
        """Customer calls by channel id."""
        return {value(a, "ChannelId"): self._call(a) for a in self.originates("dialerd-outbound")}

    def inbound(self) -> list[tuple[str, bool]]:
        """Callbacks in the recording: (number, opts out)."""
        numbers = [value(m, "Number") for m in self.heard if value(m, "UserEvent") == "DialerdInbound"]
        out = {value(m, "Number") for m in self.heard if value(m, "Source") == "callback"}
        return [(number, number in out) for number in numbers]

    def _call(self, action: Message) -> Call:
        channel_id = value(action, "ChannelId")
        events = self.events(channel_id)
        number = value(action, "Channel").partition("/")[2].partition("@")[0]
        response = next((m for m in events if value(m, "Event") == "OriginateResponse"), [])
        rings = 0.01 if any(value(m, "DialStatus") == "RINGING" for m in events) else None
        hangup = next((m for m in events if value(m, "Event") == "Hangup"), [])
        if value(response, "Response") != "Success":
            unanswered = CallFate(
                outcome=Outcome.NO_ANSWER,
                ring_after_s=rings,
                refused_after_s=0.02 if value(hangup, "TechCause") and value(response, "Reason") == "0" else None,
                hangup_cause=int(value(hangup, "Cause") or 0),
                sip_cause=int(value(hangup, "TechCause") or 0),
            )
            return Call(number, unanswered)
        told = [text.partition("=") for name, text in action if name == "Variable"]
        call = self._answered_call(number, channel_id, rings, events)
        if machine := machine_verdict({name: text for name, _, text in told}, events):
            endless = any(value(m, "Detail") == "greeting" for m in events)
            call.fate = replace(call.fate, greeting_s=NEVER_S if endless else 0.1)
            call.verdicts = [{"DLR_ATTENDED": "1", "DLR_VERDICT": machine}]
        return call

    def _answered_call(self, number: str, channel_id: str, rings: float | None, events: list[Message]) -> Call:
        status = next((value(m, "Value") for m in events if value(m, "Variable") == "AMDSTATUS"), "")
        cause = next((value(m, "Value") for m in events if value(m, "Variable") == "AMDCAUSE"), "")
        unattended = next((m for m in events if value(m, "UserEvent") == "DialerdUnattended"), [])
        started = any(value(m, "Stage") == "start" and value(m, "UserEvent") == "DialerdMessage" for m in events)
        ended = any(value(m, "Stage") == "end" for m in events)
        opts_out = any(value(m, "UserEvent") == "DialerdOptOut" for m in events)
        bridged = any(value(m, "BridgeType") == "basic" for m in events)
        reason = value(unattended, "Reason")
        impatient = reason == "hangup" or not (bridged or started or status)
        fate = CallFate(
            outcome=Outcome.PERSON,
            ring_after_s=rings,
            answer_after_s=0.02,
            amd_status=status,
            amd_cause=cause,
            amd_delay_s=NEVER_S if status == "HANGUP" else 0.01,
            patience_s=0.2 if impatient else NEVER_S,
            talk_s=NEVER_S if self._ended_by_client(channel_id) else 0.05,
            customer_ends=not any(value(m, "Event") == "DTMFEnd" for m in self.heard),
            listens_s=NEVER_S if ended else 0.01,
            opts_out=opts_out,
        )
        call = Call(number, fate)
        if reason == "refused":
            call.agi = "refuses"
        elif reason in ("timeout", "amd", "hangup") or impatient:
            call.agi = "attends" if impatient and not reason else "silent"
        elif bridged:
            leg = self._leg_of(channel_id)
            call.verdicts = [{"DLR_ATTENDED": "1", "DLR_AGENT_LEG": leg, "DLR_VERDICT": "agent"}]
        else:
            call.verdicts = [{"DLR_ATTENDED": "1", "DLR_VERDICT": "abandon" if started else "machine"}]
        return call

    def _ended_by_client(self, channel_id: str) -> bool:
        return any(value(a, "Action") == "Hangup" and value(a, "Channel") == channel_id for a in self.actions)

    def _leg_of(self, channel_id: str) -> str:
        enter = [m for m in self.heard if value(m, "Event") == "BridgeEnter" and value(m, "BridgeType") == "basic"]
        mine = next(value(m, "BridgeUniqueid") for m in enter if value(m, "Uniqueid") == channel_id)
        return next(
            value(m, "Uniqueid")
            for m in enter
            if value(m, "BridgeUniqueid") == mine and value(m, "Uniqueid") != channel_id
        )

    def lost_leg(self) -> str:
        """The agent whose phone hangs up during the recording; empty if none does."""
        dead = [value(m, "Uniqueid") for m in self.heard if value(m, "Event") == "Hangup" and m]
        stopped = any(value(m, "Event") == "Shutdown" for m in self.heard)
        known = {value(a, "ChannelId") for a in self.originates("dialerd-agent")}
        up = {value(m, "Uniqueid") for m in self.heard if value(m, "Event") == "BridgeEnter"}
        return next((leg for leg in dead if leg in known & up and not stopped), "")


def machine_verdict(variables: dict[str, str], events: list[Message]) -> str:
    """The verdict that a machine got, where it was not simply hung up on; empty otherwise."""
    if "DLR_MACHINE_TO" in variables:
        return "transfer"
    told = any(value(m, "UserEvent") == "DialerdMachine" for m in events)
    return "voicemail" if told or "DLR_VOICEMAIL" in variables else ""


def read(path: Path) -> Recording:
    """Parse one transcript: blocks of a line `--- <seconds> <client|server> <bytes>`, that many bytes, a newline."""
    data, position = path.read_bytes(), 0
    steps: list[tuple[str, Message]] = []
    pending = {"client": b"", "server": b""}
    while head := re.compile(rb"--- [0-9.]+ (client|server) (\d+)\n").search(data, position):
        side = head[1].decode()
        position = head.end() + int(head[2])
        *whole, pending[side] = (pending[side] + data[head.end() : position]).split(b"\r\n\r\n")
        for text in whole:
            lines = [x for x in text.decode().split("\r\n") if x and not x.startswith("Asterisk Call Manager")]
            pairs = (line.partition(":") for line in lines)
            steps.append((side, [(name, rest.removeprefix(" ")) for name, _, rest in pairs]))
    return Recording(steps)
