"""Owns the result of a virtual run: finished records and what is computed from them afterwards. Runs nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialerd.core.agent import OCCUPIED_STATES, STAFFED_STATES, AgentState
from dialerd.core.call import Attempt, AttemptState, Status
from dialerd.core.messages import Event, SaveAgentState
from dialerd.core.moment import Moment
from dialerd.simulation.truth import CallTruth


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """Everything a run left behind. Rates are 0–1, times in seconds."""

    started: Moment
    ended: Moment
    attempts: Sequence[Attempt]  # closed, in the order of their closing
    open_attempts: Sequence[Attempt]
    agent_log: Sequence[SaveAgentState]
    truth: Sequence[CallTruth]
    events: Sequence[tuple[Moment, Event]]  # empty unless they were asked for
    event_counts: Mapping[str, int]
    refused_orders: Sequence[str]
    violations: Sequence[str]
    peak_lines: int

    @property
    def duration_s(self) -> float:
        """Length of the run."""
        return self.ended.seconds_since(self.started)

    def agent_time_s(self) -> dict[AgentState, float]:
        """Seconds that all agents together spent in each state, from the state log."""
        total: Counter[AgentState] = Counter()
        last: dict[int, tuple[AgentState, float]] = {}
        for row in self.agent_log:
            at = row.at.timestamp()
            if row.agent_id in last:
                state, since = last[row.agent_id]
                total[state] += at - since  # type: ignore[assignment]
            last[row.agent_id] = (row.state, at)
        end = self.ended.wall.timestamp()
        for state, since in last.values():
            total[state] += end - since  # type: ignore[assignment]
        return {state: float(total[state]) for state in AgentState}

    def occupancy(self) -> float:
        """(Talk + wrap-up) ÷ (that + waiting); 0 when nobody was staffed."""
        times = self.agent_time_s()
        staffed = sum(times[state] for state in STAFFED_STATES)
        return sum(times[state] for state in OCCUPIED_STATES) / staffed if staffed else 0.0

    def live_answers(self) -> int:
        """Calls answered by a person, as dialerd judged them."""
        return sum(1 for attempt in self.attempts if attempt.live_answer)

    def abandon_rate(self) -> float:
        """Abandoned ÷ live answers; 0 when nobody answered."""
        live = self.live_answers()
        return sum(1 for attempt in self.attempts if attempt.abandoned) / live if live else 0.0

    def statuses(self) -> Counter[Status]:
        """Closed attempts by status."""
        return Counter(attempt.status for attempt in self.attempts if attempt.status is not None)

    def talk_minutes_per_agent_hour(self) -> float:
        """Minutes of conversation for each hour that an agent was staffed."""
        staffed = sum(self.agent_time_s()[state] for state in STAFFED_STATES)
        talk = sum(attempt.talk_s() or 0.0 for attempt in self.attempts)
        return 60 * talk / staffed if staffed else 0.0

    def longest_silence_s(self) -> float:
        """The longest that a person who did not hang up first was left in silence, counted from the answer."""
        waits = [
            call.silence_s
            for call in self.truth
            if call.outcome == "person" and call.silence_s is not None and call.ended_by != "customer"
        ]
        return max(waits, default=0.0)

    def unfinished(self) -> Sequence[Attempt]:
        """Attempts that were open at the end although their channel was gone (their agent still wraps up)."""
        return [attempt for attempt in self.open_attempts if attempt.state is AttemptState.ENDED]
