"""Owns when busy agents will be free: talk and wrap-up, learned while they go on. Pure; one per campaign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dialerd.core.pacing.durations import LONGEST_S, Array, Durations

STEPS_S = 32  # how far ahead is looked: ringing times and the grace


@dataclass(frozen=True, slots=True)
class FreeTable:
    """The chance to be free after so many seconds [age in seconds × seconds ahead], by what the agent does now."""

    talking: Array
    wrapping: Array

    def chances(self, ages_s: Sequence[float], ahead_s: Array, *, wrapping: bool) -> Array:
        """For agents busy since `ages_s`: the chance to be free by each of `ahead_s` from now [agents × times]."""
        table = self.wrapping if wrapping else self.talking
        ages = np.minimum(np.asarray(ages_s, float), LONGEST_S - STEPS_S - 1).astype(np.int64)
        ahead = np.clip(ahead_s, 0.0, STEPS_S - 1e-9)
        low = ahead.astype(np.int64)
        rows = table[ages]
        return np.asarray(rows[:, low] + (rows[:, low + 1] - rows[:, low]) * (ahead - low))


def free_table(talk: Durations, wrap: Durations, talking: Sequence[float], wrapping: Sequence[float]) -> FreeTable:
    """The table from what has ended and what goes on (ages in seconds)."""
    talk_left, wrap_left = talk.survival(talking), wrap.survival(wrapping)
    wrap_done = 1 - wrap_left
    ages = LONGEST_S - STEPS_S
    ending = talk_left[:-1] - talk_left[1:]
    by_talk = np.zeros((ages, STEPS_S + 1))
    by_wrap = np.zeros((ages, STEPS_S + 1))
    for ahead in range(1, STEPS_S + 1):
        by_wrap[:, ahead] = 1 - wrap_left[ahead : ahead + ages] / np.maximum(wrap_left[:ages], 1e-12)
        for second in range(ahead):  # the talk ends in this second, the wrap-up within what is left
            left = ahead - second - 0.5
            done = wrap_done[int(left)] + (wrap_done[int(left) + 1] - wrap_done[int(left)]) * (left - int(left))
            by_talk[:, ahead] += ending[second : second + ages] * done
    by_talk /= np.maximum(talk_left[:ages], 1e-12)[:, None]
    return FreeTable(np.clip(by_talk, 0, 1), np.clip(by_wrap, 0, 1))
