"""The test's own view of a campaign: product and far end together. Knows no particular test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .farend import Behaviour, CallLog, FarEnd
from .farend.audio import tone
from .farend.speech import human_hello
from .product import Product

CAMPAIGN = "spring"


def person(hz: int, *, hangs_up_after_s: float | None = None, answers_after_s: float = 0.3) -> Behaviour:
    """Somebody who says hello and then whistles at `hz`. AMD takes about 1.9 s for it."""
    return Behaviour(
        plays=human_hello(), then=tone(hz), hangs_up_after_s=hangs_up_after_s, answers_after_s=answers_after_s
    )


def numbers(prefix: str, count: int) -> list[str]:
    """Fictitious numbers with a common prefix of two digits."""
    return [f"+390612{prefix}{n:03d}" for n in range(count)]


class Floor:
    """One campaign, its agents' phones and the people it calls."""

    def __init__(self, product: Product, farend: FarEnd) -> None:
        self.product, self.farend = product, farend

    def log_in(self, tones: Mapping[str, int]) -> None:
        """Add agents on nailed-up legs, each with its own tone, and log them in."""
        for name, hz in tones.items():
            self.farend.behaves(name, Behaviour(then=tone(hz)))
        self.product.agents(CAMPAIGN, *tones)
        self.product.ctl("agent", "login", *tones, "--wait", "15")

    def begin(self, batch: Mapping[str, Behaviour]) -> None:
        """Give the numbers their behaviours and import them."""
        for number, behaviour in batch.items():
            self.farend.behaves(number, behaviour)
        self.product.leads(CAMPAIGN, *batch)

    def finish(self, batch: Mapping[str, Behaviour], timeout_s: float = 60) -> None:
        """Wait until every number's attempt is closed."""
        self.product.wait(
            lambda: all(self.product.closed(number) for number in batch),
            timeout_s,
            f"closed: {', '.join(n for n in batch if not self.product.closed(n))}",
        )

    def dial(self, batch: Mapping[str, Behaviour], timeout_s: float = 60) -> None:
        """Begin and finish."""
        self.begin(batch)
        self.finish(batch, timeout_s)

    def attempt(self, number: str) -> dict[str, Any]:
        """The one attempt to a number, with its agent's name."""
        (row,) = self.product.rows(
            "SELECT call_log.*, agent.name AS agent_name FROM call_log LEFT JOIN agent ON agent.id = agent_id"
            " WHERE number = ?",
            number,
        )
        return row

    def call(self, number: str) -> CallLog:
        """The far end's log of the call to a number."""
        return self.farend.wait_for_call(number)

    def talks(self, number: str) -> bool:
        """That number is in conversation with an agent, by the store."""
        return bool(self.product.rows("SELECT id FROM call_log WHERE number = ? AND state = 'talking'", number))

    def wait_for_talk(self, number: str, timeout_s: float = 20) -> dict[str, Any]:
        """Wait for the conversation; return its attempt."""
        self.product.wait(lambda: self.talks(number), timeout_s, f"{number} talks to an agent")
        return self.attempt(number)

    def ready(self, *names: str) -> None:
        """Wait until these agents are ready."""
        self.product.wait(
            lambda: all(self.product.agent_state(name) == "ready" for name in names), 15, f"{names} ready"
        )
