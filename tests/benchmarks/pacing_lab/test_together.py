"""Two campaigns on one floor: no agent twice, one queue, chances and ledgers of their own, the worse one reported."""

from __future__ import annotations

import pytest
from benchmarks.pacing_lab.campaign import Campaign
from benchmarks.pacing_lab.contract import Abandoned, CallEnded, Connected, Law, Observation, Staffing, View
from benchmarks.pacing_lab.laws.ours import Ours
from benchmarks.pacing_lab.laws.simple import Progressive, RatioOnIdle
from benchmarks.pacing_lab.registry import LAWS
from benchmarks.pacing_lab.runs import Job, do
from benchmarks.pacing_lab.scenario import StaffChange
from benchmarks.pacing_lab.shared import Shared, as_in_production
from benchmarks.pacing_lab.sizes import full, standard
from benchmarks.pacing_lab.table import lines
from benchmarks.pacing_lab.together import run_cell
from benchmarks.pacing_lab.world import World, run

from benchmarks.pacing_lab import presets

CELL = presets.shared(6, hours=1.5)


class Heard:
    """Another law, with what it heard."""

    def __init__(self, law: Law) -> None:
        self.law = law
        self.heard: list[Observation] = []

    def decide(self, view: View) -> int:
        return self.law.decide(view)

    def observe(self, what: Observation) -> None:
        self.heard.append(what)
        self.law.observe(what)


def together(*laws: Law, cell: Shared = CELL, calls_per_agent: float = 3.0) -> World:
    campaigns = [
        Campaign(one, law, 5 + number, number=number, calls_per_agent=calls_per_agent)
        for number, (one, law) in enumerate(zip(cell.campaigns, laws, strict=True))
    ]
    return World(campaigns, as_in_production)


def test_no_agent_is_in_two_views_and_nobody_is_missing() -> None:
    world = together(RatioOnIdle(2.0), RatioOnIdle(3.0))
    views = [campaign.view for campaign in world.campaigns]
    shares = world.shares

    def watched(campaigns, idle, now):  # type: ignore[no-untyped-def]
        own = shares(campaigns, idle, now)
        busy = sum(len(view.talking) + len(view.wrapping) for view in views)
        assert sum(own.values()) == len(idle)
        assert busy + len(idle) == world.floor.staffed
        return own

    world.shares = watched
    results = world.run()
    assert all(result.live > 50 for result in results)
    assert results[0].talk_s == results[1].talk_s, "the floor's"
    assert sum(result.handled_s for result in results) > results[0].talk_s


def test_each_law_hears_of_its_own_campaign_only() -> None:
    laws = [Heard(RatioOnIdle(3.0)), Heard(RatioOnIdle(3.0))]
    change = (StaffChange(1800.0, -2),)
    results = together(*laws, cell=CELL.but(staffing=change)).run()
    for law, result in zip(laws, results, strict=True):
        served = sum(isinstance(what, Connected | Abandoned) for what in law.heard)
        assert served == result.live
        assert [what.staffed for what in law.heard if isinstance(what, Staffing)][-1] == 4
    rates = [
        sum(ended.kind == "human" for ended in calls) / len(calls)
        for calls in ([what for what in law.heard if isinstance(what, CallEnded)] for law in laws)
    ]
    assert rates == [pytest.approx(0.2, abs=0.05), pytest.approx(0.1, abs=0.04)]


def test_who_waits_longest_is_served_first_whichever_campaign_called() -> None:
    world = together(RatioOnIdle(6.0), RatioOnIdle(12.0))
    connect = world._connect

    def watched() -> None:
        assert world.queue[0].answered_at == min(caller.answered_at for caller in world.queue)
        connect()

    world._connect = watched  # type: ignore[method-assign]
    assert sum(result.abandoned for result in world.run()) > 5


def test_progressive_abandons_nobody_on_a_shared_floor_and_neither_campaign_starves() -> None:
    results = together(Progressive(), Progressive(), cell=CELL.but(hours=4.0), calls_per_agent=1.0).run()
    assert [result.abandoned for result in results] == [0, 0]
    assert min(result.handled_s for result in results) > 0.3 * sum(result.handled_s for result in results)
    assert min(result.dials for result in results) > 500


def test_alone_on_the_floor_it_is_the_world_of_one_campaign() -> None:
    scenario = presets.headline(5).but(hours=1.0)
    alone = World([Campaign(scenario, Ours(0.03, 2.0), 3)], as_in_production).run()[0]
    usual = run(scenario, Ours(0.03, 2.0), 3)
    assert (alone.events, alone.talk_s, list(alone.waited)) == (usual.events, usual.talk_s, list(usual.waited))


def test_the_row_is_that_of_the_worse_campaign_and_says_so() -> None:
    outcome = run_cell(CELL, lambda _: RatioOnIdle(4.0), 2, 3.0)
    worse = max(outcome.results, key=lambda one: one.excess)
    assert outcome.worse is worse
    row = do(Job(CELL, "vicidial-average-available-3", 1))
    assert (row.campaigns, row.cell, row.agents, row.limit) == (2, "shared-6", 6, 0.03)
    assert 0 < row.least_share <= 0.5
    assert any("abandons, answers and windows are those of the worse one" in line for line in lines([row], "dialerd"))


def test_no_law_is_tuned_for_two_campaigns_at_once() -> None:
    for size in (standard(), full()):
        shared = [one for one in size.cells if isinstance(one.cell, Shared)]
        assert {one.cell.agents for one in shared} >= {5, 10, 30}
        assert not any(LAWS[law].tuned for one in shared for law in one.laws)


def test_campaigns_that_do_not_fit_one_floor_are_refused() -> None:
    with pytest.raises(ValueError, match="same agents"):
        Shared("odd", (presets.headline(5), presets.headline(6)))
