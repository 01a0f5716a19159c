"""Owns the figures over a report's calls: counts, durations, abandon rate. Pure: rows in one by one, figures out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

IN_PROGRESS = "in_progress"  # stands for the status of a call that has not ended
NOT_YET = "not_yet"  # stands for the disposition that nobody has given yet


@dataclass(slots=True)
class Line:
    """Figures of one group of calls; durations in seconds."""

    calls: int = 0
    ring_s: float = 0
    wait_s: float = 0
    talk_s: float = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Count one call."""
        self.calls += 1
        self.ring_s += _seconds(row, "ring_duration")
        self.wait_s += _seconds(row, "wait_duration")
        self.talk_s += _seconds(row, "talk_duration")


@dataclass(slots=True)
class Summary:
    """Figures over all calls of a report, and by status, disposition and agent."""

    total: Line = field(default_factory=Line)
    by_status: dict[str, Line] = field(default_factory=dict)
    by_disposition: dict[str, Line] = field(default_factory=dict)
    by_agent: dict[str, Line] = field(default_factory=dict)
    live_answers: int = 0
    abandoned: int = 0
    connected: int = 0
    first: str = ""
    last: str = ""

    def add(self, row: Mapping[str, Any]) -> None:
        """Count one call (a row of `call.list`)."""
        self.total.add(row)
        status = str(row.get("status") or IN_PROGRESS)
        self.by_status.setdefault(status, Line()).add(row)
        self.by_disposition.setdefault(str(row.get("disposition") or NOT_YET), Line()).add(row)
        agent = row.get("agent")
        if agent:
            self.by_agent.setdefault(str(agent), Line()).add(row)
        if row.get("live_answer"):  # an agent who met a machine has said so: it is none
            self.live_answers += 1
            self.connected += status == "answered"
            self.abandoned += status == "abandoned"
        started = str(row.get("created_at") or "")
        if started:
            self.first = min(self.first or started, started)
            self.last = max(self.last, started)

    @property
    def abandon_rate(self) -> float | None:
        """Abandoned ÷ calls answered by a person, 0–1; None when nobody answered."""
        return self.abandoned / self.live_answers if self.live_answers else None

    def mean_talk_s(self) -> float | None:
        """Seconds of talk for each call that met an agent; None without such a call."""
        line = self.by_status.get("answered")
        return line.talk_s / line.calls if line and line.calls else None


def by_size(lines: Mapping[str, Line]) -> list[tuple[str, Line]]:
    """Groups, the largest first, equal ones by name."""
    return sorted(lines.items(), key=lambda item: (-item[1].calls, item[0]))


def _seconds(row: Mapping[str, Any], key: str) -> float:
    value = row.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


DEFINITIONS: tuple[tuple[str, str], ...] = (
    ("Call", "One attempt: one origination for one lead, with one disposition."),
    (
        "Answered by a person",
        "Somebody answered, neither AMD nor an agent said machine; whether or not an agent was there.",
    ),
    ("Met an agent", "Status answered, and answered by a person: a person and an agent were in one bridge."),
    ("Abandoned", "A person answered and no agent was there within the campaign's limit; the message was played."),
    ("Abandon rate", "Abandoned ÷ answered by a person. Calls that nobody answered do not dilute it."),
    ("Ring", "From the first ringing to the answer or the end."),
    ("Wait", "From the answer to the agent, the message or the end."),
    ("Talk", "Time in one bridge with the agent."),
    ("In progress", "The call had not ended when this was made: make it again later for the final figures."),
    ("Mean talk", "Talk ÷ calls that met an agent."),
)
"""Terms of the reports and what they mean."""
