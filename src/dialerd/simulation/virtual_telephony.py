"""Owns the virtual telephone side: what Asterisk, its dialplan and the called parties do, in virtual time.

It plays docs/asterisk-contract.md on the level of core events; knows nothing of AMI, of the store or of the dialer.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from dialerd.core.call import HungUpBy
from dialerd.core.campaign import MeasuredFrom
from dialerd.core.machine_messages import MACHINE_VERDICTS, AmdCutOff
from dialerd.core.messages import (
    CallAnswered,
    CallBridged,
    CallEnded,
    CallRinging,
    CallUnbridged,
    Hangup,
    LegEnded,
    LegUp,
    MessageEnded,
    MessageStarted,
    OptOutTrace,
    Originate,
    PbxEvent,
    RingAgent,
    SendVerdict,
    UnattendedTrace,
    VerdictAbandoned,
    VerdictAsked,
)
from dialerd.core.traces import AMD_TOO_SLOW
from dialerd.simulation.agenda import Agenda, Appointment
from dialerd.simulation.agents import AgentModel
from dialerd.simulation.truth import CallTruth, TruthLog
from dialerd.simulation.virtual_calls import VirtualCall, VirtualLeg
from dialerd.simulation.virtual_machines import VirtualMachines
from dialerd.simulation.world import FateSource

LATENCY_S = 0.002  # an action or event between dialerd and Asterisk
BRIDGE_S = 0.002
MAX_ASKED = 3
KEY_WAIT_S = 3.0


class VirtualTelephony:
    """One trunk with endless lines and every agent's phone. Events go to `post` in order."""

    def __init__(
        self,
        world: FateSource,
        agents: AgentModel,
        agenda: Agenda,
        post: Callable[[PbxEvent], None],
        *,
        message_s: float = 12.0,
        voicemail_s: float = 20.0,
    ) -> None:
        """`post` takes each event as it reaches dialerd; `message_s` is the length of the abandon message.

        `voicemail_s` is that of the file for machines.
        """
        self._world, self._agents, self._agenda, self._post = world, agents, agenda, post
        self._message_s = message_s
        self._machines = VirtualMachines(agenda, post, self._later, self._calm, self._end, voicemail_s=voicemail_s)
        self._calls: dict[str, VirtualCall] = {}
        self._lines: Counter[str] = Counter()  # calls that are up, by number
        self._requests: dict[int, VirtualCall] = {}
        self._legs: dict[str, VirtualLeg] = {}
        self._request_ids = itertools.count(1)
        self._attempts: dict[str, int] = {}
        self._rings: dict[int, int] = {}
        self.truth = TruthLog()
        self.dialed_twice: list[str] = []  # numbers that were dialled while another call to them was up

    # ------------------------------------------------------------------------------ commands

    def originate(self, order: Originate) -> None:
        """Place a call."""
        number = order.number
        if number in self._lines:
            self.dialed_twice.append(number)
        self._lines[number] += 1
        attempt_number = self._attempts[number] = self._attempts.get(number, 0) + 1
        fate = self._world.fate(number, attempt_number, self._agenda.elapsed_s())
        truth = CallTruth(
            attempt=str(order.attempt_id),
            channel_id=order.channel_id,
            number=number,
            outcome=fate.outcome.value,
            dialed_at=self._epoch(),
        )
        call = self._calls[order.channel_id] = VirtualCall(order, fate, truth)
        limit = order.ring_timeout_s
        if fate.ring_after_s is not None and fate.ring_after_s < limit:
            self._later(call, fate.ring_after_s, lambda: self._ringing(call))
        if fate.answer_after_s is not None and fate.answer_after_s < limit:
            self._later(call, fate.answer_after_s, lambda: self._answered(call))
        elif fate.refused_after_s is not None and fate.refused_after_s < limit:
            self._later(
                call, fate.refused_after_s, lambda: self._end(call, "network", fate.hangup_cause, fate.sip_cause)
            )
        else:
            self._later(call, limit, lambda: self._end(call, "timeout", 19, 480))

    def ring_agent(self, order: RingAgent) -> None:
        """Ring an agent's phone."""
        ring_number = self._rings[order.agent_id] = self._rings.get(order.agent_id, 0) + 1
        phone = self._agents.phone(order.agent_id, ring_number)
        leg = self._legs[order.leg_id] = VirtualLeg(order)
        if phone.busy:
            leg.appointment = self._agenda.after(LATENCY_S, lambda: self._end_leg(leg, 17, 486))
        elif phone.answer_after_s is not None and phone.answer_after_s < order.ring_timeout_s:
            leg.appointment = self._agenda.after(phone.answer_after_s, lambda: self._leg_up(leg))
        else:
            leg.appointment = self._agenda.after(order.ring_timeout_s, lambda: self._end_leg(leg, 19, 480))

    def hang_up(self, command: Hangup) -> None:
        """End one channel; nothing happens when there is none of this id."""
        call, leg = self._calls.get(command.channel_id), self._legs.get(command.channel_id)
        if call is not None:
            self._agenda.after(LATENCY_S, lambda: self._end(call, "dialer", 16, None))
        elif leg is not None:
            self._agenda.after(LATENCY_S, lambda: self._end_leg(leg, 16, None))

    def send_verdict(self, command: SendVerdict) -> None:
        """The AGI gets its answer; too late is too late."""
        call = self._requests.pop(command.request_id, None)
        if call is not None and not call.over:
            call.request_id = None
            self._later(call, LATENCY_S, lambda: self._branch(call, command))

    def lose_leg(self, agent_id: int) -> bool:
        """An agent's phone goes away; False when the agent has no leg."""
        for leg in list(self._legs.values()):
            if leg.order.agent_id == agent_id:
                self._end_leg(leg, 16, None)
                return True
        return False

    # ------------------------------------------------------------------------------ the call

    def _ringing(self, call: VirtualCall) -> None:
        call.truth.ringing_at = self._epoch()
        self._post(CallRinging(attempt_id=call.order.attempt_id))

    def _answered(self, call: VirtualCall) -> None:
        call.truth.answered_at, call.answered_at = self._epoch(), self._agenda.now.wall
        self._post(CallAnswered(attempt_id=call.order.attempt_id))
        call.patience = self._later(call, call.fate.patience_s, lambda: self._end(call, "customer", 0, None))
        if call.order.guard_from is MeasuredFrom.ANSWER:
            self._start_guard(call)
        if call.order.amd is None:
            self._ask(call)
        else:
            self._later(call, call.fate.amd_delay_s, lambda: self._detected(call))

    def _detected(self, call: VirtualCall) -> None:
        call.truth.amd_status = call.fate.amd_status
        self._ask(call)

    def _start_guard(self, call: VirtualCall) -> None:
        call.guard = self._later(call, call.order.guard_s, lambda: self._out_of_time(call))

    def _ask(self, call: VirtualCall) -> None:
        if call.trace is not None:  # the guard was faster than AMD
            return
        if call.guard is None:
            self._start_guard(call)
        call.asked += 1
        call.request_id = next(self._request_ids)
        self._requests[call.request_id] = call
        call.truth.asked_at = self._epoch()
        self._post(
            VerdictAsked(
                request_id=call.request_id,
                attempt_id=call.order.attempt_id,
                token=call.order.token,
                amd_status=call.truth.amd_status,
                amd_cause=call.fate.amd_cause if call.truth.amd_status else "",
            )
        )

    def _branch(self, call: VirtualCall, command: SendVerdict) -> None:
        if call.trace is not None:
            return
        call.truth.verdict = command.verdict
        if command.verdict == "agent":
            self._connect(call, command.leg_id)
        elif command.verdict in MACHINE_VERDICTS.values():
            self._machines.met(call, command.verdict)
        elif command.verdict == "hangup":
            self._end(call, "dialer", 16, None)
        elif command.verdict == "abandon":
            self._message(call)
        else:
            self._unattended(call, "empty")

    def _connect(self, call: VirtualCall, leg_id: str) -> None:
        leg = self._legs.get(leg_id)
        if leg is None or not leg.up or leg.call is not None:
            if call.asked >= MAX_ASKED:
                self._unattended(call, "empty")
            else:
                self._ask(call)
            return
        self._calm(call)
        call.leg, leg.call = leg, call
        self._later(call, BRIDGE_S, lambda: self._bridged(call, leg))

    def _bridged(self, call: VirtualCall, leg: VirtualLeg) -> None:
        call.truth.bridged_at = self._epoch()
        call.truth.agent, call.truth.agent_leg = str(leg.order.agent_id), leg.order.leg_id
        event = CallBridged(attempt_id=call.order.attempt_id, agent_id=leg.order.agent_id, leg_id=leg.order.leg_id)
        self._post(event)
        by = "customer" if call.fate.customer_ends else "agent"
        self._later(call, call.fate.talk_s, lambda: self._end(call, by, 16, None))

    # ------------------------------------------------------------------------------ message

    def _out_of_time(self, call: VirtualCall) -> None:
        if call.asked:
            self._unattended(call, "timeout")
        else:
            self._post(AmdCutOff(attempt_id=call.order.attempt_id))
            self._unattended(call, AMD_TOO_SLOW)

    def _unattended(self, call: VirtualCall, reason: str) -> None:
        """The dialplan acts alone; the trace reaches dialerd when the call is over."""
        self._leave_trace(call, reason, self._agenda.now.wall)
        self._drop_request(call)
        self._message(call)

    def _leave_trace(self, call: VirtualCall, reason: str, message_started_at: datetime | None) -> None:
        call.truth.unattended = reason
        call.trace = UnattendedTrace(
            attempt_id=call.order.attempt_id,
            token=call.order.token,
            answered_at=call.answered_at,
            message_started_at=message_started_at,
            message_ended_at=None,
            reason=reason,
            key=f"unattended-{call.order.attempt_id}",
        )

    def _message(self, call: VirtualCall) -> None:
        self._calm(call)
        call.truth.message_started_at = self._epoch()
        self._post(MessageStarted(attempt_id=call.order.attempt_id))
        listens = min(call.fate.listens_s, self._message_s)
        self._later(call, listens, lambda: self._message_over(call, listens < self._message_s))

    def _message_over(self, call: VirtualCall, in_the_middle: bool) -> None:
        wants_out = call.fate.opts_out and bool(call.order.opt_out_key)
        if not in_the_middle:
            call.truth.message_ended_at = self._epoch()
            self._post(MessageEnded(attempt_id=call.order.attempt_id))
            if call.trace is not None:
                call.trace = replace(call.trace, message_ended_at=self._agenda.now.wall)
        if wants_out:
            call.truth.opted_out = True
            self._post(
                OptOutTrace(
                    number="",
                    at=self._agenda.now.wall,
                    source="abandon",
                    attempt_id=call.order.attempt_id,
                    key=f"optout-a{call.order.attempt_id}",
                )
            )
        if in_the_middle and not wants_out:
            self._end(call, "customer", 0, None)
        else:
            self._later(call, KEY_WAIT_S, lambda: self._end(call, "dialplan", 16, None))

    # ------------------------------------------------------------------------------ endings

    def _end(self, call: VirtualCall, by: str, cause: int, sip_cause: int | None) -> None:
        if call.over:
            return
        call.over = True
        for appointment in call.appointments:
            appointment.cancel()
        self._drop_request(call)
        if by == "customer" and call.answered_at is not None and not call.asked:
            self._leave_trace(call, "hangup", None)  # gone before the AGI could tell dialerd of the call
        truth = call.truth
        truth.ended_at, truth.ended_by = self._epoch(), by
        truth.hangup_cause, truth.sip_cause = cause, sip_cause or 0
        self.truth.add(truth)
        attempt_id = call.order.attempt_id
        if call.leg is not None:
            agent_id = call.leg.order.agent_id
            side = HungUpBy.AGENT if by in ("agent", "leg_lost") else HungUpBy.CUSTOMER
            call.leg.call = None
            if truth.bridged_at is not None:
                self._post(CallUnbridged(attempt_id=attempt_id, agent_id=agent_id, by=side))
        del self._calls[call.order.channel_id]
        self._lines[call.order.number] -= 1
        if not self._lines[call.order.number]:
            del self._lines[call.order.number]
        self._post(CallEnded(attempt_id=attempt_id, hangup_cause=cause, sip_cause=sip_cause))
        if call.trace is not None:
            self._post(call.trace)

    def _leg_up(self, leg: VirtualLeg) -> None:
        leg.up = True
        self._post(LegUp(agent_id=leg.order.agent_id, leg_id=leg.order.leg_id, channel_name=leg.order.endpoint))

    def _end_leg(self, leg: VirtualLeg, cause: int, sip_cause: int | None) -> None:
        if self._legs.pop(leg.order.leg_id, None) is None:
            return
        if leg.appointment is not None:
            leg.appointment.cancel()
        call = leg.call
        self._post(
            LegEnded(agent_id=leg.order.agent_id, leg_id=leg.order.leg_id, hangup_cause=cause, sip_cause=sip_cause)
        )
        if call is not None:
            self._end(call, "leg_lost", 16, None)

    # ------------------------------------------------------------------------------ inside

    def _later(self, call: VirtualCall, seconds: float, act: Callable[[], None]) -> Appointment:
        appointment = self._agenda.after(seconds, act)
        call.appointments.append(appointment)
        return appointment

    def _calm(self, call: VirtualCall) -> None:
        """Somebody speaks: neither the guard nor the person's patience runs any more."""
        for appointment in (call.guard, call.patience):
            if appointment is not None:
                appointment.cancel()

    def _drop_request(self, call: VirtualCall) -> None:
        if call.request_id is not None:
            self._requests.pop(call.request_id, None)
            self._post(VerdictAbandoned(request_id=call.request_id, attempt_id=call.order.attempt_id))
            call.request_id = None

    def _epoch(self) -> float:
        return self._agenda.now.wall.timestamp()
