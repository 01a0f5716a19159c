"""Stories of what a machine gets: hang-up, message, transfer; who is a machine by policy; consent; restarts; ends."""

from __future__ import annotations

from typing import Any

import pytest

from dialerd.core.call import Attempt, AttemptState, HungUpBy, Status
from dialerd.core.campaign import AmdAction, AmdParameters, AmdPolicy, Campaign
from dialerd.core.compliance_rules import CallingRules
from dialerd.core.live_call import LONGEST_TRANSFER_S, LONGEST_VOICEMAIL_S
from dialerd.core.machine_messages import (
    AwaitGreetingEnd,
    GreetingEnded,
    MachineActionFailed,
    MachineOrders,
    VoicemailEnded,
    VoicemailStarted,
)
from dialerd.core.messages import AgentLogin, Hangup, HangupAttempt, Originate, SaveAttempt, SendVerdict, ShutdownBegan
from dialerd.core.restored import Restored
from dialerd.core.rule_set import ConsentNeeded, Purpose, RuleSet

from .stage import Stage
from .values import agent, campaign, lead

A = AttemptState
DROPS: dict[str, Any] = {"amd_enabled": True, "amd_action": AmdAction.VOICEMAIL, "voicemail_file": "ours&number"}
MOVES: dict[str, Any] = {
    "amd_enabled": True, "amd_action": AmdAction.TRANSFER, "amd_transfer_extension": "700",
}  # fmt: skip
WANTS_CONSENT = RuleSet(
    name="strict",
    version="1",
    title="prerecorded calls want consent",
    demands=(ConsentNeeded(purpose=Purpose.PRERECORDED, classes=frozenset({"written"})),),
)


def met(amd: str = "MACHINE", **settings: Any) -> tuple[Stage, int, str | None]:
    """A call that AMD has judged: stage, call and verdict."""
    stage = Stage(campaign(**settings), agents=[agent(1)], leads=1)
    call = stage.dial()
    stage.answer(call)
    stage.wait(2)
    return stage, call, stage.verdict(stage.ask(call, amd, "MAXWORDS-4-3"))


def machine(stage: Stage, call: int, action: str) -> Attempt:
    """The finished record, which is that of a machine that got this."""
    record = stage.record(call)
    assert (record.status, record.amd_action, record.live_answer) == (Status.MACHINE, action, False)
    assert record.machine and stage.ledger() == (0, 0)
    return record


# -- what goes with the call


def test_each_call_takes_along_what_its_machine_would_get_and_keeps_what_amd_was_asked_with() -> None:
    stage = Stage(campaign(**DROPS, amd_min_call_s=4.0, voicemail_wait_s=30.0), agents=[agent(1)])
    call = stage.dial()
    (order,) = stage.all(Originate)
    assert order.machine == MachineOrders(voicemail_file="ours&number", voicemail_wait_s=30.0, min_call_s=4.0)
    assert stage.attempt(call).amd_parameters == AmdParameters().arguments()

    without = Stage(campaign(amd_action=AmdAction.VOICEMAIL, voicemail_file="ours"), agents=[agent(1)])
    call = without.dial()
    assert without.all(Originate)[0].machine is None and without.attempt(call).amd_parameters == ""


# -- who is a machine


@pytest.mark.parametrize("policy", AmdPolicy)
@pytest.mark.parametrize(("amd", "setting", "result"), [("NOTSURE", "amd_unsure", "unsure"), ("", "amd_not_run", "")])
def test_doubt_is_settled_by_the_campaign(policy: AmdPolicy, amd: str, setting: str, result: str) -> None:
    stage, call, verdict = met(amd, amd_enabled=True, **{setting: policy})
    assert stage.attempt(call).amd_result == result, "what AMD said is kept"
    if policy is AmdPolicy.AGENT:
        assert verdict == "agent" and stage.ledger() == (1, 0)
        return
    assert verdict == "machine" and stage.state(call) is A.MACHINE
    stage.end(call)
    assert machine(stage, call, "hangup").amd_result == result


def test_policies_mean_nothing_without_detection() -> None:
    assert met("", amd_not_run=AmdPolicy.MACHINE, amd_unsure=AmdPolicy.MACHINE)[2] == "agent"


@pytest.mark.parametrize("action", AmdAction)
def test_a_person_never_gets_what_a_machine_gets(action: AmdAction) -> None:
    settings = {**DROPS, **MOVES, "amd_action": action}
    stage, call, verdict = met("HUMAN", **settings)
    assert verdict == "agent"
    stage.tell(VoicemailStarted(attempt_id=call, cue="beep"))
    stage.tell(MachineActionFailed(attempt_id=call, why="invented"))
    stage.bridge(call)
    stage.end(call)
    record = stage.attempt(call)
    assert record.status is Status.ANSWERED and record.voicemail_started_at is None and record.note == ""
    assert not {"machine", "voicemail", "transfer"} & {sent.verdict for sent in stage.all(SendVerdict)}


# -- the message


def test_a_message_is_left() -> None:
    stage, call, verdict = met(**DROPS)
    assert verdict == "voicemail"
    stage.wait(8)
    stage.tell(VoicemailStarted(attempt_id=call, cue="beep"))
    stage.wait(20)
    stage.tell(VoicemailEnded(attempt_id=call))
    stage.end(call)
    record = machine(stage, call, "voicemail")
    assert record.voicemail_started_at and record.voicemail_ended_at and record.voicemail_cue == "beep"
    assert (record.voicemail_ended_at - record.voicemail_started_at).total_seconds() == 20
    assert (record.hung_up_by, record.note, record.disposition) == (HungUpBy.DIALER, "", "machine")


def test_a_message_that_the_machine_cuts_off_was_not_heard_to_the_end() -> None:
    stage, call, _ = met(**DROPS)
    stage.tell(VoicemailStarted(attempt_id=call, cue="silence"))
    stage.tell(VoicemailStarted(attempt_id=call, cue="beep"))  # a repeated event changes nothing
    stage.end(call, cause=0)
    record = machine(stage, call, "voicemail")
    assert record.voicemail_started_at and record.voicemail_ended_at is None and record.voicemail_cue == "silence"
    assert record.hung_up_by is HungUpBy.CUSTOMER


def test_an_end_without_a_beginning_is_no_message() -> None:
    stage, call, _ = met(**DROPS)
    stage.tell(VoicemailEnded(attempt_id=call))
    stage.end(call, cause=0)
    assert machine(stage, call, "voicemail").voicemail_ended_at is None


@pytest.mark.parametrize("settings", [DROPS, MOVES])
def test_what_the_dialplan_cannot_do_is_a_hang_up_and_says_why(settings: dict[str, Any]) -> None:
    stage, call, _ = met(**settings)
    stage.wait(3)
    stage.tell(MachineActionFailed(attempt_id=call, why="no such thing"))
    stage.end(call)
    record = machine(stage, call, "hangup")
    assert (record.note, record.hung_up_by) == ("no such thing", HungUpBy.DIALER)


@pytest.mark.parametrize(
    ("settings", "says"),
    [({**DROPS, "voicemail_file": ""}, "no voicemail_file"), ({**MOVES, "amd_transfer_extension": ""}, "amd_transfer")],
)
def test_an_action_without_its_means_is_a_hang_up(settings: dict[str, Any], says: str) -> None:
    stage, call = restarted(Stage(campaign(**{**DROPS, **MOVES}), agents=[agent(1)]), campaign(**settings))
    assert stage.verdict(stage.ask(call, "MACHINE")) == "machine"
    stage.end(call)
    assert says in machine(stage, call, "hangup").note


def restarted(stage: Stage, wanted: Campaign) -> tuple[Stage, int]:
    """A call that is answered, and dialerd restarts before AMD is through, with these settings of the campaign."""
    call = stage.dial()
    stage.answer(call)
    (*_, saved) = [c.attempt for c in stage.all(SaveAttempt) if c.attempt.id == call]
    again = Stage(wanted, restored=Restored(campaigns=(wanted,), open_attempts=(saved,)), link=False)
    again.connect(again.channel(call))
    return again, call


def test_a_failure_told_too_late_or_of_nothing_changes_nothing() -> None:
    stage, call, _ = met(**DROPS)
    for event in (VoicemailStarted(attempt_id=call, cue="beep"), VoicemailEnded(attempt_id=call)):
        stage.tell(event)
    stage.tell(MachineActionFailed(attempt_id=call, why="invented"))
    stage.end(call)
    assert machine(stage, call, "voicemail").note == ""
    stage, call, _ = met(amd_enabled=True)
    stage.tell(MachineActionFailed(attempt_id=call, why="invented"))
    stage.end(call)
    assert machine(stage, call, "hangup").note == ""


# -- consent


@pytest.mark.parametrize(("consent", "may"), [("", False), ("oral", False), ("written", True)])
def test_a_message_wants_the_consent_that_the_law_wants_for_prerecorded_calls(consent: str, may: bool) -> None:
    stage = Stage(campaign(**DROPS, rules=CallingRules(law=WANTS_CONSENT)), agents=[agent(1)], log_in=False)
    stage.leads[1] = [lead(9, consent_class=consent, consent_id="C-17")]
    stage.tell(AgentLogin(agent_id=1))
    call = stage.dial()
    stage.answer(call)
    assert stage.verdict(stage.ask(call, "MACHINE")) == ("voicemail" if may else "machine")
    stage.tell(VoicemailStarted(attempt_id=call, cue="beep"))
    stage.end(call)
    record = machine(stage, call, "voicemail" if may else "hangup")
    assert (record.voicemail_started_at is not None) is may
    assert record.consent_id == "C-17"
    assert (record.note == "") is may
    assert may or record.note == "no voicemail drop: strict: prerecorded wants consent of class written"


def test_consent_is_not_asked_for_a_hang_up_or_a_transfer() -> None:
    for settings, verdict in (({"amd_enabled": True}, "machine"), (MOVES, "transfer")):
        assert met(**settings, rules=CallingRules(law=WANTS_CONSENT))[2] == verdict


# -- how long it may take


def left_to_itself(settings: dict[str, Any]) -> float:
    """Seconds from the verdict until dialerd hangs up a call of which nothing is heard any more."""
    stage, call, _ = met(**settings)
    begin, stage.hangups = stage.now, False
    for _ in range(200):
        if stage.all(Hangup):
            break
        due = stage.dialer.next_deadline()
        assert due is not None, "this call would be open for ever"
        stage.wait(max(0.0, min(due, begin.mono + 5 * 3600) - stage.now.mono))
    assert [order.channel_id for order in stage.all(Hangup)] == [stage.attempt(call).channel_id]
    took = stage.now.seconds_since(begin)
    stage.wait(60)
    record = stage.record(call)
    assert record.status is Status.MACHINE and record.approximate and record.hung_up_by is HungUpBy.UNKNOWN
    return took


def test_no_machine_is_left_on_the_line_for_ever() -> None:
    ending = Stage(campaign()).dialer.floor.settings.ending_timeout_s
    assert left_to_itself({"amd_enabled": True}) == pytest.approx(ending, abs=0.1)
    assert left_to_itself({"amd_enabled": True, "amd_min_call_s": 7.0}) == pytest.approx(ending + 7, abs=0.1)
    assert left_to_itself({**DROPS, "voicemail_wait_s": 30.0}) == pytest.approx(
        ending + 30 + LONGEST_VOICEMAIL_S, abs=0.1
    )
    assert left_to_itself(MOVES) == pytest.approx(ending + LONGEST_TRANSFER_S, abs=0.1)


def test_a_held_call_that_the_machine_ends_before_was_ended_by_the_machine() -> None:
    for waits, by in ((1.0, HungUpBy.CUSTOMER), (8.0, HungUpBy.DIALER)):
        stage, call, _ = met(amd_enabled=True, amd_min_call_s=10.0)
        stage.wait(waits)
        stage.end(call, cause=0)
        assert machine(stage, call, "hangup").hung_up_by is by


def test_a_transferred_machine_keeps_its_line_and_who_ended_it_is_not_known() -> None:
    stage, call, verdict = met(**MOVES)
    assert verdict == "transfer"
    stage.wait(900)
    floor = stage.dialer.floor
    assert floor.lines_used(1) >= 1 and floor.calls[call].elsewhere and not stage.closed(call)
    stage.end(call)
    assert machine(stage, call, "transfer").hung_up_by is HungUpBy.UNKNOWN


def test_who_hangs_up_a_machine_by_hand_is_known() -> None:
    stage, call, _ = met(**MOVES)
    stage.tell(HangupAttempt(attempt_id=call))
    assert machine(stage, call, "transfer").hung_up_by is HungUpBy.DIALER


def test_stopping_waits_for_messages_and_not_for_transfers() -> None:
    for settings, waits in ((DROPS, True), (MOVES, False)):
        stage, call, _ = met(**settings)
        stage.tell(ShutdownBegan())
        others = [c for c in stage.dialer.floor.calls.values() if c.attempt.id != call]
        assert not others and stage.dialer.drained is not waits


# -- restarts


@pytest.mark.parametrize(("settings", "action"), [(DROPS, "voicemail"), (MOVES, "transfer"), ({}, "hangup")])
def test_a_restart_takes_over_what_a_machine_is_getting(settings: dict[str, Any], action: str) -> None:
    wanted: Campaign = campaign(**{"amd_enabled": True, **settings})
    stage, call, _ = met(**{"amd_enabled": True, **settings})
    stage.tell(VoicemailStarted(attempt_id=call, cue="beep"))
    (*_, saved) = [c.attempt for c in stage.all(SaveAttempt) if c.attempt.id == call]
    again = Stage(wanted, restored=Restored(campaigns=(wanted,), open_attempts=(saved,)), link=False)
    again.connect(again.channel(call))
    assert again.state(call) is A.MACHINE and not again.all(Hangup)
    assert again.dialer.next_deadline() is not None, "it is not left open for ever"
    if action == "voicemail":
        again.wait(60)
        again.tell(VoicemailEnded(attempt_id=call))
    again.end(call)
    record = again.record(call)
    assert (record.status, record.amd_action, record.approximate) == (Status.MACHINE, action, False)
    assert (record.voicemail_ended_at is not None) is (action == "voicemail")


def test_a_message_that_ended_while_nobody_watched_is_not_called_heard() -> None:
    wanted = campaign(**DROPS)
    stage, call, _ = met(**DROPS)
    stage.tell(VoicemailStarted(attempt_id=call, cue="beep"))
    (*_, saved) = [c.attempt for c in stage.all(SaveAttempt) if c.attempt.id == call]
    again = Stage(wanted, restored=Restored(campaigns=(wanted,), open_attempts=(saved,)), link=False)
    again.connect()
    record = again.record(call)
    assert record.status is Status.MACHINE and record.approximate and record.note
    assert record.voicemail_started_at and record.voicemail_ended_at is None


def test_a_call_without_a_verdict_at_a_restart_gets_no_message_where_the_law_wants_consent() -> None:
    for law, verdict in ((WANTS_CONSENT, "machine"), (RuleSet(name="none", version="1", title="none"), "voicemail")):
        wanted = campaign(**DROPS, rules=CallingRules(law=law))
        again, call = restarted(Stage(campaign(**DROPS), agents=[agent(1)]), wanted)
        assert again.verdict(again.ask(call, "MACHINE")) == verdict


# -- what the detector hears


def test_the_detector_is_told_of_the_call_before_the_dialplan_is() -> None:
    stage, call, verdict = met(**DROPS, voicemail_wait_s=30.0)
    assert verdict == "voicemail"
    (awaited,) = stage.all(AwaitGreetingEnd)
    assert awaited == AwaitGreetingEnd(attempt_id=call, token=stage.attempt(call).token, longest_s=30.0)
    order = [type(command) for command in stage.said if isinstance(command, AwaitGreetingEnd | SendVerdict)]
    assert order == [AwaitGreetingEnd, SendVerdict]
    assert not met(**MOVES)[0].all(AwaitGreetingEnd) and not met("HUMAN", **DROPS)[0].all(AwaitGreetingEnd)


@pytest.mark.parametrize("cue", ["beep", "silence"])
@pytest.mark.parametrize("asterisk_first", [True, False])
def test_what_ended_the_greeting_is_kept_whoever_tells_first(cue: str, asterisk_first: bool) -> None:
    stage, call, _ = met(**DROPS)
    said = [GreetingEnded(attempt_id=call, cue=cue), VoicemailStarted(attempt_id=call, cue="")]
    for event in reversed(said) if asterisk_first else said:
        stage.tell(event)
    stage.tell(VoicemailEnded(attempt_id=call))
    stage.end(call)
    record = machine(stage, call, "voicemail")
    assert record.voicemail_cue == cue and record.voicemail_ended_at is not None
    assert not stage.all(Hangup)


@pytest.mark.parametrize(
    ("cue", "result", "note"),
    [("fax", "fax", "fax machine"), ("sit", "sit", "information tones"), ("timeout", "machine", "did not end")],
)
def test_where_no_mailbox_is_nothing_is_left(cue: str, result: str, note: str) -> None:
    stage, call, _ = met(**DROPS)
    stage.tell(GreetingEnded(attempt_id=call, cue=cue))
    assert [hangup.channel_id for hangup in stage.all(Hangup)] == [stage.attempt(call).channel_id]
    stage.end(call)
    record = machine(stage, call, "hangup")
    assert (record.amd_result, record.hung_up_by, record.voicemail_started_at) == (result, HungUpBy.DIALER, None)
    assert note in record.note


def test_words_of_the_detector_that_come_too_late_or_mean_nothing_change_nothing() -> None:
    stage, call, _ = met(**DROPS)
    stage.tell(VoicemailStarted(attempt_id=call, cue="silence"))
    for cue in ("timeout", "fax", "gone", "banana", "beep"):
        stage.tell(GreetingEnded(attempt_id=call, cue=cue))
    stage.tell(GreetingEnded(attempt_id=call + 99, cue="beep"))
    assert not stage.all(Hangup) and stage.attempt(call).voicemail_cue == "silence"
    person, talks, _ = met("HUMAN", **DROPS)
    person.tell(GreetingEnded(attempt_id=talks, cue="fax"))
    assert not person.all(Hangup)


def test_a_fax_is_held_as_long_as_any_machine() -> None:
    stage, call, _ = met(**DROPS, amd_min_call_s=10.0)
    stage.wait(3)
    stage.tell(GreetingEnded(attempt_id=call, cue="fax"))
    stage.wait(4)
    assert not stage.all(Hangup), "nine seconds after the answer"
    stage.wait(1.5)
    record = machine(stage, call, "hangup")
    assert record.hung_up_by is HungUpBy.DIALER and record.answered_at and record.ended_at
    assert (record.ended_at - record.answered_at).total_seconds() == pytest.approx(10, abs=0.1)


def test_a_machine_that_hangs_up_in_its_greeting_got_no_message_and_the_record_says_why() -> None:
    stage, call, _ = met(**DROPS)
    stage.wait(3)
    stage.end(call, cause=0)
    record = machine(stage, call, "voicemail")
    assert record.hung_up_by is HungUpBy.CUSTOMER and "before the end of the greeting" in record.note
