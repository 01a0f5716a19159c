"""The exit status tells a script: every command, with the daemon up, down, forbidding, not knowing, refusing."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest
from fake_daemon import FakeDaemon, Refusal, Run
from sound_files import write_tone
from test_amd_tune import labelled_folder

from dialerctl.offline import OFFLINE_COMMANDS
from dialerctl.reference import every_command, path_of
from dialerd.control.protocol import ErrorCode

GOOD = {
    "status": "status",
    "version": "version",
    "config check": "config check good.toml",
    "config show": "config show --running",
    "rules list": "rules list",
    "rules show": "rules show us-telemarketing --region US-FL",
    "rules check": "rules check own.toml",
    "campaign add": "campaign add autumn --dial-mode power",
    "campaign edit": "campaign edit spring --max-lines 20",
    "campaign list": "campaign list",
    "campaign show": "campaign show spring",
    "campaign start": "campaign start spring polls",
    "campaign explain": "campaign explain spring",
    "campaign ledger": "campaign ledger spring --calls",
    "pacing show": "pacing show spring --last 2h",
    "campaign pause": "campaign pause spring",
    "campaign resume": "campaign resume spring",
    "campaign stop": "campaign stop spring",
    "lead import": "lead import leads.csv --campaign spring",
    "lead list": "lead list --campaign spring",
    "lead show": "lead show +4930231250",
    "lead explain": "lead explain +4930231250",
    "lead add": "lead add +4930231250 --campaign spring --alternate +4930231251 --attribute city=Berlin",
    "lead edit": "lead edit 17 --priority 80 --timezone Europe/Berlin",
    "lead remove": "lead remove 17 --yes",
    "lead export": "lead export --campaign spring --to leads-out.csv",
    "list list": "list list --campaign spring",
    "list show": "list show first --campaign spring",
    "list pause": "list pause first --campaign spring",
    "list resume": "list resume first --campaign spring",
    "list edit": "list edit first --campaign spring --weight 3",
    "list recycle": "list recycle first --campaign spring --yes",
    "list remove": "list remove first --campaign spring --yes",
    "retry list": "retry list spring",
    "retry set": "retry set spring busy --delay 300",
    "retry remove": "retry remove spring busy",
    "callback list": "callback list --campaign spring",
    "callback add": "callback add 17 2h --agent 1001",
    "callback cancel": "callback cancel 12",
    "dnc add": "dnc add +4930231250 --prefix +4932",
    "dnc import": "dnc import numbers.txt --list de-robinson --date 2026-11-01",
    "dnc check": "dnc check +4930231250",
    "dnc list": "dnc list",
    "dnc lists": "dnc lists",
    "dnc remove": "dnc remove +4930231250 --yes",
    "agent add": "agent add 1003 --endpoint PJSIP/1003 --campaign spring",
    "agent list": "agent list",
    "agent login": "agent login 1001 1002 --wait 5",
    "agent logout": "agent logout 1001",
    "agent pause": "agent pause 1001 --reason lunch",
    "agent unpause": "agent unpause 1001",
    "agent dispose": "agent dispose 1001 -d sale",
    "agent preview": "agent preview 1001 --wait 2",
    "agent accept": "agent accept 1001",
    "agent skip": "agent skip 1001 --reason no",
    "call list": "call list --live",
    "call show": "call show 4711",
    "call hangup": "call hangup 4711",
    "call reconcile": "call reconcile --dry-run",
    "call export": "call export --to calls.csv",
    "call test": "call test +4930231250 --campaign spring",
    "call review": "call review --campaign spring",
    "amd samples": "amd samples spring",
    "amd report": "amd report spring --by hour",
    "audio add": "audio add recorded.wav --name sorry --note x --replace --keep-level --keep-silence",
    "audio list": "audio list",
    "audio check": "audio check sorry",
    "audio remove": "audio remove sorry --yes",
    "disposition list": "disposition list",
    "amd tune": "amd tune calls --lost-limit 20",
    "amd presets": "amd presets",
    "simulate": "simulate --scenario world.toml --agents 2 --hours 0.05",
    "completion": "completion bash",
}
"""One good call of each command."""

UNKNOWN = {
    **{
        f"campaign {verb}": f"campaign {verb} nosuch"
        for verb in ("show", "explain", "start", "pause", "resume", "stop")
    },
    **{
        f"agent {verb}": f"agent {verb} 4444"
        for verb in ("login", "logout", "pause", "unpause", "preview", "accept", "skip")
    },
    "campaign edit": "campaign edit nosuch --priority 3",
    "pacing show": "pacing show nosuch",
    "agent dispose": "agent dispose 4444 -d sale",
    "lead import": "lead import leads.csv --campaign nosuch",
    "rules show": "rules show us-telemarketting",
    "lead show": "lead show 99",
    "lead explain": "lead explain 99",
    "lead add": "lead add +4930231250 --campaign nosuch",
    "lead edit": "lead edit 99 --priority 3",
    "lead remove": "lead remove 99 --yes",
    **{f"list {verb}": f"list {verb} nosuch --campaign spring" for verb in ("show", "pause", "resume")},
    **{f"list {verb}": f"list {verb} nosuch --campaign spring --yes" for verb in ("recycle", "remove")},
    "list edit": "list edit nosuch --campaign spring --weight 2",
    "retry set": "retry set nosuch busy --delay 3",
    "retry remove": "retry remove nosuch busy",
    "callback add": "callback add 99 2h",
    "callback cancel": "callback cancel 99",
    "call show": "call show 99",
    "call hangup": "call hangup 99",
    "call test": "call test +4930231250 --campaign nosuch",
    "call review": "call review 99 --person",
    "amd samples": "amd samples nosuch",
    "audio check": "audio check nosuch",
    "audio remove": "audio remove nosuch --yes",
    "amd report": "amd report nosuch",
    "amd tune": "amd tune nosuch",
    "simulate": "simulate --campaign nosuch",
}
CONFLICTS = {
    **{f"campaign {verb}": f"campaign {verb} running" for verb in ("add", "start", "pause", "resume", "stop")},
    **{f"agent {verb}": f"agent {verb} 1009" for verb in ("login", "logout", "pause", "unpause", "accept", "skip")},
    "agent dispose": "agent dispose 1009 -d sale",
    "call hangup": "call hangup 4713",
    "call review": "call review 4713 --machine",
    "amd report": "amd report spring --apply-estimate",
    "lead edit": "lead edit 18 --priority 3",
    "lead remove": "lead remove 18 --yes",
    "list remove": "list remove called --campaign spring --yes",
    "callback cancel": "callback cancel 13",
    "audio add": "audio add recorded.wav --name busy",
    "audio remove": "audio remove busy --yes",
}
GOOD_CONFIG = """
[[asterisk]]
name = "pbx1"

[[trunk]]
name = "main"
dial_string = "PJSIP/{number}@carrier"
"""
SECRETS = '[asterisk.pbx1]\nsecret = "x"\n'


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labelled recordings, made once."""
    return labelled_folder(tmp_path_factory.mktemp("recordings"), count=100)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, calls: Path) -> None:
    """The files that the commands above name (`run` works in this folder)."""
    (tmp_path / "leads.csv").write_text("number,name\n+4930231250,Ada\n")
    (tmp_path / "own.toml").write_text('name = "own"\nversion = "1"\ntitle = "ours"\n')
    (tmp_path / "my-rules.toml").write_text('name = "mine"\nversion = "1"\ntitle = "ours"\n')
    (tmp_path / "numbers.txt").write_text("+4930231250\n4930231251\nnobody\n")
    (tmp_path / "world.toml").write_text('name = "ours"\n')
    write_tone(tmp_path / "recorded.wav")
    (tmp_path / "good.toml").write_text(GOOD_CONFIG)
    (tmp_path / "calls").symlink_to(calls)
    (tmp_path / "secrets.toml").write_text(SECRETS)
    (tmp_path / "secrets.toml").chmod(0o600)


def test_every_command_has_a_row_in_the_table() -> None:
    assert sorted(GOOD) == sorted(path_of(command) for command in every_command())


@pytest.mark.parametrize("name", list(GOOD))
def test_success_is_0_and_json_is_one_object_with_a_schema(name: str, run: Run, daemon: FakeDaemon) -> None:
    result = run(*shlex.split(GOOD[name]), "-o", "json", socket=daemon.path)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["schema"] == 1
    assert result.stdout.count("\n") == 1, "one object on one line"


@pytest.mark.parametrize("form", ["table", "csv"])
@pytest.mark.parametrize("name", list(GOOD))
def test_table_and_csv_succeed_too(name: str, form: str, run: Run, daemon: FakeDaemon) -> None:
    result = run(*shlex.split(GOOD[name]), "-o", form, socket=daemon.path)
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.stdout, "no colour into a pipe"


@pytest.mark.parametrize("name", [n for n in GOOD if n not in OFFLINE_COMMANDS or n == "lead import"])
def test_daemon_down_is_3_and_says_where_it_looked(name: str, run: Run) -> None:
    result = run(*shlex.split(GOOD[name]))
    assert result.exit_code == 3, result.output
    assert "/nonexistent/control.sock (from --socket)" in result.stderr
    assert "systemctl start dialerd" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("name", [n for n in GOOD if n not in OFFLINE_COMMANDS or n in ("lead import", "config show")])
def test_missing_role_is_4(name: str, run: Run, daemon: FakeDaemon) -> None:
    def forbid(_: object) -> object:
        raise Refusal(ErrorCode.FORBIDDEN, "your role auditor may not do this: it needs supervisor")

    daemon.methods.update({method: forbid for method in daemon.methods if method != "hello"})
    result = run(*shlex.split(GOOD[name]), socket=daemon.path)
    assert result.exit_code == 4, result.output
    assert "needs supervisor" in result.stderr


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_object_is_5(name: str, run: Run, daemon: FakeDaemon) -> None:
    result = run(*shlex.split(UNKNOWN[name]), socket=daemon.path)
    assert result.exit_code == 5, result.output
    assert "there is no" in result.stderr


@pytest.mark.parametrize("name", CONFLICTS)
def test_conflicting_state_is_6(name: str, run: Run, daemon: FakeDaemon) -> None:
    result = run(*shlex.split(CONFLICTS[name]), socket=daemon.path)
    assert result.exit_code == 6, result.output


def test_no_permission_on_the_socket_is_4_with_the_remedy(run: Run, daemon: FakeDaemon) -> None:
    """As another user when the tests run as root (root may open any socket)."""
    run("status", socket=daemon.path)  # everything is imported before privileges are dropped
    daemon.path.chmod(0)
    daemon.path.parent.chmod(0o755)
    child = os.fork() if os.getuid() == 0 else 0
    if child == 0 and os.getuid() == 0:
        status = 99
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            result = run("status", socket=daemon.path)
            good = "sudo usermod -aG dialerd $USER" in result.stderr and "log in again" in result.stderr
            status = result.exit_code if good else 98
        finally:
            os._exit(status)
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 4
    else:
        assert run("status", socket=daemon.path).exit_code == 4


def test_several_names_one_fails_the_others_are_done(run: Run, daemon: FakeDaemon) -> None:
    result = run("campaign", "start", "spring", "nosuch", "polls", "-o", "json", socket=daemon.path)
    assert result.exit_code == 5
    results = json.loads(result.stdout)["results"]
    assert [row.get("state") for row in results] == ["active", None, "active"]
    assert results[1]["exit"] == 5


def test_silent_daemon_is_75(run: Run, daemon: FakeDaemon) -> None:
    daemon.methods["status"] = lambda _: b""
    result = run("--timeout", "0.2", "status", socket=daemon.path)
    assert result.exit_code == 75
    assert "within 0.2 s" in result.stderr


def test_other_protocol_is_1_with_a_sentence(run: Run, daemon: FakeDaemon) -> None:
    daemon.methods["hello"] = lambda _: {"protocol": 9, "version": "9.0"}
    result = run("status", socket=daemon.path)
    assert result.exit_code == 1
    assert "protocol 9" in result.stderr


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH\n", b"[]\n", b'{"id":1,"result":null}\n'])
def test_something_else_on_the_socket_is_1(answer: bytes, run: Run, daemon: FakeDaemon) -> None:
    daemon.methods["hello"] = lambda _: answer
    result = run("status", socket=daemon.path)
    assert result.exit_code == 1
    assert "is not dialerd" in result.stderr


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("campain", "dialerctl campaign"),
        ("campaign strat", "dialerctl campaign start"),
        ("start", "dialerctl campaign start"),
        ("login", "dialerctl agent login"),
    ],
)
def test_wrong_word_is_2_with_the_nearest(words: str, meant: str, run: Run) -> None:
    result = run(*words.split())
    assert result.exit_code == 2
    assert f"Did you mean {meant!r}?" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        "campaign add x --dial-mode fast",
        "campaign add x --daily-start 25:00",
        "campaign add x --cost-per-minute dear",
        "campaign edit spring",
        "call show abc",
        "amd report spring --said machine",
        "amd report spring --calls --key 09",
        "amd report spring --calls --apply-estimate",
        "call review 4711",
        "call review abc --person",
        "call review --person",
        "call review 4711 --person --campaign spring",
        "call review --play",
        "call list --since someday",
        "audio add recorded.wav",
        "audio add nosuch.wav --name x",
        "audio remove sorry",
        "pacing show spring --last soon",
        "pacing show spring --last 0m",
        "pacing show spring --last 2h --since today",
        "pacing show spring --points 501",
        "call list --to nosuch/calls.txt",
        "lead import",
        "agent dispose 1001",
        "call export --format pdf",
        "call export --format xlsx",
    ],
)
def test_wrong_usage_is_2(words: str, run: Run, daemon: FakeDaemon) -> None:
    result = run(*words.split(), socket=daemon.path)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert not daemon.asked("campaign.add")


def test_interrupted_is_130(run: Run, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dialerctl.session.Session.call", interrupt)
    assert run("status", socket=daemon.path).exit_code == 130


def test_a_fault_of_ours_is_one_sentence(run: Run, daemon: FakeDaemon) -> None:
    daemon.methods["agent.list"] = lambda _: 5
    result = run("agent", "list", socket=daemon.path)
    assert result.exit_code == 1
    assert "DIALERCTL_TRACE=1" in result.stderr
    assert "Traceback" not in result.output


def test_configuration_problems_are_78(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[dialrd]\nx = 1\n")
    for words in ("config check bad.toml", "config show --config bad.toml", "config check nosuch.toml"):
        result = run(*words.split())
        assert result.exit_code == 78, result.output
        assert "Traceback" not in result.output
    result = run("config", "check", "bad.toml", "-o", "json")
    assert result.exit_code == 78
    assert json.loads(result.stdout)["problems"]


def test_settings_of_the_files_mask_secrets(run: Run) -> None:
    result = run("config", "show", "--config", "good.toml", "-o", "json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["settings"]
    assert {"table", "key", "value", "origin"} == set(rows[0])
    assert [row["value"] for row in rows if row["key"] == "secret"] == ["********"]


def test_unhealthy_status_is_1(run: Run, daemon: FakeDaemon) -> None:
    healthy = daemon.methods["status"]({})
    daemon.methods["status"] = lambda _: {**healthy, "healthy": False, "problems": ["Asterisk pbx1 is away"]}
    result = run("status", socket=daemon.path)
    assert result.exit_code == 1
    assert "! Asterisk pbx1 is away" in result.stdout


def test_click_groups_without_a_verb_print_help(run: Run) -> None:
    assert "Commands" in run("campaign").output


def test_a_pause_during_a_call_is_told_to_begin_after_it(run: Run, daemon: FakeDaemon) -> None:
    daemon.methods["agent.pause"] = lambda p: {"name": p["name"], "state": "on_call", "reason": "lunch"}
    result = run("agent", "pause", "1001", "--reason", "lunch", socket=daemon.path)
    assert result.stdout == "Agent 1001 is on call (lunch); the pause begins after it.\n"
