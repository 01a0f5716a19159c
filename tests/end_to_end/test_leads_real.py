"""Leads on the real Asterisk: tried again in time, called back by their own agent, never again after a key."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .farend import RING_FOREVER, Behaviour, FarEnd
from .farend.audio import tone
from .farend.behaviour import rejecting
from .floor import CAMPAIGN, Floor, numbers, person
from .product import Product, open_zone
from .prompts import Prompts

pytestmark = pytest.mark.real_asterisk

LATE_S = 3.0  # a store without due leads is asked every 2 s; a tick, a commit, a busy machine


def seconds(row: dict[str, Any], column: str) -> float:
    """A column's instant in epoch seconds."""
    return float(row[column]) / 1e6


def test_busy_and_no_answer_are_tried_again_when_their_rule_says(
    product: Product, farend: FarEnd, prompts: Prompts
) -> None:
    """Busy after 3 s and then after twice as long; no answer after 4 s at the next number."""
    floor = Floor(product, farend)
    product.campaign(
        CAMPAIGN, prompts.abandon, "--dial-mode", "progressive", "--wrapup-time", "1", "--dial-timeout", "3",
        "--retry-delay", "3600", "--max-attempts", "9", "--max-attempts-per-day", "9",
    )  # fmt: skip
    product.ctl("retry", "set", CAMPAIGN, "busy", "--delay", "3", "--growth", "2", "--max-attempts", "3")
    product.ctl("retry", "set", CAMPAIGN, "no_answer", "--delay", "4", "--next-number")
    floor.log_in({"1001": 1000, "1002": 1150})
    product.ctl("campaign", "start", CAMPAIGN)
    (busy,), (silent, second) = numbers("60", 1), numbers("61", 2)
    farend.behaves(busy, rejecting(486))
    farend.behaves(silent, RING_FOREVER)
    farend.behaves(second, person(1500, hangs_up_after_s=4))
    product.leads(CAMPAIGN, busy)
    product.ctl("lead", "add", silent, "--campaign", CAMPAIGN, "--alternate", second, "--timezone", open_zone())

    product.wait(lambda: product.closed(busy, 3), 40, "three times busy")
    first, again, last = product.attempts(busy)
    assert [row["status"] for row in (first, again, last)] == ["busy"] * 3
    assert 3 <= seconds(again, "created_at") - seconds(first, "ended_at") <= 3 + LATE_S
    assert 6 <= seconds(last, "created_at") - seconds(again, "ended_at") <= 6 + LATE_S
    (lead,) = product.rows("SELECT state FROM lead WHERE number = ?", busy)
    assert lead["state"] == "exhausted", "three of them were allowed"

    product.wait(lambda: product.closed(second), 40, "the second number")
    (unanswered,), (answered,) = product.attempts(silent), product.attempts(second)
    assert (unanswered["status"], answered["status"]) == ("no_answer", "answered")
    assert 4 <= seconds(answered, "created_at") - seconds(unanswered, "ended_at") <= 4 + LATE_S
    assert unanswered["lead_id"] == answered["lead_id"]


def test_a_callback_goes_to_its_own_agent_at_its_time(product: Product, farend: FarEnd, prompts: Prompts) -> None:
    """The other agent has been idle for longer and does not get it; while its agent is paused the lead waits."""
    floor = Floor(product, farend)
    product.campaign(CAMPAIGN, prompts.abandon, "--dial-mode", "progressive", "--wrapup-time", "30")
    floor.log_in({"1001": 1000})
    product.ctl("campaign", "start", CAMPAIGN)
    (number,) = numbers("62", 1)
    floor.begin({number: person(1500, hangs_up_after_s=3)})
    product.wait(lambda: product.agent_state("1001") == "wrap_up", 30, "the first talk is over")

    farend.behaves("1002", Behaviour(then=tone(1150)))
    product.agents(CAMPAIGN, "1002")
    product.ctl("agent", "login", "1002", "--wait", "15")
    due = datetime.now(UTC) + timedelta(seconds=4)
    product.ctl("agent", "pause", "1001", "--reason", "lunch")
    product.ctl(
        "agent", "dispose", "1001", "-d", "callback", "--callback-at", due.isoformat(timespec="seconds"), "--own"
    )
    (shown,) = product.json("callback", "list", "--campaign", CAMPAIGN)["callbacks"]
    assert (shown["number"], shown["agent"], shown["state"]) == (number, "1001", "pending")
    time.sleep(7)
    assert len(product.attempts(number)) == 1, "its agent is paused, and the other is not asked"

    product.ctl("agent", "unpause", "1001")
    product.wait(lambda: len(product.attempts(number)) == 2, 10, "called back")
    product.wait(lambda: product.closed(number, 2) or floor.talks(number), 20, "they talk")
    product.wait(lambda: product.agent_state("1001") == "wrap_up", 20, "the second talk is over")
    second = product.attempts(number)[1]
    assert seconds(second, "created_at") >= due.timestamp()
    (agent,) = product.rows("SELECT name FROM agent WHERE id = ?", second["agent_id"])
    assert agent["name"] == "1001"
    product.ctl("agent", "dispose", "1001", "-d", "sale")
    assert product.json("callback", "list", "--campaign", CAMPAIGN, "--state", "done")["callbacks"]


def test_a_key_during_the_message_blocks_the_number_everywhere_at_once(
    product: Product, farend: FarEnd, prompts: Prompts
) -> None:
    floor = Floor(product, farend)
    product.campaign(
        CAMPAIGN, prompts.abandon, "--dial-mode", "power", "--dial-ratio", "2", "--abandon-after", "0.5",
        "--wrapup-time", "1",
    )  # fmt: skip
    floor.log_in({"1001": 1000})
    pressed, taker = numbers("63", 2)
    product.campaign("autumn", prompts.abandon, "--dial-mode", "progressive")
    product.leads("autumn", pressed)
    product.ctl("campaign", "start", CAMPAIGN)
    presses = Behaviour(then=person(1500).then, answers_after_s=1.0, digits=((2.5, "9"),))
    floor.dial({taker: person(1600, hangs_up_after_s=8, answers_after_s=0.1), pressed: presses}, 40)
    assert floor.attempt(pressed)["status"] == "abandoned"
    product.wait(lambda: dnc_leads(product, pressed) == 2, 5, "its leads of both campaigns are blocked")
    assert product.run("lead", "explain", pressed).returncode == 1
    assert product.run("dnc", "check", pressed).returncode == 1, "it is on a list: the exit status tells a script"
    product.agents("autumn", "1003")
    farend.behaves("1003", Behaviour(then=tone(1300)))
    product.ctl("agent", "login", "1003", "--wait", "15")
    product.ctl("campaign", "start", "autumn")
    time.sleep(3)
    assert len(product.attempts(pressed)) == 1
    refused = product.run("call", "test", pressed, "--campaign", "autumn", "--timezone", open_zone())
    assert refused.returncode == 4 and "do-not-call" in refused.stderr


def dnc_leads(product: Product, number: str) -> int:
    """How many leads with this number are blocked for good."""
    return len(product.rows("SELECT id FROM lead WHERE dial_number = ? AND state = 'dnc'", number))
