"""`dialerctl simulate`: what is asked of whom, what is refused in one sentence, what the answer looks like."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fake_daemon import FakeDaemon, Run

from dialerctl.commands import simulate
from dialerctl.reports.what_if import charts
from dialerctl.simulate_screen import bar, bars, conclusion, notes, screen

QUICK = ("--hours", "0.1", "--agents", "3")


@pytest.fixture
def world(tmp_path: Path) -> str:
    (tmp_path / "world.toml").write_text('name = "ours"\n[people]\ntalk = { shape = "fixed", mean_s = 40 }\n')
    return "world.toml"


def row(**changed: Any) -> dict[str, Any]:
    return {
        "mode": "predictive", "target": 3.0, "agents": 10.0, "agents_most": 10, "occupancy": 80.0, "wait_s": 20.0,
        "wait_p90_s": 41.0, "abandon_rate": 2.5, "abandon_low": 1.6, "abandon_high": 3.9, "runs_above": 0,
        "dials_per_contact": 4.5, "contacts_per_agent_hour": 30.0, "talk_minutes_per_agent_hour": 40.0, "dials": 4500,
        "live_answers": 1000, "abandoned": 25, "peak_lines": 30, "max_lines": 100, "calls_per_second": 5.0,
        "hours": 8.0, "runs": 1, **changed,
    }  # fmt: skip


BASE = row(mode="progressive", target=None, talk_minutes_per_agent_hour=25.0, occupancy=50.0, abandon_rate=0.0)


def test_a_scenario_needs_no_daemon_and_compares_with_progressive(run: Run, world: str) -> None:
    result = run("simulate", "--scenario", world, *QUICK)
    assert result.exit_code == 0, result.output
    head, first, second = result.stdout.splitlines()[:3]
    assert head.split()[:4] == ["MODE", "TARGET", "AGENTS", "OCCUPIED"]
    assert first.startswith("predictive") and second.startswith("progressive")
    assert "Simulated from the scenario ours (world.toml); no real calls are behind it." in result.stdout
    assert re.search(r"With 3 agents, predictive at 3 % makes .* per hour (than|as) progressive", result.stdout)


def test_a_module_is_a_program_too(world: str, tmp_path: Path) -> None:
    """`python -m dialerctl.main` in a checkout did nothing, with status 0."""
    command = [sys.executable, "-m", "dialerctl.main", "simulate", "--scenario", world, *QUICK]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.startswith("MODE"), done.stderr


def test_json_is_for_programs_and_says_where_it_comes_from(run: Run, world: str) -> None:
    words = ("simulate", "--scenario", world, *QUICK, "--target", "1,3", "--mode", "predictive", "--json")
    answer = json.loads(run(*words).stdout)
    assert [(r["mode"], r["target"], r["agents"]) for r in answer["rows"]] == [
        ("predictive", 1.0, 3.0), ("predictive", 3.0, 3.0),
    ]  # fmt: skip
    assert answer["source"].startswith("Simulated from the scenario") and answer["replayed_calls"] is None
    assert json.loads(run(*words).stdout) == answer, "the same seed, the same answer"
    assert json.loads(run(*words, "--seed", "2").stdout)["rows"] != answer["rows"]
    table = list(csv.DictReader(io.StringIO(run(*words[:-1], "-o", "csv").stdout)))
    assert [float(r["occupancy"]) for r in table] == [r["occupancy"] for r in answer["rows"]]


def test_a_campaign_is_asked_for_its_settings_and_its_team(run: Run, daemon: FakeDaemon) -> None:
    agents = [{"name": str(n), "campaigns": ["spring"] if n < 4 else ["polls"]} for n in range(9)]
    daemon.methods["agent.list"] = lambda _: agents
    result = run("simulate", "--campaign", "spring", "--hours", "0.1", "--json", socket=daemon.path)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert [(r["mode"], r["agents"]) for r in answer["rows"]] == [("predictive", 4.0), ("progressive", 4.0)]
    assert "ordinary telephone world" in answer["source"] and "--answer-rate" in answer["notes"][0]


def test_a_team_that_nobody_named_is_assumed_aloud(run: Run, daemon: FakeDaemon) -> None:
    daemon.methods["agent.list"] = lambda _: []
    words = ("simulate", "--campaign", "spring", "--hours", "0.05", "--mode", "progressive", "--json")
    note = "No agent serves the campaign: 10 are assumed (--agents)."
    assert note in json.loads(run(*words, socket=daemon.path).stdout)["notes"]
    assert note not in json.loads(run(*words, "--agents", "10", socket=daemon.path).stdout)["notes"]
    daemon.methods["agent.list"] = lambda _: [{"name": str(n), "campaigns": ["spring"]} for n in range(501)]
    answer = json.loads(run(*words, socket=daemon.path).stdout)
    assert answer["notes"][0].startswith("501 agents serve the campaign: 500 are assumed")


def test_what_dialerd_has_learned_is_simulated_and_an_option_goes_before_it(run: Run, daemon: FakeDaemon) -> None:
    shown = daemon.methods["campaign.show"]
    pacing = {"answer_rate": 8.0, "talk_time_s": 55.0, "wrapup_time_s": 11.0, "calls_seen": 4000}
    daemon.methods["campaign.show"] = lambda params: {**shown(params), "pacing": pacing}
    words = ("simulate", "--campaign", "spring", *QUICK, "--json")
    learned = json.loads(run(*words, socket=daemon.path).stdout)
    assert "learned from 4000 calls: 8 % of the calls answered, 55 s talk, 11 s wrap-up" in learned["source"]
    assert not any("--answer-rate" in note for note in learned["notes"])
    own = json.loads(run(*words, "--answer-rate", "50", socket=daemon.path).stdout)
    assert "changed by your options: 50 % of the calls answered, 55 s" in own["source"]
    assert own["rows"][0]["dials_per_contact"] < learned["rows"][0]["dials_per_contact"]


def test_a_day_is_replayed_with_the_team_it_had(run: Run, daemon: FakeDaemon) -> None:
    shown = daemon.methods["campaign.show"]
    daemon.methods["campaign.show"] = lambda params: {**shown(params), "amd_enabled": True}
    words = ("simulate", "--campaign", "spring", "--replay", "2026-11-26", "--json")
    result = run(*words, socket=daemon.path)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    (asked,) = daemon.asked("campaign.replay")
    assert asked["since"][:10] in ("2026-11-25", "2026-11-26") and asked["name"] == "spring"
    assert answer["replayed_calls"] == 300
    assert (
        "from 300 real calls of campaign spring on 2026-11-26 (4 cancelled or lost ones left out)" in answer["source"]
    )
    assert "20.0 % were answered by a person" in answer["source"]
    only = answer["rows"][-1]
    assert (only["agents"], only["hours"]) == (3.0, 2.0), "nine to eleven, three agents"
    assert only["live_answers"] / only["dials"] == pytest.approx(0.2, abs=0.06)
    bigger = json.loads(run(*words, "--agents", "6", "--hours", "0.5", socket=daemon.path).stdout)["rows"][0]
    assert (bigger["agents"], bigger["hours"]) == (6.0, 0.5)


def test_a_day_without_calls_is_5_in_one_sentence(run: Run, daemon: FakeDaemon) -> None:
    daemon.methods["campaign.replay"] = lambda params: {
        "since": params["since"],
        "hours": [{"outcomes": {}}],
        "staffed": [],
    }
    result = run("simulate", "--campaign", "spring", "--replay", "yesterday", socket=daemon.path)
    assert result.exit_code == 5
    assert "campaign spring has no calls of 20" in result.stderr and len(result.stderr.splitlines()) == 1
    daemon.methods["campaign.replay"] = lambda params: {"hours": "what"}
    result = run("simulate", "--campaign", "spring", "--replay", "yesterday", socket=daemon.path)
    assert result.exit_code == 1 and "not understood" in result.stderr


def test_who_was_at_work_is_assumed_aloud(run: Run, daemon: FakeDaemon) -> None:
    replay = daemon.methods["campaign.replay"]
    daemon.methods["campaign.replay"] = lambda params: {**replay(params), "staffed": []}
    result = run("simulate", "--campaign", "spring", "--replay", "yesterday", "--hours", "0.1", socket=daemon.path)
    assert "Who was at work that day is not known: 10 agents are assumed" in result.stdout


def test_without_the_daemon_a_campaign_is_3(run: Run) -> None:
    assert run("simulate", "--campaign", "spring").exit_code == 3


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "say what to simulate: --scenario FILE or --campaign NAME"),
        ("--scenario world.toml --campaign spring", "two different worlds"),
        ("--scenario world.toml --replay yesterday", "--replay needs --campaign"),
        ("--scenario world.toml --talk 50", "--talk comes from the scenario file"),
        ("--campaign spring --replay yesterday --answer-rate 5", "--answer-rate comes from the calls of that day"),
        ("--campaign spring --replay lunch", "'lunch' is no day"),
        ("--campaign spring --replay 20261126", "is no day"),
        ("--campaign spring --replay 2026-02-30", "is no day"),
        ("--campaign spring --replay 2999-01-01", "still to come"),
        ("--scenario world.toml --agents 5,ten", "'ten' is no number"),
        ("--scenario world.toml --agents 5,501", "'501' is not a whole number from 1 to 500"),
        ("--scenario world.toml --agents 2.5", "'2.5' is not a whole number"),
        ("--scenario world.toml --target 0", "'0' is not above 0"),
        ("--scenario world.toml --target nan", "'nan' is not a number from 0 to 100"),
        ("--scenario world.toml --hours 25", "25"),
        ("--scenario world.toml --hours nan", "'nan' is no number"),
        ("--campaign spring --answer-rate nan", "'nan' is no number"),
        ("--campaign spring --wrap-up nan", "'nan' is no number"),
        ("--campaign spring --replay=", "--replay is empty"),
        ("--campaign spring --scenario=", "--scenario is empty"),
        ("--scenario world.toml --page=", "--page is empty"),
        ("--scenario world.toml --timeout nan", "'nan' is no number"),
        ("--scenario world.toml --mode fast", "fast"),
        ("--scenario world.toml --agents 400,500 --runs 50", "agent hours to simulate, 20,000 are the most"),
        ("--scenario world.toml --page nosuch/page.html", "there is no folder"),
    ],
)
def test_wrong_usage_is_2_with_a_sentence(words: str, sentence: str, run: Run, world: str, daemon: FakeDaemon) -> None:
    result = run("simulate", *words.split(), socket=daemon.path)
    assert result.exit_code == 2, result.output
    assert sentence in result.stderr and "Traceback" not in result.output
    assert not daemon.asked("campaign.replay")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('name = "x"\nmessage_s = \n[people]\n', "bad.toml: not TOML: Invalid value (at line 2"),
        ("[people]\ntolk = 3\n", "bad.toml: [people] tolk: unknown key; did you mean talk?"),
        ("[outcomes]\nperson = 2\n", "bad.toml: [outcomes] shares must be 0 or more"),
    ],
)
def test_a_bad_scenario_is_78_with_file_and_key(text: str, sentence: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(text)
    result = run("simulate", "--scenario", "bad.toml")
    assert result.exit_code == 78 and sentence in result.stderr
    assert run("simulate", "--scenario", "nosuch.toml").exit_code == 78


def test_each_mistake_of_a_scenario_has_its_own_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[people]\ntolk = 3\n[agents]\nsale = -1\n")
    result = run("simulate", "--scenario", "bad.toml")
    assert result.exit_code == 78
    lines = result.stderr.splitlines()
    assert len(lines) == 2 and all(line.startswith("dialerctl: bad.toml: [") for line in lines)


def test_progress_in_a_log_is_a_line_for_each_tenth(run: Run, world: str) -> None:
    result = run("simulate", "--scenario", world, *QUICK, "--progress")
    said = [line for line in result.stderr.splitlines() if line.startswith("Simulating")]
    assert said[-1] == "Simulating: 100 %" and 2 <= len(said) <= 10
    assert "Simulating" not in run("simulate", "--scenario", world, *QUICK).output


def test_a_fault_of_the_core_is_no_result(run: Run, world: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from dialerd.simulation import what_if_runs
    from dialerd.simulation.what_if import CoreFault

    def fail(*_: object) -> None:
        raise CoreFault("attempt 1 closed twice")

    monkeypatch.setattr(what_if_runs, "run_case", fail)
    result = run("simulate", "--scenario", world, *QUICK)
    assert result.exit_code == 1 and "closed twice; this is a fault in dialerd" in result.stderr and not result.stdout


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ctrl_c_ends_it_with_130_and_however_it_ends_no_process_is_left(
    by: signal.Signals, world: str, tmp_path: Path
) -> None:
    code = "from dialerctl.main import main\nif __name__ == '__main__':\n    main()\n"
    (tmp_path / "program.py").write_text(code)
    with subprocess.Popen(
        [sys.executable, "program.py", "simulate", "--scenario", world, "--agents", "80,90", "--progress"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as child:  # fmt: skip
        time.sleep(3)  # past the imports, into the days
        assert child.poll() is None
        if by is signal.SIGINT:
            os.killpg(child.pid, by)  # as a terminal does: to every process of the group
        else:
            child.send_signal(by)
        out, err = child.communicate(timeout=20)
    assert "Traceback" not in err and not out
    if by is signal.SIGINT:
        assert child.returncode == 130 and "dialerctl: interrupted" in err
    if by is signal.SIGTERM:
        assert child.returncode == 128 + signal.SIGTERM
        assert all(line.startswith("Simulating: ") for line in err.splitlines()), err
    until = time.monotonic() + 10  # multiprocessing's own watcher goes when it sees that nobody is left
    while any(_of_group(stat, child.pid) for stat in Path("/proc").glob("[0-9]*/stat")):
        assert time.monotonic() < until, "a process was left behind"
        time.sleep(0.05)


def _of_group(stat: Path, group: int) -> bool:
    """Whether a process of the group still runs (one that only waits to be collected does not)."""
    try:
        state, _, its_group = stat.read_text().rpartition(") ")[2].split()[:3]
    except OSError:
        return False
    return int(its_group) == group and state != "Z"


# -- what is shown


def test_the_sentence_compares_with_progressive_of_the_same_team() -> None:
    assert conclusion([row(), BASE]) == (
        "With 10 agents, predictive at 3 % makes 60 % more talk per hour than progressive "
        "(40 against 25 min per agent); 2.5 % of those who answered met no agent."
    )
    assert "makes 20 % less talk" in conclusion([row(talk_minutes_per_agent_hour=20.0), BASE])
    assert "as much talk per hour as" in conclusion([row(talk_minutes_per_agent_hour=25.1), BASE])
    small = [row(agents=5.0, talk_minutes_per_agent_hour=60.0), {**BASE, "agents": 5.0}]
    assert conclusion([*small, row(), BASE]).startswith("With 10 agents")


def test_who_breaks_the_limit_is_not_recommended() -> None:
    broken = row(target=5.0, talk_minutes_per_agent_hour=50.0, runs_above=1)
    assert "predictive at 3 %" in conclusion([broken, row(), BASE])
    assert any("above the target: predictive 5 %, 10 agents" in note for note in notes([broken, row()]))
    assert conclusion([broken, BASE]) == "Most talk per agent hour: progressive, 10 agents (25 min)."
    assert conclusion([BASE]) == ""


def test_lines_that_were_the_limit_and_few_answers_are_told() -> None:
    assert "All 30 lines (max_lines) were in use" in notes([row(max_lines=30)])[0]
    assert "calls_per_second 5 of the campaign was the limit: pred" in notes([row(dials=130_000)])[0]
    assert any("few answered calls" in note for note in notes([row(live_answers=40)]))
    assert notes([row(), BASE]) == []


def test_bars_are_as_long_as_their_share_and_ascii_where_nothing_else_can_be_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (len(bar(1.0)), bar(0.0), len(bar(0.5, plain=True))) == (40, "", 20)
    assert bars([row(), BASE], plain=True).isascii()
    monkeypatch.setattr("dialerctl.simulate_screen._can_draw", lambda _: False)
    text = screen([row(), BASE], source="s", conclusion="", notes=[])
    assert "█" not in text and "####" in text and text.isascii()


class _Page(HTMLParser):
    """Tags in order, and that each one is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self._open: list[str] = []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


@pytest.mark.parametrize("limit", [46, 80, 100])
def test_on_a_narrow_terminal_the_table_is_parted_and_the_bars_are_shorter(limit: int) -> None:
    rows = [row(), BASE]
    wide = screen(rows, source="S", conclusion="", notes=[])
    text = screen(rows, source="S", conclusion="", notes=[], limit=limit)
    assert max(map(len, text.splitlines())) <= limit < max(map(len, wide.splitlines()))
    parts = [line for line in text.splitlines() if line.startswith("MODE")]
    assert len(parts) > 1 and all(part.split()[:3] == ["MODE", "TARGET", "AGENTS"] for part in parts)
    assert set(" ".join(parts).split()) == set(wide.splitlines()[0].split()), "no column is lost"
    assert ("█" in text) == (limit > 46)
    assert screen(rows, source="S", conclusion="", notes=[], limit=200) == wide


def test_on_a_phone_no_bar_covers_its_label(run: Run, world: str, tmp_path: Path) -> None:
    """`predictive 12.5 %` takes 112 pixels; a third of a telephone's 330 would not do."""
    assert run("simulate", "--scenario", world, *QUICK, "--page", "page.html").exit_code == 0
    begins = re.findall(r'<rect [^>]*x="([0-9.]+)%"[^>]* width="([0-9.]+)%"', (tmp_path / "page.html").read_text())
    assert begins and all(float(x) >= 35 and float(x) + float(size) < 88 for x, size in begins)


def test_the_page_stands_alone_and_trusts_no_name(run: Run, world: str, tmp_path: Path) -> None:
    (tmp_path / "evil.toml").write_text('name = "<script>alert(1)</script>"\n')
    result = run("simulate", "--scenario", "evil.toml", *QUICK, "--page", "page.html")
    assert result.exit_code == 0 and "Page written: page.html" in result.stderr
    text = (tmp_path / "page.html").read_text()
    page = _Page(text)
    assert "<script" not in text and "&lt;script&gt;" in text
    assert "script" not in page.tags and page.tags.count("svg") == 4 and "table" in page.tags
    assert not [value for name, value in page.attributes if name in ("src", "href", "onload")]
    assert "prefers-color-scheme: dark" in text and "default-src 'none'" in text


def test_charts_have_a_bar_for_each_row_by_team_and_stay_inside() -> None:
    rows = [row(agents=30.0), row(agents=5.0, abandon_high=12.0, runs_above=1), {**BASE, "agents": 5.0, "wait_s": None}]
    drawn = charts(rows)
    assert [group["name"] for group in drawn[0]["groups"]] == ["5 agents", "30 agents"]
    abandoned = drawn[-1]
    shown = [bar for group in abandoned["groups"] for bar in group["bars"]]
    assert len(shown) == 2 and [bar["bad"] for bar in shown] == [True, False]
    assert all(0 <= bar[key] <= 100 for bar in shown for key in ("width", "low", "high", "target"))
    assert shown[0]["high"] == 100.0 and shown[0]["target"] == 25.0
    assert charts([BASE])[-1]["title"].startswith("Wait"), "nothing can be abandoned"


def test_the_limits_are_those_of_the_manual() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "dialerctl.md").read_text()
    assert f"{simulate.MOST_AGENT_HOURS:,.0f} agent hours" in manual
