"""Owns the leads that were chosen ahead, by campaign: claims take them from here. Decides no order and asks no rule.

Choosing from a large campaign takes long (0.1 s and more with a million leads), so it is done `later`, by a thread
that may only read, for some minutes ahead; what is chosen is only a proposal: the claim looks at each lead again. A
small campaign's leads are chosen at the claim itself, so that nothing is ever late.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dialerd.core.compliance import GateVerdict
from dialerd.store.campaign_sizes import CampaignSizes
from dialerd.store.dial_classes import class_verdicts, classes_of
from dialerd.store.facts import Gate
from dialerd.store.selection import choose
from dialerd.store.session import Session

Later = Callable[[Callable[[Session], None]], None]
"""Runs a function of another session some time later, in another thread."""

AHEAD = 6_000  # leads chosen at a time: half a minute of 200 leads a second
LOW = 1_000  # fewer left: choose again meanwhile
STALE = timedelta(seconds=30)  # older choices know nothing of zones that have opened since
LOOK_FACTOR, LOOK_EXTRA = 4, 50  # leads looked at in one claim: numbers that a rule blocks must not stall the writer


@dataclass(slots=True)
class _Ahead:
    ids: deque[int] = field(default_factory=deque)
    verdicts: Mapping[int, GateVerdict] = field(default_factory=dict)
    classes: frozenset[int] | None = None  # those that the campaign has leads of; None: not asked yet
    chosen_at: datetime | None = None
    exhausted: bool = False  # the last choice found everything there was
    pending: bool = False


class Hopper:
    """What was chosen ahead. Used by the writer's thread; choices arrive from the other one, whole."""

    def __init__(self, later: Later, sizes: CampaignSizes) -> None:
        """`later` runs in another thread what takes long; from few leads is chosen at once."""
        self._later = later
        self._sizes = sizes
        self._ahead: dict[int, _Ahead] = {}
        self._told: dict[int, dict[int, str]] = {}  # campaign → class → the rule that was last seen to block it

    def look(
        self, session: Session, gate: Gate, now: datetime, count: int, agents: Collection[int]
    ) -> tuple[list[int], bool]:
        """Ids to look at for a claim of `count`, in order, and whether these are all that may be dialled now."""
        limit = count * LOOK_FACTOR + LOOK_EXTRA
        if self._sizes.is_small(session, gate.campaign_id):
            verdicts = class_verdicts(session, gate, now)
            ids = choose(session, gate, now, limit, agents=agents, verdicts=verdicts)
            self._ahead[gate.campaign_id] = _Ahead(verdicts=verdicts)
            return ids, len(ids) < limit
        ahead = self._ahead.setdefault(gate.campaign_id, _Ahead())
        self._refill(ahead, gate.campaign_id, now)
        promised = choose(session, gate, now, limit, agents=agents, ordinary=False, verdicts=ahead.verdicts)
        taken = [ahead.ids.popleft() for _ in range(min(len(ahead.ids), limit - len(promised)))]
        return [*promised, *taken], not ahead.ids and ahead.exhausted and not ahead.pending

    def give_back(self, campaign_id: int, ids: Collection[int]) -> None:
        """Leads that were looked at and not needed: the first to be looked at next time."""
        ahead = self._ahead.get(campaign_id)
        if ahead is not None:
            ahead.ids.extendleft(reversed(list(ids)))

    def forget(self, campaign_id: int) -> None:
        """What was chosen is not to be used any more: leads, lists or settings have changed."""
        self._ahead.pop(campaign_id, None)
        self._sizes.forget(campaign_id)

    def newly_blocked(self, session: Session, campaign_id: int) -> dict[int, GateVerdict]:
        """The classes with leads that another rule blocks than when this was asked last. Each change is told once."""
        ahead, told = self._ahead.get(campaign_id), self._told.setdefault(campaign_id, {})
        changed = {}
        for class_id, verdict in ahead.verdicts.items() if ahead is not None else ():
            if told.get(class_id, "") != verdict.rule:
                told[class_id] = verdict.rule
                if not verdict.allowed:
                    changed[class_id] = verdict
        if not changed or ahead is None:
            return {}
        there = ahead.classes if ahead.classes is not None else classes_of(session, campaign_id)
        return {class_id: verdict for class_id, verdict in changed.items() if class_id in there}

    def _refill(self, ahead: _Ahead, campaign_id: int, now: datetime) -> None:
        fresh = ahead.chosen_at is not None and abs(now - ahead.chosen_at) < STALE
        enough = len(ahead.ids) >= LOW or (ahead.exhausted and fresh)
        if ahead.pending or (fresh and enough):
            return
        ahead.pending = True

        def work(session: Session) -> None:
            try:
                gate = Gate(session, campaign_id)
                self._sizes.review(session, campaign_id)
                ahead.classes = classes_of(session, campaign_id)
                ahead.verdicts = verdicts = class_verdicts(session, gate, now)
                ids = choose(session, gate, now, AHEAD, promised=False, verdicts=verdicts)
                ahead.ids = deque(ids)  # replaced as a whole: the writer sees the old choice or the new one
                ahead.chosen_at, ahead.exhausted = now, len(ids) < AHEAD
            finally:
                ahead.pending = False

        self._later(work)
