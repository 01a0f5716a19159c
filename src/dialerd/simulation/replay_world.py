"""Owns the world of a day that was: each call's fate is drawn from the real calls of its hour (bootstrap).

What the store cannot know (what AMD got wrong, how patient a person was) is the ordinary scenario's. Pure: the same
facts, seed, number and attempt give the same fate. Knows no store.
"""

from __future__ import annotations

import dataclasses
import random
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from dialerd.simulation.agents import AfterCall, AgentModel
from dialerd.simulation.replay_facts import HourFacts, ReplayFacts
from dialerd.simulation.scenario import Outcome, Scenario
from dialerd.simulation.world import ANSWERED, CAUSES, CallFate

ENOUGH_CALLS = 30  # an hour with fewer is drawn from the whole day
ENOUGH_VALUES = 10
NEARLY_S = 0.5  # a call that nobody answered for so long as the dialer lets it ring had no end of its own


class _Pool:
    """One hour, ready to be drawn from; what it has too little of comes from the whole day."""

    def __init__(self, hour: HourFacts, day: HourFacts) -> None:
        source = hour if hour.calls >= ENOUGH_CALLS else day
        self._kinds = [kind for kind, count in source.outcomes.items() if count]
        self._sums = list(accumulate(source.outcomes[kind] for kind in self._kinds))
        self._samples = {
            name: found if len(found := hour.samples.get(name, ())) >= ENOUGH_VALUES else values
            for name, values in day.samples.items()
        }

    def outcome(self, rng: random.Random) -> Outcome:
        return self._kinds[bisect_right(self._sums, rng.random() * self._sums[-1])]

    def draw(self, name: str, rng: random.Random) -> float | None:
        values: Sequence[float] = self._samples.get(name, ())
        return values[int(rng.random() * len(values))] if values else None


class ReplayWorld:
    """A day with a seed."""

    def __init__(self, facts: ReplayFacts, seed: int, ring_timeout_s: float) -> None:
        """`ring_timeout_s`: how long the campaign let calls ring that day. ValueError without any call."""
        if not facts.calls:
            raise ValueError("there are no calls to replay")
        self.seed = seed
        self._facts = facts
        self._ordinary = Scenario()
        self._rings_for_ever_s = ring_timeout_s - NEARLY_S
        day = facts.together
        self._pools = [_Pool(hour, day) for hour in facts.hours]

    def pool(self, at_s: float) -> _Pool:
        """What the calls of this second of the run are drawn from."""
        return self._pools[self._facts.hour_at(at_s)]

    def fate(self, number: str, attempt_number: int, at_s: float = 0.0) -> CallFate:
        """Given a number, the how-manieth attempt to it and seconds since the start, return its fate."""
        rng = random.Random(f"{self.seed}/{number}/{attempt_number}")
        pool = self.pool(at_s)
        outcome = pool.outcome(rng)
        if outcome in ANSWERED:
            return self._answered(pool, outcome, rng)
        cause, sip = CAUSES[outcome]
        rings: float | None = None
        if outcome is Outcome.NO_ANSWER:
            rings = self._ordinary.network.post_dial_delay.draw(rng)
            after = pool.draw("unanswered_s", rng)
            refused = None if after is None or after >= self._rings_for_ever_s else after
        else:
            after = pool.draw("refused_s", rng)
            refused = self._ordinary.network.refusal_delay.draw(rng) if after is None else after
        return CallFate(outcome=outcome, ring_after_s=rings, refused_after_s=refused, hangup_cause=cause, sip_cause=sip)

    def _answered(self, pool: _Pool, outcome: Outcome, rng: random.Random) -> CallFate:
        is_person = outcome is Outcome.PERSON
        people, machines = self._ordinary.people, self._ordinary.machines
        answer = pool.draw("answer_s" if is_person else "machine_s", rng)
        if answer is None:
            answer = (people if is_person else machines).ring.draw(rng)
        delay = pool.draw("amd_s", rng)
        if delay is None:
            detection = self._ordinary.detection
            delay = (detection.human_delay if is_person else detection.machine_delay).draw(rng)
        talk = pool.draw("talk_s", rng)
        records = machines.records.draw(rng)
        return CallFate(
            outcome=outcome,
            ring_after_s=min(answer, self._ordinary.network.post_dial_delay.draw(rng)),
            answer_after_s=answer,
            amd_status="HUMAN" if is_person else "MACHINE",
            amd_cause="HUMAN-800-800" if is_person else "MAXWORDS-4-3",
            amd_delay_s=delay,
            patience_s=people.patience.draw(rng) if is_person else records,
            talk_s=(people.talk.draw(rng) if talk is None else talk) if is_person else min(6.0, records),
            customer_ends=is_person and rng.random() < people.ends_call_share,
            listens_s=people.listens.draw(rng) if is_person else records,
            greeting_s=0.0 if is_person else machines.greeting.draw(rng),
            beeps=not is_person and rng.random() < machines.beep_share,
        )


class ReplayAgents(AgentModel):
    """The ordinary agents, but their wrap-ups are those of the day."""

    def __init__(self, facts: ReplayFacts, scenario: Scenario, seed: int) -> None:
        """Given the facts, the scenario for everything else, and a seed."""
        super().__init__(scenario, seed)
        self._wrap_ups = facts.together.samples.get("wrap_up_s", ())

    def after_call(self, agent_id: int, call_number: int) -> AfterCall:
        """As the ordinary agent, after a wrap-up drawn from the day's."""
        decided = super().after_call(agent_id, call_number)
        if not self._wrap_ups:
            return decided
        drawn = self._rng("replayed", agent_id, call_number).choice(self._wrap_ups)
        return dataclasses.replace(decided, wrap_up_s=drawn)
