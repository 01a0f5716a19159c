"""The world keeps its promises: same fates for every law, one decision per 250 ms, limits, staff, honest counts."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from benchmarks.pacing_lab.contract import (
    Abandoned,
    CallEnded,
    Connected,
    Law,
    Observation,
    Staffing,
    TalkEnded,
    View,
)
from benchmarks.pacing_lab.fates import Chances, Fate
from benchmarks.pacing_lab.grid import hypercube
from benchmarks.pacing_lab.laws.simple import Progressive, RatioOnAll, RatioOnIdle
from benchmarks.pacing_lab.presets import a_third_leaves, few_lines, headline, mixed_leads, with_amd, with_breaks
from benchmarks.pacing_lab.results import wilson
from benchmarks.pacing_lab.scenario import Scenario, Segment, StaffChange
from benchmarks.pacing_lab.world import World, run


class Watched:
    """Another law, with everything it saw and heard."""

    def __init__(self, law: Law) -> None:
        self.law = law
        self.decided_at: list[float] = []
        self.heard: list[Observation] = []
        self.lines: list[int] = []

    def decide(self, view: View) -> int:
        self.decided_at.append(view.now)
        busy = len(view.talking) + len(view.wrapping)
        assert view.staffed == view.idle + busy
        assert not (view.idle and view.waiting)
        self.lines.append(len(view.ringing) + len(view.waiting) + view.connected)
        return self.law.decide(view)

    def observe(self, what: Observation) -> None:
        self.heard.append(what)
        self.law.observe(what)


def recorded(world: World) -> list[Fate]:
    fates: list[Fate] = []
    source = world.campaigns[0].chances.fates

    def record() -> Iterator[Fate]:
        for fate in source:
            fates.append(fate)
            yield fate

    world.campaigns[0].chances.fates = record()
    return fates


def test_the_same_lead_has_the_same_fate_and_the_same_talk_its_length_under_every_law() -> None:
    fates, talks = [], []
    for law in (Progressive(), RatioOnIdle(3.0)):
        watched = Watched(law)
        world = World.of(headline(10).but(hours=2), watched, seed=4)
        fates.append(recorded(world))
        world.run()
        talks.append(sorted(round(what.talk_s, 6) for what in watched.heard if isinstance(what, TalkEnded)))
    fewer = min(len(one) for one in fates)
    assert fewer > 1000
    assert fates[0][:fewer] == fates[1][:fewer]
    known = Chances(headline(10), 4)
    lengths = {round(next(known.talks), 6) for _ in range(2000)}
    assert all(set(one) <= lengths for one in talks)


def test_another_seed_is_another_world() -> None:
    one, other = (next(Chances(headline(10), seed).fates) for seed in (1, 2))
    assert one != other


def test_one_decision_per_250_ms_at_most_and_one_per_tick_at_least() -> None:
    watched = Watched(RatioOnIdle(2.5))
    run(headline(100).but(hours=0.5), watched, seed=1)
    gaps = [later - earlier for earlier, later in pairwise(watched.decided_at)]
    assert min(gaps) >= 0.25 - 1e-9
    assert max(gaps) <= 1.0 + 1e-9


def test_observations_come_in_time_order_and_add_up() -> None:
    watched = Watched(RatioOnAll(1.5))
    result = run(headline(10).but(hours=3), watched, seed=2)
    times = [what.at for what in watched.heard]
    assert times == sorted(times)
    connected = sum(isinstance(what, Connected) for what in watched.heard)
    abandoned = sum(isinstance(what, Abandoned) for what in watched.heard)
    humans = sum(isinstance(what, CallEnded) and what.kind == "human" for what in watched.heard)
    assert (connected + abandoned, abandoned) == (result.live, result.abandoned)
    assert 0 <= humans - result.live <= 10
    assert abandoned > 20


def test_progressive_abandons_nobody_and_its_idle_time_is_the_closed_form() -> None:
    scenario = headline(10).but(hours=40)
    result = run(scenario, Progressive(), seed=3)
    rng = np.random.default_rng(0)
    answer_s = float(np.mean(scenario.answer_after.sample(rng, 200_000)))
    fail_s = sum(one.share * one.length.mean for one in scenario.others)
    expected = (1 / 0.2 - 1) * fail_s + answer_s
    assert result.abandoned == 0
    assert result.idle_mean_s == pytest.approx(expected, rel=0.03)
    assert result.occupancy == pytest.approx(170 / (170 + expected), abs=0.012)


def test_the_limits_of_lines_and_calls_per_second_hold() -> None:
    watched = Watched(RatioOnIdle(8.0))
    scenario = few_lines(10, lines_per_agent=1.5).but(hours=1)
    run(scenario, watched, seed=1)
    assert max(watched.lines) <= 15
    dialled = sorted(what.dialled_at for what in watched.heard if isinstance(what, CallEnded))
    assert all(later - earlier >= 1 - 1e-9 for earlier, later in zip(dialled, dialled[2:], strict=False))


def test_a_third_of_the_floor_leaves_at_once() -> None:
    watched = Watched(Progressive())
    run(a_third_leaves(10, at_s=1800.0, hours=1.5), watched, seed=1)
    staffed = [what.staffed for what in watched.heard if isinstance(what, Staffing)]
    assert staffed[-1] == 7


def test_an_announced_leave_is_known_at_once_and_busy_agents_count_as_leaving() -> None:
    class Leaving(Progressive):
        most = 0

        def decide(self, view: View) -> int:
            self.most = max(self.most, view.leaving)
            return super().decide(view)

    law = Leaving()
    watched = Watched(law)
    run(headline(10).but(staffing=(StaffChange(1800.0, -4, announced=True),), hours=1.0), watched, seed=1)
    last = [what for what in watched.heard if isinstance(what, Staffing)][-1]
    assert last.staffed == 6
    assert last.at == 1800.0
    assert law.most > 0


def test_breaks_cost_logged_in_time_and_nobody_dials_without_staff() -> None:
    plain = run(headline(5).but(hours=6), Progressive(), seed=1)
    result = run(with_breaks(5, hours=6), Progressive(), seed=1)
    assert result.logged_in_s < 0.95 * plain.logged_in_s
    assert result.dials_without_staff == 0


def test_amd_loses_people_and_passes_machines() -> None:
    watched = Watched(Progressive())
    result = run(with_amd(20).but(hours=3), watched, seed=1)
    machines = sum(isinstance(what, TalkEnded) and not what.person for what in watched.heard)
    assert 0 <= result.machines_passed - machines <= 20
    assert result.lost / (result.lost + result.live) == pytest.approx(0.05, abs=0.02)


def test_leads_may_be_chosen_by_segment_without_using_up_the_best() -> None:
    class BestFirst(Progressive):
        def choose(self, view: View, calls: int) -> list[int]:
            return [place for place, lead in enumerate(view.upcoming) if lead.segment == 0][:calls]

    scenario = mixed_leads(10).but(hours=4)
    plain, chosen = run(scenario, Progressive(), seed=1), run(scenario, BestFirst(), seed=1)
    assert chosen.dials_per_contact == pytest.approx(plain.dials_per_contact, rel=0.1)
    assert Segment(1.0, (0.2, 0.4), 0.5, 2).rate(3600.0, 1) == 0.2


def test_windows_and_the_worst_stretch() -> None:
    result = run(headline(10).but(hours=6), RatioOnIdle(3.0), seed=1)
    live, abandoned = result.windows()
    assert (live[-1], abandoned[-1]) == pytest.approx((result.live, result.abandoned), abs=2)
    assert result.worst(200) >= result.abandon_rate
    assert result.windows_above(limit=1.0) == (0, int(np.sum(live >= 100)))
    assert wilson(3, 100) == pytest.approx((0.0103, 0.0845), abs=1e-3)


def test_the_hypercube_is_the_same_for_the_same_seed_and_runs() -> None:
    cells = hypercube(24, seed=1)
    assert cells == hypercube(24, seed=1)
    assert cells != hypercube(24, seed=2)
    assert {cell.agents for cell in cells} >= {3, 5, 200, 500}
    for cell in cells[:6]:
        result = run(cell.but(hours=0.5, warm_up_s=300.0), Progressive(), seed=1)
        assert result.live > 0
        assert result.dials_without_staff == 0


def test_a_world_whose_outcomes_do_not_add_up_is_refused() -> None:
    with pytest.raises(ValueError, match="shares"):
        Scenario(others=Scenario().others[:1])
