"""Owns how long AMD keeps people in silence: the last verdicts of a campaign against its limit. Pure; sees no calls.

Only verdicts that give the call to an agent count (HUMAN, NOTSURE): a machine may wait. And those people count whom AMD
had not judged when the limit was over: the dialplan has then played the message, so their verdict would only be later.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dialerd.core.campaign import AmdParameters, Campaign, MeasuredFrom
from dialerd.core.intervals import nearest_rank

KEPT = 200
FEWEST = 50
"""The 95th percentile of fewer verdicts is chance: nobody is refused for it."""


@dataclass(frozen=True, slots=True)
class PersonsVerdict:
    """One call that went to an agent. `delay_s`: from the answer to the verdict.

    `greeted`: AMD said HUMAN, after its silence; `cut`: it had not decided after `delay_s`, the limit of that day.
    """

    delay_s: float
    greeted: bool = True
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds; `cut`: the true p95 is longer than `p95_s`."""

    calls: int
    median_s: float
    p95_s: float
    cut: bool


@dataclass(slots=True)
class VerdictTimes:
    """The last verdicts with the campaign's present parameters; other parameters take other times."""

    parameters: AmdParameters
    seen: deque[PersonsVerdict] = field(default_factory=lambda: deque(maxlen=KEPT))

    def add(self, verdict: PersonsVerdict) -> None:
        """One call more; the oldest is forgotten."""
        self.seen.append(verdict)

    def remember(self, verdicts: Iterable[PersonsVerdict]) -> None:
        """Begin with what was seen before a restart, in its order."""
        self.seen.extend(verdicts)

    def change(self, parameters: AmdParameters) -> None:
        """The campaign has these parameters now."""
        if parameters != self.parameters:
            self.parameters = parameters
            self.seen.clear()

    def from_answer(self) -> Spread | None:
        """From the answer to the verdict; None before the first one."""
        return _spread([(verdict.delay_s, verdict.cut) for verdict in self.seen])

    def against_limit(self, measured_from: MeasuredFrom) -> Spread | None:
        """How much of the limit was over at the verdict, counted from where the campaign counts."""
        silence_s = self.parameters.after_greeting_silence / 1000
        return _spread([(_spent_s(verdict, measured_from, silence_s), verdict.cut) for verdict in self.seen])

    def over_limit(self, campaign: Campaign) -> bool:
        """Whether the p95 of enough calls exceeds the campaign's limit."""
        return self.late(campaign) is not None

    def late(self, campaign: Campaign) -> Spread | None:
        """How much of the limit was over, when the p95 of enough calls exceeds it; else None."""
        if not campaign.amd_enabled or len(self.seen) < FEWEST:
            return None
        spread, limit_s = self.against_limit(campaign.abandon_measured_from), campaign.abandon_after_s
        if spread is None or spread.p95_s < limit_s or (spread.p95_s == limit_s and not spread.cut):
            return None
        return spread


def _spent_s(verdict: PersonsVerdict, measured_from: MeasuredFrom, silence_s: float) -> float:
    """From the answer: all of the delay. From the greeting's end: AMD's silence after it; without an end: nothing."""
    if measured_from is MeasuredFrom.ANSWER or verdict.cut:
        return verdict.delay_s
    return min(verdict.delay_s, silence_s) if verdict.greeted else 0.0


def _spread(delays: list[tuple[float, bool]]) -> Spread | None:
    if not delays:
        return None
    ordered = sorted(delays)
    middle, late = ordered[nearest_rank(0.5, len(ordered))], ordered[nearest_rank(0.95, len(ordered))]
    return Spread(len(ordered), middle[0], late[0], late[1])


def percentile(counts: Mapping[int, int], share: float) -> int | None:
    """Given how often each value was seen, return the value that `share` (0–1) of them do not exceed; None: none seen.

    The smallest value that fits (nearest rank): it was seen, nothing is put in between.
    """
    rank, seen = nearest_rank(share, sum(counts.values())), 0
    for value in sorted(counts):
        seen += counts[value]
        if seen > rank:
            return value
    return None


# ------------------------------------------------------------------ sentences


def least_s(campaign: Campaign) -> float:
    """How much of the limit is over at the earliest when AMD says HUMAN, by its parameters alone."""
    silence_ms = campaign.amd.after_greeting_silence
    if campaign.abandon_measured_from is MeasuredFrom.ANSWER:
        return (silence_ms + campaign.amd.minimum_word_length) / 1000
    return silence_ms / 1000


def certain_problem(campaign: Campaign) -> str:
    """The sentence about parameters with which no person can be given to an agent within the limit; else empty."""
    if not campaign.amd_enabled or campaign.amd_over_limit or least_s(campaign) <= campaign.abandon_after_s:
        return ""
    return (
        f"AMD calls nobody a person before {least_s(campaign):g} s {_since(campaign)}, and abandon_after is "
        f"{campaign.abandon_after_s:g} s: use a shorter --amd-after-greeting-silence, or --amd-over-limit to dial all "
        "the same"
    )


def measured_problem(campaign: Campaign, times: VerdictTimes) -> str:
    """The sentence about verdicts that were seen to come too late; empty when they did not, or may by the setting."""
    late = late_verdicts(campaign, times)
    if campaign.amd_over_limit or not late:
        return ""
    return (
        f"{late}: choose faster parameters (dialerctl amd report {campaign.name}), or "
        "--amd-over-limit to dial all the same"
    )


def late_verdicts(campaign: Campaign, times: VerdictTimes) -> str:
    """What the last verdicts took, against the limit; empty while it is kept or too little was seen."""
    spread = times.late(campaign)
    if spread is None:
        return ""
    more = "more than " if spread.cut else ""
    return (
        f"AMD's verdict comes {more}{spread.p95_s:.2f} s {_since(campaign)} (p95 of the last {spread.calls} people), "
        f"and abandon_after is {campaign.abandon_after_s:g} s"
    )


def possible_delay(campaign: Campaign, times: VerdictTimes) -> str:
    """The sentence about a limit that AMD may exceed by its parameters, as long as too little was seen; else empty."""
    longest_s = campaign.amd.total_analysis_time / 1000
    if (
        not campaign.amd_enabled
        or campaign.abandon_measured_from is not MeasuredFrom.ANSWER
        or longest_s <= campaign.abandon_after_s
        or len(times.seen) >= FEWEST
    ):
        return ""
    return (
        f"AMD may take up to {longest_s:g} s, and abandon_after is {campaign.abandon_after_s:g} s from the answer: who "
        "is not judged by then hears the abandon message"
    )


def _since(campaign: Campaign) -> str:
    if campaign.abandon_measured_from is MeasuredFrom.ANSWER:
        return "after the answer"
    return "after the end of the greeting"
