"""The one screen of `status`, and watching it."""

from __future__ import annotations

import copy
import json

from fake_daemon import STATUS, FakeDaemon, Run

from dialerctl.status_screen import screen, uptime


def test_the_screen_says_what_runs_why_it_dials_and_what_is_next() -> None:
    lines = screen(STATUS).splitlines()
    assert lines[0] == "dialerd 0.1.0, up 2 h 5 min: healthy"
    text = "\n".join(lines)
    for part in (
        "Asterisk pbx1  connected, version 22.10.1",
        "10 of 12 logged in: 3 ready, 6 on call, 1 wrap up",
        "4 dialing, 2 ringing, 6 connected",
        "main 12 of 30 lines",
        "1.2 % (3 %)",
        "dialling 4 calls for 3 free agents",
        "held back: 12 by calling_window",
    ):
        assert part in text, part
    assert lines[-1] == "Next: nothing to do"


def test_trouble_is_told() -> None:
    status = copy.deepcopy(STATUS)
    status["healthy"] = False
    status["problems"] = ["Asterisk pbx1 is not connected"]
    status["asterisk"] = [{"node": "pbx1", "connected": False, "reason": "Connection refused"}]
    status["store"] = {"ok": False, "what": "disk is full", "backlog": 7}
    status["campaigns"][0]["fault"] = "division by zero"
    text = screen(status, colour=True)
    for part in ("needs attention", "not connected", "Connection refused", "disk is full", "7 writes waiting"):
        assert part in text, part
    assert "fault: division by zero" in text and "\x1b[31m" in text


def test_amds_delay_is_told_in_short() -> None:
    status = copy.deepcopy(STATUS)
    status["campaigns"][0]["amd"] = {
        "verdicts": 180, "median_s": 1.42, "p95_s": 1.98, "p95_of_limit_s": 0.8, "limit_s": 2.0,
    }  # fmt: skip
    assert "AMD: verdict 1.4 s after the answer, p95 2.0 s; 0.8 of 2 s of silence are over by then" in screen(status)


def test_a_bare_answer_does_not_break_the_screen() -> None:
    assert screen({}).splitlines()[0].startswith("dialerd -")


def test_uptime() -> None:
    assert [uptime(s) for s in (5, 65, 7500, 200000, None)] == ["5 s", "1 min 5 s", "2 h 5 min", "2 d 7 h", "-"]


def test_json_passes_the_daemons_object_through(run: Run, daemon: FakeDaemon) -> None:
    result = run("status", "--json", socket=daemon.path)
    assert json.loads(result.stdout) == {"schema": 1, **STATUS}


def test_watch_repeats_and_survives_a_restart(run: Run, daemon: FakeDaemon) -> None:
    result = run("status", "--watch", "0.2", "--times", "3", "--json", socket=daemon.path)
    assert result.exit_code == 0
    assert [json.loads(line)["schema"] for line in result.stdout.splitlines()] == [1, 1, 1]
    answers = iter([STATUS, b"", STATUS])
    daemon.methods["status"] = lambda _: next(answers)
    result = run("--timeout", "0.3", "status", "--watch", "0.2", "--times", "3", socket=daemon.path)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("dialerd 0.1.0") == 2 and "did not answer" in result.stderr


def test_watch_without_a_number(run: Run, daemon: FakeDaemon) -> None:
    assert run("status", "--watch", "--times", "1", socket=daemon.path).exit_code == 0
