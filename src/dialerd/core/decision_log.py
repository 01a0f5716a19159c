"""Owns what is kept and told of pacing decisions: slots for the store, a line when what holds a campaign changes.

Decides nothing. In a busy campaign limits take turns several times a second, and each of them is in the slots; told
is the most frequent one, when it is another than was told and has stayed that for two spells of ten seconds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from dialerd.core.agent import OCCUPIED_STATES
from dialerd.core.campaign import DialMode
from dialerd.core.floor import CampaignRun, Floor
from dialerd.core.messages import SavePacingSlot
from dialerd.core.moment import Moment
from dialerd.core.pacing import Limit, PacingDecision

SPELL_S = 10.0
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
    obstacle: str = ""
    spell: Counter[Limit] = field(default_factory=Counter)
    since_mono: float = 0.0  # when the spell began
    before: Limit | None = None  # the most frequent one of the spell before


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
            obstacle=run.alarm,
        )
        limit = self._lasting(run.campaign.id, decision, now)
        if limit is not None and not run.alarm:  # an alarm has been told already
            i = decision.inputs
            self.floor.log(
                "info",
                f"campaign {run.campaign.name} is limited by {self._words(run, limit)} "
                f"(dial ratio {decision.ratio:.2f}; {i.ready} ready of {i.staffed} staffed, "
                f"{i.in_flight} in flight, {i.lines_used} lines)",
                run.campaign.id,
            )

    @staticmethod
    def _words(run: CampaignRun, limit: Limit) -> str:
        if limit is Limit.AGENTS and run.campaign.dial_mode is DialMode.PREVIEW:
            return "its agents: nobody has accepted another lead"
        return WORDS[limit]

    def _lasting(self, campaign_id: int, decision: PacingDecision, now: Moment) -> Limit | None:
        """The limit to tell of now; None when there is no news. A batch placed in full means that agents limit it."""
        told = self._told.setdefault(campaign_id, _Told())
        news: Limit | None = None
        if not told.spell:
            told.since_mono = now.mono
        elif now.mono - told.since_mono >= SPELL_S:
            ((most, _),) = told.spell.most_common(1)
            if most is told.before and (told.obstacle or most is not told.limit):
                news = told.limit = most
                told.obstacle = ""
            told.before, told.since_mono = most, now.mono
            told.spell.clear()
        told.spell[Limit.AGENTS if decision.limit is Limit.NONE else decision.limit] += 1
        return news

    def stopped(self, run: CampaignRun, obstacle: str, now: Moment, *, known: bool = False) -> None:
        """An obstacle or a fault stands in the way of any decision; `known`: it was told already."""
        if self.floor.stopping:  # no news, and nobody will read it
            return
        run.history.stopped(obstacle, credit=run.standing(now).credit, at_s=now.wall.timestamp())
        told = self._told.setdefault(run.campaign.id, _Told())
        if not told.obstacle and not known:
            self.floor.log("info", f"campaign {run.campaign.name} does not dial: {obstacle}", run.campaign.id)
        told.obstacle, told.before = obstacle, None
        told.spell.clear()

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
                if seat.state in OCCUPIED_STATES and seat.staffed and campaign_id in seat.profile.campaign_ids
            ]
        )
