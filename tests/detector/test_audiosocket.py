"""The protocol's bytes, however they are cut."""

from __future__ import annotations

from hypothesis import given, strategies as st

from dialerd.detector.audiosocket import Messages

MESSAGES = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=700)), max_size=12)


@given(MESSAGES, st.lists(st.integers(1, 400), min_size=1, max_size=40))
def test_messages_survive_any_cut(messages: list[tuple[int, bytes]], cuts: list[int]) -> None:
    wire = b"".join(bytes([kind]) + len(payload).to_bytes(2, "big") + payload for kind, payload in messages)
    parser, found, at, turn = Messages(), [], 0, 0
    while at < len(wire):
        size = cuts[turn % len(cuts)]
        found += [tuple(message) for message in parser.feed(wire[at : at + size])]
        at, turn = at + size, turn + 1
    assert found == messages


@given(st.binary(max_size=3000))
def test_any_bytes_are_messages_or_the_beginning_of_one(data: bytes) -> None:
    parser = Messages()
    found = list(parser.feed(data))
    taken = sum(3 + len(message.payload) for message in found)
    rest = data[taken:]
    assert len(rest) < 3 or len(rest) < 3 + int.from_bytes(rest[1:3], "big")
