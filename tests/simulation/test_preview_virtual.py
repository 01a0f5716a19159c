"""Preview campaigns in virtual time: hours of them, and the promises they keep under any agents and settings."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import HealthCheck, given, settings, strategies as st

from dialerd.core.agent import AgentState, LegMode
from dialerd.core.call import Status
from dialerd.core.campaign import DialMode, OnTimeout
from dialerd.core.messages import (
    AgentAccept,
    Command,
    Event,
    LeadsClaimed,
    OpenAttempts,
    Originate,
    ReleaseLeads,
    SaveAgentState,
    SkipLead,
)
from dialerd.core.moment import Moment
from dialerd.core.preview_flow import REASON
from dialerd.simulation.durations import fixed
from dialerd.simulation.results import RunResult
from dialerd.simulation.scenario import Agents, Scenario
from dialerd.simulation.virtual import run_virtual

from .floor import agents, campaign, dialer, leads


class Promises:
    """Watches a preview run: who is shown which lead, and what becomes of every claimed one."""

    def __init__(self, on_timeout: OnTimeout = OnTimeout.SKIP) -> None:
        self.on_timeout = on_timeout
        self.core = dialer()
        self.claimed: set[int] = set()
        self.agents: dict[int, SaveAgentState] = {}
        self.wanted: set[tuple[int, int]] = set()
        self.ends: Counter[str] = Counter()
        self.broken: list[str] = []

    def __call__(self, now: Moment, what: Event | Command) -> None:
        floor = self.core.floor
        shown = {s.profile.id: s.preview.lead.id for s in floor.roster if s.preview is not None}
        if len(set(shown.values())) != len(shown):
            self.broken.append(f"one lead is shown to two agents: {shown}")
        if not set(shown.values()) <= self.claimed:
            self.broken.append("a lead is shown that nobody claimed")
        match what:
            case LeadsClaimed():
                self.claimed |= {lead.id for lead in what.leads}
            case AgentAccept():
                self.wanted |= {(what.agent_id, shown[what.agent_id])} if what.agent_id in shown else set()
            case ReleaseLeads():
                self.claimed -= set(what.lead_ids)
                self.ends["released"] += len(what.lead_ids)
            case SkipLead():
                self.claimed.remove(what.lead_id)
                self.ends["skipped"] += 1
            case OpenAttempts():
                self.claimed -= {attempt.lead_id for attempt in what.attempts}
                self.ends["called"] += len(what.attempts)
                if floor.lines_used(1) > floor.run(1).campaign.max_lines:
                    self.broken.append("more calls than lines")
                for attempt in what.attempts:
                    agent_id = floor.calls[attempt.id].agent_id
                    if (agent_id, attempt.lead_id) not in self.wanted and self.on_timeout is not OnTimeout.DIAL:
                        self.broken.append(f"lead {attempt.lead_id} was called without anybody wanting it")
                    if agent_id is None or not floor.roster.require(agent_id).staffed:
                        self.broken.append(f"lead {attempt.lead_id} was called for an agent who has left")
            case Originate():
                call = floor.calls[what.attempt_id]
                seat = floor.roster.require(call.agent_id or 0)
                if (seat.state, seat.attempt_id) != (AgentState.RESERVED, what.attempt_id):
                    self.broken.append(f"call {what.attempt_id} was sent while its agent is {seat.state.value}")
            case SaveAgentState():
                self.agents[what.agent_id] = what

    def at_the_end(self) -> None:
        """Every lead that is still claimed is in somebody's hands."""
        floor = self.core.floor
        held = {s.preview.lead.id for s in floor.roster if s.preview is not None}
        held |= {lead.id for run in floor.campaigns.values() for lead in run.hopper}
        assert self.claimed == held
        assert self.broken == []


def preview_run(promises: Promises, *, seed: int, for_s: float = 3600, **chosen: object) -> RunResult:
    scenario = Scenario(agents=chosen.pop("agents_do", Agents()))  # type: ignore[arg-type]
    staff = agents(chosen.pop("staff", 8), leg_mode=chosen.pop("leg_mode", LegMode.NAILED_UP))  # type: ignore[arg-type]
    breaks = bool(chosen.pop("breaks", False))
    one = campaign(dial_mode=DialMode.PREVIEW, preview_on_timeout=promises.on_timeout, **chosen)
    result = run_virtual(
        promises.core, campaigns=[one], agents=staff, leads=leads(3000), seed=seed, for_s=for_s, scenario=scenario,
        breaks=breaks, watch=promises,
    )  # fmt: skip
    assert result.violations == ()
    return result


def test_an_hour_of_previews() -> None:
    promises = Promises()
    result = preview_run(promises, seed=1)
    promises.at_the_end()
    assert result.refused_orders == ()
    assert result.abandon_rate() == 0 and result.longest_silence_s() < 2.0
    assert result.live_answers() > 50 and promises.ends["skipped"] > 20
    assert {a.dial_mode for a in result.attempts} == {"preview"}
    for attempt in result.attempts:
        assert attempt.status is not Status.ABANDONED
    looking = [row for row in result.agent_log if row.reason == REASON]
    assert {row.state for row in looking} == {AgentState.RESERVED}


def test_on_hook_agents_look_first_and_are_rung_when_they_accept() -> None:
    promises = Promises()
    result = preview_run(
        promises, seed=2, for_s=1800, leg_mode=LegMode.ON_HOOK, agents_do=Agents(phone_answer=fixed(3.0)),
    )  # fmt: skip
    promises.at_the_end()
    assert result.statuses()[Status.ANSWERED] > 10
    assert result.abandon_rate() == 0, "the agent's leg is up before the person is called"


def test_agents_who_look_away_are_paused_and_come_back() -> None:
    promises = Promises()
    result = preview_run(
        promises, seed=3, for_s=1800, preview_time_s=10.0, agents_do=Agents(preview_ignored_share=0.7),
    )  # fmt: skip
    promises.at_the_end()
    assert result.agent_time_s()[AgentState.PAUSED] > 100 and promises.ends["called"] > 20


def test_a_preview_and_a_progressive_campaign_share_their_agents() -> None:
    core, own = dialer(), leads(1500)
    result = run_virtual(
        core,
        campaigns=[campaign(1, dial_mode=DialMode.PREVIEW), campaign(2, priority=60, max_lines=3)],
        agents=agents(10, 1, 2),
        leads=[*own, *(replace(lead, id=lead.id + 5000, number=f"40{lead.number}", campaign_id=2) for lead in own)],
        seed=4,
        for_s=3600,
    )
    assert result.violations == () and result.abandon_rate() == 0
    assert result.longest_silence_s() < 2.0
    both = Counter(attempt.campaign_id for attempt in result.attempts)
    assert min(both[1], both[2]) > 50, both


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10_000),
    staff=st.integers(1, 6),
    max_lines=st.integers(1, 8),
    calls_per_second=st.sampled_from([0.05, 1.0, 50.0]),
    preview_time_s=st.sampled_from([5.0, 15.0, 60.0]),
    on_timeout=st.sampled_from(OnTimeout),
    leg_mode=st.sampled_from(LegMode),
    skips=st.floats(0, 0.6),
    ignores=st.floats(0, 0.4),
    works_s=st.sampled_from([15.0, 120.0, 3600.0]),
    unanswered=st.sampled_from([0.0, 0.3]),
)
def test_every_lead_is_shown_to_one_agent_and_called_skipped_or_given_back(
    seed: int,
    staff: int,
    max_lines: int,
    calls_per_second: float,
    preview_time_s: float,
    on_timeout: OnTimeout,
    leg_mode: LegMode,
    skips: float,
    ignores: float,
    works_s: float,
    unanswered: float,
) -> None:
    promises = Promises(on_timeout)
    result = preview_run(
        promises,
        seed=seed,
        for_s=900,
        staff=staff,
        leg_mode=leg_mode,
        breaks=True,
        max_lines=max_lines,
        calls_per_second=calls_per_second,
        preview_time_s=preview_time_s,
        agents_do=Agents(
            preview_skip_share=skips,
            preview_ignored_share=ignores,
            works=fixed(works_s),
            rests=fixed(20.0),
            phone_not_answered_share=unanswered,
        ),
    )
    promises.at_the_end()
    assert result.longest_silence_s() <= 2.0
