"""Owns when busy agents will be free: talk and wrap-up, learned while they go on. Pure; one per campaign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from dialerd.core.pacing.durations import LONGEST_S, Array, Durations

STEPS_S = 32  # how far ahead is looked: ringing times and the grace
AGES = LONGEST_S - STEPS_S  # in seconds; beyond, one is like the last


@dataclass(frozen=True, slots=True)
class FreeTable:
    """The chance to be free after so many seconds [age in seconds × seconds ahead], by what the agent does now."""

    talking: Array
    wrapping: Array

    def by(self, ahead_s: Array) -> FreeBy:
        """The same for some moments, in seconds from now."""
        ahead = np.clip(ahead_s, 0.0, STEPS_S - 1e-9)
        low = ahead.astype(np.int64)
        both = np.concatenate((self.talking, self.wrapping))
        return FreeBy(both[:, low] + (both[:, low + 1] - both[:, low]) * (ahead - low))


@dataclass(frozen=True, slots=True)
class FreeBy:
    """The chance to be free by some moments: rows by age of a talk, and after them by age of a wrap-up."""

    rows: Array

    def chances(self, talking_s: Sequence[float], wrapping_s: Sequence[float]) -> Array:
        """For agents who have been talking or wrapping up for so many seconds [agents × moments]."""
        ages = np.minimum(np.array([*talking_s, *wrapping_s], float), AGES - 1).astype(np.int64)
        ages[len(talking_s) :] += AGES
        return np.asarray(self.rows[ages])


def free_table(talk: Durations, wrap: Durations, talking: Sequence[float], wrapping: Sequence[float]) -> FreeTable:
    """The table from what has ended and what goes on (ages in seconds)."""
    talk_left, wrap_left = talk.survival(talking), wrap.survival(wrapping)
    by_wrap = 1 - sliding_window_view(wrap_left, STEPS_S + 1)[:AGES] / np.maximum(wrap_left[:AGES], 1e-12)[:, None]
    by_wrap[:, 0] = 0.0
    # by so many seconds ahead: the talk ends in one of them, and the wrap-up within what is left of them
    left = np.arange(STEPS_S + 1)[None, :] - np.arange(STEPS_S)[:, None] - 0.5
    done = np.where(left > 0, np.interp(left, np.arange(len(wrap_left)), 1 - wrap_left), 0.0)
    by_talk = sliding_window_view(talk_left[:-1] - talk_left[1:], STEPS_S)[:AGES] @ done
    by_talk /= np.maximum(talk_left[:AGES], 1e-12)[:, None]
    return FreeTable(np.clip(by_talk, 0, 1), np.clip(by_wrap, 0, 1))
