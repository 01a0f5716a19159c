"""Owns a customer's call: the dialplan of docs/asterisk-contract.md (dialerd-outbound and what follows it) played out.

Knows nothing of AMI sessions; the fate of the call comes in.
"""

from __future__ import annotations

import asyncio

from dialerd.core.machine_messages import MACHINE_VERDICTS
from dialerd.simulation.pbx.agent_leg import talk_with
from dialerd.simulation.pbx.channels import HOLDING, Channel, HungUp
from dialerd.simulation.pbx.dialing import FarEnd, OriginateOrder, dial
from dialerd.simulation.pbx.fastagi import run_agi
from dialerd.simulation.pbx.machine import MachineTreatment
from dialerd.simulation.pbx.switch import Switch
from dialerd.simulation.truth import CallTruth
from dialerd.simulation.world import CallFate

MAX_ASKED = 3
CAUSE_UNBRIDGED = 0  # recorded: a called party who hangs up outside a bridge leaves no cause
THANK_YOU_S = 1.0
KEY_WAIT_S = 3.0


class GuardExpired(Exception):
    """TIMEOUT(absolute) struck."""


class CustomerCall:
    """One originated customer call, from dialling to Hangup."""

    def __init__(self, switch: Switch, channel: Channel, order: OriginateOrder, number: str, fate: CallFate) -> None:
        """Given the announced channel, its order and its fate, be ready to run."""
        self._switch, self._channel, self._order, self._fate = switch, channel, order, fate
        self._variables = channel.variables
        self._guard_at: float | None = None
        self._impatience: asyncio.TimerHandle | None = None
        self._answered_epoch = 0
        self._answered_at = 0.0
        self.truth = CallTruth(
            attempt=self._variables.get("DLR_ATTEMPT", ""),
            channel_id=channel.unique_id,
            number=number,
            outcome=fate.outcome.value,
            dialed_at=switch.pace.wall(),
        )

    async def run(self) -> None:
        """Play the whole call."""
        fate, switch = self._fate, self._switch
        far_end = FarEnd(
            ring_after_s=fate.ring_after_s,
            answer_after_s=fate.answer_after_s,
            refused_after_s=fate.refused_after_s,
            hangup_cause=fate.hangup_cause,
            sip_cause=fate.sip_cause,
        )
        try:
            if await dial(switch, self._channel, self._order, far_end, self._note_ringing):
                await self._answered()
        except HungUp:
            pass
        finally:
            self._be_patient()
            switch.remove_channel(self._channel)
            self._note_end()

    def _note_ringing(self) -> None:
        self.truth.ringing_at = self._switch.pace.wall()

    def _note_end(self) -> None:
        truth, channel = self.truth, self._channel
        truth.ended_at = self._switch.pace.wall()
        truth.ended_by = channel.ended.result() if channel.ended.done() else "simulation_stopped"
        truth.hangup_cause, truth.sip_cause = channel.cause, channel.tech_cause
        self._switch.truth.add(truth)

    # ------------------------------------------------------------------------------ dialerd-outbound

    async def _answered(self) -> None:
        switch, fate = self._switch, self._fate
        self.truth.answered_at = switch.pace.wall()
        self._answered_epoch, self._answered_at = switch.epoch(), switch.now()
        patience = fate.patience_s if fate.is_person else switch.pace.real(fate.patience_s)
        self._impatience = asyncio.get_running_loop().call_later(
            patience, self._channel.hang_up, "customer", CAUSE_UNBRIDGED
        )
        self._variables["DLR_VERDICT"] = ""
        self._variables["AGIEXITONHANGUP"] = "yes"
        try:
            await self._outbound()
        except HungUp:
            self._hung_up_while_waiting()
            raise

    async def _outbound(self) -> None:
        from_verdict = self._variables.get("DLR_GUARD_FROM") == "verdict"
        reason = "empty"
        try:
            if not from_verdict:
                self._start_guard()
            if self._variables.get("DLR_AMD"):
                await self._detect()
            if from_verdict:
                self._start_guard()
            for _ in range(MAX_ASKED):
                if await self._ask() == "FAILURE":
                    reason = "refused"
                again = await self._branch(reason)
                if not again or (self._guard_at is not None and self._guard_at - self._switch.now() < 0.05):
                    break
                self._variables["DLR_VERDICT"] = ""
        except GuardExpired:
            reason = "timeout" if self.truth.asked_at else "amd"
            if self._variables["DLR_VERDICT"] and not await self._branch(reason):
                return
        await self._unattended(reason)

    def _start_guard(self) -> None:
        try:
            seconds = float(self._variables.get("DLR_GUARD_S", ""))
        except ValueError:
            seconds = 1.9
        self._guard_at = self._switch.now() + seconds

    def _guard_left(self) -> float | None:
        return None if self._guard_at is None else max(0.0, self._guard_at - self._switch.now())

    async def _detect(self) -> None:
        """AMD(): its result is there when it is done, or HANGUP when the called party is gone before."""
        delay = self._switch.pace.real(self._fate.amd_delay_s)
        left = self._guard_left()
        self._channel.application = "AMD"
        try:
            await self._channel.sleep(delay if left is None else min(delay, left))
        except HungUp:
            self._set_amd("HANGUP", "")
            raise
        if left is not None and left < delay:
            self._set_amd("HANGUP", "")  # AMD() takes the guard for a hang-up
            raise GuardExpired
        self._set_amd(self._fate.amd_status, self._fate.amd_cause)

    def _set_amd(self, status: str, cause: str) -> None:
        self.truth.amd_status = status
        self._switch.set_variable(self._channel, "AMDSTATUS", status)
        self._switch.set_variable(self._channel, "AMDCAUSE", cause)

    async def _ask(self) -> str:
        """AGI(): return AGISTATUS. Raise HungUp or GuardExpired when one of them ended it."""
        variables, channel = self._variables, self._channel
        self.truth.asked_at = self._switch.pace.wall()
        channel.application = "AGI"
        arguments = (variables.get("DLR_ATTEMPT", ""), variables.get("DLR_TOKEN", ""))

        def set_variable(name: str, value: str) -> None:
            self._switch.set_variable(channel, name, value)

        status = await run_agi(variables.get("DLR_AGI", ""), channel, arguments, self._guard_left(), set_variable)
        await channel.sleep(0)
        if status == "HANGUP":
            raise GuardExpired
        return status

    async def _branch(self, reason: str) -> bool:
        """Do what the verdict says; return True when the AGI is to be asked again."""
        verdict = self._variables.get("DLR_VERDICT", "")
        self.truth.verdict = verdict or self.truth.verdict
        guard, self._guard_at = self._guard_at, None
        if verdict == "agent":
            if await self._connect():
                await self._end("dialplan")
            self._guard_at = guard
            return True
        if verdict in MACHINE_VERDICTS.values():
            await self._machine(verdict)
        if verdict == "hangup":
            await self._end("dialer")
        if verdict == "abandon":
            await self._message(None)
        else:
            await self._unattended(reason)
        return False

    def _hung_up_while_waiting(self) -> None:
        """The h extension: leave a trace unless dialerd has seen the call."""
        variables, switch = self._variables, self._switch
        known = variables.get("DLR_VERDICT") or variables.get("DLR_ATTENDED")
        if known or self._channel.context != "dialerd-outbound":
            return
        self._trace("", "", "hangup")
        self.truth.unattended = "hangup"
        headers = [("Attempt", self.truth.attempt), ("Token", variables.get("DLR_TOKEN", "")), ("Reason", "hangup")]
        switch.user_event(self._channel, "DialerdUnattended", headers)

    # ------------------------------------------------------------------------------ dialerd-connect

    async def _connect(self) -> bool:
        """Bridge(leg,h): False when the leg is not there to be bridged (BRIDGERESULT is not SUCCESS)."""
        leg = self._switch.channels.get(self._variables.get("DLR_AGENT_LEG", ""))
        free = leg is not None and leg.bridge is not None and leg.bridge.kind == HOLDING and not leg.ended.done()
        if leg is None or not free:
            self._variables["BRIDGERESULT"] = "NONEXISTENT"
            return False
        self._be_patient()
        self.truth.bridged_at = self._switch.pace.wall()
        self.truth.agent, self.truth.agent_leg = leg.variables.get("DLR_AGENT", ""), leg.unique_id
        self._channel.context, self._channel.application = "dialerd-connect", "Bridge"
        await talk_with(self._switch, self._channel, leg, self._fate.talk_s, self._fate.customer_ends)
        return True

    # ------------------------------------------------------------------------------ dialerd-machine

    async def _machine(self, verdict: str) -> None:
        """What a machine gets. A person who was taken for one is as patient in silence as ever."""
        truth = self.truth
        treatment = MachineTreatment(self._switch, self._channel, self._fate, truth, self._answered_at)
        await treatment.run(verdict)
        await self._end("dialplan" if truth.voicemail_started_at or truth.transferred_to else "dialer")

    # ------------------------------------------------------------------------------ dialerd-abandon, -unattended

    async def _unattended(self, reason: str) -> None:
        self._channel.context = "dialerd-unattended"
        self._guard_at = None
        self.truth.unattended = reason
        started = str(self._switch.epoch())
        self._trace(started, "", reason)
        headers = [("Attempt", self.truth.attempt), ("Token", self._variables.get("DLR_TOKEN", "")), ("Reason", reason)]
        self._switch.user_event(self._channel, "DialerdUnattended", headers)
        await self._message((started, reason))

    def _trace(self, started: str, ended: str, reason: str) -> None:
        value = f"{self._variables.get('DLR_TOKEN', '')}|{self._answered_epoch}|{started}|{ended}|{reason}"
        self._switch.database[f"/dialerd/unattended/{self.truth.attempt}"] = value

    async def _message(self, trace: tuple[str, str] | None) -> None:
        """Play the abandon message, wait for the opt-out key, hang up; `trace` is completed when it was heard."""
        switch, fate = self._switch, self._fate
        self._channel.context = "dialerd-abandon" if trace is None else "dialerd-unattended"
        self._channel.application = "BackGround"
        self._be_patient()
        self.truth.message_started_at = switch.pace.wall()
        self._message_event("start")
        if self._variables.get("DLR_MESSAGE"):
            length = switch.scenario.message_s
            if fate.listens_s < length:
                await self._channel.sleep(switch.pace.real(fate.listens_s))
                await self._opt_out()
                await self._end("customer", CAUSE_UNBRIDGED)
            await self._channel.sleep(switch.pace.real(length))
            self.truth.message_ended_at = switch.pace.wall()
            if trace is not None:
                self._trace(trace[0], str(switch.epoch()), trace[1])
            self._message_event("end")
        if self._variables.get("DLR_OPTOUT"):
            await self._channel.sleep(switch.pace.real(KEY_WAIT_S / 2 if fate.opts_out else KEY_WAIT_S))
            await self._opt_out()
        await self._end("dialplan")

    def _message_event(self, stage: str) -> None:
        headers = [("Attempt", self.truth.attempt), ("Stage", stage)]
        self._switch.user_event(self._channel, "DialerdMessage", headers)

    async def _opt_out(self) -> None:
        """The key, if this person presses it and it is on: committed, announced, confirmed, hung up."""
        switch, attempt = self._switch, self.truth.attempt
        if not (self._fate.opts_out and attempt and self._variables.get("DLR_OPTOUT")):
            return
        self.truth.opted_out = True
        self._channel.context = "dialerd-optout"
        switch.database[f"/dialerd/optout/a{attempt}"] = f"{switch.epoch()}|abandon|{attempt}"
        headers = [("Number", ""), ("Attempt", attempt), ("Source", "abandon")]
        switch.user_event(self._channel, "DialerdOptOut", headers)
        await self._channel.sleep(switch.pace.real(THANK_YOU_S))
        await self._end("dialplan")

    def _be_patient(self) -> None:
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None

    async def _end(self, by: str, cause: int = 16) -> None:
        """Hangup(): never returns, raises HungUp."""
        self._channel.hang_up(by, cause)
        await self._channel.sleep(0)
