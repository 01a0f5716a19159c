"""Owns the telephone world: what becomes of each dialled number, drawn from a scenario and a seed.

Pure: the same seed, number and attempt give the same fate whatever was asked before. Knows nothing of sockets,
of virtual time or of who dials.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Protocol

from dialerd.simulation.scenario import Outcome, Scenario

ANSWERED = frozenset({Outcome.PERSON, Outcome.MACHINE})

# Q.850 cause and SIP code as chan_pjsip reports them for each refusal (hangup_sip2cause in chan_pjsip.c).
CAUSES: dict[Outcome, tuple[int, int]] = {
    Outcome.PERSON: (16, 0),
    Outcome.MACHINE: (16, 0),
    Outcome.BUSY: (17, 486),
    Outcome.NO_ANSWER: (19, 480),
    Outcome.CONGESTION: (34, 503),
    Outcome.INVALID: (1, 404),
    Outcome.REJECTED: (21, 603),
    Outcome.FAILED: (58, 488),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFate:
    """What will happen to one attempt. Seconds of `…_after_s` count from dialling; None: never.

    Of the later fields only those hold that the dialer's own acts allow: `amd_…` when AMD is run, `patience_s`
    while nobody speaks, `talk_s` with an agent, `listens_s` and `opts_out` during the abandon message, `greeting_s` and
    `beeps` while it is waited for to leave something on a machine.
    """

    outcome: Outcome
    ring_after_s: float | None = None
    answer_after_s: float | None = None
    refused_after_s: float | None = None  # the network ends the call; None with no answer: rings for ever
    hangup_cause: int = 16
    sip_cause: int = 0
    amd_status: str = ""
    amd_cause: str = ""
    amd_delay_s: float = 0.0
    patience_s: float = 3600.0  # from the answer; for a machine until it hangs up
    talk_s: float = 0.0
    customer_ends: bool = True
    listens_s: float = 3600.0
    opts_out: bool = False
    greeting_s: float = 0.0  # from the answer until a machine's greeting and beep are over
    beeps: bool = False

    @property
    def is_person(self) -> bool:
        """True when a person picks up."""
        return self.outcome is Outcome.PERSON


class FateSource(Protocol):
    """Whatever decides calls: World, or a test's script."""

    def fate(self, number: str, attempt_number: int, at_s: float = 0.0) -> CallFate:
        """What becomes of the attempt."""
        ...


class World:
    """A scenario with a seed."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        """Given a scenario and a seed, be that one world for ever."""
        self.scenario = scenario
        self.seed = seed

    def fate(self, number: str, attempt_number: int, at_s: float = 0.0) -> CallFate:
        """Given a number, the how-manieth attempt to it (from 1) and seconds since the start, return its fate."""
        rng = random.Random(f"{self.seed}/{number}/{attempt_number}")
        outcome = self._outcome(number, at_s, rng)
        if outcome is Outcome.PERSON:
            return self._person(rng)
        if outcome is Outcome.MACHINE:
            return self._machine(rng)
        cause, sip = CAUSES[outcome]
        network = self.scenario.network
        if outcome is Outcome.NO_ANSWER:
            rings = network.post_dial_delay.draw(rng)
            gives_up = rng.random() < network.gives_up_share
            refused = rings + network.gives_up_after.draw(rng) if gives_up else None
            return CallFate(
                outcome=outcome, ring_after_s=rings, refused_after_s=refused, hangup_cause=cause, sip_cause=sip
            )
        return CallFate(
            outcome=outcome, refused_after_s=network.refusal_delay.draw(rng), hangup_cause=cause, sip_cause=sip
        )

    def _outcome(self, number: str, at_s: float, rng: random.Random) -> Outcome:
        fixed = self.scenario.numbers.get(number)
        if fixed is not None:
            return fixed
        shares = self.scenario.outcomes
        # A dead number is dead on every attempt.
        if random.Random(f"{self.seed}/{number}").random() < shares.invalid:
            return Outcome.INVALID
        alive = 1 - shares.invalid or 1.0
        person = min(alive, shares.person * self._person_factor(at_s))
        # What persons gain, the others lose in proportion (and the other way round).
        others_before = alive - shares.person
        scale = (alive - person) / others_before if others_before > 0 else 0.0
        draw = rng.random() * alive
        if draw < person:
            return Outcome.PERSON
        draw -= person
        for outcome in (Outcome.MACHINE, Outcome.BUSY, Outcome.CONGESTION, Outcome.REJECTED, Outcome.FAILED):
            share = getattr(shares, outcome.value) * scale
            if draw < share:
                return outcome
            draw -= share
        return Outcome.NO_ANSWER

    def _person_factor(self, at_s: float) -> float:
        factor = 1.0
        for shift in sorted(self.scenario.shifts, key=lambda s: s.after_s):
            if shift.after_s <= at_s:
                factor = shift.person_factor
        return factor

    def _person(self, rng: random.Random) -> CallFate:
        people, detection = self.scenario.people, self.scenario.detection
        rings = self.scenario.network.post_dial_delay.draw(rng)
        answers = rings + people.ring.draw(rng)
        status, cause, delay = self._amd(detection.person_human, detection.person_machine, rng)
        return CallFate(
            outcome=Outcome.PERSON,
            ring_after_s=rings,
            answer_after_s=answers,
            amd_status=status,
            amd_cause=cause,
            amd_delay_s=delay,
            patience_s=people.patience.draw(rng),
            talk_s=people.talk.draw(rng),
            customer_ends=rng.random() < people.ends_call_share,
            listens_s=people.listens.draw(rng),
            opts_out=rng.random() < people.opt_out_share,
        )

    def _machine(self, rng: random.Random) -> CallFate:
        machines, detection = self.scenario.machines, self.scenario.detection
        rings = self.scenario.network.post_dial_delay.draw(rng)
        answers = rings + machines.ring.draw(rng)
        status, cause, delay = self._amd(detection.machine_human, detection.machine_machine, rng)
        records = machines.records.draw(rng)
        return CallFate(
            outcome=Outcome.MACHINE,
            ring_after_s=rings,
            answer_after_s=answers,
            amd_status=status,
            amd_cause=cause,
            amd_delay_s=delay,
            patience_s=records,
            talk_s=min(6.0, records),  # the agent hears a greeting and ends the call
            customer_ends=False,
            listens_s=records,
            greeting_s=machines.greeting.draw(rng),
            beeps=rng.random() < machines.beep_share,
        )

    def _amd(self, human: float, machine: float, rng: random.Random) -> tuple[str, str, float]:
        """AMDSTATUS, AMDCAUSE (as app_amd.c writes them) and how long the decision takes."""
        detection = self.scenario.detection
        draw = rng.random()
        if draw < human:
            return "HUMAN", "HUMAN-800-800", detection.human_delay.draw(rng)
        if draw < human + machine:
            cause = rng.choice(("MAXWORDS-4-3", "LONGGREETING-1520-1500", "INITIALSILENCE-2500-2500"))
            return "MACHINE", cause, detection.machine_delay.draw(rng)
        return "NOTSURE", "TOOLONG-5000", detection.not_sure_delay.draw(rng)
