"""Hostile values in front of a real Asterisk: nothing of them is seen in its log, nothing is evaluated."""

from __future__ import annotations

import csv

import pytest
from tests.end_to_end.conftest import farend, farend_session, pbx, prompts, running_product  # noqa: F401
from tests.end_to_end.farend import Behaviour, FarEnd
from tests.end_to_end.farend.audio import tone
from tests.end_to_end.floor import CAMPAIGN, Floor, person
from tests.end_to_end.pbx.asterisk import Asterisk
from tests.end_to_end.product import open_zone
from tests.end_to_end.prompts import Prompts

pytestmark = pytest.mark.real_asterisk

MARK = "OWNED7f3a"
HOSTILE = (
    f"x\r\nAction: Command\r\nCommand: core set verbose 9 {MARK}",
    f"${{SHELL(touch /tmp/{MARK})}}",
    f"${{EVAL(${{SYSTEM(touch /tmp/{MARK})}})}}",
    f"$[1 + 1]{MARK}",
    f"a,b;c|{MARK}&PJSIP/1001",
    f'"quoted" <{MARK}>',
    f"\u202e{MARK}\u202c",
    MARK * 7000,
)


def test_nothing_of_it_reaches_the_dialplan(pbx: Asterisk, farend: FarEnd, prompts: Prompts) -> None:  # noqa: F811
    with running_product(pbx) as product:
        floor = Floor(product, farend)
        product.campaign(CAMPAIGN, prompts.abandon, "--dial-mode", "progressive", "--wrapup-time", "60")
        farend.behaves("1001", Behaviour(then=tone(1000)))
        product.agents(CAMPAIGN, "1001")
        for text in HOSTILE:
            if "\0" not in text and len(text) < 10_000:
                assert product.run("campaign", "edit", CAMPAIGN, "--caller-name", text).returncode == 2, "refused"
                assert product.run("campaign", "edit", CAMPAIGN, "--abandon-message", text).returncode == 2
                assert product.run("agent", "add", text, "--endpoint", "PJSIP/1002").returncode == 2
                assert product.run("agent", "add", "1002", "--endpoint", f"PJSIP/{text}").returncode == 2
        product.ctl("campaign", "edit", CAMPAIGN, "--caller-name", "O'Neil, Söhne & (x)")  # the worst that may be sent
        product.ctl("agent", "login", "1001", "--wait", "15")
        numbers = [f"+390613{n:03d}" for n in range(3)]
        path = product.folder / "hostile.csv"
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["number", "name", "timezone", "note"])
            for number, text in zip(numbers, HOSTILE[:1] + HOSTILE[1:2] + HOSTILE[-1:], strict=True):
                farend.behaves(number, person(1500, hangs_up_after_s=1.5))
                rows.writerow([number, text, open_zone(), text])
        product.ctl("lead", "import", str(path), "--campaign", CAMPAIGN)
        product.ctl("campaign", "start", CAMPAIGN)
        for _ in numbers:
            product.wait(lambda: product.agent_state("1001") == "wrap_up", 30, "a talk is over")
            product.ctl("agent", "dispose", "1001", "-d", "not_interested", "--note", HOSTILE[1])
        product.wait(lambda: all(product.closed(number) for number in numbers), 20, "all closed")
        assert {floor.attempt(number)["status"] for number in numbers} == {"answered"}
        assert floor.attempt(numbers[0])["note"] == HOSTILE[1], "in its field"
        log = pbx.log()
        assert "dialerd-outbound" in log, "the log tells what the dialplan did"
        assert MARK not in log, [line for line in log.splitlines() if MARK in line][:3]
        assert "Invalid/unknown command" not in log
        assert not list(pbx.folder.rglob(f"*{MARK}*")), "a dialplan expression was evaluated"
