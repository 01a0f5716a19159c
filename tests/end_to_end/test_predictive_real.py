"""Predictive dialling on the real Asterisk: a floor that comes and goes, every person's ears against the ledger."""

from __future__ import annotations

import random
import time

import pytest

from .farend import RING_FOREVER, Behaviour, FarEnd
from .farend.audio import tone
from .farend.behaviour import rejecting
from .farend.speech import human_hello
from .floor import CAMPAIGN, Floor, numbers
from .product import Product
from .prompts import Prompts

pytestmark = pytest.mark.real_asterisk

AGENT_HZ = {str(1001 + n): 1000 + 25 * n for n in range(10)}
PERSON_HZ = 2000
LIMIT_S = 2.0
SLACK_S = 0.35  # sound begins some packets after the bridge, and the far end writes down when it has recognised it


def people(rng: random.Random, count: int, talk_s: float) -> dict[str, Behaviour]:
    """Two of five answer after 1 to 6 s and talk for about `talk_s`; the rest are busy or let it ring."""
    hello, whistle = human_hello(), tone(PERSON_HZ)
    made: dict[str, Behaviour] = {}
    for number in numbers("70", count):
        luck = rng.random()
        if luck < 0.4:
            made[number] = Behaviour(
                plays=hello, then=whistle, answers_after_s=rng.uniform(1.0, 6.0),
                hangs_up_after_s=rng.uniform(0.5 * talk_s, 1.5 * talk_s),
            )  # fmt: skip
        else:
            made[number] = rejecting(486, after_s=1.5) if luck < 0.6 else RING_FOREVER
    return made


def dialled(
    product: Product, farend: FarEnd, prompts: Prompts, *, live: int, talk_s: float, minutes: float, target: int = 8
) -> Floor:
    """Let ten agents work until so many people have answered; half of them leave twice meanwhile."""
    floor = Floor(product, farend)
    product.campaign(
        CAMPAIGN, prompts.abandon, "--dial-mode", "predictive", "--wrapup-time", "2", "--dial-timeout", "8",
        "--avg-talk-time", "60", "--target-abandon-rate", str(target), "--max-abandon-rate", "50",
        "--max-dial-ratio", "5", "--max-lines", "40", "--calls-per-second", "20", "--retry-delay", "36000",
    )  # fmt: skip
    floor.log_in(AGENT_HZ)
    floor.begin(people(random.Random(7), 1000, talk_s))
    product.ctl("campaign", "start", CAMPAIGN)
    leave_at, half, away = [live / 3, 2 * live / 3], list(AGENT_HZ)[:5], False
    came, end = 0.0, time.monotonic() + 60 * minutes
    while (heard := len(product.rows("SELECT id FROM call_log WHERE live_answer"))) < live:
        assert time.monotonic() < end, f"{heard} live answers after {minutes} minutes"
        if leave_at and heard >= leave_at[0] and not away:
            leave_at.pop(0)
            product.ctl("agent", "logout", *half)
            away, came = True, time.monotonic() + 40
        elif away and time.monotonic() > came:
            product.ctl("agent", "login", *half, "--wait", "30")
            away = False
        time.sleep(1)
    product.ctl("campaign", "stop", CAMPAIGN)
    product.wait(
        lambda: not product.rows("SELECT id FROM call_log WHERE closed_at IS NULL"), 90, "every record is closed"
    )
    return floor


def compared(floor: Floor, prompts: Prompts) -> tuple[int, int]:
    """Every answered call as its far end heard it against its record and the ledger; live answers and abandons."""
    ledger = {r["attempt_id"]: r["abandoned"] for r in floor.product.rows("SELECT * FROM abandon_ledger")}
    for row in floor.product.attempts():
        calls = floor.farend.calls_to(row["number"])
        call = calls[0] if calls else None
        if call is None or call.answered_at is None:
            assert row["id"] not in ledger, f"{row['number']} has not answered: {row['status']}"
            continue
        assert row["id"] in ledger, f"{row['number']} has answered: {row['status']}"
        message = call.tone_seconds(prompts.abandon_hz)
        assert bool(ledger[row["id"]]) == (row["status"] == "abandoned") == (message > 1.0), (row["status"], message)
        heard = call.heard_sound()
        if row["status"] in ("abandoned", "answered") and (call.ended_at or 0) - call.answered_at > LIMIT_S + 1:
            assert heard, f"{row['number']} heard nothing at all ({row['status']})"
            waited = heard[0].begin - call.answered_at
            assert waited <= LIMIT_S + SLACK_S, f"{row['number']} waited {waited:.2f} s ({row['status']})"
    return len(ledger), sum(ledger.values())


def test_a_short_predictive_shift(product: Product, farend: FarEnd, prompts: Prompts) -> None:
    """A minute or so, with short talks: more lines than agents, and nobody is left in silence."""
    floor = dialled(product, farend, prompts, live=40, talk_s=6.0, minutes=6)
    live, abandoned = compared(floor, prompts)
    assert live >= 40 and abandoned <= 5
    decisions = [row["pacing_decision"] for row in product.attempts()]
    assert all(text.startswith("predictive ") and "threshold=" in text for text in decisions)
    on_the_way = [
        sum(int(text.split(f" {name}=")[1].split()[0]) for name in ("in_flight", "calls")) for text in decisions
    ]
    assert max(on_the_way) > 10, "it dialled beyond its ten agents"


@pytest.mark.soak
def test_three_hundred_live_answers_with_half_the_floor_leaving_twice(
    product: Product, farend: FarEnd, prompts: Prompts
) -> None:
    """Talks of about 20 s; every abandon has its message in time, and the ledger is what the far ends heard.

    The target is high so that there are abandons enough to compare.
    """
    floor = dialled(product, farend, prompts, live=300, talk_s=20.0, minutes=40, target=20)
    live, abandoned = compared(floor, prompts)
    print(f"\n{live} live answers, {abandoned} abandoned")
    assert live >= 300 and 10 <= abandoned <= 0.2 * live + 2
