"""dialerd goes away while people are on the line: the dialplan alone keeps the promise, the ledger learns of it."""

from __future__ import annotations

import time

import pytest

from .farend import FarEnd
from .floor import CAMPAIGN, Floor, numbers, person
from .product import Product
from .prompts import Prompts

pytestmark = pytest.mark.real_asterisk

AGENTS = {"1001": 1000, "1002": 1150}
GREETING_S = 1.05  # 0.6 s of silence and a hello of about 0.45 s


def _campaign(product: Product, farend: FarEnd, prompts: Prompts, *options: str) -> Floor:
    floor = Floor(product, farend)
    product.campaign(
        CAMPAIGN, prompts.abandon, "--dial-mode", "progressive", "--wrapup-time", "1", "--dial-timeout", "15", *options
    )
    floor.log_in(AGENTS)
    product.ctl("campaign", "start", CAMPAIGN)
    return floor


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_people_who_answer_while_dialerd_is_away(product: Product, farend: FarEnd, prompts: Prompts, how: str) -> None:
    floor = _campaign(product, farend, prompts)
    people = numbers("30", 2)
    floor.begin({number: person(1500, answers_after_s=3) for number in people})
    for number in people:
        product.wait(lambda n=number: bool(farend.calls_to(n)), 15, "the phone rings")
    if how == "killed":
        product.kill()
    else:
        product.freeze()
    for number in people:
        call = floor.call(number)
        farend.wait_until(lambda c=call: c.over, 20, "message heard and call over")
        message = call.heard_tone(prompts.abandon_hz)
        assert message and message[0].begin - (call.answered_at or 0) <= 2.0 + 0.1, "within the limit"
        assert message[-1].end - message[0].begin > prompts.abandon_s - 0.6, "to its end"
        assert call.ended_by == "pbx"
    if how == "killed":
        product.start()
    else:
        product.thaw()
    for number in people:
        product.wait(lambda n=number: product.closed(n), 15, "the record is finished")
        row = floor.attempt(number)
        assert (row["status"], row["disposition"], row["live_answer"]) == ("abandoned", "abandoned", 1), row
        assert row["answered_at"] and row["message_started_at"], row
        answered_wall = time.time() - time.monotonic() + (floor.call(number).answered_at or 0)
        assert abs(row["answered_at"] / 1e6 - answered_wall) < 1.5
    ledger = product.rows("SELECT attempt_id, abandoned FROM abandon_ledger ORDER BY attempt_id")
    assert [row["abandoned"] for row in ledger] == [1, 1]
    product.wait(lambda: not product_pbx_traces(floor), 10, "the traces are forgotten")


def product_pbx_traces(floor: Floor) -> list[str]:
    """Traces that Asterisk still keeps."""
    return [key for key in floor.product.pbx.database() if "unattended" in key]


def test_a_conversation_survives_the_restart(product: Product, farend: FarEnd, prompts: Prompts) -> None:
    floor = _campaign(product, farend, prompts)
    (talks,) = numbers("31", 1)
    (ringing,) = numbers("32", 1)
    floor.begin({talks: person(1500)})
    attempt = floor.wait_for_talk(talks)
    floor.begin({ringing: person(1600, answers_after_s=30)})
    product.wait(lambda: bool(farend.calls_to(ringing)), 15, "the second phone rings")
    phone = farend.wait_for_call(attempt["agent_name"])

    assert product.stop() == 0
    assert floor.call(ringing).cancelled, "ringing calls are ended without abandoning anyone"
    call = floor.call(talks)
    before = call.tone_seconds(AGENTS[attempt["agent_name"]])
    time.sleep(1)
    assert call.talking and phone.talking
    assert call.tone_seconds(AGENTS[attempt["agent_name"]]) - before > 0.7, "they went on talking"

    product.start()
    product.wait(lambda: product.agent_state(attempt["agent_name"]) == "on_call", 10, "the agent is found on the call")
    other = next(name for name in AGENTS if name != attempt["agent_name"])
    assert product.agent_state(other) == "ready"
    (live,) = [row for row in product.json("call", "list", "--live")["calls"] if row["number"] == talks]
    assert live["state"] == "talking"
    farend.hang_up(call)
    product.wait(lambda: product.closed(talks), 10, "the record is finished")
    row = floor.attempt(talks)
    talked = (call.ended_at or 0) - (call.answered_at or 0)
    assert (row["status"], row["agent_name"], row["hung_up_by"]) == ("answered", attempt["agent_name"], "customer"), row
    assert abs(row["talk_duration"] - talked) <= 1
    row = floor.product.attempts(ringing)[0]
    assert row["status"] == "cancelled" and row["closed_at"]
