"""A what-if runs the production core: teams come and go, leads never end, the same seed says the same."""

from __future__ import annotations

import dataclasses
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dialerd.core.campaign import Campaign, DialMode
from dialerd.core.errors import Invalid
from dialerd.core.messages import CloseAttempt, SaveAgentState
from dialerd.simulation import what_if, what_if_runs
from dialerd.simulation.scenario import Outcomes, Scenario, parse_scenario
from dialerd.simulation.shown_campaign import shown_campaign
from dialerd.simulation.team import Team
from dialerd.simulation.what_if import Case, CoreFault, run_case
from dialerd.simulation.what_if_runs import run_cases
from dialerd.simulation.what_if_table import Comparison, learned_world, with_person_share

CAMPAIGN = Campaign(id=1, name="x", max_lines=500, calls_per_second=50.0, max_dial_ratio=8.0, wrapup_time_s=120.0)


def case(mode: DialMode = DialMode.PROGRESSIVE, agents: int = 6, hours: float = 0.5, **changed: Any) -> Case:
    values: dict[str, Any] = {
        "campaign": dataclasses.replace(CAMPAIGN, dial_mode=mode), "team": Team.of(agents), "world": Scenario(),
        "for_s": hours * 3600, "seed": 3, **changed,
    }  # fmt: skip
    return Case(**values)


def comparison(**changed: Any) -> Comparison:
    values: dict[str, Any] = {
        "campaign": CAMPAIGN, "world": Scenario(), "modes": (DialMode.PREDICTIVE, DialMode.PROGRESSIVE),
        "targets": (0.01, 0.03), "teams": (Team.of(4), Team.of(8)), "for_s": 600.0, **changed,
    }  # fmt: skip
    return Comparison(**values)


@pytest.mark.parametrize("mode", list(DialMode))
def test_every_mode_talks_to_people(mode: DialMode) -> None:
    found = run_case(case(mode))
    assert found.contacts > 30 and 0.3 < found.occupancy < 1.0
    assert found.staffed_hours == pytest.approx(3.0, rel=0.02)
    if mode in (DialMode.PROGRESSIVE, DialMode.PREVIEW):
        assert found.abandoned == 0


def test_predictive_makes_more_talk_and_a_higher_target_still_more() -> None:
    rows = comparison(teams=(Team.of(20),), for_s=5400.0).rows(processes=1)
    one, three, progressive = (row["talk_minutes_per_agent_hour"] for row in rows)
    assert three > one > progressive + 2


def test_a_scenarios_day_begins_in_the_campaigns_morning() -> None:
    """Else the legal window `day` of a campaign in Tokyo would end, and its budget start afresh, in mid-run."""
    campaign = dataclasses.replace(CAMPAIGN, zone=ZoneInfo("Asia/Tokyo"))
    day = what_if.run_day(case(agents=2, hours=0.05, campaign=campaign))
    assert day.started.wall.astimezone(campaign.zone).hour == 9


def test_the_same_seed_says_the_same_and_another_something_else() -> None:
    assert run_case(case(seed=5)) == run_case(case(seed=5))
    assert run_case(case(seed=5)).waits_s != run_case(case(seed=6)).waits_s


def test_agents_come_and_go_by_the_plan_and_finish_their_call_first() -> None:
    team = Team(((0.0, 4), (900.0, 10), (1800.0, 2)))
    found = run_case(case(team=team, hours=0.75))
    assert team.most == 10 and team.mean(2700.0) == pytest.approx(16 / 3)
    planned = (4 + 10 + 2) * 900 / 3600
    assert found.staffed_hours == pytest.approx(planned, rel=0.15)
    assert found.staffed_hours > planned, "nobody hangs up on a customer because the shift is over"


def test_leads_never_end_and_nobody_is_called_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    stores: list[Any] = []

    class Watched(what_if.EndlessStore):
        def __init__(self, *values: Any) -> None:
            super().__init__(*values)
            stores.append(self)

    monkeypatch.setattr(what_if, "EndlessStore", Watched)
    busy = Scenario(outcomes=Outcomes(person=0.02, machine=0.0, busy=0.98, no_answer=0.0, congestion=0.0, invalid=0.0,
                                      rejected=0.0, failed=0.0))  # fmt: skip
    found = run_case(case(world=busy))
    numbers = [attempt.number for attempt in stores[0].closed]
    assert found.dials > 1500 and len(numbers) == len(set(numbers))


def test_progress_is_told_in_virtual_seconds() -> None:
    told: list[float] = []
    run_case(case(agents=2, hours=0.05), told.append)
    assert sum(told) == pytest.approx(180.0) and len(told) == 3


def test_what_the_core_must_not_do_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(self: Any, command: CloseAttempt, now: Any) -> list[Any]:
        self.violations.append("attempt 1 closed twice")
        return []

    monkeypatch.setattr(what_if.EndlessStore, "_close", twice)
    with pytest.raises(CoreFault, match="closed twice"):
        run_case(case(agents=2, hours=0.1))


def test_side_by_side_is_the_same_as_one_after_the_other() -> None:
    scenario = parse_scenario('name = "fixed"\n[numbers]\n"100000000001" = "busy"\n', "test")
    cells = [cell[0] for cell in comparison(world=scenario, teams=(Team.of(3),), targets=(0.03,)).cells()]
    told: list[float] = []
    assert run_cases(cells, told.append, processes=2) == run_cases(cells, processes=1)
    assert sum(told) == pytest.approx(2 * 3 * 600.0)


def test_an_interrupt_ends_the_other_processes_too() -> None:
    cells = [cell[0] for cell in comparison(teams=(Team.of(30),), for_s=20 * 3600.0).cells()]

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_cases(cells, interrupted, processes=2)  # comes back at all: days of thirty agents would take minutes
    import multiprocessing

    assert not [child for child in multiprocessing.active_children() if "Spawn" in type(child).__name__]


def test_modes_without_a_budget_have_one_row_whatever_the_targets() -> None:
    cells = comparison(runs=2).cells()
    named = [(cell[0].team.most, cell[0].campaign.dial_mode, cell[0].campaign.target_abandon_rate) for cell in cells]
    predictive, progressive = DialMode.PREDICTIVE, DialMode.PROGRESSIVE
    assert named == [
        (team, mode, target)
        for team in (4, 8)
        for mode, target in ((predictive, 0.01), (predictive, 0.03), (progressive, 0.01))
    ]
    assert all([run.seed for run in cell] == [1, 2] for cell in cells)
    assert comparison(runs=2).agent_hours() == pytest.approx(2 * 3 * (4 + 8) / 6)


def test_a_row_is_in_the_surfaces_units() -> None:
    row, base = comparison(targets=(0.03,), teams=(Team.of(5),), for_s=1800.0, runs=2).rows(processes=1)
    assert (row["mode"], row["target"], row["agents"], row["runs"]) == ("predictive", 3.0, 5.0, 2)
    assert (base["mode"], base["target"], base["runs_above"]) == ("progressive", None, 0)
    assert 30 < base["occupancy"] < 100 and base["abandon_low"] == 0.0 < base["abandon_high"]
    assert base["dials"] == pytest.approx(base["dials_per_contact"] * base["live_answers"], rel=0.01)


def test_a_shown_campaign_is_read_back() -> None:
    shown = {
        "name": "spring", "dial_mode": "power", "dial_ratio": 2.5, "target_abandon_rate": 2.0, "max_abandon_rate": 4,
        "max_lines": 12, "dial_timeout": 25, "wrapup_time": 40, "amd_enabled": True,
        "abandon_window": "rule_set", "abandon_window_used": "day",
        "cost_per_minute": "0.03", "timezone": "Europe/Berlin", "caller_name": None, "amd_false_positive_rate": 0.02,
        "pacing": {"calls_seen": 3, "amd_losses_inside": True},
    }  # fmt: skip
    campaign = shown_campaign(shown)
    assert campaign.dial_mode is DialMode.POWER and campaign.target_abandon_rate == 0.02
    assert (campaign.max_lines, campaign.ring_timeout_s, campaign.wrapup_time_s) == (12, 25.0, 40.0)
    assert campaign.amd_enabled and campaign.abandon_window.value == "day"
    assert str(campaign.zone) == "Europe/Berlin"
    assert campaign.amd_losses_inside and campaign.amd_false_positive_rate == 0.02
    with pytest.raises(Invalid, match="timezone as 'Mars/Base'"):
        shown_campaign({**shown, "timezone": "Mars/Base"})
    with pytest.raises(Invalid, match="max_lines as 'many'"):
        shown_campaign({**shown, "max_lines": "many"})


def test_a_campaigns_world_is_what_is_wanted_then_what_is_learned_then_its_settings() -> None:
    pacing = {"answer_rate": 12.0, "talk_time_s": 75.0, "wrapup_time_s": 9.0}
    nothing: dict[str, float | None] = {"answer_rate": None, "talk_s": None, "wrap_up_s": None}
    learned = learned_world(pacing, CAMPAIGN, nothing)
    assert learned.outcomes.person == pytest.approx(0.12)
    assert (learned.people.talk.mean_s, learned.agents.wrap_up.mean_s) == (75.0, 9.0)
    wanted = learned_world(pacing, CAMPAIGN, {"answer_rate": 0.4, "talk_s": 30.0, "wrap_up_s": 0.0})
    assert (wanted.outcomes.person, wanted.people.talk.mean_s, wanted.agents.wrap_up.mean_s) == (0.4, 30.0, 0.0)
    assert learned_world(None, CAMPAIGN, nothing).people.talk.mean_s == CAMPAIGN.avg_talk_time_s


@pytest.mark.parametrize("amd", [True, False])
def test_the_rate_that_is_known_is_the_rate_that_comes_out(amd: bool) -> None:
    """It is of those whom dialerd took for persons: AMD's mistakes, and machines without AMD, are in it already."""
    campaign = dataclasses.replace(CAMPAIGN, dial_mode=DialMode.PROGRESSIVE, amd_enabled=amd)
    nothing: dict[str, float | None] = {"answer_rate": None, "talk_s": None, "wrap_up_s": None}
    known = {"answer_rate": 10.0, "talk_time_s": 30.0, "wrapup_time_s": 5.0}
    world = learned_world(known, campaign, nothing)
    found = run_case(case(campaign=campaign, world=world, agents=20, hours=1.0))
    assert found.dials > 2000 and found.answers / found.dials == pytest.approx(0.10, abs=0.02)
    assert found.talk_s / found.contacts == pytest.approx(30.0, rel=0.12)


def test_other_outcomes_keep_their_proportion_when_persons_answer_more() -> None:
    before, after = Scenario().outcomes, with_person_share(Scenario(), 0.5).outcomes
    assert after.person == 0.5 and after.busy / after.machine == pytest.approx(before.busy / before.machine)


def test_small_questions_start_no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(what_if_runs, "_side_by_side", None)
    assert len(comparison(teams=(Team.of(2),), for_s=120.0).rows()) == 3


def test_who_is_off_duty_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[SaveAgentState] = []
    real = what_if.measured

    def keep(result: Any, *values: Any) -> Any:
        seen.extend(result.agent_log)
        return real(result, *values)

    monkeypatch.setattr(what_if, "measured", keep)
    run_case(case(team=Team(((0.0, 3), (600.0, 0))), hours=1.0))
    last = {row.agent_id: row for row in seen}
    assert {row.state.value for row in last.values()} == {"logged_out"} and len(last) == 3
