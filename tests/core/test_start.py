"""A campaign that could not dial does not start, and one edited into that state stops dialling with the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dialerd.core.abandon_window import AbandonWindow, WindowClock
from dialerd.core.campaign import Campaign, CampaignState, CampaignVerb, DialMode
from dialerd.core.compliance_rules import CallingRules
from dialerd.core.dialer import Dialer
from dialerd.core.errors import Conflict
from dialerd.core.health import next_step, problems
from dialerd.core.messages import (
    CampaignOrder,
    CampaignSaved,
    ClaimLeads,
    LeadsAdded,
    LedgerLoaded,
    LoadLedger,
    LogEvent,
    PbxConnected,
)
from dialerd.core.moment import Moment
from dialerd.core.pacing.ledger import Counts, LedgerHistory
from dialerd.core.settings import DialerSettings, Trunk
from dialerd.core.why import why

from .values import NO_LAW, START, CountingIdentity

GOOD = Campaign(
    id=1,
    name="spring",
    dial_mode=DialMode.PROGRESSIVE,
    trunk="carrier",
    caller_id="+15550100",
    abandon_message="dialerd/abandon",
    rules=CallingRules(law=NO_LAW),
)


def dialer_with(campaign: Campaign) -> tuple[Dialer, Moment]:
    trunk = Trunk(name="carrier", node="pbx", caller_ids=frozenset({"+15550100"}))
    dialer = Dialer(DialerSettings(trunks={"carrier": trunk}, nodes=("pbx",), default_node="pbx"), CountingIdentity())
    dialer.handle(PbxConnected(node="pbx", version="22", channels=()), START)
    dialer.handle(CampaignSaved(campaign=campaign), START)
    return dialer, START


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"trunk": ""}, "no trunk is set: use --trunk NAME (known: carrier)"),
        ({"trunk": "carier"}, "did you mean carrier?"),
        ({"caller_id": ""}, "use --caller-id NUMBER"),
        ({"caller_id": "+1666"}, "not allowed on trunk carrier"),
        ({"abandon_message": ""}, "use --abandon-message SOUND"),
        ({"max_lines": 0}, "use --max-lines"),
    ],
)
def test_it_does_not_start(change: dict[str, Any], words: str) -> None:
    dialer, now = dialer_with(replace(GOOD, **change))
    with pytest.raises(Conflict) as refusal:
        dialer.handle(CampaignOrder(campaign_id=1, verb=CampaignVerb.START), now)
    assert words in str(refusal.value) and "; " not in str(refusal.value)
    assert dialer.floor.run(1).campaign.state is CampaignState.STOPPED
    assert dialer.floor.take_outbox() == []


def test_edited_while_it_runs_it_stops_dialling_and_says_why() -> None:
    dialer, now = dialer_with(GOOD)
    dialer.handle(CampaignOrder(campaign_id=1, verb=CampaignVerb.START), now)
    dialer.handle(CampaignSaved(campaign=replace(GOOD, caller_id="")), now.plus(1))
    assert not [c for c in dialer.tick(now.plus(2)) if isinstance(c, ClaimLeads)]
    dials, sentence = why(dialer.floor, dialer.dialling, dialer.floor.run(1), now)
    assert not dials and "--caller-id" in sentence


def test_above_the_hard_abandon_limit_it_stops_itself() -> None:
    dialer, now = dialer_with(GOOD)
    dialer.handle(CampaignOrder(campaign_id=1, verb=CampaignVerb.START), now)
    run = dialer.floor.run(1)
    run.ledger.add(now.wall.timestamp(), 100, 5)
    assert dialer.dialling.obstacle(run, now) == ""
    run.ledger.add(now.wall.timestamp(), 1, 1)
    assert "above max_abandon_rate 5 %" in dialer.dialling.obstacle(run, now)


def test_the_alarm_is_raised_once_and_the_end_is_told() -> None:
    dialer, now = dialer_with(GOOD)
    dialer.handle(CampaignOrder(campaign_id=1, verb=CampaignVerb.START), now)
    run = dialer.floor.run(1)

    def told(seconds: float) -> list[tuple[str, str]]:
        commands = dialer.tick(now.plus(seconds))
        return [(c.level, c.text) for c in commands if isinstance(c, LogEvent) and "abandon rate" in c.text]

    run.ledger.add(now.wall.timestamp(), 99, 9)
    assert told(1) == [], "99 live answers are no rate yet"
    run.ledger.add(now.wall.timestamp(), 1, 0)
    ((level, text),) = told(3)
    assert level == "error" and "campaign spring: abandon rate 9.0 % (9 of 100) is above max_abandon_rate 5 %" in text
    assert any("max_abandon_rate" in problem for problem in problems(dialer.floor))
    assert told(5) == [] and told(7) == [], "once"
    run.ledger.add(now.wall.timestamp(), 900, 0)
    assert [level for level, _ in told(9)] == ["info"]
    assert problems(dialer.floor) == []


def test_amd_losses_inside_stop_dialling_too() -> None:
    dialer, now = dialer_with(replace(GOOD, amd_false_positive_rate=0.1, amd_losses_inside=True))
    run = dialer.floor.run(1)
    run.ledger.add(now.wall.timestamp(), 100, 3, 30)
    assert "6.0 % (3 + 3.0 AMD losses of 100) is above max" in dialer.dialling.obstacle(run, now)
    dialer.handle(CampaignSaved(campaign=replace(GOOD, amd_false_positive_rate=0.1)), now)
    assert dialer.dialling.obstacle(run, now) == "", "another rule set counts them apart"


def test_another_window_is_read_from_the_store_and_misses_nothing_meanwhile() -> None:
    dialer, now = dialer_with(GOOD)
    run = dialer.floor.run(1)
    at = now.wall.timestamp()
    run.ledger.add(at, 500, 9)
    day = replace(GOOD, abandon_window=AbandonWindow.ROLLING_24_HOURS)
    (first,) = [c for c in dialer.handle(CampaignSaved(campaign=day), now) if isinstance(c, LoadLedger)]
    month = replace(GOOD, abandon_window=AbandonWindow.MONTH)
    (ask,) = [c for c in dialer.handle(CampaignSaved(campaign=month), now) if isinstance(c, LoadLedger)]
    assert ask.clock == WindowClock(AbandonWindow.MONTH)
    assert run.standing(now).live == 500, "the old window governs until the store has answered"
    for ledger in (run.ledger, run.coming):
        assert ledger is not None
        ledger.record(at, True)
    old = LedgerHistory(rows=(Counts(at, 7, 7),))
    dialer.handle(LedgerLoaded(campaign_id=1, request=first.request, history=old), now)
    assert run.standing(now).live == 501, "an answer for a window given up meanwhile"
    history = LedgerHistory(rows=(Counts(at, 80, 2, 5),))
    dialer.handle(LedgerLoaded(campaign_id=1, request=ask.request, history=history), now)
    standing = run.standing(now)
    assert (standing.live, standing.abandoned, standing.machines) == (81, 3, 5)
    again = [c for c in dialer.handle(CampaignSaved(campaign=month), now) if isinstance(c, LoadLedger)]
    assert again == [], "nothing to read when the window stays"


def test_new_leads_are_asked_for_at_once() -> None:
    dialer, now = dialer_with(GOOD)
    run = dialer.floor.run(1)
    run.claim_not_before = now.mono + 5
    dialer.handle(LeadsAdded(campaign_id=1), now)
    assert run.claim_not_before == now.mono


def test_the_next_step_is_one_that_works() -> None:
    lame = replace(GOOD, name="lame", caller_id="")
    dialer, now = dialer_with(lame)
    assert next_step(dialer.floor, dialer.dialling).startswith("give lame what it lacks (dialerctl campaign edit lame")
    dialer.handle(CampaignSaved(campaign=replace(GOOD, id=2, name="ready")), now)
    assert next_step(dialer.floor, dialer.dialling) == "dialerctl campaign start ready"
    dialer.handle(CampaignSaved(campaign=replace(GOOD, id=3, name="waits", state=CampaignState.PAUSED)), now)
    assert next_step(dialer.floor, dialer.dialling) == "dialerctl campaign resume waits"
