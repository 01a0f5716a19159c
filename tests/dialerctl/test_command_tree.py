"""Every command, walked from the click tree: help with an example that works, its place in the manual, light start."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from fake_daemon import FakeDaemon, Run
from sound_files import write_tone

from dialerctl.campaign_columns import CAMPAIGN_COLUMNS
from dialerctl.main import NOUNS, cli
from dialerctl.offline import OFFLINE_COMMANDS
from dialerctl.reference import every_command, path_of, updated

COMMANDS = {path_of(context): context for context in every_command()}
MANUAL = Path(__file__).parents[2] / "docs" / "dialerctl.md"
PROTOCOL = Path(__file__).parents[2] / "docs" / "control-protocol.md"
HEAVY = ("asyncio", "openpyxl", "jinja2", "phonenumbers", "peewee", "msgspec", "dialerd.config", "dialerd.core")


def examples(context: click.Context) -> list[str]:
    lines = (context.command.help or "").splitlines()
    return [line.strip() for line in lines if line.strip().startswith(("dialerctl ", "eval "))]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_a_sentence_an_example_and_the_output_options(name: str) -> None:
    command = COMMANDS[name].command
    assert command.help and command.get_short_help_str(200).endswith((".", "…"))
    assert examples(COMMANDS[name]), "no example"
    options = {option for parameter in command.params for option in parameter.opts}
    assert {"-o", "--json", "--to", "-q", "--socket", "--no-color"} <= options
    undocumented = [p.name for p in command.params if isinstance(p, click.Option) and not p.help and not p.hidden]
    assert not undocumented


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_of_the_help_work(name: str, run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("Telefon,Kunde\n030 231250,Ada\n")
    (tmp_path / "2026-11-20_areas.txt").write_text("202,5550123\n202,5550124\n")
    (tmp_path / "my-rules.toml").write_text('name = "mine"\nversion = "1"\ntitle = "ours"\n')
    (tmp_path / "world.toml").write_text('name = "ours"\n')
    write_tone(tmp_path / "recorded.wav")
    (tmp_path / "optouts.csv").write_text("number,when\n030 231250,2026-01-01\n")
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Telefon", "Kunde"])
    sheet.append(["+4930231251", "Ada"])
    book.save(tmp_path / "customers.xlsx")
    for example in examples(COMMANDS[name]):
        if example.startswith("eval") or "--to /" in example or "--to ~" in example or name.startswith("config"):
            continue
        words = shlex.split(example.partition(" > ")[0])[1:]
        if "--watch" in words:
            words += ["--times", "1"]
        if name == "simulate":
            words += ["--hours", "0.1"]
        result = run(*words, socket=daemon.path)
        known = result.exit_code == 0 or (result.exit_code == 5 and "there is no" in result.stderr)
        known = known or (name == "amd tune" and "recorded samples of campaign spring can be read" in result.stderr)
        assert known, f"{example}\n{result.output}"


def test_the_manual_is_in_step() -> None:
    text = MANUAL.read_text()
    assert text == updated(text), "run: python -m dialerctl.reference docs/dialerctl.md"
    for name in COMMANDS:
        assert f"### dialerctl {name}\n" in text


def test_short_helps_and_offline_table_name_existing_commands() -> None:
    context = click.Context(cli, info_name="dialerctl")
    assert list(NOUNS) == cli.list_commands(context)
    assert set(OFFLINE_COMMANDS) <= set(COMMANDS)


def test_campaign_options_are_the_columns_of_the_protocol() -> None:
    text = PROTOCOL.read_text().partition("## Campaign columns\n`name ")[2].partition("`")[0]
    assert [column.name for column in CAMPAIGN_COLUMNS] == text.split()


def test_start_up_imports_nothing_heavy() -> None:
    code = (
        "import sys; from dialerctl.main import cli; cli.main(['--help'], standalone_mode=False);"
        f"print([m for m in {HEAVY!r} if m in sys.modules], [m for m in sys.modules if m.startswith('dialerctl.comm')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[] []"


@pytest.mark.parametrize("name", ["status", "campaign", "agent", "lead", "call", "disposition"])
def test_a_noun_imports_no_reader_and_no_report(name: str) -> None:
    module = NOUNS[name][0]
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_names_are_completed_by_the_daemon(daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.shell_completion import ShellComplete

    def complete(*words: str) -> list[str]:
        found = ShellComplete(cli, {}, "dialerctl", "X").get_completions(list(words[:-1]), words[-1])
        return [item.value for item in found]

    monkeypatch.setenv("DIALERCTL_SOCKET", str(daemon.path))
    assert complete("campaign", "start", "sp") == ["spring"]
    assert complete("agent", "pause", "100") == ["1001", "1002"]
    assert complete("agent", "dispose", "1001", "-d", "sa") == ["sale"]
    assert complete("camp") == ["campaign"]
    monkeypatch.setenv("DIALERCTL_SOCKET", "/nonexistent/control.sock")
    assert complete("campaign", "start", "sp") == []
