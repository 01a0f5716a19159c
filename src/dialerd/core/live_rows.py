"""Owns the live lists: calls in progress and agents by name, as plain rows. Pure."""

from __future__ import annotations

from dialerd.core.call import AttemptState
from dialerd.core.floor import Floor
from dialerd.core.moment import Moment
from dialerd.core.picture import Row
from dialerd.core.roster import Preview, Seat


def live_calls(floor: Floor, now: Moment) -> list[Row]:
    """Attempts in progress, oldest first; durations in seconds."""
    return [
        {
            "id": call.attempt.id,
            "campaign": call.campaign.name,
            "number": call.attempt.number,
            "state": call.attempt.state.value,
            "amd_action": call.attempt.amd_action if call.attempt.state is AttemptState.MACHINE else "",
            "agent": _agent_name(floor, call.agent_id),
            "trunk": call.attempt.trunk,
            "seconds": round((now.wall - call.attempt.created_at).total_seconds(), 1),
            "talk_seconds": call.attempt.bridged_at
            and round(((call.attempt.ended_at or now.wall) - call.attempt.bridged_at).total_seconds(), 1),
        }
        for call in sorted(floor.calls.values(), key=lambda c: c.attempt.id)
    ]


def live_agents(floor: Floor, now: Moment) -> dict[str, Row]:
    """By agent name: state, reason, since when, leg, and the call in hand."""
    return {seat.name: _agent(floor, seat, now) for seat in floor.roster}


def live_agent(floor: Floor, name: str, now: Moment) -> Row:
    """The row of one agent; empty for an unknown name."""
    return next((_agent(floor, seat, now) for seat in floor.roster if seat.name == name), {})


def _agent(floor: Floor, seat: Seat, now: Moment) -> Row:
    call = floor.calls.get(seat.attempt_id) if seat.attempt_id is not None else None
    return {
        "state": seat.state.value,
        "reason": seat.reason,
        "since": seat.since.wall,
        "seconds": round(now.seconds_since(seat.since), 1),
        "leg": "up" if seat.leg_up else "ringing" if seat.leg_id else "down",
        "attempt_id": seat.attempt_id,
        "campaign": call.campaign.name if call else "",
        "pause_wanted": seat.pause_wanted,
        "logout_wanted": seat.logout_wanted,
        "preview": _preview(floor, seat.preview, now) if seat.preview else None,
        "notice": {"lead_id": seat.notice.lead_id, "text": seat.notice.text} if seat.notice else None,
    }


def _preview(floor: Floor, preview: Preview, now: Moment) -> Row:
    lead = preview.lead
    return {
        "lead_id": lead.id,
        "campaign": floor.run(lead.campaign_id).campaign.name,
        "number": lead.number,
        "name": lead.name,
        "since": preview.since.wall,
        "seconds_left": None if preview.accepted else round(max(0.0, preview.until_mono - now.mono), 1),
        "accepted": preview.accepted is not None,
    }


def _agent_name(floor: Floor, agent_id: int | None) -> str:
    seat = floor.roster.get(agent_id) if agent_id is not None else None
    return seat.name if seat else ""
