"""Crashes on the real Asterisk, from the far ends' view: who talks goes on talking, nobody is left in silence."""

from __future__ import annotations

import time

import pytest

from .conftest import running_product
from .farend import FarEnd
from .floor import CAMPAIGN, Floor, numbers, person
from .pbx.ami_proxy import AmiProxy
from .pbx.asterisk import Asterisk
from .product import Product
from .prompts import Prompts

pytestmark = pytest.mark.real_asterisk

AGENTS = {"1001": 1000, "1002": 1150, "1003": 1300}


def _campaign(product: Product, farend: FarEnd, prompts: Prompts, *options: str) -> Floor:
    floor = Floor(product, farend)
    product.campaign(
        CAMPAIGN, prompts.abandon, "--dial-mode", "progressive", "--wrapup-time", "1", "--dial-timeout", "15", *options
    )
    floor.log_in(AGENTS)
    product.ctl("campaign", "start", CAMPAIGN)
    return floor


def test_killed_with_calls_ringing_in_amd_and_bridged(product: Product, farend: FarEnd, prompts: Prompts) -> None:
    floor = _campaign(product, farend, prompts, "--amd-enabled")
    (bridged,), (listening,), (ringing,) = numbers("50", 1), numbers("51", 1), numbers("52", 1)
    floor.begin({bridged: person(1500)})
    attempt = floor.wait_for_talk(bridged)
    floor.begin({listening: person(1600, answers_after_s=0.5), ringing: person(1700, answers_after_s=4)})
    product.wait(lambda: bool(farend.calls_to(listening) and farend.calls_to(ringing)), 10, "both phones ring")
    farend.wait_until(lambda: floor.call(listening).answered_at is not None, 5, "AMD listens")
    product.kill()
    for number in (listening, ringing):
        call = floor.call(number)
        farend.wait_until(lambda c=call: c.over, 25, "the message was played")
        message = call.heard_tone(prompts.abandon_hz)
        greeting_end = (call.answered_at or 0) + 1.05
        assert message and message[0].begin - greeting_end <= 2.1, "within the limit, by the dialplan alone"
    agent_hz = AGENTS[attempt["agent_name"]]
    before = floor.call(bridged).tone_seconds(agent_hz)
    farend.wait_until(lambda: floor.call(bridged).tone_seconds(agent_hz) > before + 0.5, 5, "they still talk")

    product.start()
    for number in (listening, ringing):
        product.wait(lambda n=number: product.closed(n), 15, "the record is finished")
        assert floor.attempt(number)["status"] == "abandoned"
    product.wait(lambda: product.agent_state(attempt["agent_name"]) == "on_call", 10, "the talk is adopted")
    farend.hang_up(floor.call(bridged))
    product.wait(lambda: product.closed(bridged), 10, "closed")
    assert floor.attempt(bridged)["status"] == "answered"
    floor.ready(*AGENTS)
    (after,) = numbers("53", 1)
    floor.dial({after: person(1800, hangs_up_after_s=4)}, 30)
    assert floor.attempt(after)["status"] == "answered", "and it dials on"


@pytest.mark.parametrize(("how", "seconds"), [("cut", 1.0), ("cut", 8.0), ("half-open", 5.0)])
def test_the_ami_link_is_gone_for_a_while(
    pbx: Asterisk, farend: FarEnd, prompts: Prompts, how: str, seconds: float
) -> None:
    _without_link(pbx, farend, prompts, how, seconds)


@pytest.mark.soak
def test_the_ami_link_is_gone_for_half_a_minute(pbx: Asterisk, farend: FarEnd, prompts: Prompts) -> None:
    _without_link(pbx, farend, prompts, "cut", 30.0)
    _without_link(pbx, farend, prompts, "half-open", 30.0)


def _without_link(pbx: Asterisk, farend: FarEnd, prompts: Prompts, how: str, seconds: float) -> None:
    """One talk goes on throughout, one ends meanwhile, one person answers meanwhile."""
    farend.forget()
    with AmiProxy(pbx.ports.ami) as proxy, running_product(pbx, ami_port=proxy.port) as product:
        floor = _campaign(product, farend, prompts)
        (stays,), (leaves,), (answers,) = numbers("60", 1), numbers("61", 1), numbers("62", 1)
        floor.begin({stays: person(1500), leaves: person(1600)})
        attempts = {number: floor.wait_for_talk(number) for number in (stays, leaves)}
        floor.begin({answers: person(1700, answers_after_s=min(2.0, seconds / 2))})
        product.wait(lambda: bool(farend.calls_to(answers)), 10, "the third phone rings")
        dialled = len(product.attempts())
        if how == "cut":
            proxy.cut()
        else:
            proxy.mute()
        farend.hang_up(floor.call(leaves))
        lost_at = time.monotonic()
        if seconds >= 5:
            product.wait(lambda: not product.healthy(), seconds, "status tells that Asterisk is not connected")
            assert "not connected" in product.run("status").stdout
        time.sleep(max(0.0, seconds - (time.monotonic() - lost_at)))
        proxy.heal()
        product.wait(product.healthy, 40, "connected again")
        assert len(product.attempts()) == dialled, "no new call while the link was away"

        hz = AGENTS[attempts[stays]["agent_name"]]
        before = floor.call(stays).tone_seconds(hz)
        farend.wait_until(lambda: floor.call(stays).tone_seconds(hz) > before + 0.5, 5, "the first talk goes on")
        product.wait(lambda: product.closed(leaves), 15, "the second one's record is finished")
        assert floor.attempt(leaves)["status"] == "answered"
        call = floor.call(answers)
        assert call.silence_after_answer_s() <= 2.1, "who answered met an agent or heard the message"
        farend.hang_up_all()
        for number in (stays, answers):
            product.wait(lambda n=number: product.closed(n), 15, "closed")
            assert floor.attempt(number)["status"] in ("answered", "abandoned")


def test_asterisk_dies_and_comes_back(pbx: Asterisk, farend: FarEnd, prompts: Prompts) -> None:
    with running_product(pbx) as product:
        floor = _campaign(product, farend, prompts)
        (number,) = numbers("70", 1)
        floor.begin({number: person(1500)})
        floor.wait_for_talk(number)
        pbx.kill()
        try:
            product.wait(lambda: not product.healthy(), 10, "status tells it")
            assert "not connected" in product.run("status").stdout
            farend.forget()
        finally:
            pbx.start()
        product.wait(product.healthy, 40, "connected again")
        product.wait(lambda: product.closed(number), 15, "the lost call is closed")
        row = product.attempts(number)[0]
        assert (row["status"], row["approximate"]) == ("answered", 1), row
        for agent in product.agent_rows():
            assert agent["state"] == "logged_out" and agent["reason"], "logged out with the reason"
        assert [row["count"] for row in product.rows("SELECT COUNT(*) AS count FROM lead WHERE state = 'claimed'")] == [
            0
        ]
