"""Owns when busy agents will be free: talk and wrap-up, learned while they go on. Pure; one per campaign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

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
    ages = LONGEST_S - STEPS_S
    by_wrap = 1 - sliding_window_view(wrap_left, STEPS_S + 1)[:ages] / np.maximum(wrap_left[:ages], 1e-12)[:, None]
    by_wrap[:, 0] = 0.0
    # by so many seconds ahead: the talk ends in one of them, and the wrap-up within what is left of them
    left = np.arange(STEPS_S + 1)[None, :] - np.arange(STEPS_S)[:, None] - 0.5
    done = np.where(left > 0, np.interp(left, np.arange(len(wrap_left)), 1 - wrap_left), 0.0)
    by_talk = sliding_window_view(talk_left[:-1] - talk_left[1:], STEPS_S)[:ages] @ done
    by_talk /= np.maximum(talk_left[:ages], 1e-12)[:, None]
    return FreeTable(np.clip(by_talk, 0, 1), np.clip(by_wrap, 0, 1))
