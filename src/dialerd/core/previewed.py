"""Owns what every flow does with a lead that is shown to an agent: give it back, and tell the agent why."""

from __future__ import annotations

from dialerd.core.call import AttemptState
from dialerd.core.campaign import DialMode
from dialerd.core.compliance import GateVerdict
from dialerd.core.deadlines import Wait
from dialerd.core.floor import Floor
from dialerd.core.live_call import LiveCall
from dialerd.core.messages import Hangup, ReleaseLeads
from dialerd.core.moment import Moment
from dialerd.core.roster import Notice, Preview, Seat

UNANSWERED = frozenset({AttemptState.DIALING, AttemptState.RINGING})


def is_previewed(call: LiveCall) -> bool:
    """True for a call that an agent has asked for: it is that agent's, and nobody else takes it."""
    return call.attempt.dial_mode == DialMode.PREVIEW.value


def take_preview(floor: Floor, seat: Seat) -> Preview | None:
    """The lead shown to this agent is shown no more; whoever takes it says what becomes of it."""
    shown, seat.preview = seat.preview, None
    floor.deadlines.cancel(Wait.PREVIEW, seat.profile.id)
    return shown


def hand_back(floor: Floor, seat: Seat, why: str = "") -> None:
    """Give the lead shown to this agent back, uncalled; `why` is told when the agent is not the cause."""
    shown = take_preview(floor, seat)
    if shown is None:
        return
    floor.emit(ReleaseLeads(lead_ids=(shown.lead.id,)))
    if why:
        tell(seat, shown.lead.id, f"the preview of {shown.lead.number} was taken back: {why}")


def tell(seat: Seat, lead_id: int, text: str) -> None:
    """Keep one sentence for the agent's screen."""
    seat.notice = Notice(lead_id, text)


def tell_caller(floor: Floor, call: LiveCall, why: str) -> None:
    """Tell the agent who asked for this call that it was not placed."""
    seat = floor.roster.get(call.agent_id) if call.agent_id is not None else None
    if seat is not None and is_previewed(call):
        tell(seat, call.attempt.lead_id, f"{call.attempt.number} was not called: {why}")


def refusal(verdict: GateVerdict) -> str:
    """The gate's answer for the agent: the rule, what it found, and when the lead may be called."""
    detail = f" ({verdict.detail})" if verdict.detail else ""
    when = f"; next time {verdict.next_time:%a %d %b %H:%M} UTC" if verdict.next_time else ""
    return f"{verdict.rule}{detail}{when}"


def lose_agent(floor: Floor, call: LiveCall, now: Moment) -> None:
    """The agent who asked for a call is gone before it met anybody: end it, or leave the person to the limit.

    Asterisk is told to end what nobody has answered yet; an intent that is not sent yet is not sent any more.
    """
    call.give_to(None)
    if call.attempt.state in UNANSWERED:
        call.cancelled = call.hangup_sent = True
        floor.emit(Hangup(node=call.attempt.node, channel_id=call.attempt.channel_id))
        floor.expect_end(call, now)
