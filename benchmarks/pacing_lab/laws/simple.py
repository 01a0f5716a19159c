"""Owns the laws without memory: progressive, and a fixed ratio on idle agents or on all of them. Know no statistics."""

from __future__ import annotations

from ..contract import Observation, View


class Progressive:
    """One line per idle agent."""

    def decide(self, view: View) -> int:
        return view.idle - view.under_way

    def observe(self, what: Observation) -> None:
        pass


class RatioOnIdle:
    """So many lines per idle agent: ratio x idle, less what is under way."""

    def __init__(self, ratio: float) -> None:
        self.ratio = ratio

    def decide(self, view: View) -> int:
        return int(self.ratio * view.idle + 1e-9) - view.under_way

    def observe(self, what: Observation) -> None:
        pass


class RatioOnAll:
    """So many lines per staffed agent, calls in progress included: agents on the phone are dialled for as well."""

    def __init__(self, ratio: float) -> None:
        self.ratio = ratio

    def decide(self, view: View) -> int:
        return int(self.ratio * view.staffed + 1e-9) - view.under_way - view.connected + view.leaving

    def observe(self, what: Observation) -> None:
        pass


class DialUpTo:
    """A table: so many lines for 0, 1, 2 … idle agents."""

    def __init__(self, levels: tuple[int, ...]) -> None:
        self.levels = levels

    def decide(self, view: View) -> int:
        return self.levels[min(view.idle, len(self.levels) - 1)] - view.under_way

    def observe(self, what: Observation) -> None:
        pass
