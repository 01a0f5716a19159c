"""The harness itself, without Asterisk: hearing, SIP, and the form of the recorded transcripts."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

from .farend import Behaviour, FarEnd, rejecting
from .farend.audio import silence, tone, with_pilot
from .farend.listening import Frame, Listener
from .pbx.transcript import Piece, decode, encode

FIXTURES = sorted((Path(__file__).resolve().parents[1] / "fixtures").glob("a*i/*.txt"))


def _frames(ulaw: bytes) -> list[Frame]:
    return [(n / 8000, ulaw[n : n + 160]) for n in range(0, len(ulaw), 160)]


def test_a_tone_is_heard_when_it_is_there_also_under_another_and_no_other_is() -> None:
    frames = _frames(silence(1.0) + tone(1000, 2.0) + silence(0.5) + with_pilot(tone(1400, 1.0), 600))
    ((begin, end),) = Listener(1000).spans(frames)
    assert begin == pytest.approx(1.0, abs=0.03) and end == pytest.approx(3.0, abs=0.03)
    assert len(Listener(1400).spans(frames)) == len(Listener(600).spans(frames)) == 1
    assert Listener(850).spans(frames) == []
    assert [round(span.begin, 1) for span in Listener(None).spans(frames)] == [1.0, 3.5]


def test_a_listener_hears_each_frame_once() -> None:
    frames = _frames(tone(1000, 1.0))
    listener = Listener(1000)
    assert listener.spans(frames[:10])[0].seconds == pytest.approx(0.2)
    assert listener.spans(frames)[0].seconds == pytest.approx(1.0)


def test_two_far_ends_talk_to_each_other() -> None:
    """The far end's caller and called side need no PBX between them: audio, keys, rejection, hang-up."""
    with FarEnd() as caller, FarEnd() as called:
        called.behaves("1", Behaviour(then=tone(1000)))
        called.behaves("2", rejecting(486, reason="Q.850;cause=17"))
        script = Behaviour(then=tone(1400), digits=((0.2, "5#"),), hangs_up_after_s=1.0)
        out = caller.dial(called.sip_port, caller="77", number="1", behaviour=script)
        busy = caller.dial(called.sip_port, caller="77", number="2")
        caller.wait_until(lambda: out.over and busy.over, 5, "both calls over")
        inside = called.wait_for_call("1")
        called.wait_until(lambda: inside.over, 2, "the BYE")
        assert (inside.ended_by, out.ended_by, inside.caller) == ("pbx", "farend", "77")
        assert [key for _, key in inside.digits] == ["5", "#"]
        assert out.tone_seconds(1000) > 0.8 and inside.tone_seconds(1400) > 0.3
        assert (busy.final_code, busy.reasons) == (486, ["Q.850;cause=17"])


def test_a_transcript_survives_writing_and_reading() -> None:
    pieces = [Piece(0.5, "client", b"Action: Ping\r\n\r\n"), Piece(1.25, "server", b"--- 1 server 2\n\x00\xff\n# no\n")]
    assert decode(encode(pieces, "a comment", "another")) == pieces
    with pytest.raises(ValueError):
        decode(b"anything else\n")


def test_the_recorded_transcripts_are_whole_and_name_no_machine() -> None:
    assert len(FIXTURES) > 30
    for path in FIXTURES:
        pieces = decode(path.read_bytes())
        assert pieces and {piece.side for piece in pieces} <= {"server", "client"}, path.name
        assert all(a.at_s <= b.at_s for a, b in itertools.pairwise(pieces)), path.name
        whole = b"".join(piece.data for piece in pieces)
        assert b"/var/cache" not in whole, path.name
        if path.parent.name == "ami":
            server = b"".join(piece.data for piece in pieces if piece.side == "server")
            assert server.startswith(b"Asterisk Call Manager/") and server.endswith(b"\r\n\r\n"), path.name


def test_the_far_end_stops_at_once() -> None:
    began = time.monotonic()
    FarEnd().close()
    assert time.monotonic() - began < 1
