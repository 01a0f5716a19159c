"""Reviews of calls that AMD judged, on the screen: one word, the queue, listening."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from amd_answers import QUEUE
from click.testing import CliRunner
from fake_daemon import FakeDaemon, Run

from dialerctl.commands import call_review
from dialerctl.main import cli


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
    assert "dlr-4711-0badcafe.wav" in shown.stdout and "1 more sample" in shown.stderr


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
