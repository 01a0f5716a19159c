"""Owns what passes between a world and a law: the view, the observations, the law's two methods. Knows neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Kind = Literal["human", "machine", "busy", "no_answer"]
UNLIMITED = 1_000_000_000


@dataclass(slots=True, eq=False)
class Dialled:
    """A call that is neither answered nor ended as far as the dialer knows."""

    at: float
    segment: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Lead:
    """What is known of a lead before it is called."""

    segment: int
    attempt: int


@dataclass(slots=True)
class View:
    """What a dialer can know at this moment. The world reuses one object: a law reads it and keeps nothing of it."""

    now: float = 0.0
    staffed: int = 0  # logged in, not paused, not about to leave
    idle: int = 0  # ready now
    talking: list[float] = field(default_factory=list)  # start times of the talks of agents who stay
    wrapping: list[float] = field(default_factory=list)  # start times of the wrap-ups of agents who stay
    leaving: int = 0  # agents still busy who will leave afterwards (not in the lists above)
    ringing: list[Dialled] = field(default_factory=list)  # oldest first; with AMD also those whose verdict is not out
    waiting: list[float] = field(default_factory=list)  # answer times of callers with no agent yet
    connected: int = 0  # calls with an agent
    lines_free: int = UNLIMITED  # by trunk and lines limit
    rate_free: int = UNLIMITED  # by calls per second
    upcoming: Sequence[Lead] = ()  # the next leads in list order

    @property
    def under_way(self) -> int:
        """How many calls may still need an agent."""
        return len(self.ringing) + len(self.waiting)


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The fate of a call became known: a person at the answer (with AMD at the verdict), a machine at the verdict."""

    at: float
    dialled_at: float
    kind: Kind
    ring_s: float
    segment: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Connected:
    """A caller got an agent."""

    at: float
    waited_s: float


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A caller waited in vain."""

    at: float
    waited_s: float


@dataclass(frozen=True, slots=True)
class TalkEnded:
    """A talk is over; a machine that AMD took for a person is reported so by the agent."""

    at: float
    talk_s: float
    person: bool = True


@dataclass(frozen=True, slots=True)
class WrapEnded:
    """An agent is done with a call."""

    at: float
    wrap_s: float


@dataclass(frozen=True, slots=True)
class Staffing:
    """The number of staffed agents changed."""

    at: float
    staffed: int


Observation = CallEnded | Connected | Abandoned | TalkEnded | WrapEnded | Staffing


class Law(Protocol):
    """A pacing law. It may also have `choose(view, calls) -> Sequence[int]`: the places, among `view.upcoming`,
    of the leads to be called."""

    def decide(self, view: View) -> int:
        """Return how many calls to place now; the world clips it to lines and rate."""
        ...

    def observe(self, what: Observation) -> None:
        """Learn what happened, in the order of time."""
        ...
