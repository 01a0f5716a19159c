"""Owns when a mailbox's greeting is over: rules from one frame's sound to a cue. Knows no sockets and no calls.

A beep is a steady tone that ends in quiet. What it is not: speech (its tones move), the tones of the network before any
speech (ringing, busy: ITU-T E.180), fax (T.30) and the three information tones before an announcement (E.180).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from enum import Enum

from dialerd.detector.frames import FRAME_S, SILENT_DB, Sound


class Cue(Enum):
    """How the wait for the end of a greeting ends."""

    BEEP = "beep"
    SILENCE = "silence"
    FAX = "fax"
    SIT = "sit"
    TIMEOUT = "timeout"


def _frames(seconds: float) -> int:
    return max(1, round(seconds / FRAME_S))


SHORTEST_BEEP = _frames(0.1)
LONGEST_BEEP = _frames(2.5)
VOICE_HZ = 470.0
LONGEST_VOWEL = _frames(0.2)
"""A single tone below VOICE_HZ must last longer than this."""
WANDERS_HZ = 20.0
"""How far it may be from where it began."""
HOLD = _frames(0.24)
"""Quiet after a beep until it counts: a second one within it is part of it."""
STEADY_HZ = 14.0
"""How far a tone may move from look to look and be the same; espeak's vowels move more within SHORTEST_BEEP."""
QUIETER_DB = 8.0
"""By how much the line is quieter after a beep than in it: behind a beep in a noisy greeting the noise goes on."""
QUIET_DB = -45.0
BELOW_SPEECH_DB = 20.0
STEADY = _frames(0.2)
STEADY_NOISE_DB = 3.0
"""Background whose level, over STEADY, stays within this for the whole silence is no speech …"""
NOISE_DB, BELOW_SPEECH_IN_NOISE_DB = -35.0, 6.0
"""… if it is as low as this, or so far below the speech that was heard: music is neither."""

FAX_ANSWER_HZ = 2100.0  # who is called answers so; the 1100 Hz of one who calls is a beep to us
FAX_ANSWER = _frames(1.2)  # a beep of 2100 Hz is shorter; T.30: 2.6 to 4 s
SIT_HZ = (950.0, 1400.0, 1800.0)
SIT_TONE = _frames(0.22)  # E.180: 330 ms ± 70 ms
PROGRESS_HZ = (400.0, 500.0)
"""Ringing, busy and congestion have at least one tone here, nearly everywhere (E.180 Supplement 2)."""


@dataclass(slots=True)
class _Tone:
    """A tone that is being heard: its looks, the frequency and the loudest level so far."""

    hz: tuple[float, ...]
    first_hz: tuple[float, ...]
    looks: int = 1
    level_db: float = SILENT_DB

    def goes_on(self, sound: Sound) -> bool:
        return len(sound.tones_hz) == len(self.hz) and all(
            abs(now - before) <= STEADY_HZ and abs(now - first) <= WANDERS_HZ
            for now, before, first in zip(sound.tones_hz, self.hz, self.first_hz, strict=True)
        )

    def may_be_voice(self) -> bool:
        """Whether a drawn-out vowel may be behind it: one strong harmonic, or two of one voice (2:1, 3:2)."""
        if len(self.hz) == 2:
            ratio = self.hz[1] / self.hz[0]
            return any(abs(ratio / harmonic - 1) < 0.02 for harmonic in (2.0, 1.5))
        return self.hz[0] < VOICE_HZ and self.looks < LONGEST_VOWEL


@dataclass(slots=True)
class GreetingEnd:
    """One call's wait. `silence_s`: so much quiet is the end too; `longest_s`: then the wait is over in vain."""

    silence_s: float = 2.0
    longest_s: float = 45.0
    heard: int = 0  # frames
    beep_hz: tuple[float, ...] = ()
    _speech_db: float = SILENT_DB  # the loudest that was neither tone nor quiet
    _speech: int = 0  # frames of it
    _tone: _Tone | None = None
    _ended: _Tone | None = None  # a beep that waits for its quiet
    _quiet: int = 0  # frames since the last sound
    _since_beep: int = 0
    _block: float = 0.0  # power heard in STEADY that is not over yet
    _blocks: deque[float] = field(default_factory=deque)  # levels of the last ones that make up a silence
    _run: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=2))  # the last tones: (Hz, looks)

    @property
    def heard_s(self) -> float:
        """Seconds listened to so far."""
        return self.heard * FRAME_S

    def hear(self, sound: Sound) -> Cue | None:
        """Given the next frame's sound, return the cue that ends the wait, or None; ask no more after a cue."""
        self.heard += 1
        cue = self._tones(sound)
        if cue is None and self._after_beep(sound):
            cue = Cue.BEEP
        if cue is None and self._silence(sound):
            cue = Cue.SILENCE
        if cue is None and self.heard_s >= self.longest_s:
            cue = Cue.TIMEOUT
        return cue

    # -- tones

    def _tones(self, sound: Sound) -> Cue | None:
        tone = self._tone
        if tone is not None and tone.goes_on(sound):
            tone.looks, tone.hz = tone.looks + 1, sound.tones_hz
            tone.level_db = max(tone.level_db, sound.level_db)
            return self._special(tone)
        if tone is not None:
            self._tone_over(tone)
        self._tone = _Tone(sound.tones_hz, sound.tones_hz, level_db=sound.level_db) if sound.tones_hz else None
        return None

    def _special(self, tone: _Tone) -> Cue | None:
        """Tones that say that no mailbox is there, as soon as they are certain."""
        if _near(tone.hz, FAX_ANSWER_HZ, 25) and tone.looks >= FAX_ANSWER:
            return Cue.FAX
        if len(self._run) == 2 and _near(tone.hz, SIT_HZ[2], 40) and tone.looks >= SIT_TONE - 3:
            (first, a), (second, b) = self._run
            if abs(first - SIT_HZ[0]) < 50 and abs(second - SIT_HZ[1]) < 40 and min(a, b) >= SIT_TONE - 3:
                return Cue.SIT
        return None

    def _tone_over(self, tone: _Tone) -> None:
        if tone.looks < SHORTEST_BEEP - 1:  # the first and the last look see half of it
            return
        self._run.append((tone.hz[0], tone.looks))
        if tone.looks <= LONGEST_BEEP and not tone.may_be_voice() and not self._is_progress(tone):
            self._ended, self._since_beep = tone, 0

    def _is_progress(self, tone: _Tone) -> bool:
        """Ringing or busy: long, low, and nobody has spoken yet."""
        low, high = PROGRESS_HZ
        return self._speech * FRAME_S < 0.3 and low <= tone.hz[0] <= high and tone.looks * FRAME_S >= 0.2

    # -- quiet

    def _after_beep(self, sound: Sound) -> bool:
        beep = self._ended
        if beep is None:
            return False
        if self._tone is not None and self._tone.looks >= SHORTEST_BEEP - 1:
            self._ended = None  # the next one: its own end decides
            return False
        self._since_beep += 1
        if self._since_beep > 2 and sound.level_db > beep.level_db - QUIETER_DB and self._tone is None:
            self._ended = None  # somebody goes on to speak
            return False
        if self._since_beep < HOLD or self._tone is not None:
            return False
        self.beep_hz = beep.hz
        return True

    def _silence(self, sound: Sound) -> bool:
        level_db = sound.level_db
        if level_db <= max(QUIET_DB, self._speech_db - BELOW_SPEECH_DB):
            self._quiet += 1
        else:
            self._quiet = 0
            if not sound.tones_hz:
                self._speech += 1
                self._speech_db = max(self._speech_db, level_db)
        return self._quiet >= _frames(self.silence_s) or self._steady(sound)

    def _steady(self, sound: Sound) -> bool:
        """Whether there was nothing but noise for the whole silence: it neither rises nor falls, and is no tone."""
        self._block += 10 ** (sound.level_db / 10)
        if sound.tones_hz:
            self._blocks.clear()
        if self.heard % STEADY:
            return False
        blocks = self._blocks
        blocks.append(10 * math.log10(self._block / STEADY + 1e-12))
        self._block = 0.0
        if len(blocks) > self.silence_s / FRAME_S / STEADY:
            blocks.popleft()
        elif len(blocks) < int(self.silence_s / FRAME_S / STEADY):
            return False
        loudest = max(blocks)
        low = loudest <= max(NOISE_DB, self._speech_db - BELOW_SPEECH_IN_NOISE_DB)
        return low and loudest - min(blocks) <= STEADY_NOISE_DB


def _near(hz: tuple[float, ...], wanted_hz: float, tolerance_hz: float) -> bool:
    return len(hz) == 1 and abs(hz[0] - wanted_hz) <= tolerance_hz
