"""Owns what Asterisk 22's AMD() would say of a call's sound. Knows nothing of campaigns, calls and real time.

AMD's rules are those of apps/app_amd.c, which looks at one frame after the other. Most frames change nothing but sums,
so the model looks at runs of silence and of sound and asks at which frame of a run a sum reaches its limit. That the
two ways come to the same is a property test; that both are Asterisk's is tests/end_to_end/test_amd_model.py.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, fields
from typing import NamedTuple

from dialerd.core.amd.frames import After, Frames, Run
from dialerd.core.amd.status import AmdResult, amd_result
from dialerd.core.campaign import AmdParameters

LONGEST_WAIT_MS = 50
"""Half of what AMD waits for a frame at most; a shorter parameter makes it shorter."""
_NEVER = 1 << 62


class Judgement(NamedTuple):
    """AMD's answer: AMDSTATUS and AMDCAUSE as Asterisk writes them, and the milliseconds from AMD's start to it.

    The time is that of the sound AMD has counted: with frames that come in time, that of the clock.
    """

    status: str
    cause: str
    after_ms: int

    @property
    def result(self) -> AmdResult:
        """What dialerd makes of the status."""
        return amd_result(self.status)


def judge(frames: Frames, parameters: AmdParameters, after: After = After.SILENCE) -> Judgement:
    """Return what AMD would say of a call whose sound is `frames` and then `after`, on a machine without stalls.

    The first frame is taken to be there as AMD begins. Raises ValueError for a negative parameter: Asterisk would wait
    for ever. Not modelled, as no sound shows them: hang-ups, comfort noise packets, keys and other events in the media.
    """
    for each in fields(parameters):
        if getattr(parameters, each.name) < 0:
            raise ValueError(f"AMD parameter {each.name} must not be negative")
    line = _Line(frames, after)
    listener = _Listener(line, parameters)
    # AMD gives up at this frame before it looks at its sound
    end_of_analysis = line.reaching(parameters.total_analysis_time)
    for run in line.runs(parameters.silence_threshold, end_of_analysis):
        if run.first >= end_of_analysis:
            break
        found = listener.silence(run) if run.silent else listener.sound(run)
        if found is not None:
            if found.frame < end_of_analysis:
                return Judgement(found.status, found.cause, line.end(found.frame))
            break
    if end_of_analysis == _NEVER:
        return _nothing_came(frames, parameters)
    counted = line.end(end_of_analysis)
    return Judgement("NOTSURE", f"TOOLONG-{counted}", counted)


@dataclass(slots=True)
class _Line:
    """The frames and what follows them as one line of frames with indices from 0."""

    frames: Frames
    after: After

    def end(self, frame: int) -> int:
        """Milliseconds of sound up to the end of a frame; 0 for frame -1."""
        ends = self.frames.ends_ms
        if frame < len(ends):
            return ends[frame] if frame >= 0 else 0
        return (ends[-1] if ends else 0) + (frame - len(ends) + 1) * self.frames.frame_ms

    def reaching(self, sum_ms: int) -> int:
        """The first frame at whose end this much sound has come (the first frame for 0 and less), or _NEVER."""
        ends = self.frames.ends_ms
        frame = bisect_left(ends, sum_ms)
        if frame < len(ends):
            return frame
        if self.after is After.NOTHING:
            return _NEVER
        missing = sum_ms - (ends[-1] if ends else 0)
        return frame + max(0, -(-missing // self.frames.frame_ms) - 1)

    def runs(self, threshold: int, last: int) -> tuple[Run, ...]:
        """The runs of the frames and, after them, the zeros that follow up to frame `last`."""
        runs = self.frames.runs(threshold)
        count = len(self.frames.ends_ms)
        if self.after is After.NOTHING or last < count:
            return runs
        silent = threshold > 0
        if runs and runs[-1].silent is silent:
            return (*runs[:-1], Run(silent, runs[-1].first, last))
        return (*runs, Run(silent, count, last))


class _Found(NamedTuple):
    frame: int
    order: int  # of AMD's checks within a frame
    status: str
    cause: str


class _Listener:
    """What AMD remembers from run to run."""

    def __init__(self, line: _Line, parameters: AmdParameters) -> None:
        """Begin as AMD does: as if within a word, so that the sound a call begins with is no new word."""
        self._line = line
        self._wanted = parameters
        self._between_words = False
        self._greeted = False  # a first word was heard: silence now means that somebody waits for an answer
        self._words = 0
        self._word_ms = 0  # sound since the last silence that parts words
        self._sound_ms = 0  # all sound

    def silence(self, run: Run) -> _Found | None:
        """Take a run of silence; return the verdict that falls in it."""
        line, wanted = self._line, self._wanted
        begin = line.end(run.first - 1)
        if line.end(run.last) - begin >= wanted.between_words_silence:
            self._between_words = True
            self._word_ms = 0
        limit = wanted.after_greeting_silence if self._greeted else wanted.initial_silence
        frame = max(run.first, line.reaching(begin + limit))
        if frame > run.last:
            return None
        numbers = f"{line.end(frame) - begin}-{limit}"
        if self._greeted:
            return _Found(frame, 0, "HUMAN", f"HUMAN-{numbers}")
        return _Found(frame, 0, "MACHINE", f"INITIALSILENCE-{numbers}")

    def sound(self, run: Run) -> _Found | None:
        """Take a run of sound; return the earliest verdict that falls in it."""
        line, wanted = self._line, self._wanted
        begin, end = line.end(run.first - 1), line.end(run.last)
        found: list[_Found] = []

        word_zero = begin - self._word_ms  # the word's length at a frame is the frame's end minus this
        is_word_at = _NEVER
        if end - word_zero >= wanted.minimum_word_length:
            is_word_at = max(run.first, line.reaching(word_zero + wanted.minimum_word_length))
            if self._between_words:
                self._words += 1
                self._between_words = False
                if self._words > wanted.maximum_number_of_words:
                    cause = f"MAXWORDS-{self._words}-{wanted.maximum_number_of_words}"
                    found.append(_Found(is_word_at, 1, "MACHINE", cause))
        if end - word_zero >= wanted.maximum_word_length:
            frame = max(run.first, line.reaching(word_zero + wanted.maximum_word_length))
            found.append(_Found(frame, 0, "MACHINE", f"MAXWORDLENGTH-{line.end(frame) - word_zero}"))

        sound_zero = begin - self._sound_ms
        if end - sound_zero >= wanted.greeting and (self._greeted or is_word_at < run.last):
            # the frame that completes the first word is not yet held against the greeting's length
            earliest = run.first if self._greeted else is_word_at + 1
            frame = max(earliest, line.reaching(sound_zero + wanted.greeting))
            cause = f"LONGGREETING-{line.end(frame) - sound_zero}-{wanted.greeting}"
            found.append(_Found(frame, 2, "MACHINE", cause))

        self._greeted = self._greeted or is_word_at != _NEVER
        self._word_ms = end - word_zero
        self._sound_ms = end - sound_zero
        return min(found, default=None)


def _nothing_came(frames: Frames, parameters: AmdParameters) -> Judgement:
    """The end of an analysis in which the frames stop: AMD counts its own waits, and its clock runs beside it.

    A wait is twice the shortest of LONGEST_WAIT_MS and six of the parameters and takes a little longer than asked for.
    The clock is looked at first, and must be past the end: it gives the sum before the wait. Otherwise the sum counts.
    The clock is the first frame behind the sum, since that frame was there as AMD began.
    AMD's NOAUDIODATA is not among the answers: after a wait in vain it writes TOOLONG over it.
    """
    wanted = parameters
    heard = frames.ends_ms[-1] if frames.ends_ms else 0
    wait_ms = 2 * min(
        LONGEST_WAIT_MS,
        wanted.initial_silence,
        wanted.greeting,
        wanted.after_greeting_silence,
        wanted.total_analysis_time,
        wanted.minimum_word_length,
        wanted.between_words_silence,
    )
    if wait_ms == 0:  # AMD spins; nothing is counted until the clock ends it
        return Judgement("NOTSURE", f"TOOLONG-{heard}", wanted.total_analysis_time)
    counted = heard + wait_ms * -(-(wanted.total_analysis_time - heard) // wait_ms)
    behind = frames.ends_ms[0] if frames.ends_ms else 0
    if counted - behind >= wanted.total_analysis_time:
        return Judgement("NOTSURE", f"TOOLONG-{counted - wait_ms}", counted)
    return Judgement("NOTSURE", f"TOOLONG-{counted}", counted)
