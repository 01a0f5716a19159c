"""Owns what happens to an agent: login, legs, pause, reservation, call, wrap-up, disposition, logout.

Whose call an agent gets is decided in `verdict_flow.py`; this module only moves seats and their legs.
"""

from __future__ import annotations

from dialerd.core.agent import BUSY_STATES, AgentMove, AgentState
from dialerd.core.call import AttemptMove, AttemptState, HungUpBy
from dialerd.core.closing import close_call
from dialerd.core.deadlines import Wait
from dialerd.core.dispositions import MACHINE, agents_may_give
from dialerd.core.errors import Conflict, Invalid, Unavailable
from dialerd.core.floor import Floor
from dialerd.core.live_call import LiveCall, advance
from dialerd.core.messages import (
    AgentDispose,
    AgentLogin,
    AgentLogout,
    AgentPause,
    AgentUnpause,
    Hangup,
    LegEnded,
    LegUp,
    RingAgent,
)
from dialerd.core.moment import Moment
from dialerd.core.previewed import hand_back, is_previewed, lose_agent
from dialerd.core.roster import Seat

LEG_LOST_NOTE = "the agent's leg was lost"
LEG_LOST_WITHIN_S = 1.0
"""Asterisk tells first that the agent's leg left the bridge and then, a moment later, that it is gone."""

BUSY = frozenset({AgentState.RESERVED, AgentState.ON_CALL})

LEFT_ALONE_S = 5.0
"""How long a customer whose agent's leg is gone may stay up before dialerd hangs up."""


class AgentFlow:
    """Handlers of the agent's orders and legs."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor

    # -- orders

    def login(self, event: AgentLogin, now: Moment) -> None:
        """Ring a nailed-up agent's phone; an on-hook agent is ready at once."""
        seat = self.floor.roster.require(event.agent_id)
        if seat.state is not AgentState.LOGGED_OUT:
            raise Conflict(f"agent {seat.name} is already logged in ({seat.state.value})")
        if seat.leg_id:
            raise Conflict(f"agent {seat.name}: the phone {seat.profile.endpoint} is already ringing")
        link = self.floor.links.get(self._node(seat))
        if link is None:
            raise Invalid(f"agent {seat.name} cannot log in: Asterisk {self._node(seat)!r} is not in the configuration")
        if not link.connected:
            raise Unavailable(f"agent {seat.name} cannot log in: Asterisk is not connected")
        if seat.on_hook:
            self.floor.move_seat(seat, AgentMove.LOGIN, now)
            self._ready(seat, now)
        else:
            self.ring(seat, self.floor.settings.agent_ring_timeout_s, now)

    def logout(self, event: AgentLogout, now: Moment) -> None:
        """Log out now, or after the call unless forced; a ringing login is cancelled."""
        seat = self.floor.roster.require(event.agent_id)
        if seat.state is AgentState.LOGGED_OUT:
            if not seat.leg_id:
                raise Conflict(f"agent {seat.name} is not logged in")
            seat.logout_wanted = True
            self._drop_leg(seat)
        elif seat.state in BUSY:
            seat.logout_wanted = True
            if seat.preview is not None:
                self.release(seat, now)
            elif event.force:
                self._drop_leg(seat)
        else:
            self._leave(seat, "logged out", now)

    def pause(self, event: AgentPause, now: Moment) -> None:
        """Pause now, or after the call and its wrap-up."""
        seat = self.floor.roster.require(event.agent_id)
        if seat.state is AgentState.LOGGED_OUT:
            raise Conflict(f"agent {seat.name} is logged out: log in before pausing")
        if seat.state in BUSY_STATES:
            seat.pause_wanted = event.reason
            if seat.preview is not None:
                self.release(seat, now)
        else:
            self.floor.move_seat(seat, AgentMove.PAUSE, now, event.reason)

    def unpause(self, event: AgentUnpause, now: Moment) -> None:
        """Back to work; a pause that was only asked for is taken back."""
        seat = self.floor.roster.require(event.agent_id)
        if seat.pause_wanted is not None:
            seat.pause_wanted = None
            return
        if seat.state is not AgentState.PAUSED:
            raise Conflict(f"agent {seat.name} is {seat.state.value}, not paused")
        self.floor.move_seat(seat, AgentMove.UNPAUSE, now)
        self._ready(seat, now)

    def dispose(self, event: AgentDispose, now: Moment) -> None:
        """Set the disposition of the call being talked or wrapped up; ends wrap-up."""
        seat = self.floor.roster.require(event.agent_id)
        definition = self.floor.dispositions.get(event.code)
        if definition is None or not agents_may_give(definition):
            known = ", ".join(sorted(c for c, d in self.floor.dispositions.items() if agents_may_give(d)))
            raise Invalid(f"disposition {event.code!r} is not one that agents can give (known: {known})")
        call = self.floor.calls.get(seat.attempt_id) if seat.attempt_id is not None else None
        if call is None or seat.state not in (AgentState.ON_CALL, AgentState.WRAP_UP):
            raise Conflict(f"agent {seat.name} is {seat.state.value}: there is no call to dispose of")
        call.attempt.disposition = event.code
        call.attempt.live_answer = event.code != MACHINE  # whom AMD took for a person may be none: no live answer then
        call.attempt.note = event.note or call.attempt.note
        call.callback_at, call.callback_own = event.callback_at, event.callback_own
        self.floor.save(call)  # it is confirmed to the agent: not to be lost with us
        if seat.state is AgentState.WRAP_UP:
            self.finish_wrap_up(seat, now)

    # -- legs

    def ring(self, seat: Seat, timeout_s: float, now: Moment) -> None:
        """Call the agent's phone."""
        seat.leg_id = f"agt-{seat.profile.id}-{self.floor.identity.nonce()}"
        seat.leg_up = False
        self.floor.emit(
            RingAgent(
                node=self._node(seat),
                agent_id=seat.profile.id,
                leg_id=seat.leg_id,
                endpoint=seat.profile.endpoint,
                ring_timeout_s=timeout_s,
            )
        )
        self.floor.deadlines.set(Wait.LEG, seat.profile.id, now.mono + timeout_s + 10)

    def leg_up(self, event: LegUp, now: Moment) -> None:
        """The phone was answered: a nailed-up agent is logged in, an on-hook agent can be connected."""
        seat = self.floor.roster.get(event.agent_id)
        if seat is None or seat.leg_id != event.leg_id:
            self.floor.emit(Hangup(node=self.floor.settings.default_node, channel_id=event.leg_id))
            return
        self.floor.deadlines.cancel(Wait.LEG, seat.profile.id)
        if seat.leg_up:
            return
        seat.leg_up, seat.leg_channel = True, event.channel_name
        if seat.state is AgentState.LOGGED_OUT:
            self.floor.move_seat(seat, AgentMove.LOGIN, now)
            self._ready(seat, now)
        elif seat.preview is not None:  # rung for the lead that is to be called now
            self.floor.decide_soon([seat.preview.lead.campaign_id], now)

    def leg_ended(self, event: LegEnded, now: Moment) -> None:
        """The leg is gone or was never answered."""
        seat = self.floor.roster.get(event.agent_id)
        if seat is None or seat.leg_id != event.leg_id:
            return
        was_up = seat.leg_up
        self._forget_leg(seat)
        if seat.on_hook:
            self._on_hook_leg_ended(seat, was_up, now)
        else:
            self.lose_leg(seat, "the phone hung up" if was_up else "the phone did not answer", now)

    def _on_hook_leg_ended(self, seat: Seat, was_up: bool, now: Moment) -> None:
        call = self.floor.calls.get(seat.attempt_id) if seat.attempt_id is not None else None
        if seat.state is AgentState.RESERVED:
            self._give_back(call, seat, now)
            if not was_up and not seat.logout_wanted:
                seat.pause_wanted = "the phone did not answer"
                self.floor.log("warning", f"agent {seat.name} is paused: the phone did not answer a call")
            self.release(seat, now)
        elif seat.state is AgentState.ON_CALL and call is not None:
            self._left_by_agent(call, now)
            self.begin_wrap_up(seat, call, now)
        elif seat.state is AgentState.LOGGED_OUT:
            self.lose_leg(seat, "the phone did not answer", now)

    def lose_leg(self, seat: Seat, reason: str, now: Moment) -> None:
        """A nailed-up leg is gone: the agent is logged out with the reason; its call is told."""
        call = self.floor.calls.get(seat.attempt_id) if seat.attempt_id is not None else None
        state = seat.state
        wanted = seat.logout_wanted
        seat.attempt_id, seat.pause_wanted, seat.logout_wanted = None, None, False
        self.floor.deadlines.cancel(Wait.WRAP_UP, seat.profile.id)
        self._forget_leg(seat)
        hand_back(self.floor, seat)
        if state is AgentState.LOGGED_OUT:
            seat.reason = reason
            self.floor.log_seat(seat, now)
        else:
            self.floor.move_seat(seat, AgentMove.LEG_LOST, now, "logged out" if wanted else reason)
        if not wanted:
            self.floor.log("warning", f"agent {seat.name} is logged out: {reason}")
        self._after_lost_leg(state, call, seat, now)

    def _after_lost_leg(self, state: AgentState, call: LiveCall | None, seat: Seat, now: Moment) -> None:
        if call is None:
            return
        if state is AgentState.RESERVED:
            self._give_back(call, seat, now)
        elif state is AgentState.ON_CALL:
            call.attempt.note = call.attempt.note or LEG_LOST_NOTE
            self._left_by_agent(call, now)
        elif state is AgentState.WRAP_UP:
            if _ended_by_leg(call, now):
                call.attempt.note = call.attempt.note or LEG_LOST_NOTE
            if call.attempt.state is AttemptState.ENDED:
                close_call(self.floor, call, now)

    def _left_by_agent(self, call: LiveCall, now: Moment) -> None:
        """The agent's side of the talk is gone; the dialplan ends the customer's, else dialerd does."""
        if call.attempt.hung_up_by is HungUpBy.UNKNOWN:
            call.attempt.hung_up_by = HungUpBy.AGENT
        self.floor.deadlines.set(Wait.ENDING, call.attempt.id, now.mono + LEFT_ALONE_S)

    def _give_back(self, call: LiveCall | None, seat: Seat, now: Moment) -> None:
        """A reserved agent is lost to its call: the person waits again (until the limit it already has)."""
        if call is None:
            return
        call.failed_agents |= {seat.profile.id}
        advance(call, AttemptMove.UNASSIGN)
        if call.attempt.state is AttemptState.WAITING:
            self.floor.wait_again(call, now)
        elif is_previewed(call):
            lose_agent(self.floor, call, now)

    def leg_overdue(self, agent_id: int, now: Moment) -> None:
        """No news of a ringing phone: hang it up and treat it as not answered."""
        seat = self.floor.roster.get(agent_id)
        if seat is not None and seat.leg_id and not seat.leg_up:
            leg_id = seat.leg_id
            self.floor.emit(Hangup(node=self._node(seat), channel_id=leg_id))
            self.leg_ended(LegEnded(agent_id=agent_id, leg_id=leg_id), now)

    # -- the call

    def reserve(self, seat: Seat, call: LiveCall, now: Moment) -> None:
        """This agent gets that call."""
        seat.attempt_id, seat.campaign_id = call.attempt.id, call.attempt.campaign_id
        call.give_to(seat.profile.id)
        self.floor.move_seat(seat, AgentMove.RESERVE, now)

    def release(self, seat: Seat, now: Moment) -> None:
        """The call went away before the bridge, or the lead that was shown before any call."""
        hand_back(self.floor, seat)
        seat.attempt_id = None
        self.end_on_hook_leg(seat)
        self.floor.move_seat(seat, AgentMove.RELEASE, now)
        self._ready(seat, now)

    def connect(self, seat: Seat, now: Moment) -> None:
        """Agent and customer are in one bridge."""
        self.floor.move_seat(seat, AgentMove.CONNECT, now)

    def begin_wrap_up(self, seat: Seat, call: LiveCall, now: Moment) -> None:
        """The talk is over: wrap-up with its limit; at once over when the disposition is already there."""
        self.end_on_hook_leg(seat)
        self.floor.move_seat(seat, AgentMove.CALL_ENDED, now)
        if call.attempt.disposition or call.campaign.wrapup_time_s <= 0:
            self.finish_wrap_up(seat, now)
        else:
            self.floor.deadlines.set(Wait.WRAP_UP, seat.profile.id, now.mono + call.campaign.wrapup_time_s)

    def call_ended(self, call: LiveCall, now: Moment) -> bool:
        """The customer's channel is gone: free or wrap up its agent. True when a disposition is still to come."""
        seat = self.floor.roster.get(call.agent_id) if call.agent_id is not None else None
        if seat is None or seat.attempt_id != call.attempt.id:
            return False
        if seat.state is AgentState.RESERVED:
            self.release(seat, now)
        elif seat.state is AgentState.ON_CALL:
            self.begin_wrap_up(seat, call, now)
        return seat.state is AgentState.WRAP_UP and seat.attempt_id == call.attempt.id

    def finish_wrap_up(self, seat: Seat, now: Moment) -> None:
        """Wrap-up is over (disposition given, time passed): the record is closed once its channel is gone."""
        call = self.floor.calls.get(seat.attempt_id) if seat.attempt_id is not None else None
        self.floor.deadlines.cancel(Wait.WRAP_UP, seat.profile.id)
        seat.attempt_id = None
        self.floor.move_seat(seat, AgentMove.WRAP_UP_DONE, now)
        if call is not None and call.attempt.state is AttemptState.ENDED:
            close_call(self.floor, call, now)
        self._ready(seat, now)

    def wrap_up_overdue(self, agent_id: int, now: Moment) -> None:
        """The wrap-up limit has passed: default disposition, ready again."""
        seat = self.floor.roster.get(agent_id)
        if seat is not None and seat.state is AgentState.WRAP_UP:
            self.finish_wrap_up(seat, now)

    # -- inside

    def _ready(self, seat: Seat, now: Moment) -> None:
        """A seat has just become free: a wish for logout or pause comes first, then new calls."""
        if seat.logout_wanted:
            self._leave(seat, "logged out", now)
        elif seat.pause_wanted is not None:
            reason, seat.pause_wanted = seat.pause_wanted, None
            self.floor.move_seat(seat, AgentMove.PAUSE, now, reason)
        else:
            self.floor.decide_soon(seat.profile.campaign_ids, now)

    def _leave(self, seat: Seat, reason: str, now: Moment) -> None:
        call = self.floor.calls.get(seat.attempt_id) if seat.attempt_id is not None else None
        self.floor.deadlines.cancel(Wait.WRAP_UP, seat.profile.id)
        self._drop_leg(seat)
        self._forget_leg(seat)
        seat.attempt_id, seat.pause_wanted, seat.logout_wanted = None, None, False
        self.floor.move_seat(seat, AgentMove.LOGOUT, now, reason)
        if call is not None and call.attempt.state is AttemptState.ENDED:
            close_call(self.floor, call, now)

    def end_on_hook_leg(self, seat: Seat) -> None:
        """An on-hook agent without a call has no leg."""
        if seat.on_hook and seat.leg_id:
            self._drop_leg(seat)
            self._forget_leg(seat)

    def _drop_leg(self, seat: Seat) -> None:
        if seat.leg_id:
            self.floor.emit(Hangup(node=self._node(seat), channel_id=seat.leg_id))

    def _forget_leg(self, seat: Seat) -> None:
        self.floor.deadlines.cancel(Wait.LEG, seat.profile.id)
        seat.leg_id, seat.leg_up, seat.leg_channel = "", False, ""

    def _node(self, seat: Seat) -> str:
        return seat.profile.node or self.floor.settings.default_node


def _ended_by_leg(call: LiveCall, now: Moment) -> bool:
    """True when the talk ended just now from the agent's side: the leg that is gone took it along."""
    ended_at = call.attempt.ended_at
    if call.attempt.hung_up_by is not HungUpBy.AGENT or ended_at is None:
        return False
    return (now.wall - ended_at).total_seconds() <= LEG_LOST_WITHIN_S
