"""The abandon ledger on the screen: figures, and calls that add up to them page by page."""

from __future__ import annotations

import csv
import io
import json

import pytest
from fake_daemon import LEDGER, LEDGER_CALLS, FakeDaemon, Run

from dialerctl.ledger_screen import CALLS, ledger_text
from dialerctl.output import local_time, table


def test_the_figures_say_what_counts_and_what_is_left() -> None:
    text = ledger_text(LEDGER, colour=False)
    assert "rolling_24_hours (rule set uk): 2026-11-2" in text
    assert "2 estimated (0.02 of 100 machines), counted as abandoned" in text
    assert "2.33 % (target 2 %, max 3 %)" in text
    assert "-2 abandons: one call per free agent" in text
    apart = ledger_text({**LEDGER, "amd_losses_inside": False, "credit": 7.0}, colour=False)
    assert "counted apart" in apart and "one call per" not in apart
    over = ledger_text({**LEDGER, "over_max": True}, colour=False)
    assert "dialling has stopped itself" in over
    chosen = ledger_text({**LEDGER, "credit": None}, colour=False)
    assert "chosen with --since" in chosen and "credit" not in chosen
    period = ledger_text({**LEDGER, "next_since": "2026-12-26T08:30:00+00:00"}, colour=False)
    assert "the next begins 2026-12-26" in period


def test_what_is_not_counted_is_said() -> None:
    sentence = "uk counts people whom AMD took for machines as abandoned, and none are counted"
    text = ledger_text({**LEDGER, "warnings": [sentence]}, colour=False)
    assert text.splitlines()[-1].split(maxsplit=1) == ["warning", sentence]
    assert "warning" not in ledger_text(LEDGER, colour=False)


def test_calls_in_progress_are_told_beside_the_figures() -> None:
    text = ledger_text({**LEDGER, "unfinished": {"live_answers": 1, "abandoned": 1}}, colour=False)
    assert "1 more live answer, 1 abandoned: pacing counts them already" in text.splitlines()[-1]
    quiet = ledger_text({**LEDGER, "unfinished": {"live_answers": 0, "abandoned": 0}}, colour=False)
    assert quiet == ledger_text(LEDGER, colour=False)


def test_every_page_is_of_one_snapshot_and_the_calls_add_up(daemon: FakeDaemon, run: Run) -> None:
    told = json.loads(run("campaign", "ledger", "spring", "--calls", "--json", socket=daemon.path).stdout)
    assert len(told["calls"]) == told["live_answers"] == 600
    assert sum(call["outcome"] == "abandoned" for call in told["calls"]) == told["abandoned"]
    head, *pages = daemon.asked("campaign.ledger")
    assert "snapshot" not in head and len(pages) == 3
    assert {(page["snapshot"], page["until"]) for page in pages} == {(LEDGER["snapshot"], LEDGER["until"])}
    assert [page.get("offset", 0) for page in pages] == [0, 250, 500]


def test_csv_holds_the_calls_and_limit_stops_early(daemon: FakeDaemon, run: Run) -> None:
    shown = run("campaign", "ledger", "spring", "--calls", "-o", "csv", "--limit", "3", socket=daemon.path)
    rows = list(csv.DictReader(io.StringIO(shown.stdout)))
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert len(daemon.asked("campaign.ledger")) == 2
    table = run("campaign", "ledger", "spring", "--calls", "--limit", "2", socket=daemon.path)
    assert "(2 of 600 live answers shown)" in table.stderr and "WAIT S" in table.stdout


def test_what_is_asked_wrongly(daemon: FakeDaemon, run: Run) -> None:
    assert run("campaign", "ledger", "spring", "--limit", "3", socket=daemon.path).exit_code == 2
    assert run("campaign", "ledger", "spring", "--since", "someday", socket=daemon.path).exit_code == 2
    assert run("campaign", "ledger", "nosuch", socket=daemon.path).exit_code == 5
    wrong = run("campaign", "edit", "spring", "--abandon-window", "weekly", socket=daemon.path)
    assert wrong.exit_code == 2 and "rolling_24_hours" in wrong.stderr


@pytest.mark.parametrize("columns", [60, 80])
def test_figures_and_calls_fit_the_terminal_with_every_number_whole(columns: int) -> None:
    text = ledger_text({**LEDGER, "next_since": "2026-12-26T08:30:00+00:00"}, colour=False, limit=columns)
    assert max(len(line) for line in text.splitlines()) <= columns
    assert local_time("2026-11-26T08:30:00+00:00") in text and local_time("2026-12-26T08:30:00+00:00") in text
    assert "2.33 % (target 2 %, max 3 %)" in text


def test_a_narrow_terminal_costs_words_not_numbers() -> None:
    calls = [{**row, "id": 1234567, "outcome": "customer_hangup", "agent": "maria.rossi"} for row in LEDGER_CALLS[:3]]
    text = table(calls, CALLS, limit=80)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert text.count(local_time("2026-11-26T09:00:00+00:00")) == text.count("+4930231250") == 3
    assert text.count("1234567") == text.count("1.2") == 3 and "…" in text
