"""One call's stream: its name first, sound in any portions, hostile messages refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st
from tests.amd_corpus.tones import silence, tone

from dialerd.detector.audiosocket import Kind, Message
from dialerd.detector.greeting_end import Cue
from dialerd.detector.stream import Stream

from .sounds import chatter, through_telephone

NAME = Message(Kind.IDENTITY, bytes(range(16)))
SOUND = through_telephone(chatter(1.0), silence(0.3), tone(1000, 0.3, -20), silence(1.0)).astype("<i2").tobytes()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 1000), min_size=1, max_size=20))
def test_the_cue_does_not_depend_on_the_portions(sizes: list[int]) -> None:
    stream, at, turn, cue = Stream(), 0, 0, None
    assert stream.take(NAME) is None
    assert stream.identity == "000102030405060708090a0b0c0d0e0f"
    while cue is None and at < len(SOUND):
        size = sizes[turn % len(sizes)]
        cue = stream.take(Message(Kind.AUDIO, SOUND[at : at + size]))
        at, turn = at + size, turn + 1
    assert cue is Cue.BEEP
    assert stream.end.heard_s == pytest.approx(1.0 + 0.3 + 0.3 + 0.26, abs=0.08)


@pytest.mark.parametrize(
    "messages",
    [
        [Message(Kind.AUDIO, SOUND[:320])],
        [Message(Kind.IDENTITY, b"short")],
        [NAME, NAME],
        [Message(Kind.HANG_UP, b"")],
    ],
)
def test_a_stream_that_is_none_of_ours(messages: list[Message]) -> None:
    stream = Stream()
    with pytest.raises(ValueError, match="stream"):
        for message in messages:
            stream.take(message)


@pytest.mark.parametrize("kind", [Kind.HANG_UP, Kind.ERROR])
def test_asterisk_hangs_up(kind: Kind) -> None:
    stream = Stream()
    stream.take(NAME)
    assert stream.take(Message(kind, b"")) is None
    assert stream.over


def test_what_is_not_known_is_skipped() -> None:
    stream = Stream()
    stream.take(NAME)
    assert stream.take(Message(Kind.DIGIT, b"5")) is None
    assert stream.take(Message(0x55, b"x" * 40)) is None
    assert not stream.over
