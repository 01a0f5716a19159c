"""Owns which of the next leads is called first, given how likely each of them answers. Pure.

A call for which an agent is surely free risks nobody: there the lead that answers most likely ends the agent's wait
soonest. Calls beyond risk as much per answer whoever is called, and keep the list's order; so no kind of lead is used
up and the rest left for the evening. Measured in benchmarks/pacing.py, cells `mixed-…`.
"""

from __future__ import annotations

from collections.abc import Sequence

WINDOW = 30  # leads among which is chosen: who is passed over comes a few minutes later
OLDEST_EVERY = 4  # of the chosen calls one goes to the first of the list all the same


def order(chances: Sequence[float], sure: int, chosen_before: int = 0) -> list[int]:
    """Return the leads' places in the order of calling.

    `chances`: of an answer, in the list's order; `sure`: calls that have an agent for certain; `chosen_before`: how
    many such calls there have been, so that every fourth of all goes to the lead that waits longest.
    """
    left = list(range(len(chances)))
    chosen: list[int] = []
    for number in range(min(sure, len(left))):
        oldest = (chosen_before + number) % OLDEST_EVERY == OLDEST_EVERY - 1
        place = left[0] if oldest else max(left[:WINDOW], key=lambda at: (chances[at], -at))
        left.remove(place)
        chosen.append(place)
    return chosen + left
