"""Owns small pictures of numbers in one line of text. Pure; knows neither terminal nor what the numbers mean."""

from __future__ import annotations

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-~=+*#"


def sparkline(values: Sequence[float | None], *, from_zero: bool = True, blocks: bool = True) -> str:
    """One character for each value, a space where there is none.

    The lowest character is zero (or the smallest value, if that is below zero or `from_zero` is False), the highest
    the largest value. `blocks` False: for terminals that know ASCII only.
    """
    marks = BLOCKS if blocks else ASCII
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    if low == high:  # a line; on the ground when it is zero
        return "".join(" " if value is None else marks[0 if value == 0 else len(marks) // 2 - 1] for value in values)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    return "".join(
        " " if value is None else marks[min(len(marks) - 1, int((value - low) / (high - low) * len(marks)))]
        for value in values
    )
