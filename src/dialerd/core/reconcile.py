"""Owns the comparison with Asterisk after every (re)connect and restart: adopt the live, close the dead.

It never dials: an attempt whose fate is unknown counts as dialled (DESIGN.md 2, rules 5 and 8).
"""

from __future__ import annotations

from dialerd.core.agent import AgentState
from dialerd.core.agent_flow import AgentFlow
from dialerd.core.call import AttemptState, HungUpBy, Status
from dialerd.core.call_flow import CANCELLABLE, CallFlow
from dialerd.core.deadlines import Wait
from dialerd.core.floor import Floor
from dialerd.core.live_call import LiveCall
from dialerd.core.messages import (
    AddDoNotCall,
    ChannelSeen,
    ForgetTraces,
    Hangup,
    LegEnded,
    LegUp,
    OptOutTrace as OptOut,
    PbxConnected,
    PbxLost,
    UnattendedTrace,
)
from dialerd.core.moment import Moment
from dialerd.core.roster import Seat
from dialerd.core.traces import HUNG_UP_WAITING, apply_trace
from dialerd.core.verdict_flow import VerdictFlow

MUST_END = frozenset({AttemptState.ANSWERED, AttemptState.MACHINE, AttemptState.ABANDONING})
"""Live states in which a call found up must soon be heard of again."""


class Reconcile:
    """Handlers of the AMI link's coming and going."""

    def __init__(self, floor: Floor, agents: AgentFlow, calls: CallFlow, verdicts: VerdictFlow) -> None:
        self.floor = floor
        self.agents = agents
        self.calls = calls
        self.verdicts = verdicts

    def lost(self, event: PbxLost, now: Moment) -> None:
        """No new calls; what is up stays up, and every deadline that would judge it waits."""
        link = self.floor.links[event.node]
        if link.connected:
            self.floor.log("warning", f"Asterisk {event.node} is not connected any more: {event.reason}")
        link.connected, link.reason, link.since = False, event.reason, now

    def connected(self, event: PbxConnected, now: Moment) -> None:
        """List against list: channels against seats and open attempts, traces into records and ledger."""
        link = self.floor.links[event.node]
        link.connected, link.version, link.reason, link.since = True, event.version, "", now
        self.floor.log("info", f"Asterisk {event.node} connected (version {event.version})")
        seen = {channel.unique_id: channel for channel in event.channels}
        for opt_out in event.opt_outs:
            self.opt_out(opt_out, event.node)
        bridged = self._bridges(event.channels)
        for seat in list(self.floor.roster):
            if (seat.profile.node or self.floor.settings.default_node) == event.node:
                self._seat(seat, seen, now)
        traces = {trace.attempt_id: trace for trace in event.unattended}
        for call in [c for c in self.floor.calls.values() if c.attempt.node == event.node]:
            self._call(call, seen, bridged, traces.pop(call.attempt.id, None), now)
        for seat in self.floor.roster:
            if seat.attempt_id is None and seat.preview is None and seat.state is not AgentState.LOGGED_OUT:
                self.agents.end_on_hook_leg(seat)
        self._leftovers(event.node, traces, seen, frozenset(bridged.values()))

    @staticmethod
    def _bridges(channels: tuple[ChannelSeen, ...]) -> dict[str, str]:
        """Customer channel → agent leg that shares its bridge."""
        legs = {c.bridge_id: c.unique_id for c in channels if c.bridge_id and c.unique_id.startswith("agt-")}
        return {
            c.unique_id: legs[c.bridge_id] for c in channels if c.unique_id.startswith("dlr-") and c.bridge_id in legs
        }

    # -- agents

    def _seat(self, seat: Seat, seen: dict[str, ChannelSeen], now: Moment) -> None:
        before, seat.restored = seat.restored, None
        channel = seen.get(seat.leg_id) if seat.leg_id else None
        if channel is None:
            self._without_leg(seat, before, now)
        elif before is not None:
            seat.leg_up, seat.leg_channel = channel.up, channel.name
            if not channel.up and not seat.on_hook:
                node = seat.profile.node or self.floor.settings.default_node
                self.floor.emit(Hangup(node=node, channel_id=seat.leg_id))
                self.agents.lose_leg(seat, "the phone was ringing when dialerd stopped", now)
            else:
                self._restore(seat, before, now)
        elif channel.up:
            self.agents.leg_up(LegUp(agent_id=seat.profile.id, leg_id=seat.leg_id, channel_name=channel.name), now)

    def _without_leg(self, seat: Seat, before: tuple[AgentState, str] | None, now: Moment) -> None:
        """Asterisk shows no leg: right for an idle on-hook agent, the end of the login for a nailed-up one."""
        if not seat.on_hook:
            if seat.leg_id or before is not None:
                self.agents.lose_leg(seat, "the phone's leg ended while Asterisk was not watched", now)
        elif before is not None:
            seat.leg_id = ""
            self._restore(seat, before, now)
        elif seat.leg_id:
            seat.leg_up = True  # whether it was answered nobody saw: the agent is not blamed
            self.agents.leg_ended(LegEnded(agent_id=seat.profile.id, leg_id=seat.leg_id), now)

    def _restore(self, seat: Seat, before: tuple[AgentState, str], now: Moment) -> None:
        """Back to what the agent was; calls are matched later, and wrap-up does not outlive a restart."""
        state, reason = before
        paused = state is AgentState.PAUSED
        seat.state, seat.since = AgentState.PAUSED if paused else AgentState.READY, now
        seat.reason = reason if paused else ""
        self.floor.log_seat(seat, now)
        self.floor.decide_soon(seat.profile.campaign_ids, now)

    # -- calls

    def _call(
        self,
        call: LiveCall,
        seen: dict[str, ChannelSeen],
        bridged: dict[str, str],
        trace: UnattendedTrace | None,
        now: Moment,
    ) -> None:
        attempt = call.attempt
        if trace is not None and trace.token != attempt.token:
            trace = None
        if trace is not None:
            call.trace_key = trace.key
            apply_trace(attempt, trace)
            if attempt.bridged_at is None:  # the agent that was meant for it was never told of
                attempt.agent_id, attempt.agent_channel = None, ""
        channel = seen.get(attempt.channel_id)
        if attempt.state in (AttemptState.INTENDED, AttemptState.ENDED):
            return
        if channel is not None:
            self._adopt(call, channel, bridged.get(channel.unique_id), trace, now)
        elif trace is not None and trace.reason == HUNG_UP_WAITING:
            attempt.approximate = True
            self.calls.end(call, now, Status.CUSTOMER_HANGUP, HungUpBy.CUSTOMER, "ended while dialerd was away")
        elif trace is not None:
            attempt.approximate = True
            attempt.ended_at = trace.message_ended_at or trace.message_started_at
            self.calls.end(call, now, Status.ABANDONED, HungUpBy.UNKNOWN, "the dialplan acted alone")
        else:
            self.calls.close_lost(call, now, "ended while Asterisk was not watched", by_itself=bool(seen))

    def _adopt(
        self, call: LiveCall, channel: ChannelSeen, leg_id: str | None, trace: UnattendedTrace | None, now: Moment
    ) -> None:
        """The channel lives: bring the attempt to the state in which it is found."""
        attempt = call.attempt
        seat = self._seat_at(leg_id) if leg_id else None
        if seat is not None:
            self._adopt_talk(call, seat, now)
        elif trace is not None and trace.reason != "hangup" and attempt.state is not AttemptState.TALKING:
            call.enter(AttemptState.ABANDONING)
            self.verdicts.act_alone(call, now)
        elif channel.up and attempt.state in CANCELLABLE:
            attempt.approximate = True
            self.calls.note_answer(call, now)
        elif not channel.up:
            self.floor.deadlines.set(Wait.DIAL, attempt.id, now.mono + call.campaign.ring_timeout_s + 15)
        elif attempt.state is AttemptState.TALKING:
            self.floor.deadlines.set(Wait.ENDING, attempt.id, now.mono + self.floor.settings.connect_timeout_s)
        elif attempt.state in MUST_END and not self.floor.deadlines.waiting(Wait.ENDING, attempt.id):
            self.floor.expect_end(call, now)
        if call.hangup_sent:  # nobody may have carried it out
            self.calls.hang_up(call, attempt.hung_up_by, now)
        self.floor.save(call)

    def _seat_at(self, leg_id: str) -> Seat | None:
        """Whose leg talks: the leg's name says it also when the store had no time to learn of the leg."""
        for seat in self.floor.roster:
            if seat.leg_id == leg_id:
                return seat
            if not seat.leg_id and leg_id.startswith(f"agt-{seat.profile.id}-"):
                seat.leg_id, seat.leg_up = leg_id, True
                return seat
        return None

    def _adopt_talk(self, call: LiveCall, seat: Seat, now: Moment) -> None:
        attempt = call.attempt
        if attempt.state is not AttemptState.TALKING:
            attempt.approximate = True
            attempt.answered_at = attempt.answered_at or now.wall
            attempt.bridged_at = attempt.bridged_at or now.wall
            attempt.live_answer = True
            call.enter(AttemptState.TALKING)
        if call.agent_id is not None and call.agent_id != seat.profile.id:
            self.agents.call_ended(call, now)
        self.floor.answer_agi(call, "agent", seat.leg_id)
        attempt.ended_at = None
        attempt.agent_id, attempt.agent_channel = seat.profile.id, seat.leg_id
        for wait in (Wait.DIAL, Wait.LIMIT, Wait.CONNECT, Wait.ENDING):
            self.floor.deadlines.cancel(wait, attempt.id)
        self.floor.waiting.pop(attempt.id, None)
        self.floor.deadlines.cancel(Wait.WRAP_UP, seat.profile.id)
        call.give_to(seat.profile.id)
        seat.attempt_id = attempt.id
        if seat.state is AgentState.PAUSED:
            seat.pause_wanted = seat.reason
        if seat.state is not AgentState.ON_CALL:
            seat.state, seat.since = AgentState.ON_CALL, now
            self.floor.log_seat(seat, now)

    # -- what belongs to nobody

    def _leftovers(
        self,
        node: str,
        traces: dict[int, UnattendedTrace],
        seen: dict[str, ChannelSeen],
        talking: frozenset[str],
    ) -> None:
        if traces:
            ids = ", ".join(str(i) for i in sorted(traces)[:10])
            self.floor.log("warning", f"Asterisk {node} kept traces of attempts that are already closed: {ids}")
            self.floor.emit(ForgetTraces(node=node, keys=tuple(trace.key for trace in traces.values())))
        known = {call.attempt.channel_id for call in self.floor.calls.values()}
        known |= {seat.leg_id for seat in self.floor.roster}
        for channel in seen.values():
            stray_call = channel.unique_id.startswith("dlr-") and not channel.up
            stray_leg = channel.unique_id.startswith("agt-") and channel.unique_id not in talking
            if channel.unique_id.removesuffix("-b") not in known and (stray_call or stray_leg):
                self.floor.log("warning", f"channel {channel.unique_id} in Asterisk belongs to no call: hung up")
                self.floor.emit(Hangup(node=node, channel_id=channel.unique_id))

    def opt_out(self, event: OptOut, node: str) -> None:
        """Somebody pressed the opt-out key: on the do-not-call list at once, the trace forgotten after that."""
        call = self.floor.calls.get(event.attempt_id) if event.attempt_id is not None else None
        number = event.number or (call.attempt.number if call else "")
        self.floor.emit(AddDoNotCall(number=number, source=event.source, at=event.at, attempt_id=event.attempt_id))
        if event.key:
            self.floor.emit(ForgetTraces(node=node, keys=(event.key,)))
