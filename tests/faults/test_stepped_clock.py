"""The wall clock is stepped under the live shell: real scheduler, real dialer, real store; both clocks are injected."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest

from dialerd.core.call import AttemptState
from dialerd.core.campaign import CampaignVerb
from dialerd.core.dialer import Dialer
from dialerd.core.messages import (
    AgentLogin,
    AgentPause,
    AgentSaved,
    CallAnswered,
    CallEnded,
    CampaignOrder,
    CampaignSaved,
    LegUp,
    Originate,
    PbxCommand,
    PbxConnected,
    RingAgent,
    SendVerdict,
    VerdictAsked,
)
from dialerd.core.moment import Moment
from dialerd.core.rule_set import RuleSet
from dialerd.core.settings import DialerSettings, Trunk
from dialerd.engine import Engine
from dialerd.identity import LiveIdentity
from dialerd.store import Store

TICK_S = 0.1
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class SteppedWall(tzinfo):
    """A wall clock that a test steps. APScheduler asks `datetime.now(timezone)`: as a zone it reaches the scheduler."""

    def __init__(self) -> None:
        self.step_s = (NOON - datetime.now(UTC)).total_seconds()

    def now(self) -> datetime:
        """The wall clock's time."""
        return datetime.now(UTC) + timedelta(seconds=self.step_s)

    def fromutc(self, dt: datetime) -> datetime:
        """See tzinfo: the step is an error of the clock, not a zone's offset."""
        return dt + timedelta(seconds=self.step_s)

    def utcoffset(self, dt: datetime | None) -> timedelta:
        """See tzinfo."""
        return timedelta(0)

    def dst(self, dt: datetime | None) -> timedelta:
        """See tzinfo."""
        return timedelta(0)

    def tzname(self, dt: datetime | None) -> str:
        """See tzinfo."""
        return "stepped"


@dataclass
class Node:
    """Phones that are answered by agents at once; customers do what the test says."""

    post: Callable[[Any], None] = lambda event: None
    told: list[PbxCommand] = field(default_factory=list)

    def carry_out(self, command: PbxCommand) -> None:
        self.told.append(command)
        if isinstance(command, RingAgent):
            self.post(LegUp(agent_id=command.agent_id, leg_id=command.leg_id))

    def calls(self) -> list[Originate]:
        """What was dialled."""
        return [command for command in self.told if isinstance(command, Originate)]


class Live:
    """Engine, dialer, store and scheduler as in the daemon, on a clock that can be stepped."""

    def __init__(self, folder: Path) -> None:
        self.wall = SteppedWall()
        self.ticks: list[float] = []
        self.node = Node()
        self.store = Store(
            f"sqlite:///{folder}/store.db",
            post=lambda e: self.engine.post_threadsafe(e),
            clock=self.wall.now,
            rule_sets={"none": RuleSet(name="none", version="1", title="no rules of law")},
        )
        settings = DialerSettings(
            trunks={"main": Trunk(name="main", node="pbx", calls_per_second=50.0)}, nodes=("pbx",), default_node="pbx"
        )
        self.dialer = Dialer(settings, LiveIdentity(1))
        self.engine = Engine(
            self.dialer,
            store=self.store,
            nodes={"pbx": self.node},
            clock=lambda: Moment(self.wall.now(), time.monotonic()),
            tick_s=TICK_S,
            on_tick=lambda: self.ticks.append(time.monotonic()),
            timezone=self.wall,
        )
        self.node.post = self.engine.post

    async def begin(self, daily_end: str = "24:00") -> None:
        """A campaign that may call until `daily_end`, two agents of whom one is logged in, leads."""
        await asyncio.to_thread(self.store.open)
        records = self.store.records
        campaign = await records.add_campaign(
            {
                "name": "spring", "dial_mode": "progressive", "trunk": "main", "caller_id": "+390600",
                "abandon_message": "x", "daily_start": "08:00", "daily_end": daily_end, "call_days": "mon-sun",
                "timezone": "Etc/UTC", "abandon_after": 1.0, "rule_set": "none",
            }
        )  # fmt: skip
        rows = [{"number": f"+39061{n:07d}", "zones": ["Etc/UTC"]} for n in range(50)]
        assert (await records.import_leads("spring", "first", rows))["added"] == 50
        await self.engine.start()
        self.engine.post(PbxConnected(node="pbx", version="22", channels=()))
        await self.engine.order(CampaignSaved(campaign=campaign))
        for name in ("1001", "1002"):
            agent = {"name": name, "endpoint": f"PJSIP/{name}", "campaigns": ["spring"]}
            await self.engine.order(AgentSaved(profile=await records.add_agent(agent)))
        await self.engine.order(AgentLogin(agent_id=1))
        await self.engine.order(CampaignOrder(campaign_id=campaign.id, verb=CampaignVerb.START))

    async def until(self, condition: Callable[[], bool], what: str, timeout_s: float = 5) -> None:
        """Wait for something."""
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, f"never: {what}"
            await asyncio.sleep(0.01)

    async def end(self) -> None:
        """Stop everything."""
        await self.engine.stop()
        await asyncio.to_thread(self.store.close)


@pytest.fixture
def live(tmp_path: Path) -> Live:
    """The shell, not yet begun."""
    return Live(tmp_path)


STEPS = [10, -10, 3600, -3600]


@pytest.mark.parametrize("step_s", [*STEPS, 10 * 365 * 86400])
async def test_the_tick_goes_on_and_never_stalls(live: Live, step_s: float) -> None:
    """Ten years: a machine without a battery clock learns the time."""
    await live.begin()
    await live.until(lambda: len(live.ticks) > 3, "ticks")
    cpu = time.thread_time()
    live.wall.step_s += step_s
    before = len(live.ticks)
    await asyncio.sleep(12 * TICK_S)
    assert len(live.ticks) >= before + 5, f"{len(live.ticks) - before} ticks in the time of 12"
    gaps = [b - a for a, b in zip(live.ticks[before - 1 :], live.ticks[before:], strict=False)]
    assert max(gaps) < 6 * TICK_S, "re-armed at the latest after four ticks"
    assert time.thread_time() - cpu < 0.3, "missed ticks are not made up for, nor counted one by one"
    if step_s < 0:
        assert live.engine.counters["late_ticks"] == 1, "told once"
    await live.end()


@pytest.mark.parametrize("step_s", STEPS)
async def test_budgets_run_on_monotonic_time(live: Live, step_s: float) -> None:
    """A person waits for an agent, limit 1 s: the message comes after 1 s, whatever the wall clock says meanwhile."""
    await live.begin()
    await live.until(lambda: bool(live.node.calls()), "a call")
    call = live.node.calls()[0]
    await live.engine.order(AgentPause(agent_id=1, reason="gone"))
    live.engine.post(CallAnswered(attempt_id=call.attempt_id))
    live.engine.post(
        VerdictAsked(request_id=1, attempt_id=call.attempt_id, token=call.token, amd_status="", amd_cause="")
    )
    answered = time.monotonic()
    live.wall.step_s += step_s
    await live.until(lambda: any(isinstance(c, SendVerdict) for c in live.node.told), "a verdict", 3)
    waited = time.monotonic() - answered
    (verdict,) = [c for c in live.node.told if isinstance(c, SendVerdict)]
    assert verdict.verdict == "abandon" and 0.6 < waited < 1.0, waited
    live.engine.post(CallEnded(attempt_id=call.attempt_id, hangup_cause=16))
    await live.until(lambda: not live.dialer.floor.calls, "closed")
    await live.store.drain()
    (row,) = await live.store.records.calls(limit=10)
    assert row["status"] == "abandoned" and row["closed_at"] is not None
    await live.end()


@pytest.mark.parametrize(("step_s", "dials"), [(3600, False), (10, True), (-10, True)])
async def test_calling_hours_follow_the_new_wall_time(live: Live, step_s: float, dials: bool) -> None:
    """Calling ends at 12:30 and it is noon: an hour later nobody may be called, ten seconds later everybody."""
    await live.begin(daily_end="12:30")
    await live.until(lambda: bool(live.node.calls()), "a call at noon")
    live.wall.step_s += step_s
    call = live.node.calls()[0]
    live.engine.post(CallEnded(attempt_id=call.attempt_id, hangup_cause=17, sip_cause=486))
    await asyncio.sleep(1.5)
    assert (len(live.node.calls()) > 1) is dials
    if not dials:
        why = live.engine.status()["campaigns"][0]["why"]
        assert "blocked by" in why or "calling" in why, why
    await live.end()


async def test_set_back_into_the_calling_hours(live: Live) -> None:
    """A clock that was an hour fast is put right: calling goes on within a claim's retry."""
    await live.begin(daily_end="12:30")
    live.wall.step_s += 3600
    await live.until(lambda: bool(live.node.calls()), "a call at noon") if live.node.calls() else None
    before = len(live.node.calls())
    for attempt in list(live.dialer.floor.calls.values()):
        if attempt.attempt.state is not AttemptState.INTENDED:
            live.engine.post(CallEnded(attempt_id=attempt.attempt.id, hangup_cause=17, sip_cause=486))
    await asyncio.sleep(0.5)
    live.wall.step_s -= 3600
    await live.until(lambda: len(live.node.calls()) > before, "calls again", 10)
    await live.end()


@pytest.mark.parametrize("step_s", [3600, -3600])
async def test_the_ledger_is_read_again_and_counts_each_abandon_once(live: Live, step_s: float) -> None:
    """The abandoned call is finished before the step; another clock must neither lose nor double it."""
    await live.begin()
    await live.until(lambda: bool(live.node.calls()), "a call")
    call = live.node.calls()[0]
    await live.engine.order(AgentPause(agent_id=1, reason="gone"))
    ask = VerdictAsked(request_id=1, attempt_id=call.attempt_id, token=call.token, amd_status="", amd_cause="")
    live.engine.post(CallAnswered(attempt_id=call.attempt_id))
    live.engine.post(ask)
    await live.until(lambda: any(isinstance(c, SendVerdict) for c in live.node.told), "a verdict", 3)
    (run,) = live.dialer.floor.campaigns.values()
    assert run.standing(live.engine.clock()).abandoned == 1, "the message has not even begun"
    live.engine.post(CallEnded(attempt_id=call.attempt_id, hangup_cause=16))
    await live.until(lambda: not live.dialer.floor.calls, "closed")
    live.wall.step_s += step_s
    await live.until(lambda: run.ledger_request == 2 and run.coming is None, "read again")
    standing = run.standing(live.engine.clock())
    assert (standing.live, standing.abandoned) == (1, 1)
    await live.end()
