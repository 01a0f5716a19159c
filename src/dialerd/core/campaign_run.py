"""Owns one campaign at run time: its ledger, its pacer, its hopper and the last decision. Knows no calls, no agents."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, replace

from dialerd.core.amd.delay import VerdictTimes
from dialerd.core.call import Attempt
from dialerd.core.campaign import Campaign
from dialerd.core.lead import Lead
from dialerd.core.messages import LedgerLoaded, LoadLedger, Shortage
from dialerd.core.moment import Moment
from dialerd.core.pacing import PacingDecision
from dialerd.core.pacing.history import PacingHistory
from dialerd.core.pacing.ledger import AbandonLedger, AmdLosses, Counts, Standing
from dialerd.core.pacing.predictive import PredictivePacer
from dialerd.core.pacing.rate import CallRate
from dialerd.core.statistics import HourStatistics


@dataclass(slots=True, kw_only=True)
class CampaignRun:
    """A campaign at run time.

    `coming` is the ledger of a window just chosen: it begins with the calls in progress, is told everything too, and
    takes the ledger's place when the store has said what the window holds. Until then the old one governs.

    `counted`: what the ledgers hold of calls in progress, by attempt. The store knows finished records only, so these
    two never overlap; a call that is finished leaves `counted`.
    """

    campaign: Campaign
    rate: CallRate
    ledger: AbandonLedger
    coming: AbandonLedger | None = None
    ledger_request: int = 0  # the last LoadLedger
    counted: dict[int, Counts] = field(default_factory=dict)
    verdicts: VerdictTimes  # how long AMD takes with people
    pacer: PredictivePacer  # learns in every mode, so that a change of mode does not start from nothing
    hopper: deque[Lead] = field(default_factory=deque)
    claim_pending: bool = False
    claim_not_before: float = 0.0
    claimed_for: frozenset[int] = frozenset()  # the agents that the last claim named
    shortage: Shortage | None = None
    unwanted: int = 0  # previews since the last one that was accepted
    refused: Counter[str] = field(default_factory=Counter)  # rule → leads refused at dialling since the last dial
    decision: PacingDecision | None = None
    decided_at: float = float("-inf")
    alarm: str = ""  # above max_abandon_rate: the sentence, as long as dialling has stopped itself
    fault: str = ""
    fault_at: Moment | None = None
    hour: HourStatistics = field(default_factory=HourStatistics)
    history: PacingHistory = field(default_factory=PacingHistory)

    def standing(self, now: Moment) -> Standing:
        """The abandon ledger's window at this moment."""
        return self.ledger.standing(now.wall.timestamp())

    def count(self, attempt: Attempt, *, abandoned: bool, machine: bool) -> None:
        """Enter what is known of a call by now into the ledger; what is told again, or corrected, counts once.

        An abandon must weigh from the moment it happens: its message may play for a long time yet.
        """
        before = self.counted.pop(attempt.id, None)
        counts = None
        if attempt.live_answer or machine:
            at_s = (attempt.answered_at or attempt.created_at).timestamp()
            counts = Counts(at_s, int(attempt.live_answer), int(abandoned), int(machine))
            self.counted[attempt.id] = counts
        if counts == before:
            return
        for ledger in (self.ledger, self.coming):
            if ledger is not None and before is not None:
                ledger.add(before.at_s, -before.live, -before.abandoned, -before.machines)
            if ledger is not None and counts is not None:
                ledger.add(*counts)

    def record(self, attempt: Attempt) -> None:
        """A finished call: from now on the store knows it."""
        self.count(attempt, abandoned=attempt.abandoned, machine=attempt.machine)
        self.counted.pop(attempt.id, None)

    @property
    def unfinished(self) -> tuple[int, int]:
        """Live answers and abandons in the ledger whose records are not finished: the store does not count them yet."""
        counted = self.counted.values()
        return sum(counts.live for counts in counted), sum(counts.abandoned for counts in counted)

    @classmethod
    def of(cls, campaign: Campaign) -> CampaignRun:
        """A campaign that begins to run, with nothing learned and an empty ledger."""
        return cls(
            campaign=campaign,
            rate=CallRate(campaign.calls_per_second),
            ledger=_ledger(campaign),
            verdicts=VerdictTimes(campaign.amd),
            pacer=PredictivePacer(
                avg_talk_s=campaign.avg_talk_time_s,
                wrapup_s=campaign.wrapup_time_s,
                ring_timeout_s=campaign.ring_timeout_s,
            ),
        )

    def change(self, campaign: Campaign) -> None:
        """Take new settings; the state stays what it is, and the ledger's window until it is renewed."""
        self.campaign = replace(campaign, state=self.campaign.state)
        self.rate.per_second = campaign.calls_per_second
        self.verdicts.change(campaign.amd)
        for ledger in (self.ledger, self.coming):
            if ledger is not None:
                ledger.set_limit(campaign.target_abandon_rate, _amd_losses(campaign))

    @property
    def counts_another_window(self) -> bool:
        """Whether the campaign's window is not the one that is counted, or that was asked for last."""
        return (self.coming or self.ledger).clock != self.campaign.window_clock

    def renew_ledger(self) -> LoadLedger:
        """Begin a ledger for the campaign's window; the command asks the store what it holds already."""
        self.coming = _ledger(self.campaign)
        for counts in self.counted.values():
            self.coming.add(*counts)
        self.ledger_request += 1
        return LoadLedger(campaign_id=self.campaign.id, request=self.ledger_request, clock=self.coming.clock)

    def ledger_loaded(self, event: LedgerLoaded) -> None:
        """The store's answer; one for a window that was given up meanwhile changes nothing."""
        if self.coming is not None and event.request == self.ledger_request:
            self.coming.take_over(event.history)
            self.ledger, self.coming = self.coming, None


def _amd_losses(campaign: Campaign) -> AmdLosses:
    return AmdLosses(rate=campaign.amd_false_positive_rate, inside=campaign.amd_losses_inside)


def _ledger(campaign: Campaign) -> AbandonLedger:
    return AbandonLedger(
        campaign.abandon_window, campaign.target_abandon_rate, zone=campaign.zone, amd_losses=_amd_losses(campaign)
    )
