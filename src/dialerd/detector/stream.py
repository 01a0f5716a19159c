"""Owns one call's stream: from AudioSocket messages to the cue. Knows no socket and no clock: time is sound heard."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dialerd.detector.audiosocket import IDENTITY_BYTES, Kind, Message
from dialerd.detector.frames import FRAME_BYTES, Ear
from dialerd.detector.greeting_end import Cue, GreetingEnd


@dataclass(slots=True)
class Stream:
    """Messages of one connection, in their order. `identity` is set by the first; `over` when Asterisk hangs up."""

    identity: str = ""  # 32 lower-case hex digits: the attempt's token
    over: bool = False
    end: GreetingEnd = field(default_factory=GreetingEnd)
    _ear: Ear = field(default_factory=Ear)
    _rest: bytes = b""

    def take(self, message: Message) -> Cue | None:
        """Given the next message, return the cue it brings; ValueError for a stream that is none of ours."""
        if message.kind == Kind.IDENTITY:
            if self.identity or len(message.payload) != IDENTITY_BYTES:
                raise ValueError("a stream names itself once, in 16 bytes")
            self.identity = message.payload.hex()
        elif not self.identity:
            raise ValueError("a stream begins with its name")
        elif message.kind == Kind.AUDIO:
            return self._listen(message.payload)
        elif message.kind in (Kind.HANG_UP, Kind.ERROR):
            self.over = True
        return None

    def _listen(self, sound: bytes) -> Cue | None:
        sound = self._rest + sound
        whole = len(sound) // FRAME_BYTES * FRAME_BYTES
        self._rest = sound[whole:]
        samples = np.frombuffer(sound, dtype="<i2", count=whole // 2)
        for at in range(0, len(samples), FRAME_BYTES // 2):
            cue = self.end.hear(self._ear.hear(samples[at : at + FRAME_BYTES // 2]))
            if cue is not None:
                return cue
        return None
