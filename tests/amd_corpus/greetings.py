"""The kinds of greetings and how one of each kind is put together. Knows nothing of files and of AMD."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from . import tones
from .tones import Sound, silence, tone
from .voices import LANGUAGES, VARIANTS, Language, say

T = TypeVar("T")

LONGEST_S = 8.0
"""Greetings are cut here: AMD is through long before."""
BEEPS_HZ = (440, 800, 1000, 1400, 2000)


@dataclass(frozen=True)
class Greeting:
    """One called party: `kind` names how it was made, `party` what it is (person, machine, carrier, fax,
    nobody, or signal: made for AMD's rules, nobody sounds like that)."""

    name: str
    kind: str
    party: str
    half: int
    samples: NDArray[np.int16]


class Maker:
    """Makes the parts of one greeting; everything random comes from one seeded generator.

    `half` 0 or 1 has only every second voice and every second text: two halves have neither in common. None has all.
    """

    def __init__(self, random: np.random.Generator, half: int | None = None) -> None:
        """Choose language, voice and manner of the one who speaks."""
        self.random = random
        self._half = half
        self.language: Language = LANGUAGES[int(random.choice(len(LANGUAGES), p=[0.4, 0.3, 0.2, 0.1]))]
        voice = self.pick(self.voices())
        self.voice = voice
        self._pace = int(random.integers(125, 200))
        self._pitch = int(random.integers(30, 70))
        self.level_db = self.between(-34, -17)  # little is clipped

    def pick(self, choices: tuple[T, ...]) -> T:
        """One of them."""
        return choices[int(self.random.integers(len(choices)))]

    def voices(self) -> tuple[str, ...]:
        """The language's voices with their variants, of this half."""
        every = [
            voice + variant
            for voice in self.language.voices
            for variant in (("",) if voice.startswith("flite:") else VARIANTS)
        ]
        return tuple(every) if self._half is None else tuple(every[self._half :: 2])

    def between(self, low: float, high: float) -> float:
        """A number between two."""
        return float(self.random.uniform(low, high))

    def says(self, texts: tuple[str, ...], *, word_gap_10ms: int = 0) -> Sound:
        """One of the texts, spoken at this greeting's level."""
        spoken = say(
            self.pick(texts if self._half is None else texts[self._half :: 2]),
            voice=self.voice,
            words_per_minute=self._pace,
            pitch=self._pitch,
            word_gap_10ms=word_gap_10ms,
        )
        return tones.at_level(spoken, self.level_db)

    def pause(self, low_s: float, high_s: float) -> Sound:
        """Silence of a length between two."""
        return silence(self.between(low_s, high_s))

    def in_noise(self, sound: Sound, snr_low_db: float, snr_high_db: float) -> Sound:
        """The sound and what follows it in steady noise."""
        slope = self.pick((0.0, 1.0, 2.0))
        level_db = self.level_db - self.between(snr_low_db, snr_high_db)
        whole = np.concatenate([sound, silence(max(0.0, LONGEST_S - len(sound) / tones.RATE_HZ))])
        return whole + tones.noise(self.random, len(whole) / tones.RATE_HZ, level_db, slope)


def _hello(m: Maker) -> list[Sound]:
    return [m.pause(0.1, 0.9), m.says(m.language.hello)]


def _business(m: Maker) -> list[Sound]:
    return [m.pause(0.1, 0.6), m.says(m.language.business)]


def _delayed(m: Maker) -> list[Sound]:
    return [m.pause(1.5, 3.2), m.says(m.language.hello)]


def _noisy(m: Maker) -> list[Sound]:
    return [m.in_noise(np.concatenate([*_hello(m)]), 6, 30)]


def _two_hellos(m: Maker) -> list[Sound]:
    return [m.pause(0.1, 0.8), m.says(m.language.hello), m.pause(0.3, 1.1), m.says(m.language.hello)]


def _at_once(m: Maker) -> list[Sound]:
    spoken = m.says(m.language.hello)
    # a voice from the first frame on: AMD begins as if within a word
    return [spoken[int(np.argmax(np.abs(spoken) > np.max(np.abs(spoken)) / 4)) :]]


def _mailbox(m: Maker) -> list[Sound]:
    return [m.pause(0.1, 1.0), m.says(m.language.mailbox), m.pause(0.1, 0.6), _beep(m)]


def _short_mailbox(m: Maker) -> list[Sound]:
    return [m.pause(0.1, 0.8), m.says(m.language.short_mailbox), m.pause(0.1, 0.9), _beep(m)]


def _early_pause(m: Maker) -> list[Sound]:
    return [m.pause(0.1, 0.6), m.says(m.language.hello), m.pause(0.5, 1.1), m.says(m.language.mailbox)]


def _slow_mailbox(m: Maker) -> list[Sound]:
    whole = m.says(m.language.mailbox, word_gap_10ms=int(m.random.integers(5, 30)))
    return [m.in_noise(np.concatenate([m.pause(0.1, 0.8), whole]), 20, 40)]


def _beep_only(m: Maker) -> list[Sound]:
    return [m.pause(0.1, 2.8), _beep(m)]


def _carrier(m: Maker) -> list[Sound]:
    return [m.pause(0.1, 0.5), tones.sit(m.level_db), m.pause(0.1, 0.4), m.says(m.language.announcement)]


def _fax(m: Maker) -> list[Sound]:
    if m.between(0, 1) < 0.5:
        return [m.pause(0.1, 1.0), tones.fax_calling(LONGEST_S, m.level_db)]
    return [m.pause(0.2, 2.0), tone(tones.FAX_CED_HZ, m.between(2.6, 4.0), m.level_db)]


def _dead_air(m: Maker) -> list[Sound]:
    # AMD's default threshold, 256, is the mean of white noise at about -40 dB: some of these are sound to it
    make = m.pick((_hush, _line_noise, _hum, _click))
    return make(m)


def _hush(m: Maker) -> list[Sound]:
    return [tones.noise(m.random, LONGEST_S, m.between(-80, -62), 1.0)]


def _line_noise(m: Maker) -> list[Sound]:
    return [tones.noise(m.random, LONGEST_S, m.between(-60, -36), m.pick((0.0, 1.0)))]


def _hum(m: Maker) -> list[Sound]:
    return [tones.hum(LONGEST_S, m.between(-55, -30))]


def _click(m: Maker) -> list[Sound]:
    return [m.pause(0.1, 2.6), tones.noise(m.random, m.between(0.02, 0.15), -20, 0.0)]


def _crackle(m: Maker) -> list[Sound]:
    # bursts too short for a word, too close for initial silence: AMD comes to no verdict
    bursts: list[Sound] = []
    for _ in range(12):
        bursts += [m.pause(0.2, 1.6), tones.noise(m.random, m.between(0.02, 0.09), m.level_db, 1.0)]
    return bursts


def _blocks(m: Maker) -> list[Sound]:
    # sound and silence in whole frames, at loudnesses next to the thresholds: where one frame or one unit decides
    blocks: list[Sound] = []
    for _ in range(int(m.random.integers(4, 14))):
        frames = m.pick((1, 2, 3, 4, 5, 6, 10, 11, 12, 20))
        blocks.append(tones.steady(m.pick((256, 255.5, 700, 699.5, 990)), 0.02 * frames))
        frames = m.pick((1, 2, 2, 3, 3, 3, 4, 5, 10, 19, 20, 21, 39, 40, 41))
        blocks.append(tones.steady(m.pick((0, 0, 0, 240, 255.5)), 0.02 * frames))
    return blocks[m.pick((0, 1)) :]


def _beep(m: Maker) -> Sound:
    return tone(m.pick(BEEPS_HZ), m.between(0.15, 1.0), m.level_db)


KINDS: dict[str, tuple[str, Callable[[Maker], list[Sound]]]] = {
    "hello": ("person", _hello),
    "business": ("person", _business),
    "delayed": ("person", _delayed),
    "noisy": ("person", _noisy),
    "two-hellos": ("person", _two_hellos),
    "at-once": ("person", _at_once),
    "mailbox": ("machine", _mailbox),
    "short-mailbox": ("machine", _short_mailbox),
    "early-pause": ("machine", _early_pause),
    "slow-mailbox": ("machine", _slow_mailbox),
    "beep": ("machine", _beep_only),
    "carrier": ("carrier", _carrier),
    "fax": ("fax", _fax),
    "dead-air": ("nobody", _dead_air),
    "crackle": ("nobody", _crackle),
    "blocks": ("signal", _blocks),
}
"""Every kind: who that is, and the maker of its parts."""


def greeting(kind: str, number: int, seed: int) -> Greeting:
    """Make one greeting; the same (kind, number, seed) gives the same samples whatever else is made.

    Even and odd numbers are two halves without a common voice or text.
    """
    party, make = KINDS[kind]
    maker = Maker(np.random.default_rng([seed, zlib.crc32(kind.encode()), number]), half=number % 2)
    whole = np.concatenate(make(maker))[: round(LONGEST_S * tones.RATE_HZ)]
    return Greeting(f"{kind}-{number:03d}", kind, party, number % 2, tones.to_int16(whole))
