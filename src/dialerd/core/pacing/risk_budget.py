"""Owns how much risk one more call may take: the abandon ledger's credit turned into a threshold. Pure.

The threshold is the limit itself, more while there is credit to spend and less while there is not, so that the credit
comes back to its reserve by itself. Below one abandon of credit only calls whose risk is next to nothing go beyond the
idle agents (many of a large floor's do not need more); with none left no risk is taken at all: progressive dialling.

How large a reserve: people are abandoned by chance, D at a time (one on a small floor, some on a large one), so a
credit that is steered to a reserve of R abandons wanders by the square root of D × R / 2 around it. What counts is that
spread beside R, for it makes the threshold swing: it falls with R, however large the floor is. But R stays unspent in
each window: beside the W abandons that a day allows, that is R / W. The reserve grows with the square root of W, which
keeps both small (measured: docs/decisions/0010-predictive-pacing.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dialerd.core.abandon_window import DAY_S

SMALLEST_RESERVE = 2.5  # abandons: what two strokes of bad luck cost
RESERVE = 0.75  # times the square root of what the limit allows in a day
MOST = 4.0  # times the usual threshold, with plenty of credit: a large floor's forecast is on the careful side
USUAL_SAFETY = 0.85  # the default of safety_factor
NEXT_TO_NOTHING = 1e-4  # a risk that needs no whole abandon of credit …
OF_THE_LIMIT = 0.1  # … and at most so much of the limit
USUAL = 1.1  # times the limit: the last call has the highest risk, the average of all has less


@dataclass(slots=True)
class RiskBudget:
    """`predicted`: abandons that the forecast expected of the calls placed; `realised` those that happened."""

    predicted: float = 0.0
    realised: int = 0

    def reserve(self, *, limit: float, answers_per_s: float) -> float:
        """The credit that is aimed at, in abandons."""
        return max(SMALLEST_RESERVE, RESERVE * math.sqrt(limit * answers_per_s * DAY_S))

    def threshold(self, *, credit: float, limit: float, answers_per_s: float, safety: float = USUAL_SAFETY) -> float:
        """The most risk (0–1) that one more call may have; 0: none. `answers_per_s`: what busy agents could take.

        `safety` is the campaign's safety_factor: lower means less risk, at its default it changes nothing.
        """
        if credit <= 0.0:
            return 0.0
        share = (credit - 1.0) / (self.reserve(limit=limit, answers_per_s=answers_per_s) - 1.0)
        risk = max(min(NEXT_TO_NOTHING, OF_THE_LIMIT * limit), USUAL * limit * min(MOST, share))
        return min(1.0, risk * safety / USUAL_SAFETY)

    def placed(self, expected: float) -> None:
        """Calls were placed that make expect so many abandons."""
        self.predicted += expected
