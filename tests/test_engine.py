"""The live shell: order of commands, ticks, faults, late clocks, shutdown. The core is real, the edges are fakes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dialerd.core.agent import AgentProfile
from dialerd.core.campaign import Campaign, CampaignVerb, DialMode
from dialerd.core.compliance_rules import CallingRules
from dialerd.core.dialer import Dialer
from dialerd.core.errors import Conflict, DialerError, NotFound
from dialerd.core.lead import Lead
from dialerd.core.messages import (
    AgentLogin,
    AgentSaved,
    AttemptsOpened,
    CampaignOrder,
    CampaignSaved,
    ChannelSeen,
    ClaimLeads,
    Event,
    ForgetTraces,
    HangupAttempt,
    LeadsClaimed,
    LegUp,
    OpenAttempts,
    Originate,
    PbxCommand,
    PbxConnected,
    RingAgent,
    SendVerdict,
    StoreCommand,
    UnattendedTrace,
)
from dialerd.core.moment import Moment
from dialerd.core.pacing import PacingInputs
from dialerd.core.pacing.power import power
from dialerd.core.pacing.progressive import progressive
from dialerd.core.rule_set import RuleSet
from dialerd.core.settings import DialerSettings, Trunk
from dialerd.engine import Engine


class Ids:
    """Counting identity."""

    def __init__(self) -> None:
        self.count = 0

    def attempt_id(self) -> int:
        self.count += 1
        return self.count

    def nonce(self) -> str:
        return f"{self.count:08x}"

    def token(self) -> str:
        return f"{self.count:032x}"


class FakeStore:
    """Answers claims with one new lead a time and opens everything; remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[StoreCommand] = []
        self.post: Callable[[Event], None] = lambda event: None
        self.drains = 0
        self.backlog = 0
        self.writes = asyncio.Event()
        self.writes.set()
        self._leads = 0

    def submit(self, command: StoreCommand) -> None:
        self.told.append(command)
        if isinstance(command, ClaimLeads):
            self._leads += 1
            lead = Lead(
                id=self._leads,
                campaign_id=command.campaign_id,
                list_id=1,
                number=f"+155501{self._leads:02}",
                zones=("UTC",),
            )
            self.post(LeadsClaimed(campaign_id=command.campaign_id, leads=(lead,)))
        if isinstance(command, OpenAttempts):
            self.post(AttemptsOpened(attempt_ids=tuple(a.id for a in command.attempts)))

    async def drain(self) -> None:
        await self.writes.wait()
        self.drains += 1


class FakeNode:
    """Answers agents' phones; remembers everything."""

    def __init__(self, store: FakeStore) -> None:
        self.told: list[PbxCommand] = []
        self.drains_before: list[int] = []
        self.seen: tuple[ChannelSeen, ...] = ()
        self.compared = 0
        self.post: Callable[[Event], None] = lambda event: None
        self._store = store

    async def channels(self) -> tuple[ChannelSeen, ...]:
        return self.seen

    async def compare_again(self) -> None:
        self.compared += 1

    def carry_out(self, command: PbxCommand) -> None:
        self.told.append(command)
        self.drains_before.append(self._store.drains)
        if isinstance(command, RingAgent):
            self.post(LegUp(agent_id=command.agent_id, leg_id=command.leg_id))


def campaign(identity: int, name: str, mode: DialMode = DialMode.PROGRESSIVE) -> Campaign:
    return Campaign(
        id=identity, name=name, dial_mode=mode, trunk="main", caller_id="+15550100", abandon_message="x",
        rules=CallingRules(law=RuleSet(name="none", version="1", title="no rules of law")),
    )  # fmt: skip


class Rig:
    """An engine with its fakes; `skew_s` moves its clock."""

    def __init__(self, tick_s: float = 0.05, **pacers: Callable[[PacingInputs], tuple[int, float]]) -> None:
        self.skew_s = 0.0
        self.ticks: list[float] = []
        self.store = FakeStore()
        self.node = FakeNode(self.store)
        settings = DialerSettings(
            trunks={"main": Trunk(name="main", node="pbx")},
            nodes=("pbx",),
            default_node="pbx",
            decision_interval_s=0.05,
        )
        chosen = {DialMode.PROGRESSIVE: progressive, DialMode.POWER: power}
        chosen.update({DialMode(name): pacer for name, pacer in pacers.items()})
        self.engine = Engine(
            Dialer(settings, Ids(), pacers=chosen),
            store=self.store,
            nodes={"pbx": self.node},
            clock=lambda: Moment(datetime.now(UTC), time.monotonic() + self.skew_s),
            tick_s=tick_s,
            on_tick=lambda: self.ticks.append(time.monotonic()),
            about={"version": "0"},
        )
        self.store.post = self.node.post = self.engine.post

    async def begin(self, *campaigns: Campaign, agents: int = 2) -> None:
        await self.engine.start()
        self.engine.post(PbxConnected(node="pbx", version="22", channels=()))
        for one in campaigns:
            await self.engine.order(CampaignSaved(campaign=one))
        everywhere = frozenset(one.id for one in campaigns)
        for n in range(1, agents + 1):
            profile = AgentProfile(id=n, name=str(1000 + n), endpoint=f"PJSIP/{1000 + n}", campaign_ids=everywhere)
            await self.engine.order(AgentSaved(profile=profile))
            await self.engine.order(AgentLogin(agent_id=n))
        for one in campaigns:
            await self.engine.order(CampaignOrder(campaign_id=one.id, verb=CampaignVerb.START))

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        for _ in range(400):
            if condition():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"never: {what}")

    def originated(self) -> list[Originate]:
        return [command for command in self.node.told if isinstance(command, Originate)]


async def test_a_committed_intent_is_sent_and_only_then() -> None:
    rig = Rig()
    await rig.begin(campaign(1, "spring"), agents=1)
    await rig.until(lambda: bool(rig.originated()), "a call")
    opened = next(i for i, c in enumerate(rig.store.told) if isinstance(c, OpenAttempts))
    assert [type(c) for c in rig.store.told[:opened]].count(OpenAttempts) == 0
    assert rig.originated()[0].number == "+15550101"
    await rig.engine.stop()


async def test_a_fault_in_one_campaign_is_named_and_the_others_dial_on() -> None:
    def broken(inputs: PacingInputs) -> tuple[int, float]:
        raise ZeroDivisionError("injected")

    rig = Rig(power=broken)
    sick, sound = campaign(1, "sick", DialMode.POWER), campaign(2, "sound")
    await rig.begin(replace(sick, priority=99), sound)
    await rig.until(lambda: bool(rig.originated()), "the sound campaign's calls")
    first = len(rig.ticks)
    await rig.until(lambda: len(rig.ticks) > first + 3, "the tick goes on")
    status = rig.engine.status()
    by_name = {row["name"]: row for row in status["campaigns"]}
    assert "ZeroDivisionError: injected" in by_name["sick"]["fault"] and "fault" in by_name["sick"]["why"]
    assert by_name["sick"]["health"] == "critical" and by_name["sound"]["fault"] == ""
    assert not status["healthy"] and any("campaign sick" in problem for problem in status["problems"])
    assert {c.attempt_id for c in rig.originated()} and rig.engine.counters["faults"] == 0
    await rig.engine.stop()


async def test_a_refused_order_is_raised_and_the_engine_lives() -> None:
    rig = Rig()
    await rig.begin(campaign(1, "spring"), agents=1)
    with pytest.raises(Conflict):
        await rig.engine.order(CampaignOrder(campaign_id=1, verb=CampaignVerb.START))
    with pytest.raises(NotFound):
        await rig.engine.order(HangupAttempt(attempt_id=77))
    before = len(rig.ticks)
    await rig.until(lambda: len(rig.ticks) > before, "another tick")
    await rig.engine.stop()


async def test_an_event_that_breaks_the_core_breaks_nothing_else() -> None:
    rig = Rig()
    await rig.begin(campaign(1, "spring"), agents=1)
    rig.engine.post("nonsense")  # type: ignore[arg-type]
    await rig.until(lambda: rig.engine.counters["faults"] == 1, "the fault is counted")
    await rig.until(lambda: bool(rig.originated()), "calls go on")
    await rig.engine.stop()


async def test_traces_are_forgotten_after_the_commit() -> None:
    rig = Rig()
    await rig.begin(campaign(1, "spring"), agents=0)
    trace = UnattendedTrace(
        attempt_id=9, token="0" * 32, answered_at=None, message_started_at=None, message_ended_at=None,
        reason="timeout", key="unattended-9",
    )  # fmt: skip
    rig.engine.post(trace)
    await rig.until(lambda: any(isinstance(c, ForgetTraces) for c in rig.node.told), "forgotten")
    at = next(i for i, c in enumerate(rig.node.told) if isinstance(c, ForgetTraces))
    assert rig.node.drains_before[at] == 1
    await rig.engine.stop()


async def test_a_tick_that_stopped_is_armed_again(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig(tick_s=0.1)
    await rig.begin(campaign(1, "spring"), agents=0)
    await rig.until(lambda: len(rig.ticks) > 1, "ticks")
    rig.engine._scheduler.pause()  # as when the wall clock is set back: APScheduler waits for it
    rig.skew_s += 60
    seen = len(rig.ticks)
    await rig.until(lambda: rig.engine.counters["late_ticks"] > 0 and len(rig.ticks) > seen, "a tick by the guard")
    assert "tick is late" in caplog.text
    await rig.engine.stop()


async def test_shutdown_waits_until_nobody_would_be_left_alone() -> None:
    rig = Rig()
    await rig.begin(campaign(1, "spring"), agents=1)
    await rig.until(lambda: bool(rig.originated()), "a call")
    ending = asyncio.create_task(rig.engine.shut_down(0.5))
    await ending  # the far end never reports the hang-up: the limit ends the wait
    count = len(rig.originated())
    await asyncio.sleep(0.2)
    assert len(rig.originated()) == count, "no new call"
    await rig.engine.stop()
    with pytest.raises(DialerError):
        await rig.engine.order(CampaignOrder(campaign_id=1, verb=CampaignVerb.STOP))


async def test_a_verdict_waits_for_its_record_but_not_for_long() -> None:
    rig = Rig()
    await rig.begin(campaign(1, "spring"), agents=1)
    rig.store.backlog = 1
    rig.engine.carry_out([SendVerdict(request_id=1, verdict="agent", leg_id="agt-1-00000001")])
    assert not any(isinstance(c, SendVerdict) for c in rig.node.told), "sent before its record was committed"
    await rig.until(lambda: any(isinstance(c, SendVerdict) for c in rig.node.told), "the verdict")
    at = next(i for i, c in enumerate(rig.node.told) if isinstance(c, SendVerdict))
    assert rig.node.drains_before[at] == 1
    rig.store.writes.clear()
    began = time.monotonic()
    rig.engine.carry_out([SendVerdict(request_id=2, verdict="abandon")])
    await rig.until(lambda: any(isinstance(c, SendVerdict) and c.request_id == 2 for c in rig.node.told), "the second")
    assert time.monotonic() - began < 0.2, "a person waited for a disk"
    rig.engine.carry_out([SendVerdict(request_id=3, verdict="refused")])
    assert rig.node.told[-1] == SendVerdict(request_id=3, verdict="refused"), "nothing to be written for this one"
    rig.store.writes.set()
    await rig.engine.stop()


async def test_an_order_is_confirmed_when_it_is_on_the_disk() -> None:
    rig = Rig()
    await rig.begin(campaign(1, "spring"), agents=1)
    rig.store.backlog, before = 1, rig.store.drains
    await rig.engine.order(CampaignOrder(campaign_id=1, verb=CampaignVerb.STOP))
    assert rig.store.drains == before + 1
    await rig.engine.stop()


async def test_reconcile_shows_and_only_then_puts_right() -> None:
    rig = Rig()
    await rig.begin(campaign(1, "spring"), agents=1)
    rig.node.seen = (ChannelSeen(unique_id="dlr-99-0badcafe", name="PJSIP/x", up=True),)
    rows = await rig.engine.reconcile(dry_run=True)
    assert [row["kind"] for row in rows if row["kind"] != "call"] == ["agent", "channel"]
    assert rig.node.compared == 0
    assert await rig.engine.reconcile(dry_run=False) and rig.node.compared == 1
    looking = asyncio.create_task(rig.engine.reconcile(dry_run=True))
    await asyncio.sleep(0.1)
    rig.node.seen = ()  # it was under way
    assert "channel" not in [row["kind"] for row in await looking]
    await rig.engine.stop()
