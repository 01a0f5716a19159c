"""What machines get in the two simulated worlds: the truth of the far end against the records and the events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from dialerd.core.call import Status
from dialerd.core.campaign import AmdAction, Campaign
from dialerd.simulation.durations import fixed
from dialerd.simulation.pbx import SimulatedPbx
from dialerd.simulation.results import RunResult
from dialerd.simulation.scenario import Detection, Machines, Outcome, Outcomes, Scenario
from dialerd.simulation.virtual import run_virtual
from dialerd.simulation.world import CallFate

from .conftest import QUICK, AmiClient, Script, customer, value, verdicts
from .floor import agents, campaign, dialer, leads

NUMBER = "390550000001"
EVERYBODY_A_MACHINE = Scenario(
    voicemail_s=20.0,
    outcomes=Outcomes(
        person=0, machine=1, busy=0, no_answer=0, congestion=0, invalid=0, rejected=0, failed=0
    ),
    detection=Detection(machine_machine=1.0, machine_human=0.0),
)  # fmt: skip
MACHINE = CallFate(
    outcome=Outcome.MACHINE,
    ring_after_s=0.02,
    answer_after_s=0.05,
    amd_status="MACHINE",
    amd_cause="MAXWORDS-4-3",
    amd_delay_s=0.02,
    patience_s=5.0,
    greeting_s=0.2,
)


def half_an_hour(scenario: Scenario, **settings: object) -> RunResult:
    wanted: Campaign = campaign(amd_enabled=True, voicemail_file="custom/who-called", **settings)
    result = run_virtual(
        dialer(), campaigns=[wanted], agents=agents(5), leads=leads(600), seed=4, for_s=1800.0, scenario=scenario
    )
    assert result.violations == () and result.refused_orders == ()
    return result


def test_messages_left_on_machines_are_what_the_machines_recorded() -> None:
    result = half_an_hour(EVERYBODY_A_MACHINE, amd_action=AmdAction.VOICEMAIL)
    truth = {int(call.attempt): call for call in result.truth}
    met = [attempt for attempt in result.attempts if attempt.status is Status.MACHINE]
    assert len(met) > 100
    for attempt in met:
        real = truth[attempt.id]
        assert (attempt.voicemail_started_at is None) == (real.voicemail_started_at is None)
        assert (attempt.voicemail_ended_at is None) == (real.voicemail_ended_at is None)
        assert attempt.amd_action == "voicemail" and not attempt.live_answer
    cues = {attempt.voicemail_cue for attempt in met}
    assert cues == {"beep", "silence", ""}, "some machines hang up before the greeting is over"
    whole = sum(attempt.voicemail_ended_at is not None for attempt in met)
    assert 0 < whole < len(met), "some machines stop recording too early"


def test_a_greeting_without_end_gets_nothing_and_the_record_says_so() -> None:
    endless = replace(EVERYBODY_A_MACHINE, machines=Machines(greeting=fixed(50.0), records=fixed(60.0)))
    result = half_an_hour(endless, amd_action=AmdAction.VOICEMAIL, voicemail_wait_s=10.0)
    met = [attempt for attempt in result.attempts if attempt.status is Status.MACHINE]
    assert met and all(a.amd_action == "hangup" and a.voicemail_started_at is None and a.note for a in met)


def test_short_calls_are_held_and_transfers_last_until_the_machine_ends_them() -> None:
    held = half_an_hour(EVERYBODY_A_MACHINE, amd_min_call_s=6.0)
    lasted = [(a.ended_at - a.answered_at).total_seconds() for a in held.attempts if a.answered_at and a.ended_at]
    assert lasted and min(lasted) == pytest.approx(6.0, abs=0.1) and max(lasted) < 6.5
    moved = half_an_hour(EVERYBODY_A_MACHINE, amd_action=AmdAction.TRANSFER, amd_transfer_extension="700")
    met = [attempt for attempt in moved.attempts if attempt.status is Status.MACHINE]
    assert met and all(attempt.amd_action == "transfer" for attempt in met)
    truth = [call for call in moved.truth if call.answered_at]
    assert {call.transferred_to for call in truth} == {"700"} and {call.ended_by for call in truth} == {"customer"}


async def told(pbx: SimulatedPbx, ami: AmiClient, fate: CallFate, verdict: str, **variables: str) -> list[str]:
    """What the dialplan says of a machine that gets this, until its channel is gone."""
    world = pbx.switch.world
    assert isinstance(world, Script)
    world.fates[NUMBER] = fate

    async def decide(_: dict[str, str]) -> dict[str, str]:
        return {"DLR_ATTENDED": "1", "DLR_VERDICT": verdict}

    async with verdicts(decide) as server:
        ami.send(customer(NUMBER, 1, server.port, DLR_AMD="1:2", **variables))
        await ami.until("Hangup", Uniqueid="dlr-1-0badcafe")
    events = [event for event in ami.events if value(event, "UserEvent") == "DialerdMachine"]
    return [f"{value(event, 'Stage')} {value(event, 'Detail')}".strip() for event in events]


@pytest.fixture
async def pbx() -> AsyncIterator[SimulatedPbx]:
    """Ten times as quick, so that two seconds of silence are 0.2."""
    pbx = SimulatedPbx(
        scenario=replace(QUICK, voicemail_s=0.5), world=Script(), filters=(), speed=10.0,
        unknown_extensions=frozenset({"701"}),
    )  # fmt: skip
    await pbx.start()
    yield pbx
    await pbx.stop()
    assert pbx.switch.failures == []


async def test_the_pbx_leaves_a_message_after_the_greeting(pbx: SimulatedPbx, ami: AmiClient) -> None:
    stages = await told(
        pbx, ami, replace(MACHINE, patience_s=50), "voicemail", DLR_VOICEMAIL="custom/ours", DLR_VOICEMAIL_S="45"
    )
    assert stages == ["start silence", "end"]
    (truth,) = pbx.truth.calls
    assert truth.voicemail_ended_at is not None and truth.ended_by == "dialplan" and truth.hangup_cause == 16


async def test_the_pbx_plays_nothing_while_the_greeting_goes_on(pbx: SimulatedPbx, ami: AmiClient) -> None:
    endless = replace(MACHINE, greeting_s=100, patience_s=200)
    assert await told(pbx, ami, endless, "voicemail", DLR_VOICEMAIL="custom/ours", DLR_VOICEMAIL_S="1") == [
        "failed greeting"
    ]


async def test_a_machine_that_hangs_up_in_the_message(pbx: SimulatedPbx, ami: AmiClient) -> None:
    assert await told(
        pbx, ami, replace(MACHINE, patience_s=2.4), "voicemail", DLR_VOICEMAIL="custom/ours", DLR_VOICEMAIL_S="45"
    ) == ["start silence"]
    (truth,) = pbx.truth.calls
    assert truth.ended_by == "customer" and truth.voicemail_ended_at is None


@pytest.mark.parametrize(
    ("extension", "says"), [("700", []), ("701", ["failed extension"]), ("", ["failed extension"])]
)
async def test_the_pbx_transfers_where_there_is_an_extension(
    pbx: SimulatedPbx, ami: AmiClient, extension: str, says: list[str]
) -> None:
    assert await told(pbx, ami, MACHINE, "transfer", DLR_MACHINE_TO=extension) == says
    (truth,) = pbx.truth.calls
    assert truth.transferred_to == ("" if says else "700")
    assert truth.ended_by == ("dialer" if says else "customer")


async def test_the_pbx_holds_the_line(pbx: SimulatedPbx, ami: AmiClient) -> None:
    await told(pbx, ami, MACHINE, "machine", DLR_MACHINE_MS="300")
    (truth,) = pbx.truth.calls
    assert truth.answered_at is not None and truth.ended_at is not None
    assert truth.ended_at - truth.answered_at == pytest.approx(0.3, abs=0.1)
