"""The virtual shell: first with small scripted cores, then with the production dialer for whole virtual hours."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dialerd.core.agent import STAFFED_STATES, AgentState, LegMode
from dialerd.core.call import Status
from dialerd.core.campaign import DialMode
from dialerd.core.errors import Conflict
from dialerd.core.messages import (
    AgentLogin,
    AgentPause,
    AgentUnpause,
    CallEnded,
    Command,
    Event,
    Originate,
    PbxConnected,
    SaveAgentState,
)
from dialerd.core.moment import Moment
from dialerd.simulation.agenda import Agenda
from dialerd.simulation.agents import AgentModel
from dialerd.simulation.durations import fixed
from dialerd.simulation.memory_store import MemoryStore
from dialerd.simulation.scenario import Agents, Outcomes, People, Scenario
from dialerd.simulation.virtual import START, VirtualShell, run_virtual
from dialerd.simulation.world import World

from .floor import agents, campaign, dialer, leads

HOUR_S = 3600.0


class ScriptedCore:
    """Notes what it is given; its deadlines are a list."""

    def __init__(self, *deadlines: float) -> None:
        self.deadlines = sorted(deadlines)
        self.seen: list[tuple[str, float]] = []

    def handle(self, event: Event, now: Moment) -> list[Command]:
        if isinstance(event, AgentLogin):
            raise Conflict("already logged in")
        self.seen.append((type(event).__name__, now.mono))
        return []

    def tick(self, now: Moment) -> list[Command]:
        self.seen.append(("tick", now.mono))
        return []

    def next_deadline(self) -> float | None:
        return self.deadlines[0] if self.deadlines else None

    def expire(self, now: Moment) -> list[Command]:
        while self.deadlines and self.deadlines[0] <= now.mono:
            self.seen.append(("expire", self.deadlines.pop(0)))
        return []


def shell(core: ScriptedCore) -> VirtualShell:
    return VirtualShell(core, MemoryStore([], []), World(Scenario(), 1), AgentModel(Scenario(), 1))


def test_agenda_keeps_order_and_both_clocks_together() -> None:
    agenda, done = Agenda(START), []
    agenda.after(2, lambda: done.append("b"))
    agenda.after(1, lambda: done.append("a"))
    agenda.after(2, lambda: done.append("c"))
    agenda.after(1, lambda: done.append("never")).cancel()
    while agenda.next() < float("inf"):
        agenda.advance(agenda.next())
        agenda.happen()
    assert done == ["a", "b", "c"]
    assert agenda.now == START.plus(2)
    agenda.advance(0)
    assert agenda.elapsed_s() == 2


def test_ticks_deadlines_and_events_come_in_time() -> None:
    core = ScriptedCore(START.mono + 1.5, START.mono + 2.0, START.mono + 99)
    run = shell(core)
    run.post(PbxConnected(node="n", version="", channels=()))
    run.agenda.after(0.5, lambda: run.post(CallEnded(attempt_id=1)))
    run.run(3)
    assert [(what, at - START.mono) for what, at in core.seen] == [
        ("PbxConnected", 0), ("CallEnded", 0.5), ("tick", 1), ("expire", 1.5), ("expire", 2), ("tick", 2), ("tick", 3),
    ]  # fmt: skip


def test_refused_orders_are_kept_and_do_not_stop_the_run() -> None:
    core = ScriptedCore()
    run = shell(core)
    run.post(AgentLogin(agent_id=1))
    assert run.run(1).refused_orders == ("AgentLogin: already logged in",)


def test_a_core_that_never_rests_is_stopped() -> None:
    core = ScriptedCore()
    core.next_deadline = lambda: START.mono  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="stands still"):
        shell(core).run(1)


class Invariants:
    """Watches a run for what DESIGN.md 4 forbids."""

    def __init__(self) -> None:
        self.states: dict[int, AgentState] = {}
        self.unstaffed_since: Moment | None = None
        self.open: Counter[str] = Counter()
        self.broken: list[str] = []

    def __call__(self, now: Moment, what: Event | Command) -> None:
        if isinstance(what, SaveAgentState):
            self.states[what.agent_id] = what.state
            staffed = any(state in STAFFED_STATES for state in self.states.values())
            self.unstaffed_since = None if staffed else self.unstaffed_since or now
        elif isinstance(what, Originate):
            if not self.states or (self.unstaffed_since and now.seconds_since(self.unstaffed_since) > 1.0):
                self.broken.append(f"call {what.attempt_id} placed with no agent staffed")
            if not 9 <= (now.wall + timedelta(hours=1)).hour < 17:  # Rome, winter
                self.broken.append(f"call {what.attempt_id} placed outside the calling window")


def test_one_progressive_hour_keeps_every_invariant() -> None:
    watch = Invariants()
    result = run_virtual(
        dialer(), campaigns=[campaign()], agents=agents(10), leads=leads(3000), seed=1, for_s=HOUR_S, watch=watch
    )  # fmt: skip
    assert watch.broken == []
    assert result.violations == () and result.refused_orders == ()
    closed = Counter(attempt.id for attempt in result.attempts)
    assert max(closed.values()) == 1
    dialed = {int(call.attempt) for call in result.truth} | {a.id for a in result.open_attempts}
    assert dialed == closed.keys() | {a.id for a in result.open_attempts}
    # Progressive: an agent is free for everybody who answers.
    assert result.abandon_rate() == 0
    assert result.longest_silence_s() < 2.0
    assert result.live_answers() > 150
    assert 0.5 < result.occupancy() < 0.8
    assert 20 < result.talk_minutes_per_agent_hour() < 40
    times = result.agent_time_s()
    assert sum(times.values()) == pytest.approx(10 * HOUR_S, rel=0.02)


def test_records_agree_with_what_really_happened() -> None:
    result = run_virtual(
        dialer(), campaigns=[campaign(amd_enabled=True)], agents=agents(5), leads=leads(2000), seed=3, for_s=HOUR_S
    )  # fmt: skip
    truth = {int(call.attempt): call for call in result.truth}
    for attempt in result.attempts:
        real = truth[attempt.id]
        assert (attempt.answered_at is None) == (real.answered_at is None)
        assert (attempt.bridged_at is None) == (real.bridged_at is None)
        if attempt.bridged_at is not None:
            assert attempt.status is Status.ANSWERED and str(attempt.agent_id) == real.agent
            assert attempt.talk_s() == pytest.approx(real.talk_s, abs=0.1)
        elif attempt.answered_at is None:
            expected = {"invalid": "invalid_number", "person": "no_answer", "machine": "no_answer"}
            assert attempt.status is not None
            assert attempt.status.value == expected.get(real.outcome, real.outcome)
        else:
            assert attempt.status in (Status.MACHINE, Status.CUSTOMER_HANGUP, Status.ABANDONED)


def test_power_mode_abandons_are_counted_and_within_the_limit() -> None:
    result = run_virtual(
        dialer(), campaigns=[campaign(dial_mode=DialMode.POWER, dial_ratio=3.0)], agents=agents(10),
        leads=leads(5000), seed=2, for_s=HOUR_S,
    )  # fmt: skip
    assert result.violations == ()
    abandoned = [call for call in result.truth if call.message_started_at is not None]
    assert abandoned and len(abandoned) >= sum(a.abandoned for a in result.attempts) > 0
    assert result.longest_silence_s() <= 2.0
    assert result.event_counts.get("UnattendedTrace", 0) == 0


def test_two_campaigns_never_dial_one_number_at_once() -> None:
    same = [replace(lead, id=lead.id + 500, campaign_id=2) for lead in leads(200)]
    others = [replace(agent, id=agent.id + 10, name=f"2{agent.id}") for agent in agents(3, 2)]
    result = run_virtual(
        dialer(), campaigns=[campaign(1), campaign(2)], agents=[*agents(3, 1), *others], leads=[*leads(200), *same],
        seed=4, for_s=HOUR_S / 2,
    )  # fmt: skip
    assert result.violations == ()
    assert {a.campaign_id for a in result.attempts} == {1, 2}


def test_nobody_is_dialled_outside_the_window() -> None:
    evening = Moment(datetime(2026, 3, 3, 15, 50, tzinfo=UTC), 0.0)  # 16:50 in Rome, ten minutes before the end
    watch = Invariants()
    result = run_virtual(
        dialer(), campaigns=[campaign()], agents=agents(5), leads=leads(2000), seed=5, for_s=HOUR_S,
        start=evening, watch=watch,
    )  # fmt: skip
    assert watch.broken == [] and result.attempts
    assert max(a.created_at for a in result.attempts) < datetime(2026, 3, 3, 16, 0, tzinfo=UTC)


def test_when_everybody_pauses_no_call_is_placed() -> None:
    watch = Invariants()
    model = Scenario(agents=Agents(works=fixed(600), rests=fixed(600)))
    result = run_virtual(
        dialer(), campaigns=[campaign()], agents=agents(4), leads=leads(2000), seed=6, for_s=HOUR_S,
        scenario=model, breaks=True, watch=watch, keep_events=True,
    )  # fmt: skip
    assert watch.broken == [] and result.violations == ()
    kinds = Counter(type(event) for _, event in result.events)
    assert kinds[AgentPause] >= 8 and kinds[AgentUnpause] >= 4
    assert result.agent_time_s()[AgentState.PAUSED] > 3000


def test_agents_who_never_dispose_are_freed_by_the_wrap_up_time() -> None:
    scenario = Scenario(agents=Agents(no_disposition_share=1.0), people=People(talk=fixed(20)))
    result = run_virtual(
        dialer(), campaigns=[campaign(wrapup_time_s=10.0)], agents=agents(3), leads=leads(1000), seed=7,
        for_s=1200, scenario=scenario,
    )  # fmt: skip
    talked = [a for a in result.attempts if a.status is Status.ANSWERED]
    assert len(talked) > 20 and {a.disposition for a in talked} == {"no_disposition"}


def test_on_hook_agents_meet_their_callers() -> None:
    scenario = Scenario(agents=Agents(phone_answer=fixed(0.8)))
    result = run_virtual(
        dialer(), campaigns=[campaign()], agents=agents(4, leg_mode=LegMode.ON_HOOK), leads=leads(1000), seed=8,
        for_s=1200, scenario=scenario,
    )  # fmt: skip
    assert result.violations == ()
    assert result.statuses()[Status.ANSWERED] > 10
    assert result.longest_silence_s() <= 2.0


def test_who_hangs_up_during_detection_leaves_a_trace_and_a_record() -> None:
    scenario = Scenario(people=People(patience=fixed(0.5)))
    result = run_virtual(
        dialer(), campaigns=[campaign(amd_enabled=True)], agents=agents(3), leads=leads(500), seed=10, for_s=1200,
        scenario=scenario,
    )  # fmt: skip
    assert result.violations == ()
    gone = {int(call.attempt) for call in result.truth if call.unattended == "hangup"}
    assert len(gone) > 20 and result.event_counts["UnattendedTrace"] == len(gone)
    assert {a.status for a in result.attempts if a.id in gone} == {Status.CUSTOMER_HANGUP}


def test_same_seed_same_hour() -> None:
    def run(seed: int) -> list[tuple[int, str, str, datetime]]:
        result = run_virtual(
            dialer(seed), campaigns=[campaign()], agents=agents(5), leads=leads(800), seed=seed, for_s=900
        )  # fmt: skip
        return [(a.id, a.number, a.disposition, a.closed_at or START.wall) for a in result.attempts]

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_leads_are_retried_up_to_their_cap_and_no_further() -> None:
    nobody = Scenario(outcomes=Outcomes(
        person=0, machine=0, busy=1, no_answer=0, congestion=0, invalid=0, rejected=0, failed=0,
    ))  # fmt: skip
    result = run_virtual(
        dialer(), campaigns=[campaign()], agents=agents(2), leads=leads(5), seed=9, for_s=6 * HOUR_S, scenario=nobody
    )  # fmt: skip
    assert Counter(a.lead_id for a in result.attempts) == dict.fromkeys(range(1, 6), 3)
