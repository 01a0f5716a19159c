"""Owns the record of what really happened to each simulated call, so that ledgers can be compared with it.

Knows nothing of what dialerd was told.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import asdict, dataclass
from typing import TextIO

KEPT_CALLS = 200_000


@dataclass(slots=True, kw_only=True)
class CallTruth:
    """One customer call as the far end and the dialplan saw it. Times are epoch seconds, None: never happened."""

    attempt: str
    channel_id: str
    number: str
    outcome: str
    dialed_at: float
    ringing_at: float | None = None
    answered_at: float | None = None
    asked_at: float | None = None  # AGI started (the last time)
    verdict: str = ""
    agent: str = ""
    agent_leg: str = ""
    bridged_at: float | None = None
    message_started_at: float | None = None
    message_ended_at: float | None = None  # heard to its end
    voicemail_started_at: float | None = None
    voicemail_ended_at: float | None = None  # played to its end
    transferred_to: str = ""  # the extension of dialerd-transfer that a machine reached
    opted_out: bool = False
    unattended: str = ""  # the reason of the trace that the dialplan left
    amd_status: str = ""
    ended_at: float | None = None
    ended_by: str = ""  # customer | agent | dialer | network | leg_lost | dialplan
    hangup_cause: int = 0
    sip_cause: int = 0

    @property
    def silence_s(self) -> float | None:
        """Real seconds from the answer to agent, message or the end; None when nobody answered."""
        if self.answered_at is None:
            return None
        until = self.bridged_at or self.message_started_at or self.ended_at
        return None if until is None else until - self.answered_at

    @property
    def talk_s(self) -> float | None:
        """Real seconds with the agent; None when there was none."""
        if self.bridged_at is None or self.ended_at is None:
            return None
        return self.ended_at - self.bridged_at


class TruthLog:
    """Ended calls, newest last, in memory (the last KEPT_CALLS) and as JSON lines in `sink` when there is one."""

    def __init__(self, sink: TextIO | None = None) -> None:
        """Given an open text file or None, write each ended call there as one line."""
        self.calls: deque[CallTruth] = deque(maxlen=KEPT_CALLS)
        self._sink = sink

    def add(self, call: CallTruth) -> None:
        """Record an ended call."""
        self.calls.append(call)
        if self._sink is not None:
            line = {**asdict(call), "silence_s": call.silence_s, "talk_s": call.talk_s}
            self._sink.write(json.dumps(line) + "\n")
            self._sink.flush()
