"""AMD as Asterisk runs it, one frame after the other, slow and plain: what the model's runs are checked against.

Knows nothing of the model. Samples are looked at anew, in plain Python, so that the frames are checked with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from dialerd.core.campaign import AmdParameters


class Place(Enum):
    """Where the ear is."""

    WORD = auto()
    PAUSE = auto()


@dataclass
class Ear:
    """All that is remembered between frames; milliseconds but for the words."""

    wanted: AmdParameters
    place: Place = Place.WORD
    greeted: bool = False
    counted: int = 0
    quiet: int = 0
    word: int = 0
    voice: int = 0
    words: int = 0

    def frame(self, samples: Sequence[int]) -> tuple[str, str] | None:
        """Hear one frame; return status and cause when it decides."""
        wanted, length = self.wanted, len(samples) // 8
        self.counted += length
        if self.counted >= wanted.total_analysis_time:
            return "NOTSURE", f"TOOLONG-{self.counted}"
        if sum(abs(sample) for sample in samples) // len(samples) < wanted.silence_threshold:
            self.quiet += length
        else:
            self.quiet = 0
        return self._pause() if self.quiet > 0 else self._voice(length)

    def _pause(self) -> tuple[str, str] | None:
        wanted = self.wanted
        if self.quiet >= wanted.between_words_silence:
            self.place, self.word = Place.PAUSE, 0
        if not self.greeted and self.quiet >= wanted.initial_silence:
            return "MACHINE", f"INITIALSILENCE-{self.quiet}-{wanted.initial_silence}"
        if self.greeted and self.quiet >= wanted.after_greeting_silence:
            return "HUMAN", f"HUMAN-{self.quiet}-{wanted.after_greeting_silence}"
        return None

    def _voice(self, length: int) -> tuple[str, str] | None:
        wanted = self.wanted
        self.word += length
        self.voice += length
        is_word = self.word >= wanted.minimum_word_length
        if is_word and self.place is Place.PAUSE:
            self.place = Place.WORD
            self.words += 1
        if self.word >= wanted.maximum_word_length:
            return "MACHINE", f"MAXWORDLENGTH-{self.word}"
        if self.words > wanted.maximum_number_of_words:
            return "MACHINE", f"MAXWORDS-{self.words}-{wanted.maximum_number_of_words}"
        if self.greeted and self.voice >= wanted.greeting:
            return "MACHINE", f"LONGGREETING-{self.voice}-{wanted.greeting}"
        self.greeted = self.greeted or is_word
        return None


def cut(samples: Sequence[int], frame_samples: int, *, fill_last: bool) -> Iterator[list[int]]:
    """Yield the frames of a sound."""
    for begin in range(0, len(samples), frame_samples):
        frame = list(samples[begin : begin + frame_samples])
        yield frame + [0] * (frame_samples - len(frame)) if fill_last else frame


def heard(
    samples: Sequence[int],
    wanted: AmdParameters,
    *,
    frame_samples: int = 160,
    fill_last: bool = True,
    goes_on: bool = True,
) -> tuple[str, str, int]:
    """Return status, cause and milliseconds; after the sound come zeros for ever, or nothing at all."""
    ear = Ear(wanted)
    for frame in cut(samples, frame_samples, fill_last=fill_last):
        if verdict := ear.frame(frame):
            return (*verdict, ear.counted)
    while goes_on:
        if verdict := ear.frame([0] * frame_samples):
            return (*verdict, ear.counted)
    wait = 2 * min(
        50,
        wanted.initial_silence,
        wanted.greeting,
        wanted.after_greeting_silence,
        wanted.total_analysis_time,
        wanted.minimum_word_length,
        wanted.between_words_silence,
    )
    assert wait > 0
    # the first frame came at 0, so the clock lacks it; each wait takes a little longer than asked for
    clock = ear.counted - min(frame_samples, len(samples)) // 8
    waits = 0
    while True:
        waits += 1
        if clock + waits * (wait + 1e-6) > wanted.total_analysis_time:
            return "NOTSURE", f"TOOLONG-{ear.counted}", ear.counted + wait
        ear.counted += wait
        if ear.counted >= wanted.total_analysis_time:
            return "NOTSURE", f"TOOLONG-{ear.counted}", ear.counted
