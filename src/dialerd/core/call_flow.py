"""Owns what happens to a call from the committed intent to the answer, and from the hang-up to the closed record.

What a person or a machine who answered meets is decided in `verdict_flow.py`; agents move in `agent_flow.py`.
"""

from __future__ import annotations

from dialerd.core.agent_flow import AgentFlow
from dialerd.core.amd.sampling import is_sampled, sample_file
from dialerd.core.call import AttemptMove, AttemptState, HungUpBy, Status, refused_by_trunk, tells_who_answers
from dialerd.core.campaign import CampaignState, MeasuredFrom
from dialerd.core.causes import unanswered_status
from dialerd.core.closing import close_call
from dialerd.core.deadlines import Wait
from dialerd.core.floor import Floor
from dialerd.core.live_call import LiveCall, advance
from dialerd.core.machine_flow import ended_by, machine_orders, unfinished
from dialerd.core.messages import (
    AttemptRefused,
    AttemptsOpened,
    CallAnswered,
    CallEnded,
    CallRinging,
    Hangup,
    Originate,
    OriginateFailed,
    ReleaseLeads,
    StoreFailed,
    VerdictAbandoned,
)
from dialerd.core.moment import Moment
from dialerd.core.previewed import is_previewed, refusal, tell_caller

CANCELLABLE = frozenset({AttemptState.DIALING, AttemptState.RINGING})
TRUNK_WORKED = frozenset({Status.BUSY, Status.INVALID_NUMBER})
"""What only a network that works says."""


class CallFlow:
    """Handlers of the call's own events."""

    def __init__(self, floor: Floor, agents: AgentFlow) -> None:
        self.floor = floor
        self.agents = agents

    # -- the intent

    def opened(self, event: AttemptsOpened, now: Moment) -> None:
        """Committed intents: send each, unless what allowed it is gone by now."""
        for attempt_id in event.attempt_ids:
            call = self.floor.calls.get(attempt_id)
            if call is None or call.attempt.state is not AttemptState.INTENDED:
                continue
            obstacle = self._obstacle(call)
            self.floor.intent_settled(attempt_id)
            if obstacle:
                tell_caller(self.floor, call, obstacle)
                self.end(call, now, Status.CANCELLED, HungUpBy.DIALER, f"not sent: {obstacle}")
            else:
                self._send(call, now)

    def _obstacle(self, call: LiveCall) -> str:
        """Why a committed attempt must not be sent after all; empty when nothing stands in its way."""
        run = self.floor.campaigns.get(call.attempt.campaign_id)
        if self.floor.stopping:
            return "dialerd is stopping"
        if not self.floor.links[call.attempt.node].connected:
            return "Asterisk is not connected"
        if self.floor.store_fault:
            return "the store does not accept writes"
        if call.attempt.id in self.floor.overdue_intents:
            return "the store took too long"
        if call.is_test:
            return ""
        if run is None or run.campaign.state is not CampaignState.ACTIVE:
            return "the campaign is no longer active"
        if is_previewed(call):
            seat = self.floor.roster.get(call.agent_id) if call.agent_id is not None else None
            return "" if seat is not None and seat.staffed else "its agent takes no calls any more"
        if not self.floor.roster.anybody_staffed_for(call.attempt.campaign_id):
            return "no agent is staffed"
        return ""

    def _send(self, call: LiveCall, now: Moment) -> None:
        attempt, campaign = call.attempt, call.campaign
        advance(call, AttemptMove.SEND)
        attempt.dialed_at, call.sent_mono = now.wall, now.mono
        guard_s = campaign.abandon_after_s - self.floor.settings.guard_margin_s
        if campaign.amd_enabled and campaign.abandon_measured_from is MeasuredFrom.GREETING_END:
            guard_s -= campaign.amd.after_greeting_silence / 1000
        attempt.recording_file = self._recording_file(call, now)
        attempt.amd_sample_file = self._sample_file(call, now)
        attempt.amd_parameters = campaign.amd.arguments() if campaign.amd_enabled else ""
        self.floor.emit(
            Originate(
                node=attempt.node,
                attempt_id=attempt.id,
                channel_id=attempt.channel_id,
                token=attempt.token,
                number=attempt.number,
                trunk=attempt.trunk,
                caller_id=attempt.caller_id,
                caller_name=attempt.caller_name,
                ring_timeout_s=campaign.ring_timeout_s,
                amd=campaign.amd if campaign.amd_enabled else None,
                guard_from=campaign.abandon_measured_from if campaign.amd_enabled else MeasuredFrom.ANSWER,
                guard_s=max(0.2, guard_s),
                message=campaign.abandon_message,
                opt_out_key=campaign.opt_out_key,
                recording_file=attempt.recording_file,
                sample_file=attempt.amd_sample_file,
                transfer_to=call.transfer_to,
                machine=machine_orders(campaign),
                lead_variables=call.variables,
            )
        )
        self.floor.deadlines.set(Wait.DIAL, attempt.id, now.mono + campaign.ring_timeout_s + 15)
        self.floor.save(call)

    def _recording_file(self, call: LiveCall, now: Moment) -> str:
        folder = self.floor.settings.recording_folder
        if not call.campaign.recording_enabled or not folder or call.is_test:
            return ""
        return f"{folder}/{now.wall:%Y%m%d}/{call.attempt.channel_id}.wav"

    def _sample_file(self, call: LiveCall, now: Moment) -> str:
        campaign, attempt = call.campaign, call.attempt
        if call.is_test or not campaign.amd_enabled or not is_sampled(attempt.token, campaign.amd_sample):
            return ""
        return sample_file(self.floor.settings.recording_folder, attempt.channel_id, now.wall)

    def refused(self, event: AttemptRefused, now: Moment) -> None:
        """The gate forbade it inside the transaction: nothing was dialled, the store has rescheduled the lead."""
        call = self._intent(event.attempt_id)
        if call is None:
            return
        self.floor.forget_call(event.attempt_id)
        tell_caller(self.floor, call, refusal(event.verdict))
        self.agents.call_ended(call, now)
        run = self.floor.campaigns.get(call.attempt.campaign_id)
        if call.is_test:
            text = f"test call {event.attempt_id} was refused: {event.verdict.detail or event.verdict.rule}"
            self.floor.refused_tests[event.attempt_id] = text
            self.floor.log("warning", text, call.attempt.campaign_id)
        elif run is not None:
            run.refused[event.verdict.rule] += 1
        self.floor.decide_soon([call.attempt.campaign_id], now)

    def not_committed(self, event: StoreFailed, now: Moment) -> None:
        """Intents that never reached the disk: forget them and give their leads back."""
        lost = [call for i in event.attempt_ids if (call := self._intent(i)) is not None]
        for call in lost:
            self.floor.forget_call(call.attempt.id)
            tell_caller(self.floor, call, f"the store does not accept writes: {event.what}")
            self.agents.call_ended(call, now)
        if lost:
            self.floor.emit(ReleaseLeads(lead_ids=tuple(call.attempt.lead_id for call in lost)))

    def _intent(self, attempt_id: int) -> LiveCall | None:
        """The call while it is only an intent: what was sent can be neither refused nor lost by the store."""
        call = self.floor.calls.get(attempt_id)
        return call if call is not None and call.attempt.state is AttemptState.INTENDED else None

    def originate_failed(self, event: OriginateFailed, now: Moment) -> None:
        """A refused Originate ends the attempt; an unanswered one is left to reconciliation or its deadline."""
        call = self._by_channel(event.channel_id)
        if call is None or not event.certain or call.attempt.state not in CANCELLABLE:
            return
        status = Status.CANCELLED if call.cancelled else Status.FAILED
        if status is Status.FAILED and self.floor.links[call.attempt.node].connected:
            self.floor.trunk_failed(call.attempt.trunk, event.reason, now)
        self.end(call, now, status, HungUpBy.NETWORK, event.reason)

    # -- progress

    def ringing(self, event: CallRinging, now: Moment) -> None:
        """First ringing: remember when."""
        call = self.floor.calls.get(event.attempt_id)
        if call is not None and advance(call, AttemptMove.RING) and call.attempt.ringing_at is None:
            call.attempt.ringing_at = now.wall
            self.floor.trunk_worked(call.attempt.trunk)

    def answered(self, event: CallAnswered, now: Moment) -> None:
        """The called party (or its machine) answered."""
        call = self.floor.calls.get(event.attempt_id)
        if call is not None:
            self.note_answer(call, now)

    def note_answer(self, call: LiveCall, now: Moment) -> None:
        """Record the answer once; AGI and AMI may tell of it in either order. The AGI must ask before ENDING."""
        if not advance(call, AttemptMove.ANSWER):
            return
        call.attempt.answered_at = now.wall
        call.answered = now
        self.floor.trunk_worked(call.attempt.trunk)
        self.floor.deadlines.cancel(Wait.DIAL, call.attempt.id)
        self.floor.expect_end(call, now)
        self.floor.save(call)

    # -- the end

    def hang_up(self, call: LiveCall, by: HungUpBy, now: Moment) -> None:
        """End one call; the record is finished when Asterisk reports the hang-up. Who ended it first stays known."""
        if call.attempt.hung_up_by is HungUpBy.UNKNOWN:
            call.attempt.hung_up_by = by
        call.hangup_sent = True
        self.floor.count(call)
        self.floor.emit(Hangup(node=call.attempt.node, channel_id=call.attempt.channel_id))
        self.floor.expect_end(call, now)

    def cancel(self, call: LiveCall, by: HungUpBy, now: Moment) -> None:
        """Somebody wants this call to end: before an answer it is then no attempt at the person."""
        if call.attempt.state in CANCELLABLE:
            call.cancelled = True
        self.hang_up(call, by, now)

    def ended(self, event: CallEnded, now: Moment) -> None:
        """The channel is gone: status from the state it was in, causes from Asterisk."""
        call = self.floor.calls.get(event.attempt_id)
        if call is None or call.attempt.state in (AttemptState.INTENDED, AttemptState.ENDED):
            return
        attempt = call.attempt
        attempt.hangup_cause, attempt.sip_cause = event.hangup_cause, event.sip_cause
        if attempt.state is AttemptState.ANSWERED and attempt.agent_channel:
            # restored after its verdict and over before the comparison with Asterisk: it met that agent unseen
            self.close_lost(call, now, "ended while dialerd was starting")
            return
        status = self._status(call, now)
        if refused_by_trunk(attempt, status):
            cause = f"SIP {event.sip_cause}" if event.sip_cause else f"cause {event.hangup_cause}"
            self.floor.trunk_failed(attempt.trunk, f"{status.value} ({cause})", now)
        elif status in TRUNK_WORKED:
            self.floor.trunk_worked(attempt.trunk)
        self.end(call, now, status, self._ended_by(call, now), unfinished(call))

    def _status(self, call: LiveCall, now: Moment) -> Status:
        state, attempt = call.attempt.state, call.attempt
        if state is AttemptState.TALKING or (call.is_test and attempt.answered_at):
            return Status.ANSWERED
        if state is AttemptState.ABANDONING:
            return Status.ABANDONED
        if state is AttemptState.MACHINE:
            return Status.MACHINE
        if state in (AttemptState.WAITING, AttemptState.CONNECTING):
            waited = now.seconds_since(call.limit_from) if call.limit_from else 0.0
            left_alone = call.hangup_sent or waited > call.campaign.abandon_after_s
            return Status.ABANDONED if left_alone else Status.CUSTOMER_HANGUP
        if state is AttemptState.ANSWERED:  # a known person: who waited when dialerd was restarted
            return Status.ABANDONED if call.hangup_sent and attempt.live_answer else Status.CUSTOMER_HANGUP
        if call.cancelled:
            return Status.CANCELLED
        return unanswered_status(attempt.hangup_cause, attempt.sip_cause)

    def _ended_by(self, call: LiveCall, now: Moment) -> HungUpBy:
        if call.attempt.hung_up_by is not HungUpBy.UNKNOWN:
            return call.attempt.hung_up_by
        if call.attempt.state is AttemptState.MACHINE:
            return ended_by(call, now)
        if call.attempt.state is AttemptState.ABANDONING:
            return HungUpBy.DIALER
        if call.attempt.answered_at is not None:
            return HungUpBy.CUSTOMER
        rung = (now.wall - (call.attempt.dialed_at or now.wall)).total_seconds()
        return HungUpBy.DIALER if rung >= call.campaign.ring_timeout_s - 0.5 else HungUpBy.NETWORK

    def end(self, call: LiveCall, now: Moment, status: Status, by: HungUpBy, note: str = "") -> None:
        """End the attempt with what is known; close it unless an agent's disposition is still to come."""
        attempt = call.attempt
        call.enter(AttemptState.ENDED)
        attempt.status, attempt.hung_up_by = status, by
        attempt.note = attempt.note or note
        attempt.ended_at = attempt.ended_at or now.wall
        if tells_who_answers(attempt, status):
            self.floor.settle(call, attempt.live_answer, now)
        for wait in (Wait.DIAL, Wait.LIMIT, Wait.CONNECT, Wait.ENDING):
            self.floor.deadlines.cancel(wait, attempt.id)
        self.floor.waiting.pop(attempt.id, None)
        self.floor.answer_agi(call, "hangup")
        if self.agents.call_ended(call, now):
            self.floor.save(call)
        elif attempt.id in self.floor.calls:  # a wrap-up of no length has closed it already
            close_call(self.floor, call, now)
        self.floor.decide_soon([attempt.campaign_id], now)

    def close_lost(self, call: LiveCall, now: Moment, note: str, *, by_itself: bool = False) -> None:
        """Nobody saw how it ended: close it approximately, marked so, with what is known.

        A verdict is on the disk before it is sent, and whatever the dialplan does without one leaves a trace. So who
        was given an agent met that agent, and who still waited when the call ended `by_itself` (Asterisk lived on)
        has hung up.
        """
        call.attempt.approximate = True
        self.end(call, now, self.last_seen(call, by_itself=by_itself), HungUpBy.UNKNOWN, note)

    @staticmethod
    def last_seen(call: LiveCall, *, by_itself: bool = False) -> Status:
        """What is known of an end that nobody saw."""
        attempt = call.attempt
        met = attempt.bridged_at is not None or (bool(attempt.agent_channel) and not call.hangup_sent)
        hung_up = by_itself and not call.hangup_sent and attempt.state in (AttemptState.ANSWERED, AttemptState.WAITING)
        if met:
            return Status.ANSWERED
        if attempt.state is AttemptState.MACHINE:
            return Status.MACHINE
        if attempt.live_answer:
            return Status.CUSTOMER_HANGUP if hung_up else Status.ABANDONED
        return Status.LOST

    # -- deadlines

    def dial_overdue(self, attempt_id: int, now: Moment) -> None:
        """No end to an Originate in time: hang up by id; if even that changes nothing, ENDING closes it.

        The phone may have rung all the time: this is no cancelled call, it counts as an attempt.
        """
        call = self.floor.calls.get(attempt_id)
        if call is not None and call.attempt.state in CANCELLABLE:
            self.hang_up(call, HungUpBy.DIALER, now)

    def ending_overdue(self, attempt_id: int, now: Moment) -> None:
        """A hang-up that never came. While the link is away only reconciliation can know."""
        call = self.floor.calls.get(attempt_id)
        if call is None or call.attempt.state is AttemptState.ENDED:
            return
        if not self.floor.links[call.attempt.node].connected:
            self.floor.expect_end(call, now)
        elif not call.hangup_sent:
            self.hang_up(call, HungUpBy.DIALER, now)
        else:
            self.close_lost(call, now, "Asterisk reported no end of the call")

    def verdict_request_gone(self, event: VerdictAbandoned) -> None:
        """The AGI that waited is gone; its hang-up or the dialplan's own action is reported separately."""
        call = self.floor.calls.get(event.attempt_id)
        if call is not None and call.request_id == event.request_id:
            call.request_id = None

    def cancel_unanswered(self, now: Moment) -> None:
        """Shutdown: end every call that nobody has answered yet."""
        for call in list(self.floor.calls.values()):
            if call.attempt.state in CANCELLABLE and not call.cancelled:
                self.cancel(call, HungUpBy.DIALER, now)

    def _by_channel(self, channel_id: str) -> LiveCall | None:
        return next((c for c in self.floor.calls.values() if c.attempt.channel_id == channel_id), None)
