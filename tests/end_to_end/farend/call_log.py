"""What one call was like as seen from the far end. Written by the far end's thread, read by tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .listening import Frame, Listener, Span


@dataclass
class CallLog:
    """The record of one call; all times are time.monotonic() seconds, None until it happens.

    `number` is the dialled user part, `caller` the user part of From. `to_farend`: the PBX called us.
    `final_code`: the final answer to the INVITE. `ended_by`: who hung up, cancelled or rejected.
    `sent_at`: when each frame of 20 ms was sent. `reasons`: the Reason headers seen. `digits`: keys received.
    `sip`: (time, "in"/"out", first line).
    """

    number: str
    caller: str
    to_farend: bool
    invited_at: float
    rang_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    ended_by: Literal["pbx", "farend"] | None = None
    final_code: int | None = None
    cancelled: bool = False
    reasons: list[str] = field(default_factory=list)
    digits: list[tuple[float, str]] = field(default_factory=list)
    sip: list[tuple[float, str, str]] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list, repr=False)
    sent_at: list[float] = field(default_factory=list, repr=False)
    _listeners: dict[int, Listener] = field(default_factory=dict, repr=False)

    @property
    def sent_frames(self) -> int:
        """Frames sent so far."""
        return len(self.sent_at)

    def sent_until(self, seconds: float) -> float:
        """Return when the sound that this end sends was over so far (from its first sample); IndexError: not yet."""
        return self.sent_at[max(0, -(-round(seconds * 1000) // 20) - 1)] + 0.02

    @property
    def talking(self) -> bool:
        """Answered and not over."""
        return self.answered_at is not None and self.ended_at is None

    @property
    def over(self) -> bool:
        """Ended in whatever way."""
        return self.ended_at is not None

    @property
    def received_bytes(self) -> int:
        """Audio payload received so far."""
        return sum(len(payload) for _, payload in tuple(self.frames))

    def heard_tone(self, frequency_hz: int) -> list[Span]:
        """Return when this end heard a tone of the other end."""
        return self._listeners.setdefault(frequency_hz, Listener(frequency_hz)).spans(self.frames)

    def tone_seconds(self, frequency_hz: int) -> float:
        """Return for how long in all this end heard a tone."""
        return sum(span.seconds for span in self.heard_tone(frequency_hz))

    def heard_sound(self) -> list[Span]:
        """Return when this end heard anything at all (speech or tones)."""
        return self._listeners.setdefault(0, Listener(None)).spans(self.frames)

    def since_answer(self, span: Span) -> Span:
        """Return a span counted from the answer; ValueError when the call was not answered."""
        if self.answered_at is None:
            raise ValueError(f"call to {self.number} was not answered")
        return Span(span.begin - self.answered_at, span.end - self.answered_at)

    def silence_after_answer_s(self) -> float:
        """Return the seconds from the answer to the first sound heard, or to the end of a call without any."""
        if self.answered_at is None:
            raise ValueError(f"call to {self.number} was not answered")
        for span in self.heard_sound():
            if span.end > self.answered_at:
                return max(0.0, span.begin - self.answered_at)
        if self.ended_at is None:
            raise ValueError(f"call to {self.number} has heard nothing so far")
        return self.ended_at - self.answered_at
