"""Owns preview dialling: which agent is shown which lead, what the agent says to it, and what follows.

    ready agent ── shown a claimed lead (reserved, "preview") ──┬─ accept ─▶ call for this agent, gate asked as for any
                                                                ├─ skip ───▶ lead due again later
                                                                ├─ time ───▶ skip or call, as the campaign says
                                                                └─ agent or campaign leaves ─▶ lead due again at once

The calls themselves are opened in `dialling_flow.py`, whatever caused them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import replace

from dialerd.core.agent import AgentMove, AgentState
from dialerd.core.agent_flow import AgentFlow
from dialerd.core.campaign import CampaignState, DialMode, OnTimeout
from dialerd.core.deadlines import Wait
from dialerd.core.errors import Conflict
from dialerd.core.floor import CampaignRun, Floor
from dialerd.core.live_call import LiveCall
from dialerd.core.messages import AgentSkip, SkipLead
from dialerd.core.moment import Moment
from dialerd.core.pacing.preview import pairs
from dialerd.core.previewed import hand_back, take_preview, tell
from dialerd.core.roster import Preview, Seat

REASON = "preview"
TIMED_OUT = "timed out"
MISSED_IN_A_ROW = 3
MISSED = "previews were not answered"


class PreviewFlow:
    """Handlers of previews."""

    def __init__(self, floor: Floor, agents: AgentFlow) -> None:
        self.floor = floor
        self.agents = agents

    # -- showing

    def show(self, run: CampaignRun, own: Collection[int], now: Moment) -> int:
        """Show leads of the hopper to these ready agents; return how many of them found none."""
        promised = self.floor.promised_agents()
        free = [
            seat
            for agent_id in own
            if (seat := self.floor.roster.get(agent_id)) is not None
            and seat.state is AgentState.READY
            and agent_id not in promised
        ]
        free.sort(key=lambda seat: (seat.since.mono, seat.profile.id))
        shown = pairs(run.hopper, [seat.profile.id for seat in free])
        taken = {lead.id for lead, _ in shown}
        run.hopper = deque(lead for lead in run.hopper if lead.id not in taken)
        for lead, agent_id in shown:
            seat = self.floor.roster.require(agent_id)
            until = now.mono + run.campaign.preview_time_s
            seat.preview = Preview(lead=replace(lead, agent_id=agent_id), since=now, until_mono=until)
            seat.campaign_id = run.campaign.id
            self.floor.move_seat(seat, AgentMove.RESERVE, now, REASON)
            self.floor.deadlines.set(Wait.PREVIEW, agent_id, until)
        return len(free) - len(shown)

    def shown(self, campaign_id: int) -> list[Seat]:
        """The agents who are shown a lead of this campaign, or wait for the call that they want."""
        return [seat for seat in self.floor.roster if seat.preview and seat.preview.lead.campaign_id == campaign_id]

    def accepted(self, campaign_id: int) -> list[Preview]:
        """Leads to be called now, in the order of acceptance: the agent's leg is up."""
        waiting = [
            seat.preview
            for seat in self.shown(campaign_id)
            if seat.preview is not None and seat.preview.accepted is not None and seat.leg_up
        ]
        return sorted(waiting, key=lambda preview: preview.accepted.mono if preview.accepted else 0.0)

    def opened(self, call: LiveCall, now: Moment) -> None:
        """The call of an accepted lead is intended: the agent is reserved for it and for nothing else."""
        assert call.promised_to is not None
        seat = self.floor.roster.require(call.promised_to)
        take_preview(self.floor, seat)
        seat.attempt_id = call.attempt.id
        call.give_to(seat.profile.id)
        self.floor.log_seat(seat, now)

    # -- what the agent says

    def require(self, agent_id: int) -> tuple[Seat, Preview]:
        """The agent's preview; raise Conflict with a sentence when nothing is shown."""
        seat = self.floor.roster.require(agent_id)
        if seat.preview is None:
            raise Conflict(f"no lead is shown to agent {seat.name} now: {self._nothing_shown(seat)}")
        return seat, seat.preview

    def _nothing_shown(self, seat: Seat) -> str:
        if seat.state is not AgentState.READY:
            state = seat.state.value.replace("_", " ")
            return f"the agent is {state}" + (" for the call that was asked for" if seat.reason == REASON else "")
        serving = [run.campaign for run in self.floor.campaigns.values() if seat.serves(run.campaign.id)]
        preview = [campaign for campaign in serving if campaign.dial_mode is DialMode.PREVIEW]
        if not preview:
            return "none of the agent's campaigns is in preview mode"
        if all(campaign.state is not CampaignState.ACTIVE for campaign in preview):
            names = ", ".join(f"{campaign.name} is {campaign.state.value}" for campaign in preview)
            return f"no campaign in preview mode is active ({names})"
        return f"the agent waits for a lead (dialerctl campaign explain {preview[0].name})"

    def accept(self, seat: Seat, preview: Preview, now: Moment) -> None:
        """Call this lead for this agent, as soon as lines allow; an on-hook agent's phone rings first."""
        if preview.accepted is not None:
            raise Conflict(f"agent {seat.name} has accepted {preview.lead.number} already: it will be called")
        preview.accepted = now
        seat.missed, seat.notice = 0, None
        self.floor.run(preview.lead.campaign_id).unwanted = 0
        self.floor.deadlines.cancel(Wait.PREVIEW, seat.profile.id)
        self._dial(seat, preview, now)

    def _dial(self, seat: Seat, preview: Preview, now: Moment) -> None:
        run = self.floor.run(preview.lead.campaign_id)
        if not seat.leg_up and not seat.leg_id:
            self.agents.ring(seat, run.campaign.on_hook_ring_timeout_s, now)
        self.floor.decide_soon([run.campaign.id], now)

    def skip(self, event: AgentSkip, now: Moment) -> int:
        """Another lead, please: this one is due again later, for anybody. Returns its id."""
        seat, preview = self.require(event.agent_id)
        seat.missed, seat.notice = 0, None
        self._skip(seat, event.reason, now)
        return preview.lead.id

    def _skip(self, seat: Seat, reason: str, now: Moment) -> None:
        preview = take_preview(self.floor, seat)
        assert preview is not None
        self.floor.run(preview.lead.campaign_id).unwanted += 1
        self.floor.emit(
            SkipLead(
                lead_id=preview.lead.id,
                campaign_id=preview.lead.campaign_id,
                agent_id=seat.profile.id,
                reason=reason,
                at=now.wall,
            )
        )
        self.agents.release(seat, now)

    def overdue(self, agent_id: int, now: Moment) -> None:
        """The agent said nothing in time. Who says nothing several times in a row is not there: paused."""
        seat = self.floor.roster.get(agent_id)
        if seat is None or seat.preview is None or seat.preview.accepted is not None:
            return
        campaign = self.floor.run(seat.preview.lead.campaign_id).campaign
        seat.missed += 1
        if seat.missed >= MISSED_IN_A_ROW:
            seat.missed, seat.pause_wanted = 0, MISSED
            self.floor.run(campaign.id).unwanted += 1
            self.floor.log("warning", f"agent {seat.name} is paused: {MISSED_IN_A_ROW} previews in a row ran out")
            self.agents.release(seat, now)
        elif campaign.preview_on_timeout is OnTimeout.DIAL:
            seat.preview.accepted, seat.notice = now, None
            self._dial(seat, seat.preview, now)
        else:
            tell(seat, seat.preview.lead.id, f"{seat.preview.lead.number} was skipped: no answer in time")
            self._skip(seat, TIMED_OUT, now)

    # -- what else ends a preview

    def withdraw(self, campaign_id: int, why: str, now: Moment, *, accepted_only: bool = False) -> None:
        """Give the leads shown to agents of this campaign back. `accepted_only`: those that cannot be called now."""
        for seat in self.shown(campaign_id):
            if seat.preview is not None and (seat.preview.accepted is not None or not accepted_only):
                hand_back(self.floor, seat, why)
                self.agents.release(seat, now)
