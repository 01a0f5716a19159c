"""Owns how many agents work when, in a virtual day: they come and go by a plan. Knows nothing of calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dialerd.core.agent import AgentProfile, AgentState
from dialerd.core.messages import AgentLogin, AgentLogout, AgentSaved, Order, SaveAgentState
from dialerd.simulation.agenda import Agenda
from dialerd.simulation.agents import AgentModel
from dialerd.simulation.virtual_staff import VirtualStaff

LOGIN_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Team:
    """`steps`: (seconds since the start, agents at work from then on), in order of time."""

    steps: tuple[tuple[float, int], ...]

    @classmethod
    def of(cls, agents: int) -> Team:
        """The same number all day."""
        return cls(((0.0, agents),))

    @property
    def most(self) -> int:
        """The largest number at work at once."""
        return max((count for _, count in self.steps), default=0)

    def mean(self, for_s: float) -> float:
        """Agents at work on average over the first `for_s` seconds."""
        ends = [at for at, _ in self.steps[1:]] + [for_s]
        seconds = sum(count * max(0.0, min(end, for_s) - at) for (at, count), end in zip(self.steps, ends, strict=True))
        return seconds / for_s if for_s > 0 else 0.0


class PlannedStaff(VirtualStaff):
    """Virtual agents who log in and out as a Team says; who leaves during a call leaves after it."""

    def __init__(
        self,
        team: Team,
        profiles: Iterable[AgentProfile],
        model: AgentModel,
        agenda: Agenda,
        post: Callable[[Order], None],
    ) -> None:
        """`profiles` must be as many as the team's largest number."""
        super().__init__(profiles, model, agenda, post)
        self._team = team
        self._on_duty: set[int] = set()

    def begin(self) -> None:
        """Make the agents known and let them come and go."""
        for profile in self._profiles:
            self._post(AgentSaved(profile=profile))
        for at_s, count in self._team.steps:
            self._agenda.after(at_s, lambda count=count: self._become(count))  # type: ignore[misc]

    def see(self, shown: SaveAgentState) -> None:
        """As any virtual agent, but who is off duty stays away."""
        if shown.state is AgentState.LOGGED_OUT and shown.agent_id not in self._on_duty:
            return
        super().see(shown)

    def _become(self, count: int) -> None:
        wanted = {profile.id for profile in self._profiles[:count]}
        for agent_id in sorted(self._on_duty - wanted):
            self._post(AgentLogout(agent_id=agent_id))
        for place, agent_id in enumerate(sorted(wanted - self._on_duty)):
            self._agenda.after(place * LOGIN_EVERY_S, self._order(AgentLogin(agent_id=agent_id)))
        self._on_duty = wanted
