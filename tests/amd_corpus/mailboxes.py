"""Whole mailboxes: a greeting to its end, a beep of a known kind, and when it is over. Knows no AMD and no calls."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import tones
from .greetings import Maker
from .tones import Sound, silence, tone

LEVEL_ABOVE_VOICE_DB = (-6.0, 6.0)


@dataclass(frozen=True)
class Mailbox:
    """One mailbox: what it plays, and the second of it at which a message may begin.

    `beep` is the kind of beep (none: the greeting's end), `over_s` counts from the first sample.
    """

    name: str
    greeting: str
    beep: str
    samples: NDArray[np.int16]
    over_s: float


def _sine(hz: float) -> Callable[[Maker, float], Sound]:
    return lambda m, level_db: tone(hz, m.between(0.2, 1.0), level_db)


def _short(m: Maker, level_db: float) -> Sound:
    return tone(1000, m.between(0.12, 0.2), level_db)


def _dual(m: Maker, level_db: float) -> Sound:
    # no pair that means something: 480 + 620 Hz is a busy line in North America, others are keys
    seconds = m.between(0.25, 0.8)
    return tone(700, seconds, level_db - 3) + tone(1100, seconds, level_db - 3)


def _double(m: Maker, level_db: float) -> Sound:
    once = tone(1400, 0.2, level_db)
    return np.concatenate([once, silence(m.between(0.1, 0.2)), once])


def _rising(m: Maker, level_db: float) -> Sound:
    return np.concatenate([tone(hz, 0.15, level_db) for hz in (700, 1000, 1400)])


BEEPS: dict[str, Callable[[Maker, float], Sound]] = {
    "440": _sine(440),
    "800": _sine(800),
    "1000": _sine(1000),
    "1400": _sine(1400),
    "2000": _sine(2000),
    "short": _short,
    "dual": _dual,
    "double": _double,
    "rising": _rising,
}
"""Every kind of beep by its name."""
NO_BEEP = "none"


def _long(m: Maker) -> list[Sound]:
    return [m.pause(0.1, 0.8), m.says(m.language.mailbox)]


def _short_greeting(m: Maker) -> list[Sound]:
    return [m.pause(0.1, 0.8), m.says(m.language.short_mailbox)]


def _with_pauses(m: Maker) -> list[Sound]:
    # what a pause may be before silence alone takes it for the end: docs/amd.md, What a machine gets
    return [*_short_greeting(m), m.pause(0.8, 1.6), m.says(m.language.mailbox)]


def _noisy(m: Maker) -> list[Sound]:
    whole = np.concatenate(_long(m))
    level_db = m.level_db - m.between(20, 35)
    return [whole + tones.noise(m.random, len(whole) / tones.RATE_HZ, level_db, 1.0)[: len(whole)]]


GREETINGS: dict[str, Callable[[Maker], list[Sound]]] = {
    "long": _long,
    "short": _short_greeting,
    "pauses": _with_pauses,
    "noisy": _noisy,
}
"""Every kind of greeting by its name."""


def mailbox(greeting: str, beep: str, number: int, *, seed: int = 1) -> Mailbox:
    """Make one mailbox; the same arguments give the same samples. Raises HarnessUnavailable, KeyError."""
    maker = Maker(np.random.default_rng([seed, zlib.crc32(f"{greeting}/{beep}".encode()), number]))
    parts = GREETINGS[greeting](maker)
    if beep != NO_BEEP:
        level_db = min(-12.0, maker.level_db + maker.between(*LEVEL_ABOVE_VOICE_DB))
        parts += [maker.pause(0.2, 1.2), BEEPS[beep](maker, level_db)]
    whole = np.concatenate(parts)
    name = f"{greeting}-{beep}-{number:02d}"
    return Mailbox(name, greeting, beep, tones.to_int16(whole), len(whole) / tones.RATE_HZ)
