"""Reviews of calls that AMD judged, on the screen: one word, the queue, listening."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from amd_answers import PARTED, QUEUE, REPORT
from click.testing import CliRunner
from fake_daemon import FakeDaemon, Run

from dialerctl.amd_screen import flat, report_text
from dialerctl.commands import call_review
from dialerctl.main import cli
from dialerctl.terminal import width


def test_one_word_says_what_amd_said_and_what_was_said_before(daemon: FakeDaemon, run: Run) -> None:
    shown = run("call", "review", "4711", "--person", "--note", "two hellos", socket=daemon.path)
    assert shown.stdout == "Call 4711: person (AMD said MAXWORDS-4-3); before: machine (sue).\n"
    assert daemon.asked("call.review") == [{"call": 4711, "heard": "person", "note": "two hellos"}]


def test_the_queue_shows_whole_paths_and_what_is_not_found(daemon: FakeDaemon, run: Run) -> None:
    shown = run("call", "review", "--campaign", "spring", "--since", "2026-11-20", socket=daemon.path)
    assert all(row["file"] in shown.stdout for row in QUEUE["calls"])  # type: ignore[index]
    assert "(2 of 31 shown" in shown.stderr and "1 of these files" in shown.stderr
    told = json.loads(run("call", "review", "--json", socket=daemon.path).stdout)
    assert (told["waiting"], len(told["calls"])) == (31, 2)
    assert "limit" in daemon.asked("amd.queue")[-1]


def test_an_empty_queue_says_how_samples_come_about(daemon: FakeDaemon, run: Run) -> None:
    daemon.methods["amd.queue"] = lambda _: {"waiting": 0, "calls": []}
    shown = run("call", "review", "--campaign", "spring", socket=daemon.path)
    assert shown.exit_code == 0 and "campaign edit spring --amd-sample" in shown.stderr


def test_samples_not_found_are_counted_not_listed(daemon: FakeDaemon, run: Run) -> None:
    shown = run("amd", "samples", "spring", socket=daemon.path)
    assert (
        "dlr-4711-0badcafe.wav" in shown.stdout
        and "(not shown, as dialerd does not find their files: 1)" in shown.stderr
    )


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Somebody is there, and a player that notes what it plays."""
    played = tmp_path / "played"
    player = tmp_path / "play"
    player.write_text(f'#!/bin/sh\nfor last; do :; done\necho "$last" >> {played}\n')
    player.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(call_review, "is_terminal", lambda _: True)
    return played


def listened(daemon: FakeDaemon, answers: str) -> Any:
    return CliRunner().invoke(cli, ["--socket", str(daemon.path), "call", "review", "--play"], input=answers)


def test_listening_sends_each_word_and_stops_when_told(daemon: FakeDaemon, at_a_terminal: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{n}.wav" for n in range(4)]
    for file in files:
        file.touch()
    calls = [{**QUEUE["calls"][0], "call": 4711, "file": str(file)} for file in files]  # type: ignore[index]
    daemon.methods["amd.queue"] = lambda _: {"waiting": 9, "calls": calls}
    shown = listened(daemon, "a\np\ns\nq\n")
    assert shown.exit_code == 0, shown.output
    assert daemon.asked("call.review") == [{"call": 4711, "heard": "person"}]
    assert at_a_terminal.read_text().split() == [str(files[n]) for n in (0, 0, 1, 2)]
    assert "1 persons, 0 machines heard; 9 waited before." in shown.output


def test_a_file_that_is_not_here_is_passed_over(daemon: FakeDaemon, at_a_terminal: Path) -> None:
    shown = listened(daemon, "")
    assert shown.exit_code == 0 and shown.output.count("is not on this machine, skipped") == 2
    assert not daemon.asked("call.review")


def test_without_a_player_nothing_is_asked(daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(call_review, "is_terminal", lambda _: True)
    shown = listened(daemon, "")
    assert shown.exit_code == 1 and "install sox" in shown.stderr
    assert not daemon.asked("amd.queue")


def test_the_report_says_each_figure_with_its_interval() -> None:
    text = report_text(REPORT, False)
    assert "1.5 % (0.4–3.6) of the people: 12.4 (3.1–30.2) people" in text
    assert "11.3 % (10.8–11.9) of the machines: 43 machines" in text
    assert "367 calls, 60 of them heard: 2 people, 58 machines; people among all 3.4 % (0.9–8.2)" in text
    assert "1.42 s after the answer (median), 1.98 s for 95 of 100, 5.02 s at the longest" in text
    assert "12 messages begun, 10 heard to the end (after: beep 9, silence 3)" in text
    assert "none yet: 60 machine calls heard, 100 wanted: dialerctl call review --campaign spring" in text
    (nobody,) = [line for line in text.splitlines() if line.startswith("none ")]
    assert nobody.split(maxsplit=6)[2:] == ["7", "0", "0", "7", "unknown (0–100 %)"]
    assert max(width(line) for line in report_text(PARTED, False, limit=100).splitlines()) <= 100


def test_parts_and_an_empty_report() -> None:
    assert "09:00" in report_text(PARTED, False) and "09:00" not in report_text(REPORT, False)
    empty = {**REPORT, "calls": 0, "matrix": []}
    assert "no finished call of this time" in report_text(empty, False)


def test_a_spreadsheet_gets_every_number_in_a_cell_of_its_own() -> None:
    first = flat(REPORT)[0]
    assert first["said"] == "human" and first["people_value"] == 95.0 and first["people_low"] == 95.0
    part = flat(PARTED)[0]
    assert part["key"] == "09" and part["people_lost_share_high"] == 3.6 and part["delay_to_people_p95_s"] == 1.98


def test_the_estimate_is_set_only_with_enough_heard(daemon: FakeDaemon, run: Run) -> None:
    refused = run("amd", "report", "spring", "--apply-estimate", socket=daemon.path)
    assert refused.exit_code == 6 and "60 of 367 machine calls, 100 are wanted" in refused.stderr
    assert not daemon.asked("campaign.edit")
    enough = {**REPORT, "estimate": {**REPORT["estimate"], "enough": True, "heard": 120}}
    daemon.methods["amd.report"] = lambda _: enough
    done = run("amd", "report", "spring", "--apply-estimate", socket=daemon.path)
    assert done.exit_code == 0 and "is 0.0412 (before: 0.02), from 120 of 367" in done.stdout
    assert daemon.asked("campaign.edit") == [{"name": "spring", "changes": {"amd_false_positive_rate": 0.0412}}]


def test_the_calls_behind_a_figure(daemon: FakeDaemon, run: Run) -> None:
    shown = run("amd", "report", "spring", "--calls", "--said", "machine", "--heard", "person", socket=daemon.path)
    assert "4711" in shown.stdout and "(1 of 367 shown" in shown.stderr
    assert daemon.asked("amd.calls") == [{"name": "spring", "said": "machine", "heard": "person"}]
