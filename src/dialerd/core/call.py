"""Owns the attempt: its states, their one transition table and the record it grows. Knows nothing of AMI or SQL."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from operator import attrgetter


class AttemptState(Enum):
    """The live states of one origination."""

    __hash__ = object.__hash__  # members are single objects: looked up some hundred times for each call

    INTENDED = "intended"  # the row is on its way to the store; nothing was sent to Asterisk
    DIALING = "dialing"  # Originate sent
    RINGING = "ringing"
    ANSWERED = "answered"  # AMD may be running; no verdict asked yet
    WAITING = "waiting"  # a person, no agent yet
    CONNECTING = "connecting"  # verdict "agent" given
    TALKING = "talking"  # bridged
    MACHINE = "machine"  # verdict for a machine given
    ABANDONING = "abandoning"  # the abandon message plays
    ENDED = "ended"  # channel gone; may still wait for the agent's disposition


class AttemptMove(Enum):
    """What can happen to an attempt."""

    __hash__ = object.__hash__

    SEND = "send"
    RING = "ring"
    ANSWER = "answer"
    PERSON = "person"
    MACHINE = "machine"
    ASSIGN = "assign"
    UNASSIGN = "unassign"
    BRIDGE = "bridge"
    ABANDON = "abandon"
    END = "end"


S, M = AttemptState, AttemptMove
ATTEMPT_TRANSITIONS: dict[tuple[AttemptState, AttemptMove], AttemptState] = {
    (S.INTENDED, M.SEND): S.DIALING,
    (S.INTENDED, M.END): S.ENDED,
    (S.DIALING, M.RING): S.RINGING,
    (S.DIALING, M.ANSWER): S.ANSWERED,
    (S.DIALING, M.END): S.ENDED,
    (S.RINGING, M.RING): S.RINGING,
    (S.RINGING, M.ANSWER): S.ANSWERED,
    (S.RINGING, M.END): S.ENDED,
    (S.ANSWERED, M.PERSON): S.WAITING,
    (S.ANSWERED, M.MACHINE): S.MACHINE,
    (S.ANSWERED, M.ABANDON): S.ABANDONING,
    (S.ANSWERED, M.END): S.ENDED,
    (S.WAITING, M.ASSIGN): S.CONNECTING,
    (S.WAITING, M.ABANDON): S.ABANDONING,
    (S.WAITING, M.END): S.ENDED,
    (S.CONNECTING, M.BRIDGE): S.TALKING,
    (S.CONNECTING, M.UNASSIGN): S.WAITING,
    (S.CONNECTING, M.ABANDON): S.ABANDONING,
    (S.CONNECTING, M.END): S.ENDED,
    (S.TALKING, M.END): S.ENDED,
    (S.MACHINE, M.ABANDON): S.ABANDONING,  # the verdict never arrived: the dialplan has acted alone
    (S.MACHINE, M.END): S.ENDED,
    (S.ABANDONING, M.END): S.ENDED,
}

IN_FLIGHT = frozenset({S.INTENDED, S.DIALING, S.RINGING, S.ANSWERED, S.WAITING})
"""States in which a call may still need an agent that it does not have yet."""

ON_LINE = frozenset(AttemptState) - {S.ENDED}
"""States that occupy a line."""


class Status(Enum):
    """How the telephone network and dialerd saw the attempt end (the original's CallLog.status, completed)."""

    ANSWERED = "answered"  # a person met an agent
    ABANDONED = "abandoned"  # a person met no agent within the limit
    CUSTOMER_HANGUP = "customer_hangup"  # a person hung up while waiting, within the limit
    MACHINE = "machine"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    CONGESTION = "congestion"
    INVALID_NUMBER = "invalid_number"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"  # ended by dialerd before anybody answered
    LOST = "lost"  # ended while nobody was watching and no trace was left


class HungUpBy(Enum):
    """Who ended the call."""

    CUSTOMER = "customer"
    AGENT = "agent"
    DIALER = "dialer"
    NETWORK = "network"
    UNKNOWN = ""


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One origination for one lead. Written before it is sent; one disposition when it is closed.

    Times are aware UTC. `ended_at` set = channel gone; `closed_at` set = disposition final, record finished.
    """

    id: int
    campaign_id: int
    list_id: int
    lead_id: int
    number: str
    node: str
    trunk: str
    channel_id: str
    token: str
    dial_mode: str
    created_at: datetime
    caller_id: str = ""
    caller_name: str = ""
    state: AttemptState = AttemptState.INTENDED
    attempt_number: int = 1
    # what allowed and what caused it
    rule_set: str = ""
    rule_verdict: str = ""
    zones: tuple[str, ...] = ()
    consent_id: str = ""
    pacing_decision: str = ""
    message_version: str = ""
    # the steps
    dialed_at: datetime | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    verdict_at: datetime | None = None
    bridged_at: datetime | None = None
    message_started_at: datetime | None = None
    message_ended_at: datetime | None = None
    voicemail_started_at: datetime | None = None
    voicemail_ended_at: datetime | None = None  # set only when the file was played to its end
    ended_at: datetime | None = None
    closed_at: datetime | None = None
    # who and what
    agent_id: int | None = None
    agent_channel: str = ""
    amd_status: str = ""
    amd_cause: str = ""
    amd_result: str = ""
    amd_action: str = ""
    amd_parameters: str = ""  # AMD()'s nine arguments as this call was sent with them
    amd_sample_file: str = ""  # what AMD heard, as Asterisk was told to write it
    voicemail_cue: str = ""  # what ended the mailbox's greeting: beep, silence
    live_answer: bool = False
    status: Status | None = None
    disposition: str = ""
    hangup_cause: int | None = None
    sip_cause: int | None = None
    hung_up_by: HungUpBy = HungUpBy.UNKNOWN
    hold_duration_s: float = 0.0
    recording_file: str = ""
    approximate: bool = False
    note: str = ""

    def snapshot(self) -> Attempt:
        """A copy that later changes to this attempt cannot touch: what commands carry to the store.

        Field by field, because dataclasses.replace takes four times as long and each call has some five of them.
        """
        copy = object.__new__(Attempt)
        for name, value in zip(_FIELDS, _values(self), strict=True):
            setattr(copy, name, value)
        return copy

    @property
    def machine(self) -> bool:
        """True when AMD took the far end for a machine: it answered, and nobody met it."""
        return self.status is Status.MACHINE and not self.live_answer and self.answered_at is not None

    @property
    def abandoned(self) -> bool:
        """True when this attempt counts in the numerator of the abandon rate; a test call counts nowhere."""
        return self.status is Status.ABANDONED and self.live_answer

    def ring_s(self) -> float | None:
        """Seconds from the first ringing to the answer or the end; None if it never rang."""
        return _between(self.ringing_at, self.answered_at or self.ended_at)

    def wait_s(self) -> float | None:
        """Seconds a person who answered waited for agent, message or the end; None if nobody answered."""
        if self.answered_at is None:
            return None
        return _between(self.answered_at, self.bridged_at or self.message_started_at or self.ended_at)

    def talk_s(self) -> float | None:
        """Seconds in one bridge with the agent; None if there was none."""
        return _between(self.bridged_at, self.ended_at)


_FIELDS = tuple(part.name for part in fields(Attempt))
_values = attrgetter(*_FIELDS)


def _between(start: datetime | None, end: datetime | None) -> float | None:
    if start is None or end is None:
        return None
    return max(0.0, (end - start).total_seconds())


TRUNK_FAILED = frozenset({Status.CONGESTION, Status.FAILED, Status.REJECTED})
"""Without any ringing. A person may reject a call, but ten in a row are a carrier with an unpaid bill (403)."""
TELLS_NOTHING = frozenset({Status.CANCELLED, Status.LOST})
"""Of whether a person would have answered."""


def refused_by_trunk(attempt: Attempt, status: Status) -> bool:
    """The call never rang anywhere: its end says something of the trunk and nothing of the person."""
    return status in TRUNK_FAILED and attempt.ringing_at is None


def tells_who_answers(attempt: Attempt, status: Status) -> bool:
    """Whether the pacer may learn from an attempt that ended so how many people answer."""
    return status not in TELLS_NOTHING and not refused_by_trunk(attempt, status)


def next_attempt_state(state: AttemptState, move: AttemptMove) -> AttemptState | None:
    """The state after `move`, or None when the table does not know it (a late or repeated event: ignore it)."""
    return ATTEMPT_TRANSITIONS.get((state, move))
