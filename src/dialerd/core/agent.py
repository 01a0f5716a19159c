"""Owns the agent's states and their one transition table. Knows nothing of phones' channels or commands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dialerd.core.errors import Conflict


class AgentState(Enum):
    """The six states of the state log (DESIGN.md 3)."""

    __hash__ = object.__hash__  # as call.AttemptState

    LOGGED_OUT = "logged_out"
    READY = "ready"
    RESERVED = "reserved"
    ON_CALL = "on_call"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


class AgentMove(Enum):
    """What can happen to an agent."""

    __hash__ = object.__hash__

    LOGIN = "login"
    LOGOUT = "logout"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    RESERVE = "reserve"
    RELEASE = "release"
    CONNECT = "connect"
    CALL_ENDED = "call_ended"
    WRAP_UP_DONE = "wrap_up_done"
    LEG_LOST = "leg_lost"


S, M = AgentState, AgentMove
AGENT_TRANSITIONS: dict[tuple[AgentState, AgentMove], AgentState] = {
    (S.LOGGED_OUT, M.LOGIN): S.READY,
    (S.READY, M.PAUSE): S.PAUSED,
    (S.READY, M.RESERVE): S.RESERVED,
    (S.READY, M.LOGOUT): S.LOGGED_OUT,
    (S.READY, M.LEG_LOST): S.LOGGED_OUT,
    (S.RESERVED, M.RELEASE): S.READY,
    (S.RESERVED, M.CONNECT): S.ON_CALL,
    (S.RESERVED, M.LEG_LOST): S.LOGGED_OUT,
    (S.ON_CALL, M.CALL_ENDED): S.WRAP_UP,
    (S.ON_CALL, M.LEG_LOST): S.LOGGED_OUT,
    (S.WRAP_UP, M.WRAP_UP_DONE): S.READY,
    (S.WRAP_UP, M.LOGOUT): S.LOGGED_OUT,
    (S.WRAP_UP, M.LEG_LOST): S.LOGGED_OUT,
    (S.PAUSED, M.UNPAUSE): S.READY,
    (S.PAUSED, M.PAUSE): S.PAUSED,
    (S.PAUSED, M.LOGOUT): S.LOGGED_OUT,
    (S.PAUSED, M.LEG_LOST): S.LOGGED_OUT,
}

STAFFED_STATES = frozenset({S.READY, S.RESERVED, S.ON_CALL, S.WRAP_UP})
"""Logged in and not paused: the states that allow a campaign to place calls."""
BUSY_STATES = STAFFED_STATES - {S.READY}
"""Taken by a call: one that is coming, one that goes on, or the work after it."""
OCCUPIED_STATES = BUSY_STATES - {S.RESERVED}
"""What counts as occupancy: talk and wrap-up."""


def next_agent_state(name: str, state: AgentState, move: AgentMove) -> AgentState:
    """The state after `move`; raise Conflict with a sentence when the table does not allow it."""
    try:
        return AGENT_TRANSITIONS[state, move]
    except KeyError:
        raise Conflict(f"agent {name} is {state.value}: {move.value} is not possible now") from None


class LegMode(Enum):
    """`nailed_up`: one long call kept in a holding bridge. `on_hook`: the phone is rung for each call."""

    NAILED_UP = "nailed_up"
    ON_HOOK = "on_hook"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentProfile:
    """An agent as configured. `name` is the short name operators type (`1001`); `endpoint` a dial string."""

    id: int
    name: str
    full_name: str = ""
    endpoint: str = ""
    leg_mode: LegMode = LegMode.NAILED_UP
    campaign_ids: frozenset[int] = frozenset()
    node: str = ""
