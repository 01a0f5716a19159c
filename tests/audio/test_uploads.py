"""Files on their way in: in order, of bounded size and number."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from dialerd.audio.uploads import MOST_AT_ONCE, MOST_BYTES, Uploads
from dialerd.core.errors import Conflict, Invalid


@given(st.lists(st.binary(max_size=50), max_size=8))
def test_what_is_sent_in_parts_is_taken_whole_and_once(parts: list[bytes]) -> None:
    uploads, there = Uploads(), 0
    for part in (b"", *parts):
        there = uploads.receive(1, "a", there, part)
    assert uploads.take(1, "a") == b"".join(parts)
    with pytest.raises(Conflict, match="send it again"):
        uploads.take(1, "a")


def test_out_of_order_is_refused_and_zero_begins_anew() -> None:
    uploads = Uploads()
    assert uploads.receive(1, "a", 0, b"abc") == 3
    for offset in (2, 4):
        with pytest.raises(Conflict):
            uploads.receive(1, "a", offset, b"x")
    with pytest.raises(Conflict):
        uploads.receive(2, "a", 3, b"x")  # somebody else's
    assert uploads.receive(1, "a", 0, b"z") == 1 and uploads.take(1, "a") == b"z"


def test_neither_one_nor_many_fill_the_memory() -> None:
    uploads = Uploads()
    for number in range(MOST_AT_ONCE + 1):
        uploads.receive(number, "a", 0, b"x")
    with pytest.raises(Conflict):
        uploads.take(0, "a")
    assert uploads.take(1, "a") == b"x"
    uploads.receive(1, "b", 0, bytes(MOST_BYTES))
    with pytest.raises(Invalid, match="at most five minutes"):
        uploads.receive(1, "b", MOST_BYTES, b"x")
