"""A day that was, replayed: its facts are read strictly, drawn by the hour, and show what the day itself showed."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.store.world import World as StoreWorld

from dialerd.core.campaign import Campaign, DialMode
from dialerd.core.errors import Invalid
from dialerd.simulation.durations import lognormal
from dialerd.simulation.measures import Measures, measured
from dialerd.simulation.replay_facts import ReplayFacts, replay_facts
from dialerd.simulation.replay_world import ReplayAgents, ReplayWorld
from dialerd.simulation.results import RunResult
from dialerd.simulation.scenario import Agents, Outcome, People, Scenario, Shift
from dialerd.simulation.team import Team
from dialerd.simulation.what_if import START, Case, run_case, run_day
from dialerd.simulation.what_if_table import with_person_share
from dialerd.store.attempt_rows import INTENT_COLUMNS, PROGRESS_COLUMNS, intent_values, progress_values
from dialerd.store.session import Session, marks

HOUR: dict[str, Any] = {
    "outcomes": {"person": 60, "no_answer": 40}, "answer_s": [5.0] * 20, "unanswered_s": [30.0] * 20,
    "talk_s": [40.0] * 20, "wrap_up_s": [8.0] * 20,
}  # fmt: skip
OTHER: dict[str, Any] = {**HOUR, "outcomes": {"machine": 50, "busy": 50}, "machine_s": [11.0] * 20,
                         "refused_s": [1.5] * 20, "answer_s": []}  # fmt: skip
ANSWER: dict[str, Any] = {"since": "2026-03-02T00:00:00+00:00", "hours": [{"outcomes": {}}] * 8 + [HOUR, OTHER],
                          "staffed": [0] * 33 + [2.4, 3, 3, 5, 0]}  # fmt: skip


def facts(**changed: Any) -> ReplayFacts:
    return replay_facts({**ANSWER, **changed})


def test_the_day_begins_when_somebody_was_at_work_and_the_team_is_that_days() -> None:
    day = facts()
    assert (day.calls, day.answer_rate) == (200, 0.3)
    assert day.working_span() == (33 * 900.0, 37 * 900.0)
    later = day.from_second(33 * 900.0)
    assert later.since == datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
    assert later.team() == Team(((0.0, 2), (900.0, 3), (2700.0, 5), (3600.0, 0)))
    assert [hour.calls for hour in later.hours] == [100, 100]
    unknown = facts(staffed=[0.0] * 96)
    assert unknown.team() is None and unknown.working_span() == (8 * 3600.0, 10 * 3600.0)


def test_a_call_is_drawn_from_its_own_hour() -> None:
    world = ReplayWorld(facts(), seed=1, ring_timeout_s=30.0)
    eight = [world.fate(f"1{n:03}", 1, 8.5 * 3600) for n in range(500)]
    nine = [world.fate(f"1{n:03}", 1, 9.5 * 3600) for n in range(500)]
    assert {fate.outcome for fate in eight} == {Outcome.PERSON, Outcome.NO_ANSWER}
    assert sum(fate.is_person for fate in eight) == pytest.approx(300, abs=40)
    assert {fate.outcome for fate in nine} == {Outcome.MACHINE, Outcome.BUSY}
    person = next(fate for fate in eight if fate.is_person)
    assert (person.answer_after_s, person.talk_s) == (5.0, 40.0)
    rings = next(fate for fate in eight if not fate.is_person)
    assert rings.refused_after_s is None, "rang until the campaign gave up: rings for ever"
    assert {fate.refused_after_s for fate in nine if fate.outcome is Outcome.BUSY} == {1.5}
    later = ReplayWorld(facts().from_second(33 * 900.0), seed=1, ring_timeout_s=30.0)  # from 8:15
    assert {later.fate(f"3{n:03}", 1, 44 * 60.0).outcome for n in range(200)} == {Outcome.PERSON, Outcome.NO_ANSWER}
    after = [later.fate(f"3{n:03}", 1, 46 * 60.0) for n in range(200)]
    assert {fate.outcome for fate in after} == {Outcome.MACHINE, Outcome.BUSY}, (
        "9:01 is drawn from nine o'clock's calls"
    )
    assert world.fate("1001", 1, 100.0) == ReplayWorld(facts(), 1, 30.0).fate("1001", 1, 100.0)
    assert {world.fate(f"2{n}", 1, 0.0).outcome for n in range(200)} >= {Outcome.PERSON, Outcome.BUSY}, "from the day"


def test_wrap_ups_are_the_days() -> None:
    assert ReplayAgents(facts(), Scenario(), 1).after_call(1, 1).wrap_up_s == 8.0
    with pytest.raises(ValueError, match="no calls"):
        ReplayWorld(facts(hours=[{"outcomes": {}}]), 1, 30.0)


@pytest.mark.parametrize(
    "changed",
    [
        {"hours": []},
        {"hours": 5},
        {"hours": [{}]},
        {"hours": [{"outcomes": {"person": -1}}]},
        {"hours": [{**HOUR, "talk_s": [float("nan")]}]},
        {"hours": [{**HOUR, "talk_s": ["long"]}]},
        {"staffed": None},
        {"since": "2026-03-02T00:00:00"},
        {"since": None},
    ],
)
def test_what_is_not_understood_is_one_sentence(changed: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="facts of that day are not understood"):
        facts(**changed)


# -- there and back: a day is simulated, stored as a real one is, asked from the store, and replayed

CAMPAIGN = Campaign(
    id=1, name="spring", max_lines=500, calls_per_second=50.0, max_dial_ratio=8.0, wrapup_time_s=300.0,
    ring_timeout_s=25.0, amd_enabled=True, dial_mode=DialMode.PREDICTIVE,
)  # fmt: skip
WORLD = dataclasses.replace(
    with_person_share(Scenario(), 0.18),
    shifts=(Shift(after_s=3600.0, person_factor=0.5),),
    people=People(talk=lognormal(70.0, 0.9, 3.0, 1200.0), ring=lognormal(9.0, 0.5, 2.0, 24.0)),
    agents=Agents(wrap_up=lognormal(25.0, 0.6, 2.0, 200.0)),
)
TEAM = Team(((0.0, 8), (3600.0, 12)))
FOR_S = 2 * 3600.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StoreWorld]:
    made = StoreWorld(f"sqlite:///{tmp_path}/store.sqlite3")
    made.open()
    try:
        yield made
    finally:
        made.close()


def keep(store: StoreWorld, day: RunResult) -> None:
    """Write a simulated day into the store: calls by the store's own columns, states by its own command."""
    campaign = store.campaign("spring")
    list_id = store.lead_list(campaign)
    (lead,) = store.leads(campaign, list_id, 1)
    for n in range(1, TEAM.most + 1):
        store.add("agent", name=str(n), endpoint=f"PJSIP/{n}", created_at=0)
    columns = (*INTENT_COLUMNS, *PROGRESS_COLUMNS)
    rows = []
    for attempt in day.attempts:
        copy = dataclasses.replace(attempt, campaign_id=campaign, list_id=list_id, lead_id=lead)
        rows.append((*intent_values(copy), *progress_values(copy)))

    def insert(session: Session) -> None:
        session.many(f"INSERT INTO call_log ({', '.join(columns)}) VALUES ({marks(len(columns))})", rows)

    store.work(insert)
    store.submit(*day.agent_log)
    store.now = day.ended.wall


def replayed(store: StoreWorld, **changed: Any) -> tuple[ReplayFacts, Measures]:
    since, until = START - timedelta(hours=1), START + timedelta(hours=12)
    answer = asyncio.run(store.store.records.replay_day("spring", since.isoformat(), until.isoformat()))
    sent = json.dumps(answer, default=str)
    assert len(sent) < 200_000
    known = replay_facts(json.loads(sent))
    begin, end = known.working_span()
    day = known.from_second(begin)
    team = day.team()
    assert team is not None
    values: dict[str, Any] = {"campaign": CAMPAIGN, "team": team, "world": day, "for_s": end - begin, "seed": 7,
                              "ring_timeout_s": CAMPAIGN.ring_timeout_s, **changed}  # fmt: skip
    return day, run_case(Case(**values))


def test_a_replayed_day_shows_what_the_day_showed(store: StoreWorld) -> None:
    day = run_day(Case(campaign=CAMPAIGN, team=TEAM, world=WORLD, for_s=FOR_S, seed=4))
    real = measured(day, CAMPAIGN)
    keep(store, day)
    known, again = replayed(store)
    assert known.calls == pytest.approx(real.dials, rel=0.01)
    assert known.answer_rate == pytest.approx(real.answers / real.dials, abs=0.01)
    assert again.staffed_hours == pytest.approx(real.staffed_hours, rel=0.05)
    assert again.answers / again.dials == pytest.approx(real.answers / real.dials, rel=0.15)
    assert again.occupancy == pytest.approx(real.occupancy, abs=0.05)
    assert again.talk_s / again.contacts == pytest.approx(real.talk_s / real.contacts, rel=0.1)
    assert again.wrap_up_s / again.contacts == pytest.approx(real.wrap_up_s / real.contacts, rel=0.1)
    progressive = dataclasses.replace(CAMPAIGN, dial_mode=DialMode.PROGRESSIVE)
    _, other = replayed(store, campaign=progressive)
    assert other.occupancy < again.occupancy - 0.05, "another mode shows something else"
