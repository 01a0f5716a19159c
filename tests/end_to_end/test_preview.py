"""Preview mode on the real Asterisk: an agent reads, skips, accepts; a phone rings, they talk, the record says so."""

from __future__ import annotations

import time

import pytest

from .farend import FarEnd
from .floor import CAMPAIGN, Floor, numbers, person
from .product import Product
from .prompts import Prompts

pytestmark = pytest.mark.real_asterisk

AGENT_HZ = 1000
VOICES = (1500, 1600)


def test_an_agent_skips_one_lead_and_talks_to_the_next(product: Product, farend: FarEnd, prompts: Prompts) -> None:
    floor = Floor(product, farend)
    product.campaign(CAMPAIGN, prompts.abandon, "--dial-mode", "preview", "--preview-time", "30")
    floor.log_in({"1001": AGENT_HZ})
    people = dict(zip(numbers("64", 2), VOICES, strict=True))
    floor.begin({number: person(hz, hangs_up_after_s=4) for number, hz in people.items()})
    product.ctl("campaign", "start", CAMPAIGN)

    first = product.json("agent", "preview", "1001", "--wait", "10")
    assert first["number"] in people and first["history"] == [] and first["state"] == "reserved"
    assert product.run("agent", "dispose", "1001", "-d", "sale").returncode == 6, "there is no call yet"
    time.sleep(1.5)
    assert product.attempts() == [], "nobody is called before the agent says so"
    product.ctl("agent", "skip", "1001", "--reason", "spoke yesterday")

    second = product.json("agent", "preview", "1001", "--wait", "10")
    (number,) = set(people) - {first["number"]}
    assert second["number"] == number
    accepted = product.json("agent", "accept", "1001")
    row = floor.wait_for_talk(number)
    assert accepted["call"] == row["id"]
    product.wait(lambda: product.agent_state("1001") == "wrap_up", 20, "the talk is over")
    assert floor.call(number).tone_seconds(AGENT_HZ) > 0.8, "the person heard the agent"
    assert farend.wait_for_call("1001").tone_seconds(people[number]) > 0.8, "and the agent the person"
    product.ctl("agent", "dispose", "1001", "-d", "sale")
    product.wait(lambda: product.closed(number), 10, "the record is finished")
    row = floor.attempt(number)
    assert (row["status"], row["disposition"], row["dial_mode"], row["agent_name"]) == (
        "answered", "sale", "preview", "1001",
    )  # fmt: skip

    assert product.attempts(first["number"]) == []
    (skipped,) = product.rows("SELECT lead_id, reason FROM lead_skip")
    assert skipped == {"lead_id": first["lead_id"], "reason": "spoke yesterday"}
    (lead,) = product.rows("SELECT state, next_attempt_at FROM lead WHERE id = ?", first["lead_id"])
    assert lead["state"] == "new" and lead["next_attempt_at"] / 1e6 > time.time() + 3000


def test_a_number_forbidden_while_it_is_shown_is_not_called_and_the_agent_told(
    product: Product, farend: FarEnd, prompts: Prompts
) -> None:
    floor = Floor(product, farend)
    product.campaign(CAMPAIGN, prompts.abandon, "--dial-mode", "preview")
    floor.log_in({"1001": AGENT_HZ})
    (number,) = numbers("65", 1)
    product.leads(CAMPAIGN, number)
    product.ctl("campaign", "start", CAMPAIGN)
    assert product.json("agent", "preview", "1001", "--wait", "10")["number"] == number
    product.ctl("dnc", "add", number)
    refused = product.run("agent", "accept", "1001")
    assert refused.returncode == 6, refused.stderr
    assert f"{number} was not called" in refused.stderr
    nothing = product.run("agent", "accept", "1001")
    assert nothing.returncode == 6 and "no lead is shown to agent 1001 now" in nothing.stderr
    assert product.attempts() == [] and product.agent_state("1001") == "ready"
    print(refused.stderr)


def test_a_restart_gives_the_lead_back(product: Product, farend: FarEnd, prompts: Prompts) -> None:
    floor = Floor(product, farend)
    product.campaign(CAMPAIGN, prompts.abandon, "--dial-mode", "preview")
    floor.log_in({"1001": AGENT_HZ})
    (number,) = numbers("66", 1)
    product.leads(CAMPAIGN, number)
    product.ctl("campaign", "start", CAMPAIGN)
    before = product.json("agent", "preview", "1001", "--wait", "10")
    product.kill()
    product.start()
    again = product.json("agent", "preview", "1001", "--wait", "15")
    assert (again["number"], again["lead_id"]) == (number, before["lead_id"])
    assert product.attempts() == []
