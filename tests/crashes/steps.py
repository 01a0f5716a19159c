"""Owns the names of the points at which dialerd is killed: before and after each command, before and after each event.

A point is `when:Type:n`: at the n-th command or event of that type in this run of dialerd.
"""

from __future__ import annotations

import typing
from dataclasses import dataclass

from dialerd.core import messages

SUBMIT = "submit"  # a command for the store: decided, not even queued
COMMIT = "commit"  # committed, and nobody has been told
BEFORE = "before"  # a command for Asterisk: decided, nothing sent
AFTER = "after"  # taken by Asterisk, its answer not yet seen by the core
ARRIVE = "arrive"  # an event has come and is not handled
HANDLED = "handled"  # an event is handled and what it led to has begun

STORE_COMMANDS = tuple(kind.__name__ for kind in typing.get_args(messages.StoreCommand))
PBX_COMMANDS = tuple(kind.__name__ for kind in typing.get_args(messages.PbxCommand))


@dataclass(frozen=True, slots=True)
class Point:
    """Where to die."""

    when: str
    kind: str
    n: int = 1

    def __str__(self) -> str:
        """As it is given to the daemon."""
        return f"{self.when}:{self.kind}:{self.n}"

    @classmethod
    def parse(cls, text: str) -> Point:
        """The opposite."""
        when, kind, n = text.split(":")
        return cls(when, kind, int(n))


SEQUENCE = (
    Point(SUBMIT, "ClaimLeads", 2),
    Point(COMMIT, "ClaimLeads", 2),
    Point(SUBMIT, "OpenAttempts", 2),
    Point(COMMIT, "OpenAttempts", 2),
    Point(BEFORE, "Originate", 5),
    Point(AFTER, "Originate", 5),
    Point(ARRIVE, "CallAnswered", 3),
    Point(HANDLED, "CallAnswered", 3),
    Point(ARRIVE, "VerdictAsked", 3),
    Point(HANDLED, "VerdictAsked", 3),
    Point(BEFORE, "SendVerdict", 3),
    Point(AFTER, "SendVerdict", 3),
    Point(ARRIVE, "CallBridged", 2),
    Point(HANDLED, "CallBridged", 2),
    Point(ARRIVE, "CallEnded", 3),
    Point(HANDLED, "CallEnded", 3),
    Point(SUBMIT, "CloseAttempt", 3),
    Point(COMMIT, "CloseAttempt", 3),
)
"""Claim → commit → originate → answer → verdict → bridge → record: one death between each two steps."""

SELDOM = frozenset({"AddDoNotCall", "SaveCampaignState", "ReleaseLeads", "ForgetTraces", "LogEvent"})
"""Commands that a busy campaign does not say every second."""

COMMANDS = tuple(
    Point(when, kind, n)
    for kinds, whens in ((STORE_COMMANDS, (SUBMIT, COMMIT)), (PBX_COMMANDS, (BEFORE, AFTER)))
    for kind in kinds
    for when in whens
    for n in ((1,) if kind in SELDOM else (1, 4))
)
"""Every type of command that the core can say, before and after it is carried out."""

EVENTS = tuple(
    Point(when, kind, 1 if kind in ("PbxConnected", "CampaignOrder", "MessageStarted") else 2)
    for kind in (
        "LeadsClaimed", "AttemptsOpened", "CallRinging", "CallAnswered", "VerdictAsked", "CallBridged",
        "CallUnbridged", "MessageStarted", "CallEnded", "LegUp", "LegEnded", "AgentLogin", "AgentDispose",
        "PbxConnected", "CampaignOrder",
    )
    for when in (ARRIVE, HANDLED)
)  # fmt: skip
"""What the core hears, before and after it is handled."""

IN_THE_GATE = frozenset(
    {
        "commit:ClaimLeads:2", "commit:OpenAttempts:2", "before:Originate:5", "after:Originate:5",
        "handled:CallAnswered:3", "before:SendVerdict:3", "after:SendVerdict:3", "handled:CallBridged:2",
        "arrive:CallEnded:3", "commit:CloseAttempt:3",
    }
)  # fmt: skip
"""Of the sequence, one between each two steps."""

PAUSES = frozenset({"SaveCampaignState", "ReleaseLeads", "CampaignOrder"})
"""What happens when an operator pauses and resumes."""

BREAKS = frozenset({"AddDoNotCall", "MessageStarted"})
"""What happens when agents go away while people are being called: these hear the message."""

LOGOUTS = frozenset({"RingAgent", "LegUp", "LegEnded", "AgentLogin", "Hangup"})
"""What happens when agents come and go."""
