"""Owns the agents at run time: one seat each, their moves through the state table, who gets the next call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from dialerd.core.agent import (
    BUSY_STATES,
    STAFFED_STATES,
    AgentMove,
    AgentProfile,
    AgentState,
    LegMode,
    next_agent_state,
)
from dialerd.core.errors import NotFound
from dialerd.core.lead import Lead
from dialerd.core.moment import Moment


@dataclass(slots=True, kw_only=True)
class Preview:
    """A claimed lead that is shown to one agent, until its call is opened. `lead.agent_id` is that agent's."""

    lead: Lead
    since: Moment
    until_mono: float
    accepted: Moment | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """What the agent must know of the last lead shown: why it was not called."""

    lead_id: int
    text: str


@dataclass(slots=True, kw_only=True)
class Seat:
    """An agent's live state. `leg_id` is set from the moment its phone is called; `leg_up` once it is answered."""

    profile: AgentProfile
    state: AgentState
    since: Moment
    reason: str = ""
    leg_id: str = ""
    leg_up: bool = False
    leg_channel: str = ""
    attempt_id: int | None = None  # reserved for, talking to, or still to be disposed of
    campaign_id: int = 0  # that of the latest call
    pause_wanted: str | None = None  # a pause asked for during a call takes effect after it
    logout_wanted: bool = False
    preview: Preview | None = None  # reserved for this lead, not called yet
    notice: Notice | None = None  # of the preview before
    missed: int = 0  # previews in a row that ran out of time
    restored: tuple[AgentState, str] | None = None  # state and reason before a restart, until Asterisk is listed

    @property
    def name(self) -> str:
        """The short name operators type."""
        return self.profile.name

    @property
    def on_hook(self) -> bool:
        """True when the phone is rung for each call."""
        return self.profile.leg_mode is LegMode.ON_HOOK

    @property
    def staffed(self) -> bool:
        """Logged in and neither paused nor about to leave (DESIGN.md 4)."""
        return self.state in STAFFED_STATES and self.pause_wanted is None and not self.logout_wanted

    def serves(self, campaign_id: int) -> bool:
        """True when this agent takes the calls of that campaign."""
        return campaign_id in self.profile.campaign_ids


class Roster:
    """All seats by agent id."""

    def __init__(self) -> None:
        self._seats: dict[int, Seat] = {}

    def __iter__(self) -> Iterator[Seat]:
        return iter(self._seats.values())

    def put(self, profile: AgentProfile, now: Moment) -> Seat:
        """Add an agent, or give a known one its new profile; its live state is kept."""
        seat = self._seats.get(profile.id)
        if seat is None:
            seat = self._seats[profile.id] = Seat(profile=profile, state=AgentState.LOGGED_OUT, since=now)
        else:
            seat.profile = profile
        return seat

    def get(self, agent_id: int) -> Seat | None:
        """The seat, or None for an unknown agent."""
        return self._seats.get(agent_id)

    def require(self, agent_id: int) -> Seat:
        """The seat; raise NotFound with a sentence otherwise."""
        seat = self._seats.get(agent_id)
        if seat is None:
            raise NotFound(f"there is no agent with id {agent_id}")
        return seat

    def ready_for(self, campaign_id: int) -> frozenset[int]:
        """Ids of the agents free for a call of this campaign now."""
        ready = [seat.profile for seat in self._seats.values() if seat.state is AgentState.READY]
        return frozenset([profile.id for profile in ready if campaign_id in profile.campaign_ids])

    def shared_and_busy(self) -> Counter[int]:
        """By campaign: agents of several campaigns whom its call keeps busy and who will take another."""
        return Counter(
            seat.campaign_id
            for seat in self._seats.values()
            if seat.state in BUSY_STATES and len(seat.profile.campaign_ids) > 1 and seat.staffed
        )

    def staffed_for(self, campaign_id: int) -> int:
        """How many agents of this campaign are staffed."""
        return len([1 for seat in self._seats.values() if seat.staffed and campaign_id in seat.profile.campaign_ids])

    def anybody_staffed_for(self, campaign_id: int) -> bool:
        """True when at least one agent of this campaign is staffed; asked for each call, so it stops at the first."""
        return any(seat.staffed and seat.serves(campaign_id) for seat in self)

    def longest_idle(self, campaign_id: int, but: frozenset[int] = frozenset()) -> Seat | None:
        """The ready agent that has waited longest; agents whose leg is up come before phones to be rung."""
        ready = [seat for i in self.ready_for(campaign_id) - but if (seat := self._seats[i])]
        return min(ready, key=lambda seat: (seat.on_hook, seat.since.mono, seat.profile.id), default=None)


def move(seat: Seat, step: AgentMove, now: Moment, reason: str = "") -> None:
    """Take a seat through the state table; raise Conflict when the table does not allow the step."""
    seat.state = next_agent_state(seat.name, seat.state, step)
    seat.since = now
    seat.reason = reason
