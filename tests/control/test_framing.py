"""Lines and JSON values, whatever the bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from dialerd.control.framing import LineBuffer, LineTooLong, NotJson, decode, encode
from dialerd.control.json_values import jsonable
from dialerd.control.protocol import ErrorCode, ExitCode, exit_code_of
from dialerd.core.agent import AgentState

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(values=st.lists(PLAIN, max_size=5), data=st.data())
def test_values_survive_any_cutting_of_the_stream(values: list[object], data: st.DataObject) -> None:
    stream = b"".join(encode(value) for value in values)
    buffer, found = LineBuffer(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        found += [decode(line) for line in buffer.feed(stream[:cut])]
        stream = stream[cut:]
    assert found == [json.loads(json.dumps(value)) for value in values]
    assert not buffer.has_part


@given(line=st.binary(max_size=200).filter(lambda b: b"\n" not in b))
def test_any_bytes_give_a_value_or_not_json(line: bytes) -> None:
    try:
        value = decode(line)
    except NotJson as error:
        assert str(error)
    else:
        encode(value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (b"[" * 40 + b"]" * 40, "nested more than 32"),
        (b"\xff", "not UTF-8 at byte 0"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b"9" * 5000, "digits"),
        (b'{"a"', "delimiter"),
    ],
)
def test_hostile_lines(line: bytes, words: str) -> None:
    with pytest.raises(NotJson, match=words):
        decode(line)


def test_the_limit_counts_the_newline() -> None:
    assert LineBuffer(4).feed(b"abc\nabc\n") == [b"abc", b"abc"]
    with pytest.raises(LineTooLong):
        LineBuffer(4).feed(b"abcd\n")
    endless = LineBuffer(1000)
    with pytest.raises(LineTooLong):
        for _ in range(100):
            endless.feed(b"x" * 100)


def test_crlf_and_parts() -> None:
    buffer = LineBuffer()
    assert buffer.feed(b"a\r\nb") == [b"a"]
    assert buffer.has_part
    assert buffer.feed(b"\n") == [b"b"]


def test_values_in_their_agreed_form() -> None:
    at = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
    value = {
        "at": at,
        "money": Decimal("0.0350"),
        "state": AgentState.READY,
        "opens": time(9),
        "lasts": timedelta(seconds=90),
        "rate": float("nan"),
        "some": frozenset({2, 1}),
        1: ("a",),
    }
    assert jsonable(value) == {
        "at": "2026-03-02T16:00:00+00:00",
        "money": "0.0350",
        "state": "ready",
        "opens": "09:00",
        "lasts": 90.0,
        "rate": None,
        "some": [1, 2],
        "1": ["a"],
    }
    with pytest.raises(TypeError):
        jsonable(datetime(2026, 3, 2))  # noqa: DTZ001
    with pytest.raises(TypeError):
        jsonable(object())


def test_a_lone_surrogate_does_not_break_the_line() -> None:
    assert encode(decode(b'"\\ud800"')) == b'"?"\n'


def test_exit_codes_of_the_protocol_page() -> None:
    assert {code.kind: int(code.exit_code) for code in ErrorCode} == {
        "protocol": 1,
        "usage": 2,
        "failed": 1,
        "not_found": 5,
        "conflict": 6,
        "invalid": 2,
        "unavailable": 75,
        "forbidden": 4,
        "protocol_mismatch": 1,
    }
    assert exit_code_of(1004) == ExitCode.TEMPORARY
    assert exit_code_of(4711) == ExitCode.FAILED
