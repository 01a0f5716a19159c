"""What a campaign must have before it may start."""

from __future__ import annotations

from dataclasses import replace

from dialerd.core.campaign import AbandonAction, AmdAction, Campaign, DialMode
from dialerd.core.compliance_rules import CallingRules
from dialerd.core.picture import picture
from dialerd.core.readiness import start_problems, uncounted

from .stage import Stage
from .values import NO_LAW, agent, campaign

READY = Campaign(
    id=1,
    name="spring",
    dial_mode=DialMode.POWER,
    trunk="carrier",
    caller_id="+15550100",
    abandon_message="sorry",
    rules=CallingRules(law=NO_LAW),
)


def test_a_ready_campaign_has_no_problem() -> None:
    for mode in DialMode:
        assert start_problems(replace(READY, dial_mode=mode), ["carrier"]) == []


def test_all_problems_at_once_each_with_its_option() -> None:
    found = start_problems(Campaign(id=1, name="x", dial_mode=DialMode.PROGRESSIVE, max_lines=0), ["carrier"])
    options = ["--trunk", "--caller-id", "--abandon-message", "--rule-set", "--max-lines"]
    assert [option in sentence for option, sentence in zip(options, found, strict=True)] == [True] * 5


def test_samples_need_a_folder() -> None:
    sampling = replace(READY, amd_enabled=True, amd_sample=0.2)
    (problem,) = start_problems(sampling, ["carrier"])
    assert "amd_sample is 20 %" in problem and "[recording]" in problem
    assert start_problems(sampling, ["carrier"], recording_folder="/rec") == []
    assert start_problems(replace(sampling, amd_enabled=False), ["carrier"]) == [], "without AMD nothing is sampled"


def test_a_transfer_needs_a_place_to_go() -> None:
    lost = replace(READY, abandon_action=AbandonAction.TRANSFER)
    (problem,) = start_problems(lost, ["carrier"])
    assert "--abandon-transfer-extension" in problem
    assert start_problems(replace(lost, abandon_transfer_extension="700"), ["carrier"]) == []


def test_what_a_machine_gets_must_be_there() -> None:
    for action, option, means in (
        (AmdAction.VOICEMAIL, "--voicemail-file", {"voicemail_file": "ours"}),
        (AmdAction.TRANSFER, "--amd-transfer-extension", {"amd_transfer_extension": "700"}),
    ):
        lost = replace(READY, amd_enabled=True, amd_action=action)
        (problem,) = start_problems(lost, ["carrier"])
        assert option in problem and action.value in problem
        assert start_problems(replace(lost, **means), ["carrier"]) == []
        assert start_problems(replace(lost, amd_enabled=False), ["carrier"]) == [], "without AMD there are no machines"


def test_trunks() -> None:
    assert "add a [[trunk]] to dialerd.toml" in start_problems(READY, [])[0]
    assert "(did you mean carrier?)" in start_problems(replace(READY, trunk="carier"), ["carrier", "other"])[0]
    assert "(known: a, b)" in start_problems(replace(READY, trunk="zzz"), ["b", "a"])[0]


def test_caller_ids_of_the_trunk() -> None:
    assert start_problems(READY, ["carrier"], allowed_caller_ids=["+15550100"]) == []
    assert "+15550199" in start_problems(READY, ["carrier"], allowed_caller_ids=["+15550199"])[0]


def test_abandons_that_the_law_counts_and_nobody_has_estimated_are_warned_of() -> None:
    uk = CallingRules(law=replace(NO_LAW, name="uk", amd_losses_inside=True))
    missing = replace(READY, amd_enabled=True, amd_losses_inside=True, rules=uk)
    assert uncounted(missing).startswith("uk counts people whom AMD took for machines as abandoned, and ")
    assert "dialerctl amd report spring --apply-estimate" in uncounted(missing)
    assert start_problems(missing, ["carrier"]) == [], "a warning, no problem"
    for sound in (
        replace(missing, amd_enabled=False),
        replace(missing, amd_losses_inside=False),
        replace(missing, amd_false_positive_rate=0.02),
    ):
        assert uncounted(sound) == ""
    stage = Stage(campaign(amd_enabled=True, amd_losses_inside=True, rules=uk), agents=[agent()])
    (shown,) = picture(stage.dialer.floor, stage.dialer.dialling, stage.now)["campaigns"]
    assert shown["warnings"] == [uncounted(replace(missing, name="c1"))] and shown["health"] == "good"
