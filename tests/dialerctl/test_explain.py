"""What `explain` shows a person: the rule that blocks, the time, the chart; and how scripts are told."""

from __future__ import annotations

from typing import Any

from fake_daemon import EXPLAINED_CAMPAIGN, EXPLAINED_LEAD, FakeDaemon, Run

from dialerctl.explain_screen import BAR, campaign_screen, hours_chart, lead_screen

BLOCKED: dict[str, Any] = {
    **EXPLAINED_LEAD,
    "verdict": "quiet_period",
    "detail": "refusal: 60 days of quiet after refusal",
    "next_time": "2027-01-02T09:00:00+00:00",
    "obstacles": ["campaign spring is stopped: dialerctl campaign start spring"],
    "same_number": [4, 9],
    "rules": [
        {"rule": "rule_set", "ok": True, "inputs": "fr/1", "detail": "", "next_time": None},
        {"rule": "quiet_period", "ok": False, "inputs": "x", "detail": "60 days of quiet", "next_time": None},
        {"rule": "legal_hours", "ok": False, "inputs": "y", "detail": "Sun 03:00\x1b[31m", "next_time": None},
    ],
}


def test_the_first_rule_that_blocks_is_marked_and_the_answer_stands_at_the_end() -> None:
    lines = lead_screen(BLOCKED, colour=False).splitlines()
    assert [line.split()[:2] for line in lines if line.startswith("  ")] == [
        ["ok", "rule_set"], ["BLOCKS", "quiet_period"], ["blocks", "legal_hours"],
    ]  # fmt: skip
    assert (
        "Blocked by quiet_period: refusal: 60 days of quiet after refusal. It can be dialled from 2027-01-0"
        in lines[-3]
    )
    assert lines[-2] == "Also: campaign spring is stopped: dialerctl campaign start spring."
    assert lines[-1] == "Other leads with this number: 4, 9"
    assert "\x1b" not in "\n".join(lines)


def test_a_lead_without_an_objection_and_one_that_waits() -> None:
    assert lead_screen(EXPLAINED_LEAD, colour=False).splitlines()[-1] == "Every rule allows it now."
    waits = {**EXPLAINED_LEAD, "waits_until": "2026-11-27T09:00:00+00:00"}
    assert "It waits for its next attempt: it can be dialled from 2026-11-27" in lead_screen(waits, colour=False)


def test_the_chart_is_as_long_as_its_hour_has_leads() -> None:
    hours = [{"at": "2026-11-27T09:00:00+00:00", "leads": n} for n in (0, 1, 50, 100)]
    bars = [row.count("█") for row in hours_chart(hours).splitlines()]
    assert bars == [0, 0, BAR // 2, BAR]
    assert [int(row.split()[-1]) for row in hours_chart(hours).splitlines()] == [0, 1, 50, 100]
    assert hours_chart([{"at": "2026-11-27T09:00:00+00:00", "leads": 0}]).split()[-1] == "0"


def test_a_campaign_in_numbers() -> None:
    text = campaign_screen({**EXPLAINED_CAMPAIGN, "start_problems": []}, colour=False)
    assert "13: 3 may be dialled now, 9 later, 0 claimed, 1 finished" in text
    assert "legal_hours" in text and text.count("\n  11-27") == 24


def test_exit_status_of_explain_and_dry_run(daemon: FakeDaemon, run: Run) -> None:
    assert run("lead", "explain", "17", socket=daemon.path).exit_code == 0
    assert run("campaign", "start", "spring", "--dry-run", socket=daemon.path).exit_code == 0
    refused = run("campaign", "start", "polls", "--dry-run", socket=daemon.path)
    assert refused.exit_code == 6 and "no trunk is set" in refused.stderr and "may be dialled" in refused.stdout
    assert run("campaign", "start", "running", "--dry-run", socket=daemon.path).exit_code == 6
    assert run("campaign", "start", "spring", "polls", "--dry-run", socket=daemon.path).exit_code == 2
    assert not daemon.asked("campaign.start"), "nothing was started"


def test_the_campaign_screen_shows_what_pacing_rests_on() -> None:
    pacing = {
        "abandon_window": "rolling_30_days", "live_answers": 812, "abandoned": 21, "abandon_credit": 3.36,
        "calls_seen": 4022, "answer_rate": 20.3, "talk_time_s": 148.2, "wrapup_time_s": 19.7,
        "predicted_abandons": 19.8, "realised_abandons": 21, "risk_allowed": 2.8, "risk_of_next_call": 3.1,
        "decision": "",
    }  # fmt: skip
    text = campaign_screen({**EXPLAINED_CAMPAIGN, "start_problems": [], "pacing": pacing}, colour=False)
    assert "21 of 812 live answers abandoned in the window rolling_30_days; credit 3.36 abandons" in text
    assert "20.3 % answer, talk 148 s, wrap-up 20 s (from 4022 calls" in text
    assert "2.8 % allowed, 3.1 % for one more call; forecast 19.8 abandons, 21 happened" in text
    agents_left_to_others = {**pacing, "risk_of_next_call": None}
    text = campaign_screen({**EXPLAINED_CAMPAIGN, "start_problems": [], "pacing": agents_left_to_others}, colour=False)
    assert "2.8 % allowed; forecast 19.8 abandons" in text
    progressive = {**pacing, "risk_allowed": None, "risk_of_next_call": None}
    assert "for one more call" not in campaign_screen(
        {**EXPLAINED_CAMPAIGN, "start_problems": [], "pacing": progressive}, colour=False
    )


def test_a_campaigns_warnings_stand_with_its_ledger() -> None:
    text = campaign_screen({**EXPLAINED_CAMPAIGN, "warnings": ["nobody is counted\x1b[2J"]}, colour=False)
    assert "nobody is counted[2J" in next(line for line in text.splitlines() if line.startswith("warning"))
    assert "warning" not in campaign_screen(EXPLAINED_CAMPAIGN, colour=False)


def test_amds_delay_stands_against_the_limit() -> None:
    amd = {
        "verdicts": 180, "median_s": 1.42, "p95_s": 1.98, "p95_of_limit_s": 1.98, "p95_is_more": False, "limit_s": 2.0,
        "measured_from": "answer", "over_limit": False,
    }  # fmt: skip
    text = campaign_screen({**EXPLAINED_CAMPAIGN, "amd": amd}, colour=False)
    assert "1.98 s p95 of the last 180 people; 1.98 s of the limit 2 s from the answer are over by then" in text
    text = campaign_screen({**EXPLAINED_CAMPAIGN, "amd": {**amd, "p95_is_more": True}}, colour=False)
    assert "more than 1.98 s of the limit" in text
    none = {**amd, "verdicts": 0, "measured_from": "greeting_end", "median_s": None, "p95_s": None}
    text = campaign_screen({**EXPLAINED_CAMPAIGN, "amd": none}, colour=False)
    assert "no verdict on a person yet; limit 2 s from the end of the greeting" in text
    assert "AMD" not in campaign_screen({**EXPLAINED_CAMPAIGN, "amd": None}, colour=False)
