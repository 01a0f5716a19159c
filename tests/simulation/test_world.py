"""The telephone world: the same seed gives the same world, whatever the order; shares and times are as described."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from dataclasses import replace

import pytest

from dialerd.core.call import Status
from dialerd.core.causes import unanswered_status
from dialerd.simulation.agents import AgentModel
from dialerd.simulation.durations import Duration, Shape, lognormal
from dialerd.simulation.scenario import Agents, Outcome, Outcomes, Scenario, Shift
from dialerd.simulation.world import ANSWERED, CAUSES, World

NUMBERS = [f"39055{n:07d}" for n in range(4000)]


def test_same_seed_same_world_in_any_order() -> None:
    questions = [(number, attempt) for number in NUMBERS[:200] for attempt in (1, 2, 3)]
    forwards = {q: World(Scenario(), 7).fate(*q) for q in questions}
    world, shuffled = World(Scenario(), 7), list(questions)
    random.Random(1).shuffle(shuffled)
    assert {q: world.fate(*q) for q in shuffled} == forwards
    other = World(Scenario(), 8)
    assert sum(other.fate(*q) == forwards[q] for q in questions) < len(questions) / 10


def test_the_global_generator_is_left_alone() -> None:
    random.seed(3)
    before = random.getstate()
    World(Scenario(), 1).fate("39055", 1)
    AgentModel(Scenario(), 1).after_call(1, 1)
    assert random.getstate() == before


def test_shares_of_outcomes() -> None:
    counts = Counter(World(Scenario(), 3).fate(number, 1).outcome for number in NUMBERS)
    for outcome in Outcome:
        share = getattr(Outcomes(), outcome.value)
        assert abs(counts[outcome] / len(NUMBERS) - share) < 0.03, outcome


def test_a_dead_number_is_dead_every_time() -> None:
    world = World(Scenario(), 3)
    dead = [n for n in NUMBERS if world.fate(n, 1).outcome is Outcome.INVALID]
    assert dead and all(world.fate(n, 2).outcome is Outcome.INVALID for n in dead)


def test_single_numbers_can_be_fixed() -> None:
    world = World(Scenario(numbers={"39055": Outcome.BUSY}), 3)
    assert {world.fate("39055", n).outcome for n in range(1, 20)} == {Outcome.BUSY}


def test_shifts_change_who_answers() -> None:
    world = World(Scenario(shifts=(Shift(after_s=60, person_factor=2.0), Shift(after_s=120, person_factor=0))), 3)

    def persons(at_s: float) -> float:
        return sum(world.fate(n, 1, at_s).is_person for n in NUMBERS) / len(NUMBERS)

    assert abs(persons(0) - 0.25) < 0.03
    assert abs(persons(60) - 0.50) < 0.03
    assert persons(500) == 0


def test_every_fate_is_possible() -> None:
    world = World(Scenario(), 5)
    for number in NUMBERS:
        fate = world.fate(number, 1)
        if fate.outcome in ANSWERED:
            assert fate.ring_after_s is not None and fate.answer_after_s is not None
            assert fate.ring_after_s < fate.answer_after_s
            assert fate.amd_status in ("HUMAN", "MACHINE", "NOTSURE") and 0.5 < fate.amd_delay_s <= 5
            assert fate.patience_s > 0 and fate.talk_s > 0
        else:
            assert fate.answer_after_s is None
            assert fate.refused_after_s is not None or fate.outcome is Outcome.NO_ANSWER


def test_amd_confuses_people_as_often_as_described() -> None:
    world = World(Scenario(), 5)
    people = [f for f in (world.fate(n, 1) for n in NUMBERS) if f.is_person]
    human = sum(f.amd_status == "HUMAN" for f in people) / len(people)
    machine = sum(f.amd_status == "MACHINE" for f in people) / len(people)
    assert abs(human - 0.88) < 0.04 and abs(machine - 0.05) < 0.03


@pytest.mark.parametrize("outcome", [o for o in Outcome if o not in ANSWERED])
def test_causes_mean_what_they_should(outcome: Outcome) -> None:
    expected = {"invalid": Status.INVALID_NUMBER}.get(outcome.value) or Status(outcome.value)
    assert unanswered_status(*CAUSES[outcome]) is expected


@pytest.mark.parametrize(
    "duration",
    [
        Duration(mean_s=30),
        Duration(shape=Shape.EXPONENTIAL, mean_s=30),
        Duration(shape=Shape.GAMMA, mean_s=30, cv=0.6),
        lognormal(30, 0.6),
        Duration(shape=Shape.UNIFORM, min_s=20, max_s=40),
        Duration(shape=Shape.EXPONENTIAL, mean_s=20, long_share=0.25, long_mean_s=60),
    ],
)
def test_durations_have_their_mean(duration: Duration) -> None:
    rng = random.Random(1)
    draws = [duration.draw(rng) for _ in range(20_000)]
    assert statistics.fmean(draws) == pytest.approx(30, rel=0.05)
    assert min(draws) >= duration.min_s and max(draws) <= duration.max_s


def test_agents_dispose_as_described_and_repeatably() -> None:
    model = AgentModel(Scenario(), 2)
    done = [model.after_call(agent, call) for agent in range(1, 41) for call in range(1, 101)]
    codes = Counter(d.code for d in done)
    assert codes.keys() == {"sale", "callback", "dnc", "not_interested"}
    assert abs(codes["sale"] / len(done) - 0.12) < 0.02
    assert all((d.callback_after_s is not None) == (d.code == "callback") for d in done)
    assert done[0] == AgentModel(Scenario(), 2).after_call(1, 1)
    assert statistics.fmean(d.wrap_up_s for d in done) == pytest.approx(20, rel=0.1)


def test_agents_phones_and_breaks() -> None:
    agents = Agents(phone_busy_share=0.2, phone_not_answered_share=0.3)
    phones = [AgentModel(Scenario(agents=agents), 2).phone(agent, 1) for agent in range(2000)]
    assert abs(sum(p.busy for p in phones) / 2000 - 0.2) < 0.04
    assert abs(sum(not p.busy and p.answer_after_s is None for p in phones) / 2000 - 0.3) < 0.04
    careless = replace(Scenario(), agents=Agents(no_disposition_share=1.0))
    assert AgentModel(careless, 2).after_call(1, 1).code == ""
    stints = AgentModel(Scenario(), 2).stints(1)
    assert all(next(stints).works_s >= 600 for _ in range(10))
