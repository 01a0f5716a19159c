"""Owns the true distributions of a scenario as tables, for the bounds: no dialer has them. Knows no law."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .durations import Floats
from .scenario import Scenario

HORIZONS = 8
SAMPLE = 200_000
STEP_S = 0.5
AHEAD_S = 60.0


class Truth:
    """The true distributions of a scenario, as sorted samples."""

    def __init__(self, scenario: Scenario) -> None:
        rng = np.random.default_rng(12345)
        self.wraps = np.sort(scenario.wrap.sample(rng, SAMPLE))
        talks = np.sort(scenario.talk.sample(rng, SAMPLE) + scenario.connect_s)
        steps = round(AHEAD_S / STEP_S)
        rows = int(talks[-20] / STEP_S) + 1  # longer talks count as this long
        longer = 1 - self._share(talks, np.arange(rows + steps + 1) * STEP_S)
        ends = np.stack(
            [longer[step : rows + step] - longer[step + 1 : rows + step + 1] for step in range(steps)], axis=1
        )
        lags = (np.arange(steps + 1)[None, :] - np.arange(steps)[:, None] - 0.5) * STEP_S
        over = self._share(self.wraps, lags)
        # for a talk that has lasted so long (rows): the chance that it and its wrap-up are over so much later (columns)
        self.talk_table: Floats = np.maximum.accumulate(ends @ over, axis=1) / np.maximum(longer[:rows], 1e-9)[:, None]
        self.answers = np.sort(scenario.answer_after.sample(rng, SAMPLE))
        shares = [one.share for one in scenario.others]
        counts = np.round(np.array(shares) * SAMPLE).astype(int)
        others = [one.length.sample(rng, int(count)) for one, count in zip(scenario.others, counts, strict=True)]
        self.others = np.sort(np.concatenate(others)) if others else np.array([math.inf])
        self.rate = scenario.answer_rate
        self.horizons: Floats = np.quantile(self.answers, (np.arange(HORIZONS) + 0.5) / HORIZONS)

    def talk_and_wrap_over(self, lasted: Floats, until: Floats) -> Floats:
        """Return for each (talk, horizon) the chance that talk and wrap-up are over by then."""
        rows = np.minimum((lasted / STEP_S).astype(int), len(self.talk_table) - 1)
        columns = np.clip(np.round(until / STEP_S).astype(int), 0, self.talk_table.shape[1] - 1)
        return np.asarray(self.talk_table[rows[:, None], columns[None, :]])

    def wrap_over(self, lasted: Floats, until: Floats) -> Floats:
        """Return for each (wrap-up, horizon) the chance that it is over by then."""
        still = 1 - self._share(self.wraps, lasted)
        then = 1 - self._share(self.wraps, lasted[:, None] + until[None, :])
        return np.asarray(1 - then / np.maximum(still, 1 / SAMPLE)[:, None])

    def answered(self, rung: Floats, until: Floats) -> Floats:
        """Return for each (call, horizon) the chance that a call which has rung so long is answered by then."""
        before = self.rate * self._share(self.answers, rung)
        open_still = 1 - before - (1 - self.rate) * self._share(self.others, rung)
        by_then = self.rate * self._share(self.answers, rung[:, None] + until[None, :])
        return np.asarray((by_then - before[:, None]) / np.maximum(open_still, 1e-9)[:, None])

    @staticmethod
    def _share(ordered: Floats, lasted: NDArray[np.floating[Any]]) -> Floats:
        return np.asarray(np.searchsorted(ordered, lasted, side="right") / len(ordered))
