"""Owns the bridge between a world and the production pacer: view into situation, observations into what it learns.

Decides nothing: everything that paces is dialerd.core.pacing.
"""

from __future__ import annotations

from collections.abc import Sequence

from dialerd.core.abandon_window import AbandonWindow
from dialerd.core.pacing.answers import Segment
from dialerd.core.pacing.ledger import AbandonLedger
from dialerd.core.pacing.predictive import MOST_AT_ONCE, Plan, PredictivePacer, Situation
from dialerd.core.predictive_flow import LOOK_AHEAD

from ..contract import Abandoned, CallEnded, Connected, Lead, Observation, TalkEnded, View, WrapEnded

GUESSED_TALK_S, GUESSED_WRAP_S = 180.0, 30.0  # a new campaign's defaults, whatever the world is


class Ours:
    """dialerd's predictive pacing, learning from nothing."""

    def __init__(self, limit: float, grace_s: float, *, by_segment: bool = False) -> None:
        """`by_segment`: tell it, as dialerd does, to which segment, attempt and hour each lead belongs."""
        self.limit, self.grace_s, self.by_segment = limit, grace_s, by_segment
        self.pacer = PredictivePacer(avg_talk_s=GUESSED_TALK_S, wrapup_s=GUESSED_WRAP_S)
        self.ledger = AbandonLedger(AbandonWindow.ROLLING_24_HOURS, limit)
        self.plan: Plan | None = None
        self._alike: tuple[Sequence[Lead], float, list[Segment]] | None = None

    def observe(self, what: Observation) -> None:
        """Hand over what has happened."""
        match what:
            case CallEnded():
                segment = self._segment(what.segment, what.attempt, what.dialled_at)
                self.pacer.call_ended(what.dialled_at, what.at, what.kind == "human", segment)
            case Connected():
                self.ledger.record(what.at, abandoned=False)
            case Abandoned():
                self.ledger.record(what.at, abandoned=True)
            case TalkEnded():
                self.pacer.talk_ended(what.talk_s)
            case WrapEnded():
                self.pacer.wrap_up_ended(what.wrap_s)

    def _segment(self, segment: int, attempt: int, dialled_at: float) -> Segment:
        """As dialerd keeps it with each call: the hour is that of dialling, whenever the call ends."""
        hour = int(dialled_at // 3600) % 24
        return (segment, attempt, (segment, hour), hour) if self.by_segment else ()

    def decide(self, view: View) -> int:
        """Ask the pacer."""
        if view.staffed <= 0:
            return 0
        now = view.now
        standing = self.ledger.standing(now)
        situation = Situation(
            now_s=now,
            idle=view.idle,
            talking=[now - at for at in view.talking],
            wrapping=[now - at for at in view.wrapping],
            ringing=[(now - call.at, self._segment(call.segment, call.attempt, call.at)) for call in view.ringing],
            waiting=len(view.waiting),
            grace_s=self.grace_s,
            credit=standing.credit,
            limit=self.limit,
        )
        self.plan = self.pacer.plan(situation, self._upcoming(view), min(MOST_AT_ONCE, view.lines_free, view.rate_free))
        self.pacer.placed(self.plan, self.plan.calls)
        return self.plan.calls

    def _upcoming(self, view: View) -> Sequence[Segment]:
        """The segments of the next leads. Where all leads are alike they change with the hour only: not made anew."""
        if not self.by_segment:
            return ()
        key = (view.upcoming, view.now // 3600) if isinstance(view.upcoming, tuple) else None
        if key is None or self._alike is None or self._alike[0] is not key[0] or self._alike[1] != key[1]:
            segments = [self._segment(lead.segment, lead.attempt, view.now) for lead in view.upcoming[:LOOK_AHEAD]]
            if key is None:
                return segments
            self._alike = (*key, segments)
        return self._alike[2]

    def choose(self, view: View, calls: int) -> Sequence[int]:
        """Return the places of the leads to be called."""
        assert self.plan is not None
        return self.plan.order[:calls]
