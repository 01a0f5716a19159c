"""Owns which cases a comparison has (mode × target × team), and its rows as plain values in the surface's units.

Knows no command line; what a case is and how it runs is what_if.py's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from dialerd.core.campaign import Campaign, DialMode
from dialerd.simulation.measures import Measures, pooled
from dialerd.simulation.replay_facts import ReplayFacts
from dialerd.simulation.scenario import Scenario
from dialerd.simulation.team import Team
from dialerd.simulation.what_if import Case
from dialerd.simulation.what_if_runs import Told, run_cases, work_s

AIMED = frozenset({DialMode.PREDICTIVE, DialMode.POWER})
"""Modes that keep an abandon budget: only they are run once for each target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What is compared. `targets` 0–1; `teams` with the name each has in the table; `for_s` virtual seconds."""

    campaign: Campaign
    world: Scenario | ReplayFacts
    modes: tuple[DialMode, ...]
    targets: tuple[float, ...]
    teams: tuple[Team, ...]
    for_s: float
    seed: int = 1
    runs: int = 1

    def cells(self) -> list[list[Case]]:
        """One list for each row of the table: its runs, which differ in the seed only."""
        found = []
        for team in self.teams:
            for mode in self.modes:
                for target in self.targets if mode in AIMED else self.targets[:1]:
                    campaign = replace(
                        self.campaign,
                        dial_mode=mode,
                        target_abandon_rate=target,
                        max_abandon_rate=max(target, self.campaign.max_abandon_rate),
                    )
                    found.append([self._case(campaign, team, self.seed + run) for run in range(self.runs)])
        return found

    def _case(self, campaign: Campaign, team: Team, seed: int) -> Case:
        return Case(
            campaign=campaign,
            team=team,
            world=self.world,
            for_s=self.for_s,
            seed=seed,
            ring_timeout_s=self.campaign.ring_timeout_s,
        )

    def agent_hours(self) -> float:
        """Hours of agents to simulate: what the running time goes with."""
        return sum(work_s(case) for cell in self.cells() for case in cell) / 3600

    def rows(self, told: Told | None = None, *, processes: int | None = None) -> list[dict[str, Any]]:
        """Run everything; the table's rows in order. `told` hears of agent seconds as they are simulated."""
        cells = self.cells()
        measures = iter(run_cases([case for cell in cells for case in cell], told, processes=processes))
        return [row(cell[0], pooled([next(measures) for _ in cell])) for cell in cells]


def row(case: Case, found: Measures) -> dict[str, Any]:
    """One row: rates in percent, times in seconds, as everywhere at the surface."""
    low, high = found.abandon_interval
    aimed = case.campaign.dial_mode in AIMED
    return {
        "mode": case.campaign.dial_mode.value,
        "target": round(case.campaign.target_abandon_rate * 100, 3) if aimed else None,
        "agents": round(case.team.mean(case.for_s), 1),
        "agents_most": case.team.most,
        "occupancy": _percent(found.occupancy),
        "wait_s": _rounded(found.mean_wait_s),
        "wait_p90_s": _rounded(found.p90_wait_s),
        "abandon_rate": _percent(found.abandon_rate),
        "abandon_low": _percent(low),
        "abandon_high": _percent(high),
        "runs_above": found.runs_above if aimed else 0,
        "dials_per_contact": _rounded(found.dials_per_answer, 2),
        "contacts_per_agent_hour": round(found.contacts_per_agent_hour, 2),
        "talk_minutes_per_agent_hour": round(found.talk_minutes_per_agent_hour, 2),
        "dials": found.dials,
        "live_answers": found.answers,
        "abandoned": found.abandoned,
        "peak_lines": found.peak_lines,
        "calls_per_second": case.campaign.calls_per_second,
        "max_lines": case.campaign.max_lines,
        "hours": round(case.for_s / 3600, 2),
        "runs": found.runs,
    }


def _percent(share: float) -> float:
    return round(100 * share, 2)


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)


def learned_world(pacing: dict[str, Any] | None, campaign: Campaign, own: dict[str, float | None]) -> Scenario:
    """The ordinary world with what is known of this campaign's.

    `pacing`: that of `campaign.show` (percent, seconds), or None; `own`: `answer_rate` (0–1), `talk_s`, `wrap_up_s` as
    the asker wants them, which goes before. Where neither knows, talk is the campaign's avg_talk_time.

    A rate that is known is of those whom dialerd took for persons. AMD's mistakes are in it already, so none are added;
    and without AMD whoever picks up was taken for one, so no machines come on top.
    """
    known = pacing or {}
    scenario = Scenario()
    rate = own.get("answer_rate")
    if rate is None and known.get("answer_rate"):
        rate = float(known["answer_rate"]) / 100
    talk = own.get("talk_s") or known.get("talk_time_s") or campaign.avg_talk_time_s
    wrap_up = own.get("wrap_up_s") if own.get("wrap_up_s") is not None else known.get("wrapup_time_s")
    people = replace(scenario.people, talk=replace(scenario.people.talk, mean_s=float(talk)))
    agents = scenario.agents
    if wrap_up is not None:
        agents = replace(agents, wrap_up=replace(agents.wrap_up, mean_s=float(wrap_up), min_s=0.0))
    detection = scenario.detection
    if rate is not None:
        scenario = with_person_share(scenario, rate)
        detection = replace(
            detection, person_human=1.0, person_machine=0.0, machine_machine=1.0, machine_human=0.0
        )  # fmt: skip
        if not campaign.amd_enabled:
            scenario = _without_machines(scenario)
    return replace(scenario, name="campaign", people=people, agents=agents, detection=detection)


def _without_machines(scenario: Scenario) -> Scenario:
    old = scenario.outcomes
    return replace(scenario, outcomes=replace(old, machine=0.0, no_answer=old.no_answer + old.machine))


def with_person_share(scenario: Scenario, share: float) -> Scenario:
    """The scenario with this share of persons (0–1, below 1); all other outcomes keep their proportion."""
    old = scenario.outcomes
    names: Sequence[str] = [name for name in type(old).__dataclass_fields__ if name != "person"]
    scale = (1 - share) / (1 - old.person)
    others = {name: getattr(old, name) * scale for name in names}
    return replace(scenario, outcomes=replace(old, person=share, **others))
