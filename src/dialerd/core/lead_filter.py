"""Owns the small language in which a campaign says which leads it wants. Pure; no names but a lead's fields, no calls.

    city == "Berlin" and attempts < 3
    rank >= 5 or (source in ("web", "fair") and not email == "")
    name contains "GmbH"

Fields: `number name attempts priority rank list state postal_code person consent_class zone region`, and every extra
column of the import by its heading (in backquotes where it has spaces: `Date of birth`). A field that a lead does not
have is empty. Numbers compare as numbers where both sides are numbers, else as text; text compares without case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Fields = Mapping[str, Any]
Test = Callable[[Fields], bool]
_Value = Callable[[Fields], Any]

LONGEST = 1000
DEEPEST = 30
WORDS = frozenset({"and", "or", "not", "in", "contains", "startswith"})
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>-?[0-9]+(?:\.[0-9]+)?)(?![\w.])
    |(?P<text>"[^"]*"|'[^']*')
    |(?P<quoted>`[^`]+`)
    |(?P<name>[^\W\d]\w*)
    |(?P<mark>==|!=|<=|>=|<|>|=|\(|\)|,))""",
    re.VERBOSE,
)


class FilterError(ValueError):
    """The expression cannot be understood; the message says where."""


def checked_filter(text: str) -> str:
    """Return the expression if it can be understood (or is empty); FilterError otherwise."""
    compile_filter(text)
    return text.strip()


def compile_filter(text: str) -> Test:
    """Given an expression, return the test of a lead's fields; empty: every lead passes. FilterError otherwise."""
    if not text.strip():
        return lambda fields: True
    if len(text) > LONGEST:
        raise FilterError(f"is longer than {LONGEST} characters")
    parser = _Parser(_tokens(text))
    test = parser.either(0)
    parser.end()
    return test


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found: list[tuple[str, str, int]] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise FilterError(f"cannot be understood at {text[at:].strip()[:20]!r}")
        kind, value = match.lastgroup, match[match.lastgroup]
        if kind == "name" and value.lower() in WORDS:
            kind, value = "word", value.lower()
        found.append((kind, value, match.start(match.lastgroup)))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str, int]]) -> None:
        self._tokens = tokens
        self._at = 0

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at][:2] if self._at < len(self._tokens) else ("end", "")

    def _take(self, *values: str) -> bool:
        kind, value = self._peek()
        if kind in ("word", "mark") and value in values:
            self._at += 1
            return True
        return False

    def _fail(self, wanted: str) -> FilterError:
        kind, value = self._peek()
        where = "at its end" if kind == "end" else f"at {value[:20]!r}"
        return FilterError(f"wants {wanted} {where}")

    def end(self) -> None:
        if self._peek()[0] != "end":
            raise self._fail("and, or, or nothing more")

    def either(self, depth: int) -> Test:
        tests = [self._all(depth)]
        while self._take("or"):
            tests.append(self._all(depth))
        return tests[0] if len(tests) == 1 else lambda fields: any(test(fields) for test in tests)

    def _all(self, depth: int) -> Test:
        tests = [self._one(depth)]
        while self._take("and"):
            tests.append(self._one(depth))
        return tests[0] if len(tests) == 1 else lambda fields: all(test(fields) for test in tests)

    def _one(self, depth: int) -> Test:
        if depth > DEEPEST:
            raise FilterError(f"is nested deeper than {DEEPEST}")
        if self._take("not"):
            test = self._one(depth + 1)
            return lambda fields: not test(fields)
        if self._take("("):
            test = self.either(depth + 1)
            if not self._take(")"):
                raise self._fail("a closing )")
            return test
        return self._comparison()

    def _comparison(self) -> Test:
        left = self._value()
        kind, operator = self._peek()
        if kind == "word" and operator == "in":
            self._at += 1
            choices = self._choices()
            return lambda fields: any(_compare("==", left(fields), choice(fields)) for choice in choices)
        if operator not in _OPERATORS or kind not in ("word", "mark"):
            raise self._fail("one of == != < <= > >= in contains startswith")
        self._at += 1
        right = self._value()
        return lambda fields: _compare(operator, left(fields), right(fields))

    def _choices(self) -> list[_Value]:
        if not self._take("("):
            raise self._fail("a list like (1, 2)")
        choices = [self._value()]
        while self._take(","):
            choices.append(self._value())
        if not self._take(")"):
            raise self._fail("a closing )")
        return choices

    def _value(self) -> _Value:
        kind, value = self._peek()
        if kind not in ("number", "text", "quoted", "name"):
            raise self._fail("a field, a number or a text in quotes")
        self._at += 1
        if kind == "number":
            number = float(value)
            return lambda fields: number
        if kind == "text":
            return lambda fields: value[1:-1]
        name = value[1:-1] if kind == "quoted" else value
        return lambda fields: fields.get(name, "")


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
    "contains": lambda a, b: str(b) in str(a),
    "startswith": lambda a, b: str(a).startswith(str(b)),
}


def _compare(operator: str, left: Any, right: Any) -> bool:
    if operator not in ("contains", "startswith"):
        numbers = _number(left), _number(right)
        if numbers[0] is not None and numbers[1] is not None:
            return _OPERATORS[operator](numbers[0], numbers[1])
    return _OPERATORS[operator](_text(left), _text(right))


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return float(value)
    try:
        return float(value) if str(value).strip() else None
    except (TypeError, ValueError):
        return None


def _text(value: Any) -> str:
    if value is None:
        return ""
    return (f"{value:g}" if isinstance(value, float) else str(value)).casefold()
