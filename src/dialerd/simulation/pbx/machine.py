"""Owns what a machine gets: the dialplan's context dialerd-machine played out. Knows neither verdicts nor the hang-up.

It plays the dialplan on its own, without dialerd's detector: the end of a greeting is found by silence.
"""

from __future__ import annotations

from dialerd.simulation.pbx.channels import Channel
from dialerd.simulation.pbx.switch import Switch
from dialerd.simulation.truth import CallTruth
from dialerd.simulation.world import CallFate

SILENCE_S = 2.0  # what WaitForSilence waits for
DEFAULT_WAIT_S = 45


class MachineTreatment:
    """One answered machine, from the verdict on. Every method returns when the dialplan would hang up."""

    def __init__(self, switch: Switch, channel: Channel, fate: CallFate, truth: CallTruth, answered_at: float) -> None:
        """`answered_at`: the switch's monotonic second of the answer."""
        self._switch, self._channel, self._fate, self._truth = switch, channel, fate, truth
        self._answered_at = answered_at

    async def run(self, verdict: str) -> None:
        """Do what a verdict about a machine says; raise HungUp when the machine ends the call before."""
        self._channel.context, self._channel.exten = "dialerd-machine", verdict
        if verdict == "voicemail" and await self._leave_message():
            return
        if verdict == "transfer" and await self._transfer():
            return
        await self._hold_the_line()

    async def _hold_the_line(self) -> None:
        shortest_s = _number(self._channel.variables.get("DLR_MACHINE_MS", "")) / 1000
        await self._channel.sleep(self._answered_at + shortest_s - self._switch.now())

    async def _leave_message(self) -> bool:
        """Wait and play; False when the message could not be left."""
        switch, channel = self._switch, self._channel
        if not channel.variables.get("DLR_VOICEMAIL"):
            self._tell("failed", "playback")
            return False
        longest_s = _number(channel.variables.get("DLR_VOICEMAIL_S", "")) or DEFAULT_WAIT_S
        channel.application = "WaitForSilence"
        now = switch.now()
        spoken_s = max(0.0, self._answered_at + switch.pace.real(self._fate.greeting_s) - now)
        silent_s = spoken_s + switch.pace.real(SILENCE_S)
        await channel.sleep(min(silent_s, longest_s))
        if silent_s > longest_s:
            self._tell("failed", "greeting")
            return False
        channel.application = "Playback"
        self._truth.voicemail_started_at = switch.pace.wall()
        self._tell("start", "silence")
        listens_s = self._fate.listens_s if self._fate.is_person else float("inf")
        if listens_s < switch.scenario.voicemail_s:
            await channel.sleep(switch.pace.real(listens_s))
            channel.hang_up("customer", 0)
        await channel.sleep(switch.pace.real(switch.scenario.voicemail_s))
        self._truth.voicemail_ended_at = switch.pace.wall()
        self._tell("end", "")
        return True

    async def _transfer(self) -> bool:
        """Into the operator's own dialplan, where the call lasts until the machine ends it; False: no such place."""
        extension = self._channel.variables.get("DLR_MACHINE_TO", "")
        if not extension or extension in self._switch.unknown_extensions:
            self._tell("failed", "extension")
            return False
        self._channel.context, self._channel.exten = "dialerd-transfer", extension
        self._truth.transferred_to = extension
        await self._channel.sleep(self._switch.transfer_s)
        return True

    def _tell(self, stage: str, detail: str) -> None:
        headers = [("Attempt", self._truth.attempt), ("Stage", stage), ("Detail", detail)]
        self._switch.user_event(self._channel, "DialerdMachine", headers)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0
