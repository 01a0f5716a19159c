"""Holds the simulated PBX to the recordings of a real Asterisk 22 in tests/fixtures/ami: every file there is replayed.

The client's actions are sent as they were, to a world derived from the recording itself. For each channel role
(customer, agent, caller back), for OriginateResponse and for the answers to actions the same messages must come in
the same order, with the same headers in the same order and the same values wherever dialerd reads them. When this
fails after a new recording, adapt the PBX, never the recording.

Deliberately not simulated:
- the action Status, PlayDTMF, Redirect, ChanSpy and MixMonitor; applications in Originate; a process AGI script
  (DLR_AGI as a path counts as refused); CEL and CDR; AMI over TLS or HTTP;
- the sound that dialerd's detector hears (AudioSocket): the end of a greeting is found by silence;
- second halves of Local trunks (`…-b`): a Local/ trunk is one channel;
- dialplan priorities, Newexten, AGIExec, RTCP and every VarSet but those of AGI and AMD; NewConnectedLine and the
  ConnectedLine values; BridgeCreate/BridgeDestroy; MusicOnHold;
- where OriginateResponse falls among the other events of its channel: in Asterisk two threads race for it, and the
  recordings show either order;
- what DialState says of the channel's state (0 or 5: again a race), unique ids of bridges, channel numbers, times;
- ringing before a refusal (the recorded carriers refuse at once), early media (DialState PROGRESS).
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from dialerd.simulation.pbx import SimulatedPbx
from dialerd.simulation.pbx.session import DIALERD_FILTERS
from dialerd.simulation.scenario import Scenario

from .conftest import QUICK, AmiClient, Script, verdicts
from .transcripts import FOLDER, Call, Message, Recording, read, value

NOT_SIMULATED = {"Status"}
SHORTER = {"DLR_MACHINE_MS": "200", "DLR_VOICEMAIL_S": "1"}
FILES = sorted(FOLDER.glob("*.txt"))
COMPARED = (
    "Event", "Response", "Message", "DialStatus", "Reason", "Cause", "Cause-txt", "TechCause", "BridgeType",
    "BridgeTechnology", "BridgeCreator", "BridgeName", "BridgeNumChannels", "UserEvent", "Stage", "Attempt", "Token",
    "Detail", "Source", "Number", "Variable", "Value", "Digit", "Direction", "Privilege", "Uniqueid", "DestUniqueid",
    "Linkedid",
    "EventList", "ListItems", "Key", "Shutdown", "Restart", "Ping", "CallerIDNum", "ChannelStateDesc", "Application",
)  # fmt: skip


def role(message: Message) -> str:
    """Whose story a message belongs to."""
    event = value(message, "Event")
    if event in ("OriginateResponse",):
        return f"originate {value(message, 'ActionID')}"
    if not event or value(message, "ActionID"):
        return f"action {value(message, 'ActionID')}"
    return value(message, "Uniqueid") or value(message, "DestUniqueid") or "system"


def essence(message: Message) -> str:
    """Header names in order, and the values that dialerd relies on. Asterisk's own unique ids (1795377178.32) vary."""
    asterisks_own = re.compile(r"\d+\.\d+$")
    kept = tuple((k, asterisks_own.sub("<id>", v)) for k, v in message if k in COMPARED)
    return f"{', '.join(f'{k}={v}' for k, v in kept)} | {' '.join(name for name, _ in message)}"


def stories(messages: list[Message]) -> dict[str, list[str]]:
    told: dict[str, list[str]] = defaultdict(list)
    for message in messages:
        whose = re.sub(r"^\d+\.\d+$", "<id>", role(message))
        told[whose].append(essence(message))
    # Asterisk lists channels in the order of a hash table.
    return {whose: sorted(story) if "CoreShowChannel" in "".join(story) else story for whose, story in told.items()}


async def answer(calls: dict[str, Call], known: dict[str, str]) -> dict[str, str]:
    """The verdict that the recorded FastAGI server gave."""
    call = calls[known["agi_uniqueid"]]
    if call.verdicts:
        return call.verdicts.pop(0) if len(call.verdicts) > 1 else call.verdicts[0]
    await asyncio.sleep(30)
    return {}


def with_agi(action: Message, calls: dict[str, Call], port: int) -> Message:
    """The action with the FastAGI port of this test (or one that refuses), and short guards."""
    call = calls.get(value(action, "ChannelId"))
    changed = []
    for name, text in action:
        if text.startswith("DLR_AGI=") and call is not None:
            text = f"DLR_AGI=agi://127.0.0.1:{1 if call.agi == 'refuses' else port}/verdict"
        elif text.startswith("DLR_GUARD_S=") and call is not None and call.agi == "silent":
            text = "DLR_GUARD_S=0.4"
        elif text.startswith(("DLR_MACHINE_MS=", "DLR_VOICEMAIL_S=")):
            text = f"{text.partition('=')[0]}={SHORTER[text.partition('=')[0]]}"
        elif name == "Timeout":
            text = "500"
        changed.append((name, text))
    return changed


class Replay:
    """Sends a recording's actions to the simulated PBX, each once everything recorded before it has been heard."""

    def __init__(self, recording: Recording, pbx: SimulatedPbx, client: AmiClient, calls: dict[str, Call]) -> None:
        self.recording, self.pbx, self.client, self.calls = recording, pbx, client, calls
        self.heard: list[Message] = []
        self.inbound = recording.inbound()
        # A phone that hangs up does so once everybody is in the last bridge.
        self.lost = recording.lost_leg()
        enters = [i for i, m in enumerate(recording.heard) if value(m, "Event") == "BridgeEnter"]
        self.lost_at = enters[-1] + 1 if enters else 0

    async def run(self, agi_port: int) -> None:
        skipped = {value(a, "ActionID") for a in self.recording.actions if value(a, "Action") in NOT_SIMULATED}
        expected: list[Message] = []
        for side, message in self.recording.steps:
            if value(message, "ActionID") in skipped:
                continue
            if side == "server":
                expected.append(message)
                if value(message, "UserEvent") == "DialerdInbound":
                    await self._hear(expected[:-1])
                    self.pbx.call_in(self.inbound[0][0], opts_out=self.inbound.pop(0)[1])
                if value(message, "Event") == "Shutdown":
                    await self._hear(expected[: self.lost_at])  # stopping hangs up first, then says Shutdown
                    stopping = asyncio.ensure_future(self.pbx.stop())
                    await self._hear(expected)
                    await stopping
            elif value(message, "Action") != "Login" or not self.client.banner:
                await self._hear(expected)
                self.client.send(with_agi(message, self.calls, agi_port))
            else:
                self.client.send(message)
        await self._hear(expected)

    async def _hear(self, expected: list[Message]) -> None:
        """Read until as many messages have come as were recorded; the comparison is made afterwards."""
        while len(self.heard) < len(expected):
            if self.lost and len(self.heard) == self.lost_at:
                assert self.pbx.lose_agent_leg(int(self.lost.split("-")[1]))
            self.heard.append(await self.client.read())


def world_for(recording: Recording) -> tuple[dict[str, Call], Script]:
    calls = recording.calls()
    return calls, Script({call.number: call.fate for call in calls.values()})


def scenario_for(recording: Recording) -> Scenario:
    """Agents' phones that are busy when the recorded ones were."""
    legs = {value(a, "ActionID") for a in recording.originates("dialerd-agent")}
    refused = any(value(m, "Response") == "Failure" and value(m, "ActionID") in legs for m in recording.heard)
    return replace(QUICK, agents=replace(QUICK.agents, phone_busy_share=1.0)) if refused else QUICK


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
async def test_replay(path: Path) -> None:
    recording = read(path)
    calls, world = world_for(recording)
    pbx = SimulatedPbx(
        scenario=scenario_for(recording), world=world, secret="test-secret", filters=DIALERD_FILTERS, speed=5.0,
        unknown_endpoints=frozenset({"nosuch"}), unknown_extensions=frozenset({"701"}),
    )  # fmt: skip
    pbx.switch.transfer_s = 0.05
    await pbx.start()
    client = await AmiClient.connect(pbx.ami_port)
    try:
        async with verdicts(lambda known: answer(calls, known)) as agi:
            agi.attends = lambda known: calls[known["agi_uniqueid"]].agi == "attends"
            replay = Replay(recording, pbx, client, calls)
            await replay.run(agi.port)
            wanted = [m for m in recording.heard if _simulated(recording, m)]
            real, simulated = stories(wanted), stories(replay.heard)
            assert simulated.keys() == real.keys()
            for whose, story in real.items():
                assert "\n".join(simulated[whose]) == "\n".join(story), whose
    finally:
        await client.close()
        await pbx.stop()
    assert pbx.switch.failures == []


def _simulated(recording: Recording, message: Message) -> bool:
    asked = {value(a, "ActionID"): value(a, "Action") for a in recording.actions}
    return asked.get(value(message, "ActionID"), "") not in NOT_SIMULATED


def test_there_are_recordings() -> None:
    assert FILES, "tests/fixtures/ami is empty: the simulated PBX would be held to nothing"
