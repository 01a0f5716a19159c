"""Owns the virtual agents: they log in, look at leads, wrap up, dispose of calls, take breaks, as agents.py decides.

They see what an agent's screen shows (their own state log) and answer with orders; they know nothing of calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from dialerd.core.agent import AgentProfile, AgentState
from dialerd.core.messages import (
    AgentAccept,
    AgentDispose,
    AgentLogin,
    AgentPause,
    AgentSaved,
    AgentSkip,
    AgentUnpause,
    Order,
    SaveAgentState,
)
from dialerd.core.preview_flow import MISSED, REASON
from dialerd.simulation.agenda import Agenda, Appointment
from dialerd.simulation.agents import AgentModel

BACK_AFTER_S = 30.0  # an agent whose leg was lost logs in again, one who was paused for missing previews unpauses


class VirtualStaff:
    """Every agent of a run."""

    def __init__(
        self,
        profiles: Iterable[AgentProfile],
        model: AgentModel,
        agenda: Agenda,
        post: Callable[[Order], None],
        *,
        login_every_s: float = 1.0,
        breaks: bool = False,
    ) -> None:
        """One agent after another logs in, `login_every_s` apart; with `breaks` they also rest now and then."""
        self._profiles = list(profiles)
        self._model, self._agenda, self._post = model, agenda, post
        self._login_every_s, self._breaks = login_every_s, breaks
        self._calls: dict[int, int] = {}
        self._previews: dict[int, int] = {}
        self._intentions: dict[int, Appointment] = {}  # what each agent is about to say
        self._resting: set[int] = set()

    def begin(self) -> None:
        """Make the agents known and let them come."""
        for number, profile in enumerate(self._profiles):
            self._post(AgentSaved(profile=profile))
            self._agenda.after(number * self._login_every_s, self._order(AgentLogin(agent_id=profile.id)))
            if self._breaks:
                self._plan_breaks(profile.id)

    def see(self, shown: SaveAgentState) -> None:
        """An agent's state has changed: act on it."""
        agent_id = shown.agent_id
        pending = self._intentions.pop(agent_id, None)
        if pending is not None:
            pending.cancel()
        if shown.state is AgentState.WRAP_UP:
            self._wrap_up(agent_id)
        elif shown.state is AgentState.RESERVED and shown.reason == REASON and shown.attempt_id is None:
            self._look(agent_id)
        elif shown.state is AgentState.PAUSED and shown.reason == MISSED:
            self._agenda.after(BACK_AFTER_S, self._order(AgentUnpause(agent_id=agent_id)))
        elif shown.state is AgentState.LOGGED_OUT:
            self._agenda.after(BACK_AFTER_S, self._order(AgentLogin(agent_id=agent_id)))

    def _look(self, agent_id: int) -> None:
        number = self._previews[agent_id] = self._previews.get(agent_id, 0) + 1
        says = self._model.at_preview(agent_id, number)
        if says.look_s is not None:
            order = AgentSkip(agent_id=agent_id) if says.skips else AgentAccept(agent_id=agent_id)
            self._intentions[agent_id] = self._agenda.after(says.look_s, self._order(order))

    def _wrap_up(self, agent_id: int) -> None:
        number = self._calls[agent_id] = self._calls.get(agent_id, 0) + 1
        decided = self._model.after_call(agent_id, number)
        if not decided.code:
            return

        def dispose() -> None:
            later = decided.callback_after_s
            at = self._agenda.now.wall + timedelta(seconds=later) if later is not None else None
            self._post(AgentDispose(agent_id=agent_id, code=decided.code, callback_at=at))

        self._intentions[agent_id] = self._agenda.after(decided.wrap_up_s, dispose)

    def _plan_breaks(self, agent_id: int) -> None:
        stints = self._model.stints(agent_id)

        def work() -> None:
            stint = next(stints)

            def rest() -> None:
                self._post(AgentPause(agent_id=agent_id, reason="break"))
                self._agenda.after(stint.rests_s, back)

            def back() -> None:
                self._post(AgentUnpause(agent_id=agent_id))
                work()

            self._agenda.after(stint.works_s, rest)

        work()

    def _order(self, order: Order) -> Callable[[], None]:
        return lambda: self._post(order)
