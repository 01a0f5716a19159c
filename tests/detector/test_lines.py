"""Lines between dialerd and the detector: what is written is read; anything else is one sentence."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from dialerd.detector.lines import Await, Heard, Line, Listening, Trouble, read, written

LINES = st.one_of(
    st.builds(
        Await, attempt=st.integers(1), token=st.text(max_size=32), silence_s=st.floats(0, 9), longest_s=st.just(45.0)
    ),
    st.builds(Listening, port=st.integers(0, 65_535)),
    st.builds(
        Heard,
        attempt=st.integers(1),
        cue=st.text(max_size=9),
        after_s=st.floats(0, 99),
        hz=st.tuples(st.floats(300, 2600)),
    ),
    st.builds(Trouble, text=st.text(max_size=80)),
)


@given(LINES)
def test_what_is_written_is_read(line: Line) -> None:
    text = written(line)
    assert text.endswith(b"\n")
    assert b"\n" not in text[:-1]
    assert read(text) == line


@given(st.one_of(st.binary(max_size=60), st.just(b'{"kind": "await"}'), st.just(b"[]"), st.just(b'{"kind": "x"}')))
def test_anything_else_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="no line of the detector"):
        read(text)
