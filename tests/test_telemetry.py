"""What Prometheus is told of pacing: the live picture's totals as counters, each growth once."""

from __future__ import annotations

from tests.core.stage import Stage
from tests.core.values import agent, campaign

from dialerd.control.metrics import Registry
from dialerd.core.amd.delay import PersonsVerdict
from dialerd.core.campaign import DialMode, MeasuredFrom
from dialerd.core.picture import Row, picture
from dialerd.telemetry import AmdSeries, PacingSeries


def test_totals_limits_and_credit_by_campaign() -> None:
    stage = Stage(campaign(dial_mode=DialMode.POWER, dial_ratio=3.0), agents=[agent(1)], leads=40)
    stage.dialer.floor.campaigns[1].ledger.add(stage.now.wall.timestamp(), 50, 3)
    registry = Registry()
    series = PacingSeries(registry)

    def lines() -> list[str]:
        return [line for line in registry.render().splitlines() if not line.startswith("#")]

    def refresh() -> Row:
        (shown,) = picture(stage.dialer.floor, stage.dialer.dialling, stage.now)["campaigns"]
        series.refresh(shown)
        return shown

    refresh()
    assert 'dialerd_pacing_decisions_total{campaign="c1"} 0' in lines()
    stage.wait(5)
    totals = refresh()["pacing"]["totals"]
    refresh()
    found = lines()
    assert f'dialerd_pacing_decisions_total{{campaign="c1"}} {totals["decisions_total"]}' in found
    budget = totals["limited_total"]["budget"]
    assert budget and f'dialerd_pacing_limited_total{{campaign="c1",limit="budget"}} {budget}' in found
    assert 'dialerd_pacing_calls_placed_total{campaign="c1"} 1' in found
    assert 'dialerd_pacing_abandon_credit{campaign="c1"} 0' in found
    assert 'dialerd_pacing_dial_ratio{campaign="c1"} 1' in found


def test_the_delay_of_amd_against_the_limit() -> None:
    wanted = campaign(amd_enabled=True, abandon_measured_from=MeasuredFrom.ANSWER)
    stage = Stage(wanted, campaign(2))
    registry = Registry()
    series = AmdSeries(registry)

    def lines() -> list[str]:
        for shown in picture(stage.dialer.floor, stage.dialer.dialling, stage.now)["campaigns"]:
            series.refresh(shown)
        return [line for line in registry.render().splitlines() if not line.startswith("#")]

    assert lines() == ['dialerd_amd_limit_seconds{campaign="c1"} 2']
    stage.dialer.floor.run(1).verdicts.remember([PersonsVerdict(1.25)] * 19 + [PersonsVerdict(1.75)] * 2)
    assert lines()[1:] == [
        'dialerd_amd_limit_used_seconds{campaign="c1"} 1.75',
        'dialerd_amd_verdict_seconds{campaign="c1",quantile="0.5"} 1.25',
        'dialerd_amd_verdict_seconds{campaign="c1",quantile="0.95"} 1.75',
    ]
