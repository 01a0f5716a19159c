"""Owns how many calls are in progress, by campaign and by trunk: counted as they change, never searched for."""

from __future__ import annotations

from collections import Counter

from dialerd.core.call import IN_FLIGHT, AttemptState


class Tally:
    """Lines in use and calls that may still need an agent. `Floor` and `LiveCall` keep it; everybody else reads."""

    __slots__ = ("in_flight", "lines", "trunks")

    def __init__(self) -> None:
        self.lines: Counter[int] = Counter()  # by campaign
        self.in_flight: Counter[int] = Counter()  # by campaign
        self.trunks: Counter[str] = Counter()

    def count(
        self, by: int, state: AttemptState, campaign_id: int, trunk: str, *, agent_id: int | None, is_test: bool
    ) -> None:
        """Add (`by` 1) or take off (-1) one call as it is now."""
        if state is AttemptState.ENDED:
            return
        self.lines[campaign_id] += by
        self.trunks[trunk] += by
        if agent_id is None and not is_test and state in IN_FLIGHT:
            self.in_flight[campaign_id] += by
