"""dialerctl agent preview, accept and skip as a person reads them."""

from __future__ import annotations

from fake_daemon import PREVIEW, FakeDaemon, Run


def test_a_lead_is_shown_with_what_is_known(run: Run, daemon: FakeDaemon) -> None:
    result = run("agent", "preview", "1001", socket=daemon.path)
    lines = dict(line.split(None, 1) for line in result.stdout.splitlines())
    assert lines["number"] == "+4930231250" and lines["city"] == "Berlin"
    assert "skipped by 1002  not today" in result.stdout
    assert "4700, 4690" in lines["history"] and "0:42" in result.stdout
    accepted = {"name": "1001", "state": "reserved", **PREVIEW, "accepted": True, "seconds_left": None}
    daemon.methods["agent.preview"] = lambda _: accepted
    assert "accepted, to be called" in run("agent", "preview", "1001", socket=daemon.path).stdout


def test_nothing_shown_is_a_sentence_and_waiting_for_it_in_vain_75(run: Run, daemon: FakeDaemon) -> None:
    nothing = {"name": "1001", "state": "on_call", "lead_id": None, "notice": "+4930 was not called: dnc"}
    daemon.methods["agent.preview"] = lambda _: nothing
    result = run("agent", "preview", "1001", socket=daemon.path)
    assert result.stdout == "No lead is shown to agent 1001 now (on call).\n"
    assert "was not called: dnc" in result.stderr
    result = run("agent", "preview", "1001", "--wait", "0.1", socket=daemon.path)
    assert result.exit_code == 75 and "no lead is shown to agent 1001 after 0.1 s" in result.stderr


def test_what_an_acceptance_leads_to(run: Run, daemon: FakeDaemon) -> None:
    for answer, words in (
        ({"state": "reserved", "call": 4712}, "call 4712 is on its way"),
        ({"state": "reserved", "call": None}, "waits for the agent's phone or a free line"),
        ({"state": "ready", "call": None}, "over already; now ready"),
    ):
        daemon.methods["agent.accept"] = lambda _, answer=answer: {"name": "1001", "lead_id": 17, **answer}
        assert words in run("agent", "accept", "1001", socket=daemon.path).stdout
    assert run("agent", "skip", "1001", socket=daemon.path).stdout == "Agent 1001: lead 17 skipped.\n"
