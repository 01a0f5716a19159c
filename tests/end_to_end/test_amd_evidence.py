"""From what AMD heard to what the report says: a campaign on the real Asterisk, samples, reviews, the estimate."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from tests.amd_corpus.corpus import ready_corpus
from tests.amd_corpus.greetings import Greeting

from dialerd.core.amd.frames import frames
from dialerd.core.amd.model import judge
from dialerd.core.amd.presets import PRESETS
from dialerd.core.traces import CUT_NOTE

from .farend import Behaviour, FarEnd
from .farend.audio import SILENCE
from .farend.speech import voicemail_greeting
from .floor import CAMPAIGN, Floor, numbers
from .product import Product
from .prompts import Prompts
from .test_amd_samples import read
from .ulaw import coded, decoded

pytestmark = pytest.mark.real_asterisk

WANTED = {("person", "HUMAN"): 4, ("person", "MACHINE"): 2, ("machine", "MACHINE"): 4, ("machine", "HUMAN"): 2}
"""Who is called: of each party and of what AMD will say of them, by its model."""


def callees() -> list[Greeting]:
    """Greetings of people and of mailboxes, so many of each kind."""
    found: list[Greeting] = []
    missing = dict(WANTED)
    for each in ready_corpus(80):
        kind = (each.party, judge(frames(decoded(each.samples)), PRESETS["original"]).status)
        if missing.get(kind):
            missing[kind] -= 1
            found.append(each)
    assert not any(missing.values()), f"the corpus lacks {missing}"
    return found


def test_a_campaigns_evidence(product: Product, farend: FarEnd, prompts: Prompts) -> None:
    floor = Floor(product, farend)
    product.campaign(
        CAMPAIGN, prompts.abandon, "--dial-mode", "progressive", "--amd-enabled", "--amd-sample", "100",
        "--wrapup-time", "60", "--retry-delay", "36000",
    )  # fmt: skip
    floor.log_in({"1001": 1000, "1002": 1150})
    called = dict(zip(numbers("50", sum(WANTED.values())), callees(), strict=True))
    product.ctl("campaign", "start", CAMPAIGN)
    floor.begin({n: Behaviour(plays=coded(each.samples), then=SILENCE) for n, each in called.items()})
    _talk(product, called)

    truth = {row["id"]: called[row["number"]].party for row in product.attempts()}
    lost = _samples(product, called)
    queue = product.json("call", "review", "--campaign", CAMPAIGN)
    assert queue["waiting"] == 6 and all(row["seen"] for row in queue["calls"])
    before = product.json("amd", "report", CAMPAIGN)
    assert before["people_lost"]["share"]["value"] is None and not before["estimate"]["enough"]
    for row in queue["calls"]:
        assert row["amd_cause"] == lost[row["call"]]
        product.ctl("call", "review", str(row["call"]), f"--{truth[row['call']]}")

    report = product.json("amd", "report", CAMPAIGN, "--by", "trunk")
    matrix = {(row["said"], row["got"]): (row["person"], row["machine"], row["unknown"]) for row in report["matrix"]}
    assert matrix == {("human", "agent"): (4, 2, 0), ("machine", "machine"): (2, 4, 0)}
    assert report["people_lost"]["number"]["value"] == 2 and report["people_lost"]["share"]["value"] == 33.33
    assert report["machines_leaked"]["number"]["value"] == 2 and report["machines_leaked"]["share"]["value"] == 33.33
    assert [(part["key"], part["calls"]) for part in report["parts"]] == [("main", 12)]
    assert 0.8 < report["delay"]["to_people"]["median_s"] < 6
    assert product.json("amd", "samples", CAMPAIGN)["total"] == 12
    listed = product.json("amd", "report", CAMPAIGN, "--calls", "--said", "machine", "--heard", "person")["calls"]
    assert {truth[row["call"]] for row in listed} == {"person"} and len(listed) == 2

    said = product.ctl("amd", "report", CAMPAIGN, "--apply-estimate")
    assert "is 0.3333 (before: 0), from 6 of 6" in said
    ledger = product.json("campaign", "ledger", CAMPAIGN)
    assert (ledger["live_answers"], ledger["machines"]) == (4, 6), "an agent's machine is no live answer"
    assert ledger["amd_losses"] == pytest.approx(2, abs=0.001)
    product.ctl("call", "review", str(listed[0]["call"]), "--machine", "--note", "listened again")
    again = product.json("amd", "report", CAMPAIGN)
    assert again["people_lost"]["number"]["value"] == 1, "the last word counts"
    audited = product.rows("SELECT params FROM audit_log WHERE method = 'call.review'")
    assert len(audited) == 7, "and every word is in the audit log"
    (amd,) = [row["amd"] for row in product.json("status")["campaigns"]]
    assert amd["verdicts"] == 6 and not amd["over_limit"]


def _talk(product: Product, called: dict[str, Greeting]) -> None:
    """The agents say of each call whom they met, until all calls are finished."""
    deadline = time.monotonic() + 120
    while not all(product.closed(number) for number in called):
        assert time.monotonic() < deadline, Counter(row["state"] for row in product.attempts())
        for row in product.rows(
            "SELECT call_log.id, number, agent.name FROM call_log JOIN agent ON agent.id = agent_id"
            " WHERE call_log.state = 'talking' AND closed_at IS NULL"
        ):
            code = "sale" if called[row["number"]].party == "person" else "machine"
            product.run("agent", "dispose", row["name"], "-d", code)
            product.run("call", "hangup", str(row["id"]))
        time.sleep(0.2)


def _samples(product: Product, called: dict[str, Greeting]) -> dict[int, str]:
    """Each call's sample is what AMD judged in it; return AMD's word on those it took for machines."""
    causes: dict[int, str] = {}
    for row in product.attempts():
        found = judge(frames(read(row["amd_sample_file"])), PRESETS["original"])
        assert (found.status, found.cause) == (row["amd_status"], row["amd_cause"]), called[row["number"]].name
        assert row["amd_parameters"] == PRESETS["original"].arguments()
        if row["amd_result"] == "machine":
            causes[row["id"]] = row["amd_cause"]
    return causes


def test_an_amd_slower_than_the_limit_is_told_apart(product: Product, farend: FarEnd, prompts: Prompts) -> None:
    """From the answer 1.2 s are too few for mailboxes: the message comes in time, and nobody blames the AGI."""
    floor = Floor(product, farend)
    product.campaign(
        CAMPAIGN, prompts.abandon, "--dial-mode", "power", "--dial-ratio", "5", "--amd-enabled", "--amd-sample", "100",
        "--abandon-after", "1.2", "--abandon-measured-from", "answer", "--amd-max-words", "20",
        "--target-abandon-rate", "100", "--max-abandon-rate", "100", "--retry-delay", "36000",
    )  # fmt: skip
    floor.log_in({"1001": 1000})
    product.ctl("campaign", "start", CAMPAIGN)
    called = numbers("51", 5)
    floor.dial({n: Behaviour(plays=voicemail_greeting(), hangs_up_after_s=6.0) for n in called})
    for number in called:
        row, call = floor.attempt(number), floor.call(number)
        assert (row["status"], row["note"], row["amd_result"]) == ("abandoned", CUT_NOTE, ""), row
        assert 1.0 < call.silence_after_answer_s() < 1.4 and call.heard_tone(prompts.abandon_hz)
        assert 0.9 < len(read(row["amd_sample_file"])) / 8000 < 1.3, "the sample ends with the limit"
    status = product.json("status")
    (shown,) = status["campaigns"]
    assert (shown["amd"]["verdicts"], shown["amd"]["p95_is_more"]) == (5, True)
    assert any("may take up to 5 s" in warning for warning in shown["warnings"])
    assert not any("AGI" in problem for problem in status["problems"]), status["problems"]
    report = product.json("amd", "report", CAMPAIGN)
    assert [(row["said"], row["got"], row["calls"]) for row in report["matrix"]] == [("none", "nobody", 5)]
