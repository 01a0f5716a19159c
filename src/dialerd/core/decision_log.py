"""Owns what is kept and told of pacing decisions: slots for the store, a line when what holds a campaign changes.

Decides nothing. A change of limit is told when it has lasted: in a busy campaign limits take turns several times a
second, and each of them is in the slots.
"""

from __future__ import annotations

from dataclasses import dataclass

from dialerd.core.agent import AgentState
from dialerd.core.floor import CampaignRun, Floor
from dialerd.core.messages import SavePacingSlot
from dialerd.core.moment import Moment
from dialerd.core.pacing import Limit, PacingDecision

LASTS_S = 10.0
OCCUPIED = frozenset({AgentState.ON_CALL, AgentState.WRAP_UP})
WORDS = {
    Limit.AGENTS: "its agents: every free agent has calls on the way",
    Limit.NO_AGENTS: "agents: nobody is staffed",
    Limit.LINES: "max_lines",
    Limit.TRUNK: "the channels of its trunk",
    Limit.RATE: "calls per second",
    Limit.LEADS: "leads: none may be dialled now",
    Limit.BUDGET: "the abandon budget",
}
"""What limits a campaign. A decision without a limit has placed all that its agents can take."""


@dataclass(slots=True)
class _Told:
    """What was told of a campaign, and what may have to be told instead."""

    limit: Limit | None = None
    next: Limit | None = None
    since_mono: float = 0.0
    obstacle: str = ""


class DecisionLog:
    """Keeps and tells every campaign's decisions."""

    def __init__(self, floor: Floor) -> None:
        """Tell through the floor's outbox."""
        self.floor = floor
        self._told: dict[int, _Told] = {}

    def decided(self, run: CampaignRun, decision: PacingDecision, expected_abandons: float, now: Moment) -> None:
        """One decision; `expected_abandons`: of the calls it placed."""
        run.history.decided(
            decision,
            occupied=self._occupied(run.campaign.id),
            expected_abandons=expected_abandons,
            credit=run.standing(now).credit,
            at_s=now.wall.timestamp(),
        )
        limit = Limit.AGENTS if decision.limit is Limit.NONE else decision.limit
        told = self._told.setdefault(run.campaign.id, _Told())
        if told.limit is limit and not told.obstacle:
            told.next = None
        elif told.next is not limit:
            told.next, told.since_mono = limit, now.mono
        elif now.mono - told.since_mono >= LASTS_S:
            told.limit, told.next, told.obstacle = limit, None, ""
            i = decision.inputs
            self.floor.log(
                "info",
                f"campaign {run.campaign.name} is limited by {WORDS[limit]} (dial ratio {decision.ratio:.2f}; "
                f"{i.ready} ready of {i.staffed} staffed, {i.in_flight} in flight, {i.lines_used} lines)",
                run.campaign.id,
            )

    def stopped(self, run: CampaignRun, obstacle: str, now: Moment, *, known: bool = False) -> None:
        """An obstacle or a fault stands in the way of any decision; `known`: it was told already."""
        if self.floor.stopping:  # no news, and nobody will read it
            return
        run.history.stopped(obstacle, credit=run.standing(now).credit, at_s=now.wall.timestamp())
        told = self._told.setdefault(run.campaign.id, _Told())
        if not told.obstacle and not known:
            self.floor.log("info", f"campaign {run.campaign.name} does not dial: {obstacle}", run.campaign.id)
        told.obstacle, told.next = obstacle, None

    def save(self, now: Moment) -> None:
        """Hand finished slots to the store; while dialerd stops, whatever there is."""
        at_s, stopping = now.wall.timestamp(), self.floor.stopping
        for run in self.floor.campaigns.values():
            for slot in run.history.take(at_s, everything=stopping):
                self.floor.emit(SavePacingSlot(campaign_id=run.campaign.id, slot=slot))

    def _occupied(self, campaign_id: int) -> int:
        """Staffed agents of a campaign who talk or wrap up."""
        return len(
            [
                1
                for seat in self.floor.roster
                if seat.state in OCCUPIED and seat.staffed and campaign_id in seat.profile.campaign_ids
            ]
        )
