"""One campaign on the real Asterisk with real sound: every way a call can end, its record against the far end's log.

Knows dialerd only through dialerctl and its store; the far end says what was heard and when.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Prompts
from .farend import RING_FOREVER, Behaviour, FarEnd, rejecting
from .farend.audio import tone
from .farend.call_log import CallLog
from .farend.speech import human_hello, voicemail_greeting
from .pbx.asterisk import Asterisk
from .product import Product, wall

pytestmark = pytest.mark.real_asterisk

AGENT_HZ = {"1001": 1000, "1002": 1150, "1003": 1300}
CUSTOMER_HZ = 1700
NAME = "spring"


@pytest.fixture
def product(pbx: Asterisk) -> Iterator[Product]:
    """dialerd with FastAGI, running and connected."""
    folder = Path(tempfile.mkdtemp(prefix="dlr"))
    made = Product(folder, pbx)
    made.start()
    yield made
    made.close()
    shutil.rmtree(folder, ignore_errors=True)


def person(hangs_up_after_s: float | None = None) -> Behaviour:
    """Somebody who says hello and then whistles at CUSTOMER_HZ."""
    return Behaviour(plays=human_hello(), then=tone(CUSTOMER_HZ), hangs_up_after_s=hangs_up_after_s)


def numbers(prefix: str, count: int) -> list[str]:
    """Fictitious numbers with a common prefix."""
    return [f"+3906{prefix}{n:04d}" for n in range(count)]


class Floor:
    """The test's own view: product and far end together."""

    def __init__(self, product: Product, farend: FarEnd) -> None:
        self.product, self.farend = product, farend

    def dial(self, batch: dict[str, Behaviour], timeout_s: float = 60) -> None:
        """Give the numbers their behaviours, import them and wait until every attempt is finished."""
        for number, behaviour in batch.items():
            self.farend.behaves(number, behaviour)
        self.product.leads(NAME, *batch)
        self.product.wait(
            lambda: all(self.product.closed(number) for number in batch), timeout_s, f"{list(batch)} finished"
        )

    def attempt(self, number: str) -> dict[str, Any]:
        """The one attempt to a number."""
        (row,) = self.product.attempts(number)
        return row

    def call(self, number: str) -> CallLog:
        """The far end's log of it."""
        return self.farend.wait_for_call(number)


def log_in(product: Product, farend: FarEnd, *names: str) -> None:
    """Agents on nailed-up legs, each with its own tone."""
    for name in names:
        farend.behaves(name, Behaviour(then=tone(AGENT_HZ[name])))
    product.agents(NAME, *names)
    product.ctl("agent", "login", *names, "--wait", "15")


def test_first_call(product: Product, farend: FarEnd, prompts: Prompts) -> None:
    product.campaign(NAME, prompts, "--dial-mode", "progressive", "--amd-enabled", "--wrapup-time", "1")
    log_in(product, farend, "1001")
    product.ctl("campaign", "start", NAME)
    floor = Floor(product, farend)
    (number,) = numbers("1", 1)
    floor.dial({number: person(4)})
    print(floor.attempt(number))
    print(product.log())
    assert floor.attempt(number)["status"] == "answered"
    assert wall(floor.call(number).answered_at or 0) > 0
    assert RING_FOREVER and rejecting(486) and voicemail_greeting()
