"""Owns reading numbers in options: one in a range, several at once (`--agents 5,10,30`). Knows no command."""

from __future__ import annotations

import math
from typing import Any

import click


class NumberRange(click.FloatRange):
    """click's FloatRange, but NaN, which no comparison keeps out, is outside every range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number; fail with a sentence."""
        number = super().convert(value, param, ctx)
        if isinstance(number, float) and math.isnan(number):
            self.fail(f"{value!r} is no number", param, ctx)
        return number


class NumberList(click.ParamType):  # type: ignore[type-arg]  # not generic before click 8.4
    """Numbers with commas between them, each from `least` to `most`, handed on as a tuple without repetitions."""

    name = "N,…"

    def __init__(self, least: float, most: float, *, whole: bool = False, above_least: bool = False) -> None:
        """`whole`: no fractions; `above_least`: `least` itself is none."""
        self.least, self.most, self.whole, self.above_least = least, most, whole, above_least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Return the numbers in the order given; fail with a sentence."""
        if isinstance(value, tuple):
            return value
        found: list[float] = []
        for part in str(value).split(","):
            try:
                number = float(part)
            except ValueError:
                self.fail(f"{part.strip()!r} is no number; write one, or several like 5,10,30", param, ctx)
            kind = "a whole number" if self.whole else "a number"
            if not math.isfinite(number) or not self.least <= number <= self.most or (self.whole and number % 1):
                self.fail(f"{part.strip()!r} is not {kind} from {self.least:g} to {self.most:g}", param, ctx)
            if self.above_least and number == self.least:
                self.fail(f"{part.strip()!r} is not above {self.least:g}", param, ctx)
            found.append(int(number) if self.whole else number)
        return tuple(dict.fromkeys(found))
