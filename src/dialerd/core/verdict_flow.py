"""Owns the seconds after an answer: person or machine, agent or abandon message, and the talk itself.

The rule it keeps: a person who answered is never left in silence beyond the campaign's limit (DESIGN.md 4).
"""

from __future__ import annotations

from dialerd.core.agent import AgentState
from dialerd.core.agent_flow import AgentFlow
from dialerd.core.amd.delay import PersonsVerdict
from dialerd.core.amd.status import AmdResult, amd_result, treated_as
from dialerd.core.call import AttemptMove, AttemptState, HungUpBy
from dialerd.core.call_flow import CallFlow
from dialerd.core.campaign import AmdPolicy, MeasuredFrom
from dialerd.core.deadlines import Wait
from dialerd.core.floor import Floor
from dialerd.core.live_call import LiveCall, advance
from dialerd.core.machine_flow import MachineFlow
from dialerd.core.machine_messages import AmdCutOff
from dialerd.core.messages import (
    CallBridged,
    CallUnbridged,
    ForgetTraces,
    MessageEnded,
    MessageStarted,
    SendVerdict,
    UnattendedTrace,
    VerdictAsked,
)
from dialerd.core.moment import Moment
from dialerd.core.previewed import is_previewed
from dialerd.core.roster import Seat
from dialerd.core.traces import ALONE_NOTE, AMD_TOO_SLOW, CUT_NOTE, HUNG_UP_WAITING, apply_trace

REFUSED = "refused"
"""A verdict the dialplan does not know: it treats the call as unattended and plays the message by itself."""


class VerdictFlow:
    """Handlers from the verdict request to the end of the talk."""

    def __init__(self, floor: Floor, agents: AgentFlow, calls: CallFlow, machines: MachineFlow) -> None:
        self.floor = floor
        self.agents = agents
        self.calls = calls
        self.machines = machines

    def asked(self, event: VerdictAsked, now: Moment) -> None:
        """The AGI asks: classify once, then agent, message or hang-up."""
        call = self.floor.calls.get(event.attempt_id)
        if call is None or call.attempt.token != event.token:
            kept_back = self.floor.forgeries.admit(now.mono)
            if kept_back is not None:
                more = f" ({kept_back} more before)" if kept_back else ""
                text = f"a verdict was asked with a wrong token or for unknown attempt {event.attempt_id}{more}"
                self.floor.log("warning", text)
            self.floor.emit(SendVerdict(request_id=event.request_id, verdict=REFUSED))
            return
        self.floor.agi_worked(call.attempt.node)
        self.calls.note_answer(call, now)
        if call.attempt.state is AttemptState.CONNECTING:
            self._bridge_failed(call, now)
        self.floor.answer_agi(call, REFUSED)  # an older request for the same call is superseded
        call.request_id = event.request_id
        if call.attempt.state is AttemptState.ANSWERED:
            self._classify(call, event, now)
        elif call.attempt.state is AttemptState.ABANDONING and call.attempt.message_started_at is None:
            self.floor.answer_agi(call, "abandon")
        elif call.attempt.state is not AttemptState.WAITING:
            self.floor.answer_agi(call, "hangup")
        self.serve_waiting(now)

    def _classify(self, call: LiveCall, event: VerdictAsked, now: Moment) -> None:
        attempt = call.attempt
        campaign = call.campaign
        result = amd_result(event.amd_status) if campaign.amd_enabled else AmdResult.NOT_RUN
        not_run = campaign.amd_not_run if campaign.amd_enabled else AmdPolicy.AGENT
        whose = treated_as(result, unsure=campaign.amd_unsure, not_run=not_run)
        attempt.amd_status, attempt.amd_cause = event.amd_status, event.amd_cause
        attempt.amd_result, attempt.verdict_at = result.value, now.wall
        if call.is_test:
            attempt.amd_action = "message"
            self._abandon(call, now)
        elif whose is AmdPolicy.MACHINE:
            self.machines.met(call, now)
        elif whose is None:
            self.floor.answer_agi(call, "hangup")
            self.floor.expect_end(call, now)
        else:
            attempt.amd_action = "connect" if campaign.amd_enabled else ""
            attempt.live_answer = True
            advance(call, AttemptMove.PERSON)
            self.floor.settle(call, True, now)
            self._start_limit(call, result, now)
        self.floor.save(call)

    def _start_limit(self, call: LiveCall, result: AmdResult, now: Moment) -> None:
        """Start the silence limit where the campaign says: at the answer, or at the end of the greeting.

        AMD's HUMAN comes after `after_greeting_silence` of silence, so the greeting ended that long ago; any other
        result has seen no end of it, and the greeting is taken to end now. The dialplan's own guard was set before
        the result was known, as for HUMAN: dialerd decides before it in every case.
        """
        campaign = call.campaign
        silence_s = campaign.amd.after_greeting_silence / 1000
        if campaign.abandon_measured_from is MeasuredFrom.ANSWER or result is AmdResult.NOT_RUN:
            call.limit_from = call.answered or now
        elif result is AmdResult.HUMAN:
            call.limit_from = now.plus(-silence_s)
        else:
            call.limit_from = now
        if campaign.amd_enabled and result is not AmdResult.NOT_RUN and call.answered is not None:
            greeted = result is AmdResult.HUMAN
            self.floor.judged(call, PersonsVerdict(now.seconds_since(call.answered), greeted=greeted))
        start = call.limit_from.mono
        if campaign.amd_enabled and campaign.abandon_measured_from is MeasuredFrom.GREETING_END:
            start = min(start, now.mono - silence_s)
        self.floor.start_limit(call, start + campaign.abandon_after_s - self.floor.settings.verdict_margin_s)

    # -- people and agents

    def serve_waiting(self, now: Moment) -> None:
        """Give free agents to waiting people, higher campaign priority first, then who answered first."""
        if not self.floor.waiting:
            return
        order = sorted(
            self.floor.waiting.values(),
            key=lambda c: (-c.campaign.priority, c.answered.mono if c.answered else 0.0),
        )
        nobody_for: set[int] = set()  # campaigns without a ready agent: searched for once, not for each who waits
        for call in order:
            if call.request_id is None or (call.agent_id is None and call.attempt.campaign_id in nobody_for):
                continue
            if call.agent_id is None:
                seat = self._seat_for(call)
                if seat is None:
                    if not call.failed_agents and not is_previewed(call):
                        nobody_for.add(call.attempt.campaign_id)
                    continue
                self.agents.reserve(seat, call, now)
                if not seat.leg_up:
                    self.agents.ring(seat, call.campaign.on_hook_ring_timeout_s, now)
            self._connect_if_up(call, now)

    def _seat_for(self, call: LiveCall) -> Seat | None:
        """The agent this person was promised, when free; else the one idle longest whom nobody else was promised.

        A call that an agent has asked for is for that agent only.
        """
        promised = self.floor.roster.get(call.promised_to) if call.promised_to is not None else None
        if (
            promised is not None
            and promised.state is AgentState.READY
            and promised.serves(call.attempt.campaign_id)
            and promised.profile.id not in call.failed_agents
        ):
            return promised
        if call.promised_to is not None and is_previewed(call):
            return None
        but = call.failed_agents | self.floor.promised_agents()
        return self.floor.roster.longest_idle(call.attempt.campaign_id, but)

    def _connect_if_up(self, call: LiveCall, now: Moment) -> None:
        seat = self.floor.roster.get(call.agent_id) if call.agent_id is not None else None
        if seat is None or not seat.leg_up or not advance(call, AttemptMove.ASSIGN):
            return
        self.floor.waiting.pop(call.attempt.id, None)
        self.floor.deadlines.cancel(Wait.LIMIT, call.attempt.id)
        call.attempt.agent_id, call.attempt.agent_channel = seat.profile.id, seat.leg_id
        self.floor.save(call)  # before the verdict: see Engine.carry_out
        self.floor.answer_agi(call, "agent", seat.leg_id)
        timeout = self.floor.settings.connect_timeout_s
        self.floor.deadlines.set(Wait.CONNECT, call.attempt.id, now.mono + timeout)

    def _bridge_failed(self, call: LiveCall, now: Moment) -> None:
        """The dialplan asks again: the bridge could not be made. This agent is set aside, the person waits again."""
        seat = self.floor.roster.get(call.agent_id) if call.agent_id is not None else None
        if seat is not None and seat.state is AgentState.RESERVED:
            seat.pause_wanted = "the bridge failed"
            self.floor.log("warning", f"agent {seat.name} is paused: a call could not be bridged to the phone")
            self.agents.release(seat, now)
            call.failed_agents |= {seat.profile.id}
        advance(call, AttemptMove.UNASSIGN)
        self.floor.wait_again(call, now)

    def limit_overdue(self, attempt_id: int, now: Moment) -> None:
        """Nobody in time: the abandon message, and it counts."""
        call = self.floor.calls.get(attempt_id)
        if call is None or call.attempt.state is not AttemptState.WAITING:
            return
        seat = self.floor.roster.get(call.agent_id) if call.agent_id is not None else None
        if seat is not None and seat.state is AgentState.RESERVED:
            call.give_to(None)
            if not seat.leg_up:
                seat.pause_wanted = "the phone did not answer"
                self.floor.log("warning", f"agent {seat.name} is paused: the phone did not answer a call in time")
            self.agents.release(seat, now)
        self._abandon(call, now)

    def _abandon(self, call: LiveCall, now: Moment) -> None:
        advance(call, AttemptMove.ABANDON)
        self.floor.waiting.pop(call.attempt.id, None)
        call.attempt.message_version = call.campaign.abandon_message_version
        self.floor.save(call)
        self.floor.answer_agi(call, "abandon")
        self.floor.expect_end(call, now)

    def connect_overdue(self, attempt_id: int, now: Moment) -> None:
        """Verdict given, no bridge seen: while the link is away wait for reconciliation, else end the call."""
        call = self.floor.calls.get(attempt_id)
        if call is None or call.attempt.state is not AttemptState.CONNECTING:
            return
        if not self.floor.links[call.attempt.node].connected:
            self.floor.deadlines.set(Wait.CONNECT, attempt_id, now.mono + self.floor.settings.connect_timeout_s)
            return
        self.floor.log("warning", f"call {attempt_id}: no bridge after the verdict; hung up")
        self.calls.hang_up(call, HungUpBy.DIALER, now)

    # -- talk and message

    def bridged(self, event: CallBridged, now: Moment) -> None:
        """Customer and agent hear each other."""
        call = self.floor.calls.get(event.attempt_id)
        if call is None or not advance(call, AttemptMove.BRIDGE):
            return
        call.attempt.bridged_at = now.wall
        self.floor.deadlines.cancel(Wait.CONNECT, call.attempt.id)
        seat = self._seat_of(call)
        if seat is not None and seat.state is AgentState.RESERVED:
            self.agents.connect(seat, now)
        self.floor.save(call)

    def unbridged(self, event: CallUnbridged, now: Moment) -> None:
        """The talk is over: the agent wraps up at once, without waiting for the channel's own hang-up."""
        call = self.floor.calls.get(event.attempt_id)
        if call is None or call.attempt.state is not AttemptState.TALKING:
            return
        if call.attempt.hung_up_by is HungUpBy.UNKNOWN:
            call.attempt.hung_up_by = event.by
        call.attempt.ended_at = call.attempt.ended_at or now.wall
        seat = self._seat_of(call)
        if seat is not None and seat.state is AgentState.ON_CALL:
            self.agents.begin_wrap_up(seat, call, now)
        self.floor.expect_end(call, now)

    def _seat_of(self, call: LiveCall) -> Seat | None:
        seat = self.floor.roster.get(call.agent_id) if call.agent_id is not None else None
        return seat if seat is not None and seat.attempt_id == call.attempt.id else None

    def amd_cut_off(self, event: AmdCutOff, now: Moment) -> None:
        """AMD was slower than the limit: the message comes. That is no fault of the AGI, which nobody has asked."""
        call = self.floor.calls.get(event.attempt_id)
        if call is not None:
            self.calls.note_answer(call, now)
            if advance(call, AttemptMove.ABANDON):
                self._cut_off(call)
                self.act_alone(call, now)

    def _cut_off(self, call: LiveCall) -> None:
        call.attempt.note = call.attempt.note or CUT_NOTE
        self.floor.judged(call, PersonsVerdict(call.campaign.abandon_after_s, cut=True))

    def message_started(self, event: MessageStarted, now: Moment) -> None:
        """The abandon message plays, by our verdict or by the dialplan's own decision."""
        call = self.floor.calls.get(event.attempt_id)
        if call is None:
            return
        self.calls.note_answer(call, now)
        if advance(call, AttemptMove.ABANDON):
            self._not_asked(call, now)
            self.act_alone(call, now)
        if call.attempt.message_started_at is None:
            call.attempt.message_started_at = now.wall
            self.floor.save(call)

    def message_ended(self, event: MessageEnded, now: Moment) -> None:
        """The message was heard to its end."""
        call = self.floor.calls.get(event.attempt_id)
        if call is not None:
            call.attempt.message_ended_at = now.wall

    def unattended(self, event: UnattendedTrace, now: Moment) -> None:
        """The dialplan acted alone while we watched: its trace says what the message's events may have missed."""
        call = self.floor.calls.get(event.attempt_id)
        if call is None:  # closed already: the record is committed before the trace is forgotten
            self.floor.emit(ForgetTraces(node=self.floor.settings.default_node, keys=(event.key,)))
            return
        if call.attempt.token != event.token:
            return
        call.trace_key = event.key
        self.calls.note_answer(call, now)
        apply_trace(call.attempt, event)
        if event.reason != HUNG_UP_WAITING and advance(call, AttemptMove.ABANDON):
            if event.reason == AMD_TOO_SLOW:
                self._cut_off(call)
            else:
                self._not_asked(call, now)
            self.act_alone(call, now)

    def _not_asked(self, call: LiveCall, now: Moment) -> None:
        """The dialplan acted alone. Where its AGI never came, more people would fare no better.

        Who answered while dialerd was not there says nothing: after a crash everybody was met by the dialplan alone.
        """
        seen_answering = call.answered is not None and not call.attempt.approximate
        if seen_answering and call.attempt.verdict_at is None:
            self.floor.agi_failed(call.attempt.node, now)

    def act_alone(self, call: LiveCall, now: Moment) -> None:
        """Bookkeeping for a message that the dialplan began by itself: a live answer, an abandoned one."""
        self.floor.answer_agi(call, "abandon")
        call.attempt.live_answer = not call.is_test
        call.attempt.message_version = call.campaign.abandon_message_version
        call.attempt.note = call.attempt.note or ALONE_NOTE
        self.floor.waiting.pop(call.attempt.id, None)
        self.floor.deadlines.cancel(Wait.LIMIT, call.attempt.id)
        self.floor.deadlines.cancel(Wait.CONNECT, call.attempt.id)
        self.agents.call_ended(call, now)
        call.give_to(None)
        call.attempt.agent_id, call.attempt.agent_channel = None, ""
        self.floor.count(call)
        self.floor.expect_end(call, now)
