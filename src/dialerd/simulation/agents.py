"""Owns how simulated agents behave: phone, previews, wrap-up, disposition, breaks. Pure; knows no shell."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from dialerd.simulation.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterCall:
    """What an agent does once a call is over: after `wrap_up_s` seconds disposes of it with `code`.

    An empty `code`: never disposes, the campaign's wrap-up time runs out. `callback_after_s` is set for callbacks.
    """

    wrap_up_s: float
    code: str
    callback_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """Seconds of ringing until the agent picks up; None: never. `busy`: refused at once (SIP 486)."""

    answer_after_s: float | None = None
    busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AtPreview:
    """After `look_s` seconds accepts the lead, or skips it; None: says nothing."""

    look_s: float | None
    skips: bool = False


@dataclass(frozen=True, slots=True)
class Stint:
    """Works for `works_s` seconds, then rests for `rests_s`."""

    works_s: float
    rests_s: float


class AgentModel:
    """All agents of one scenario and seed; each answer depends on its arguments only, not on the order of questions."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        """Given a scenario and a seed, be those agents."""
        self._agents = scenario.agents
        self._seed = seed

    def phone(self, agent_id: int, ring_number: int) -> Phone:
        """What the agent's phone does when it is rung for the `ring_number`-th time."""
        rng = self._rng("phone", agent_id, ring_number)
        draw = rng.random()
        if draw < self._agents.phone_busy_share:
            return Phone(busy=True)
        if draw < self._agents.phone_busy_share + self._agents.phone_not_answered_share:
            return Phone()
        return Phone(answer_after_s=self._agents.phone_answer.draw(rng))

    def after_call(self, agent_id: int, call_number: int) -> AfterCall:
        """What the agent does after the `call_number`-th call."""
        rng = self._rng("after", agent_id, call_number)
        wrap_up = self._agents.wrap_up.draw(rng)
        if rng.random() < self._agents.no_disposition_share:
            return AfterCall(wrap_up_s=wrap_up, code="")
        draw = rng.random()
        for code in ("sale", "callback", "dnc"):
            share = getattr(self._agents, code)
            if draw < share:
                later = self._agents.callback_after.draw(rng) if code == "callback" else None
                return AfterCall(wrap_up_s=wrap_up, code=code, callback_after_s=later)
            draw -= share
        return AfterCall(wrap_up_s=wrap_up, code="not_interested")

    def at_preview(self, agent_id: int, preview_number: int) -> AtPreview:
        """What the agent says to the `preview_number`-th lead that is shown."""
        rng = self._rng("preview", agent_id, preview_number)
        look, draw = self._agents.preview_look.draw(rng), rng.random()
        if draw < self._agents.preview_ignored_share:
            return AtPreview(look_s=None)
        return AtPreview(look_s=look, skips=draw < self._agents.preview_ignored_share + self._agents.preview_skip_share)

    def stints(self, agent_id: int) -> Iterator[Stint]:
        """The agent's endless day: work, rest, work …"""
        rng = self._rng("stint", agent_id, 0)
        while True:
            yield Stint(self._agents.works.draw(rng), self._agents.rests.draw(rng))

    def _rng(self, what: str, agent_id: int, number: int) -> random.Random:
        return random.Random(f"{self._seed}/{what}/{agent_id}/{number}")
