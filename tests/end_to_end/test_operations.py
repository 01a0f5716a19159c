"""What operators do besides: the AGI script, a test call, hang-up, recording, opt-outs, dispositions."""

from __future__ import annotations

import pytest

from .conftest import DISPLAYED_NUMBER, running_product
from .farend import Behaviour, FarEnd
from .farend.speech import voicemail_greeting
from .floor import CAMPAIGN, Floor, numbers, person
from .pbx.asterisk import Asterisk
from .product import Product, open_zone
from .prompts import Prompts

pytestmark = pytest.mark.real_asterisk

AGENTS = {"1001": 1000}


def _campaign(product: Product, farend: FarEnd, prompts: Prompts, *options: str) -> Floor:
    floor = Floor(product, farend)
    product.campaign(CAMPAIGN, prompts.abandon, "--dial-mode", "progressive", "--wrapup-time", "1", *options)
    floor.log_in(AGENTS)
    product.ctl("campaign", "start", CAMPAIGN)
    return floor


def test_the_stand_alone_agi_script(pbx: Asterisk, farend: FarEnd, prompts: Prompts) -> None:
    with running_product(pbx, agi="script") as product:
        floor = _campaign(product, farend, prompts, "--amd-enabled")
        (met,), (machine,) = numbers("40", 1), numbers("41", 1)
        floor.dial({met: person(1500, hangs_up_after_s=5), machine: Behaviour(plays=voicemail_greeting())})
        row = floor.attempt(met)
        assert (row["status"], row["amd_result"], row["agent_name"]) == ("answered", "human", "1001"), row
        assert floor.call(met).tone_seconds(1000) > 0.8 and farend.wait_for_call("1001").tone_seconds(1500) > 0.8
        row = floor.attempt(machine)
        assert (row["status"], row["amd_result"], row["amd_action"]) == ("machine", "machine", "hangup"), row


def test_recording_hangup_and_disposition(product: Product, farend: FarEnd, prompts: Prompts, pbx: Asterisk) -> None:
    floor = _campaign(product, farend, prompts, "--recording-enabled", "--wrapup-time", "30")
    (number,) = numbers("42", 1)
    floor.begin({number: person(1500)})
    attempt = floor.wait_for_talk(number)
    farend.wait_until(lambda: floor.call(number).tone_seconds(1000) > 1, 10, "they talk")
    product.ctl("call", "hangup", str(attempt["id"]))
    product.wait(lambda: product.agent_state("1001") == "wrap_up", 5, "the agent wraps up")
    assert product.run("call", "hangup", str(attempt["id"])).returncode == 6
    product.ctl("agent", "dispose", "1001", "-d", "sale")
    product.wait(lambda: product.closed(number), 5, "closed by the disposition")
    row = floor.attempt(number)
    assert (row["status"], row["disposition"], row["hung_up_by"]) == ("answered", "sale", "dialer"), row
    assert product.agent_state("1001") == "ready"
    (lead,) = product.rows("SELECT state FROM lead WHERE number = ?", number)
    assert lead["state"] == "completed"
    recording = pbx.folder / "recordings" / row["recording_file"].split("/recordings/")[1]
    assert recording.stat().st_size > 8000, "about a second of sound at least"


def test_a_test_call_plays_the_message_and_counts_nowhere(product: Product, farend: FarEnd, prompts: Prompts) -> None:
    product.campaign(CAMPAIGN, prompts.abandon, "--dial-mode", "progressive")
    (number,) = numbers("43", 1)
    farend.behaves(number, person(1500))
    product.ctl("call", "test", number, "--campaign", CAMPAIGN, "--timezone", open_zone())
    product.wait(lambda: product.closed(number), 20, "the test call is over")
    (row,) = product.attempts(number)
    assert (row["status"], row["disposition"], row["live_answer"]) == ("answered", "test_call", 0), row
    assert farend.wait_for_call(number).tone_seconds(prompts.abandon_hz) > 1.5
    assert product.rows("SELECT * FROM abandon_ledger") == []


def test_opt_out_by_key_blocks_the_number(product: Product, farend: FarEnd, prompts: Prompts, pbx: Asterisk) -> None:
    """During the abandon message, and by calling the displayed number back."""
    floor = _campaign(product, farend, prompts, "--abandon-after", "0.5", "--dial-mode", "power", "--dial-ratio", "2")
    pressed, taker = numbers("44", 2)
    presses = Behaviour(then=person(1500).then, answers_after_s=1.0, digits=((2.5, "9"),))
    floor.dial({taker: person(1600, hangs_up_after_s=8, answers_after_s=0.1), pressed: presses}, 40)
    assert floor.attempt(pressed)["status"] == "abandoned"
    product.wait(lambda: _blocked(product, pressed), 5, "on the do-not-call list")

    caller = "+390655500001"
    call = farend.dial(pbx.ports.sip, caller=caller, number=DISPLAYED_NUMBER, behaviour=Behaviour(digits=((2.0, "9"),)))
    farend.wait_until(lambda: call.over, 20, "the caller has heard who called")
    assert call.tone_seconds(prompts.inbound_hz) > 0.5
    product.wait(lambda: _blocked(product, caller), 5, "the caller is on the do-not-call list")
    product.leads(CAMPAIGN, caller)
    product.wait(lambda: _lead_state(product, caller) == "dnc", 20, "the lead is blocked")
    assert not farend.calls_to(caller) and not product.attempts(caller)
    product.wait(lambda: not [k for k in pbx.database() if "optout" in k], 10, "the traces are forgotten")


def _blocked(product: Product, number: str) -> bool:
    return bool(product.rows("SELECT * FROM do_not_call WHERE number = ?", number))


def _lead_state(product: Product, number: str) -> str:
    return str(product.rows("SELECT state FROM lead WHERE number = ?", number)[0]["state"])
