"""A person without an agent is transferred after the message, and stands in the ledger as abandoned, call by call."""

from __future__ import annotations

import pytest

from .farend import FarEnd
from .floor import CAMPAIGN, Floor, numbers, person
from .product import Product
from .prompts import Prompts

pytestmark = pytest.mark.real_asterisk


def test_the_transferred_person_and_the_ledger(product: Product, farend: FarEnd, prompts: Prompts) -> None:
    floor = Floor(product, farend)
    product.campaign(
        CAMPAIGN, prompts.abandon, "--dial-mode", "power", "--dial-ratio", "2", "--dial-timeout", "15",
        "--wrapup-time", "1", "--abandon-action", "transfer", "--abandon-transfer-extension", "700",
        "--abandon-window", "day",
    )  # fmt: skip
    floor.log_in({"1001": 1000})
    product.ctl("campaign", "start", CAMPAIGN)
    people = numbers("30", 2)
    floor.begin({number: person(1500, answers_after_s=2) for number in people})

    def abandoned() -> list[str]:
        rows = product.rows("SELECT number FROM call_log WHERE status = 'abandoned' AND closed_at IS NOT NULL")
        return [row["number"] for row in rows]

    product.wait(lambda: bool(abandoned()), 40, "the transferred call is over")
    (number,) = abandoned()
    call = floor.call(number)
    assert call.heard_tone(prompts.abandon_hz)[0].begin - (call.answered_at or 0) <= 2.1
    assert call.tone_seconds(prompts.inbound_hz) > 2, "and then the extension's announcement"
    (other,) = set(people) - {number}
    product.run("call", "hangup", str(floor.attempt(other)["id"]))
    product.wait(lambda: product.closed(other), 15, "the talk is over")
    product.wait(lambda: product.json("campaign", "ledger", CAMPAIGN)["live_answers"] == 2, 10, "both are counted")
    told = product.json("campaign", "ledger", CAMPAIGN, "--calls")
    assert (told["window"], told["window_from"], told["abandoned"], told["credit"]) == ("day", "campaign", 1, 2.0)
    rows = {row["number"]: (row["outcome"], row["message"], row["agent"]) for row in told["calls"]}
    assert rows == {number: ("abandoned", "in_time", None), other: ("connected", "", "1001")}
