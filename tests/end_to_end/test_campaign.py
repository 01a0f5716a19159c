"""One campaign on the real Asterisk with real sound: every way a call can end, its record against the far end's log.

Knows dialerd only through dialerctl and its store; the far end says what was heard and when.
"""

from __future__ import annotations

import statistics
from typing import Any

import pytest

from .farend import RING_FOREVER, Behaviour, FarEnd
from .farend.audio import tone
from .farend.behaviour import rejecting
from .farend.speech import voicemail_greeting
from .floor import CAMPAIGN, Floor, numbers, person
from .product import Product, wall
from .prompts import Prompts

pytestmark = pytest.mark.real_asterisk

AGENTS = {"1001": 1000, "1002": 1150, "1003": 1300}
ON_HOOK_HZ = 880
HANG_UP_AFTER_S = 5.0  # from the answer: about 1.9 s of AMD, then the talk


def test_every_ending_in_one_campaign(product: Product, farend: FarEnd, prompts: Prompts) -> None:
    floor = Floor(product, farend)
    product.campaign(
        CAMPAIGN, prompts.abandon, "--dial-mode", "progressive", "--amd-enabled", "--wrapup-time", "1",
        "--dial-timeout", "4", "--max-lines", "30", "--calls-per-second", "30", "--retry-delay", "3600",
    )  # fmt: skip
    floor.log_in(AGENTS)
    product.ctl("campaign", "start", CAMPAIGN)

    customers = _endings_without_shortage(floor)
    _nobody_free(floor, prompts)
    _hang_up_while_waiting(floor)
    _agent_leg_lost(floor)
    _on_hook(floor, prompts)

    attempts = product.attempts()
    assert len(attempts) >= 30
    assert all(row["closed_at"] for row in attempts)
    assert len({row["record_hash"] for row in attempts}) == len(attempts)
    _ledger(product, attempts)
    _speed(floor, customers, attempts)


def _endings_without_shortage(floor: Floor) -> list[str]:
    """Progressive: people (customer or agent ends), machines and everything that is no answer."""
    farend = floor.farend
    customers = dict(zip(numbers("10", 6), range(1500, 2100, 100), strict=True))
    by_agent = dict(zip(numbers("11", 3), range(2100, 2400, 100), strict=True))
    machines = numbers("12", 4)
    endings: dict[str, tuple[Behaviour, str, int | None, int | None]] = {
        **{n: (rejecting(486), "busy", 17, 486) for n in numbers("13", 3)},
        **dict.fromkeys(numbers("14", 2), (RING_FOREVER, "no_answer", 19, None)),
        **{n: (rejecting(503), "congestion", 34, 503) for n in numbers("15", 2)},
        numbers("16", 1)[0]: (rejecting(404), "invalid_number", 1, 404),
        numbers("17", 1)[0]: (rejecting(484), "invalid_number", 28, 484),
        numbers("18", 1)[0]: (rejecting(603), "rejected", 21, 603),
        numbers("19", 1)[0]: (rejecting(403), "rejected", 21, 403),
    }
    batch: dict[str, Behaviour] = {
        **{n: person(hz, hangs_up_after_s=HANG_UP_AFTER_S) for n, hz in customers.items()},
        **{n: person(hz) for n, hz in by_agent.items()},
        **{n: Behaviour(plays=voicemail_greeting(), answers_after_s=0.3) for n in machines},
        **{n: behaviour for n, (behaviour, *_) in endings.items()},
    }
    floor.begin(batch)
    for number, hz in by_agent.items():
        attempt = floor.wait_for_talk(number, 60)
        phone = farend.wait_for_call(attempt["agent_name"])
        farend.wait_until(lambda n=number, a=attempt: _heard(floor, n, a) > 1, 10, "the agent is heard")
        farend.wait_until(lambda p=phone, f=hz: p.tone_seconds(f) > 1, 10, "the customer is heard")
        farend.press(phone, "*")
    floor.finish(batch, 90)

    for number, hz in {**customers, **by_agent}.items():
        row, call = floor.attempt(number), floor.call(number)
        phone = farend.wait_for_call(row["agent_name"])
        assert (row["status"], row["disposition"], row["amd_result"]) == ("answered", "no_disposition", "human"), row
        assert row["live_answer"] and row["hangup_cause"] == 16
        assert row["hung_up_by"] == ("customer" if number in customers else "agent"), row
        assert call.ended_by == ("farend" if number in customers else "pbx")
        assert _heard(floor, number, row) > 0.8, "the customer heard the agent"
        assert phone.tone_seconds(hz) > 0.8, "the agent heard the customer"
        others = [name for name in AGENTS if name != row["agent_name"]]
        assert all(farend.wait_for_call(name).tone_seconds(hz) == 0 for name in others), "and nobody else did"
        _times(row, call, phone_heard=call.heard_tone(AGENTS[row["agent_name"]]))
    for number in machines:
        row, call = floor.attempt(number), floor.call(number)
        assert (row["status"], row["disposition"]) == ("machine", "machine"), row
        assert (row["amd_result"], row["amd_action"], row["amd_status"]) == ("machine", "hangup", "MACHINE"), row
        assert row["amd_cause"].split("-")[0] in ("LONGGREETING", "MAXWORDS", "MAXWORDLENGTH"), row
        assert not row["live_answer"] and row["hung_up_by"] == "dialer" and call.ended_by == "pbx"
    for number, (_, status, cause, sip) in endings.items():
        row = floor.attempt(number)
        assert (row["status"], row["disposition"]) == (status, status), row
        assert row["hangup_cause"] == cause, row
        assert sip is None or row["sip_cause"] == sip, row
        assert row["answered_at"] is None and not row["live_answer"] and row["agent_id"] is None
    for number in numbers("14", 2):
        row, call = floor.attempt(number), floor.call(number)
        rang = (call.ended_at or 0) - (call.rang_at or 0)
        assert call.cancelled and abs(row["ring_duration"] - rang) <= 1
    return list(customers)


def _heard(floor: Floor, number: str, row: dict[str, Any]) -> float:
    return floor.call(number).tone_seconds(AGENTS[row["agent_name"]])


def _times(row: dict[str, Any], call: Any, phone_heard: list[Any]) -> None:
    """Ring, wait and talk seconds within one second of what the far end logged."""
    assert abs(row["ring_duration"] - (call.answered_at - call.rang_at)) <= 1
    first, last = phone_heard[0].begin, phone_heard[-1].end
    assert abs(row["wait_duration"] - (first - call.answered_at)) <= 1
    assert abs(row["talk_duration"] - (last - first)) <= 1


def _nobody_free(floor: Floor, prompts: Prompts) -> None:
    """Power dialling at ratio 3 with one agent: who comes second hears the message, and it counts."""
    product = floor.product
    product.ctl("agent", "pause", "1002", "--reason", "lunch")
    product.ctl("agent", "pause", "1003", "--reason", "lunch")
    product.ctl("campaign", "edit", CAMPAIGN, "--dial-mode", "power", "--dial-ratio", "3")
    floor.ready("1001")
    taker, *late = numbers("20", 3)
    floor.dial(
        {taker: person(1500, hangs_up_after_s=9), **{n: person(1600, answers_after_s=1.0) for n in late}},
    )
    assert floor.attempt(taker)["status"] == "answered"
    for number in late:
        row, call = floor.attempt(number), floor.call(number)
        assert (row["status"], row["disposition"]) == ("abandoned", "abandoned"), row
        assert row["message_started_at"] and row["message_ended_at"] and row["live_answer"], row
        assert call.tone_seconds(prompts.abandon_hz) > 1.5, "the message was heard"
        greeting_end = (call.answered_at or 0) + 1.05  # 0.6 s silence and a hello of about 0.45 s
        assert call.heard_sound()[0].begin - greeting_end <= 2.0, "within two seconds of the greeting's end"
        assert row["agent_id"] is None


def _hang_up_while_waiting(floor: Floor) -> None:
    """Somebody hangs up between the verdict and the limit: a live answer, not abandoned."""
    taker, waiter = numbers("21", 2)
    floor.ready("1001")
    floor.dial(
        {taker: person(1500, hangs_up_after_s=6), waiter: person(1600, answers_after_s=0.8, hangs_up_after_s=2.3)}
    )
    row = floor.attempt(waiter)
    assert (row["status"], row["disposition"]) == ("customer_hangup", "customer_hangup"), row
    assert row["live_answer"] and row["amd_result"] == "human" and row["message_started_at"] is None
    assert abs(row["wait_duration"] - 2.3) <= 1
    assert row["hung_up_by"] == "customer" and floor.call(waiter).ended_by == "farend"


def _agent_leg_lost(floor: Floor) -> None:
    """The agent's phone dies in mid-call."""
    product, farend = floor.product, floor.farend
    (number,) = numbers("22", 1)
    floor.ready("1001")
    floor.begin({number: person(1700)})
    floor.wait_for_talk(number)
    farend.hang_up(farend.wait_for_call("1001"))
    floor.finish({number: person(1700)}, 15)
    row = floor.attempt(number)
    assert (row["status"], row["hung_up_by"]) == ("answered", "agent"), row
    assert "leg was lost" in row["note"]
    assert product.agent_state("1001") == "logged_out"
    assert floor.call(number).ended_by == "pbx"


def _on_hook(floor: Floor, prompts: Prompts) -> None:
    """A phone that does not answer: the message in time, the agent paused. One that does: a conversation."""
    product, farend = floor.product, floor.farend
    farend.behaves("1004", RING_FOREVER)
    product.agents(CAMPAIGN, "1004", leg_mode="on_hook")
    product.ctl("agent", "login", "1004")
    (lost,) = numbers("23", 1)
    floor.dial({lost: person(1500)})
    row, call = floor.attempt(lost), floor.call(lost)
    assert row["status"] == "abandoned", row
    assert call.tone_seconds(prompts.abandon_hz) > 1.5
    agent = next(r for r in product.agent_rows() if r["name"] == "1004")
    assert agent["state"] == "paused" and "did not answer" in agent["reason"]
    assert farend.wait_for_call("1004").cancelled

    farend.behaves("1005", Behaviour(then=tone(ON_HOOK_HZ)))
    product.agents(CAMPAIGN, "1005", leg_mode="on_hook")
    product.ctl("agent", "login", "1005")
    (met,) = numbers("24", 1)
    floor.dial({met: person(1800, hangs_up_after_s=5)})
    row = floor.attempt(met)
    assert (row["status"], row["agent_name"]) == ("answered", "1005"), row
    assert floor.call(met).tone_seconds(ON_HOOK_HZ) > 0.8
    assert farend.wait_for_call("1005").tone_seconds(1800) > 0.8
    product.wait(lambda: farend.wait_for_call("1005").over, 5, "the on-hook phone is free again")


def _ledger(product: Product, attempts: list[dict[str, Any]]) -> None:
    """One ledger row for each live answer, abandoned where the record says so."""
    ledger = {row["attempt_id"]: row["abandoned"] for row in product.rows("SELECT * FROM abandon_ledger")}
    assert ledger == {r["id"]: int(r["status"] == "abandoned") for r in attempts if r["live_answer"]}
    assert sum(ledger.values()) == 3


def _speed(floor: Floor, customers: list[str], attempts: list[dict[str, Any]]) -> None:
    """Verdict to bridge, and hang-up to wrap-up."""
    to_bridge = sorted((r["bridged_at"] - r["verdict_at"]) / 1e6 for r in attempts if r["bridged_at"])
    p95 = to_bridge[int(0.95 * (len(to_bridge) - 1))]
    to_wrap_up = []
    for number in customers:
        hung_up = wall(floor.call(number).ended_at or 0)
        row = floor.attempt(number)
        (wrap_up,) = floor.product.rows(
            "SELECT started_at FROM agent_state_log WHERE attempt_id = ? AND state = 'wrap_up'", row["id"]
        )
        to_wrap_up.append(wrap_up["started_at"] / 1e6 - hung_up)
    print(
        f"\nverdict to bridge: median {statistics.median(to_bridge) * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms of "
        f"{len(to_bridge)}; hang-up to wrap-up: median {statistics.median(to_wrap_up) * 1000:.1f} ms, "
        f"most {max(to_wrap_up) * 1000:.1f} ms of {len(to_wrap_up)}"
    )
    assert p95 <= 0.150
    assert statistics.median(to_wrap_up) <= 0.100
