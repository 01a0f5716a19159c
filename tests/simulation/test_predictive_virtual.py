"""The production core paces predictively in virtual time: busier than progressive, within the limit."""

from __future__ import annotations

from typing import Any

import pytest

from dialerd.core.campaign import DialMode
from dialerd.simulation.durations import fixed, lognormal, uniform
from dialerd.simulation.results import RunResult
from dialerd.simulation.scenario import Network, Outcomes, People, Scenario
from dialerd.simulation.virtual import run_virtual

from .floor import agents, campaign, dialer, leads

WORLD = Scenario(
    outcomes=Outcomes(
        person=0.22, machine=0.0, busy=0.1, no_answer=0.62, congestion=0.01, invalid=0.03, rejected=0.01, failed=0.01
    ),
    people=People(talk=lognormal(90.0, 1.0, 3.0, 3600.0), patience=fixed(60.0)),
)


def paced(
    mode: DialMode, count: int, hours: float, seed: int, scenario: Scenario = WORLD, **settings: Any
) -> tuple[RunResult, int, int]:
    """A morning of one campaign; the result, live answers and abandons."""
    core = dialer(seed)
    result = run_virtual(
        core,
        campaigns=[campaign(dial_mode=mode, max_dial_ratio=8.0, **settings)],
        agents=agents(count),
        leads=leads(20_000),
        seed=seed,
        for_s=hours * 3600,
        scenario=scenario,
    )
    assert not result.violations and not core.floor.campaigns[1].fault
    standing = core.floor.campaigns[1].ledger.standing(result.ended.wall.timestamp())
    return result, standing.live, standing.abandoned


@pytest.mark.parametrize(("count", "hours"), [(8, 3.0), (30, 1.5)])
def test_busier_than_progressive_and_within_the_limit(count: int, hours: float) -> None:
    progressive, _, none = paced(DialMode.PROGRESSIVE, count, hours, seed=4)
    predictive, live, abandoned = paced(DialMode.PREDICTIVE, count, hours, seed=4)
    assert none == 0 and live >= 100
    assert abandoned <= 0.03 * live + 1
    assert predictive.occupancy() > progressive.occupancy() + 0.08


SILENT = Scenario(
    outcomes=Outcomes(
        person=0.2, machine=0.0, busy=0.1, no_answer=0.7, congestion=0.0, invalid=0.0, rejected=0.0, failed=0.0
    ),
    network=Network(post_dial_delay=uniform(1.0, 3.0), gives_up_share=0.0),
    people=People(ring=lognormal(9.0, 0.5, 1.0, 20.0), talk=lognormal(60.0, 1.0, 2.0, 1800.0), patience=fixed(60.0)),
)


def test_the_first_minutes_of_a_new_campaign_abandon_no_more_than_a_few() -> None:
    """Thirty agents, a fast trunk, nothing known: an unlucky first batch must not let three hundred calls out."""
    abandoned, live = [], 0
    for seed in (1, 8, 11, 21):
        _, answers, lost = paced(DialMode.PREDICTIVE, 30, 120 / 3600, seed, SILENT, ring_timeout_s=22.0)
        abandoned.append(lost)
        live += answers
    assert live > 80
    assert max(abandoned) <= 5
