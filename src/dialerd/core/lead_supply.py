"""Owns the leads of a campaign between store and call: when to claim, how many ahead, which to give back."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

from dialerd.core.campaign import Campaign, CampaignState, DialMode
from dialerd.core.deadlines import Wait
from dialerd.core.floor import CampaignRun, Floor
from dialerd.core.lead import Lead
from dialerd.core.messages import ClaimLeads, LeadsAdded, LeadsClaimed, ReleaseLeads, Shortage
from dialerd.core.moment import Moment
from dialerd.core.pacing.choice import WINDOW


def calls_per_agent(campaign: Campaign) -> float:
    """The most calls that this campaign has in flight for one ready agent."""
    match campaign.dial_mode:
        case DialMode.POWER:
            return campaign.dial_ratio
        case DialMode.PREDICTIVE:
            return campaign.max_dial_ratio
        case _:
            return 1.0


class LeadSupply:
    """Claims leads for the hoppers and gives back what cannot be called now."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor

    def claim(self, run: CampaignRun, missing: int, now: Moment) -> None:
        """Ask the store for the leads that a decision was short of, and some ahead; one claim at a time."""
        if run.claim_pending or not self.worth_a_claim(run, now):
            return
        run.claim_pending = True
        agents = run.claimed_for = self._free_for_promises(run)
        self.floor.emit(ClaimLeads(campaign_id=run.campaign.id, count=missing + self._ahead(run), agents=agents))
        self.floor.deadlines.set(Wait.CLAIM, run.campaign.id, now.mono + self.floor.settings.claim_timeout_s)

    def _ahead(self, run: CampaignRun) -> int:
        """Leads to hold in hand for the next decisions, so that a freed agent need not wait for a claim."""
        if run.campaign.dial_mode is DialMode.PREVIEW:
            return 0  # whoever looks at a lead has time, and an agent's own appointment comes first in each claim
        ready = len(self.floor.roster.ready_for(run.campaign.id))
        least = WINDOW if run.campaign.dial_mode is DialMode.PREDICTIVE else 1  # it chooses among them
        return max(least, min(run.campaign.max_lines, math.ceil(ready * calls_per_agent(run.campaign))))

    @staticmethod
    def take(run: CampaignRun, places: Iterable[int]) -> list[Lead]:
        """Take the leads at these places out of the hopper, in this order."""
        leads = list(run.hopper)
        taken = [leads[place] for place in places]
        gone = {lead.id for lead in taken}
        run.hopper = deque(lead for lead in leads if lead.id not in gone)
        return taken

    def claimed(self, event: LeadsClaimed, now: Moment) -> None:
        """Leads have come (or none): into the hopper; ask again soon only when the store says there are more."""
        run = self.floor.campaigns.get(event.campaign_id)
        if run is None:
            self.floor.emit(ReleaseLeads(lead_ids=tuple(lead.id for lead in event.leads)))
            return
        run.claim_pending = False
        self.floor.deadlines.cancel(Wait.CLAIM, event.campaign_id)
        run.hopper.extend(event.leads)
        run.shortage = event.shortage
        more = bool(event.leads) or (event.shortage is not None and event.shortage.due > 0)
        run.claim_not_before = now.mono if more else now.mono + self._pause(event.shortage, now)
        if run.campaign.state is CampaignState.ACTIVE and not self.floor.stopping:
            # without leads its agents are free for the others
            self.floor.decide_soon([event.campaign_id] if more else self.floor.campaigns, now)
        else:
            self.give_back(run)

    def _pause(self, shortage: Shortage | None, now: Moment) -> float:
        """Seconds until the store is asked again: when the next lead is due, at the latest after the usual pause."""
        longest = self.floor.settings.claim_retry_s
        if shortage is None or shortage.next_due_at is None:
            return longest
        return min(longest, max(0.1, (shortage.next_due_at - now.wall).total_seconds()))

    def leads_added(self, event: LeadsAdded, now: Moment) -> None:
        """New leads: ask the store again at once."""
        run = self.floor.run(event.campaign_id)
        run.claim_not_before = now.mono
        self.floor.decide_soon([event.campaign_id], now)

    def claim_overdue(self, campaign_id: int) -> None:
        """The store did not answer a claim in time: allow another; late leads are still welcome."""
        run = self.floor.campaigns.get(campaign_id)
        if run is not None:
            run.claim_pending = False

    def give_back(self, run: CampaignRun) -> None:
        """Give the whole hopper back to the store."""
        if run.hopper:
            self.floor.emit(ReleaseLeads(lead_ids=tuple(lead.id for lead in run.hopper)))
            run.hopper.clear()

    def give_back_promised(self, run: CampaignRun) -> None:
        """Give back leads whose own agent is not free any more, or is about to talk to another of them."""
        if not any(lead.agent_id is not None for lead in run.hopper):
            return
        free = set(self.floor.roster.ready_for(run.campaign.id) - self.floor.promised_agents())
        kept: deque[Lead] = deque()
        gone: list[int] = []
        for lead in run.hopper:
            if lead.agent_id is None or lead.agent_id in free:
                kept.append(lead)
                free.discard(lead.agent_id or 0)
            else:
                gone.append(lead.id)
        if gone:
            run.hopper = kept
            self.floor.emit(ReleaseLeads(lead_ids=tuple(gone)))

    def worth_a_claim(self, run: CampaignRun, now: Moment) -> bool:
        """Whether the store may have something: time has passed, or there is an agent it has not been asked about."""
        return now.mono >= run.claim_not_before or not self._free_for_promises(run) <= run.claimed_for

    def _free_for_promises(self, run: CampaignRun) -> frozenset[int]:
        """Ready agents without an appointment on its way or in hand: a second one would only be given back."""
        in_hand = {lead.agent_id for lead in run.hopper if lead.agent_id is not None}
        return self.floor.roster.ready_for(run.campaign.id) - self.floor.promised_agents() - in_hand
