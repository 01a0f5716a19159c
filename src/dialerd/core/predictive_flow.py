"""Owns the view that the predictive pacer has of the floor: who is free when, who may answer. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dialerd.core.agent import BUSY_STATES, AgentState
from dialerd.core.call import IN_FLIGHT, AttemptState
from dialerd.core.floor import CampaignRun, Floor
from dialerd.core.lead import Lead
from dialerd.core.moment import Moment
from dialerd.core.pacing.answers import Segment
from dialerd.core.pacing.predictive import Plan, Situation

UNDECIDED = IN_FLIGHT - {AttemptState.WAITING}
"""A person may still answer, or has just answered and AMD does not know it yet."""
ALIKE_FROM = 6  # attempts of a lead: from here on one is like another
LOOK_AHEAD = 60


def lead_segment(lead: Lead, at: datetime) -> Segment:
    """What decides how likely a lead answers that is called now, as far as it is known beforehand.

    The list, the attempt number, the hour in that list, and the hour in the lead's time zone.
    """
    return segment_of(lead.list_id, lead.attempts + 1, lead.zones, at)


def segment_of(list_id: int, attempt_number: int, zones: Sequence[str], at: datetime) -> Segment:
    """The same of a call: the attempt of this number (from 1) to a lead in these zones, dialled then."""
    return list_id, min(attempt_number, ALIKE_FROM), (list_id, at.hour), (tuple(zones[:1]), at.hour)


def plan(floor: Floor, run: CampaignRun, ready: int, credit: float, now: Moment) -> Plan:
    """Ask the campaign's pacer, given how many ready agents it may count as its own."""
    upcoming = [lead_segment(lead, now.wall) for lead, _ in zip(run.hopper, range(LOOK_AHEAD), strict=False)]
    return run.pacer.plan(situation(floor, run, ready, credit, now), upcoming)


def situation(floor: Floor, run: CampaignRun, ready: int, credit: float, now: Moment) -> Situation:
    """The campaign's floor now.

    A busy agent is expected back by the campaign whose call keeps it busy, so that no two campaigns count on one agent;
    who will pause or leave after the call is not expected by anybody.
    """
    talking: list[float] = []
    wrapping: list[float] = []
    campaign_id = run.campaign.id  # asked some hundred times for each decision: the cheapest test first
    for seat in floor.roster:
        if seat.state not in BUSY_STATES or seat.campaign_id != campaign_id or not seat.staffed:
            continue
        if not seat.serves(campaign_id):
            continue
        if seat.state is AgentState.ON_CALL:
            talking.append(now.seconds_since(seat.since))
        elif seat.state is AgentState.RESERVED:
            talking.append(0.0)
        elif seat.state is AgentState.WRAP_UP:
            wrapping.append(now.seconds_since(seat.since))
    ringing: list[tuple[float, Segment]] = []
    waiting = 0
    for call in floor.calls.values():
        if call.agent_id is not None or call.attempt.campaign_id != campaign_id or call.is_test:
            continue
        state = call.attempt.state
        if state is AttemptState.WAITING:
            waiting += 1
        elif state in UNDECIDED and not call.cancelled:
            ringing.append((now.mono - call.sent_mono if call.sent_mono is not None else 0.0, call.segment))
    return Situation(
        now_s=now.mono,
        idle=ready,
        talking=talking,
        wrapping=wrapping,
        ringing=ringing,
        waiting=waiting,
        grace_s=max(0.0, run.campaign.abandon_after_s - floor.settings.verdict_margin_s),
        credit=credit,
        limit=run.campaign.target_abandon_rate,
        safety=run.campaign.safety_factor,
    )
