"""Owns the check of settings by a table: kinds of checks, and one sentence for each that fails. Knows no setting."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from dialerd.core.errors import hint

Check = Callable[[Any], Any]
"""Given a value as it came (text, number, boolean), return what the column holds; ValueError says what is wrong."""

FEW = 16  # so many names can be told at once
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
NAME_RULE = "1 to 64 letters, digits, _ . - beginning with a letter or digit"
_YES, _NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


def checked_by(
    checks: Mapping[str, Check], settings: Mapping[str, Any], what: str = "setting"
) -> tuple[dict[str, Any], list[str]]:
    """Given settings as they came, return the columns to write and a sentence for each that cannot be."""
    if len(settings) > 2 * len(checks):  # the nearest name is looked for each time, and nobody means so many
        return {}, [f"{len(settings)} {what}s are too many: there are {len(checks)}"]
    columns: dict[str, Any] = {}
    problems: list[str] = []
    known = f"known: {', '.join(checks)}" if len(checks) <= FEW else ""
    for name, value in settings.items():
        check = checks.get(name)
        if check is None:
            problems.append(f"{str(name)[:80]}: no such {what}{hint(str(name), checks, known)}")
            continue
        try:
            columns[name] = check(value)
        except (ValueError, ArithmeticError) as error:
            problems.append(f"{name}: {_shown(value)} {error}")
    return columns, problems


def _shown(value: Any) -> str:
    text = str(value)
    return repr(text if len(text) <= 40 else text[:40] + "…")


def text_of(value: Any) -> str:
    """A text; a number is taken for one."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("is not a text")
    return str(value)


def matching(pattern: str, rule: str, *, may_be_empty: bool = True) -> Check:
    """A text that matches as a whole; `rule` says what is allowed."""
    compiled = re.compile(pattern)

    def check(value: Any) -> str:
        text = text_of(value)
        if (text or not may_be_empty) and not compiled.fullmatch(text):
            raise ValueError(f"may only hold {rule}")
        return text

    return check


def one_of(kind: type[Enum]) -> Check:
    """One of an enumeration's values."""
    names = [str(member.value) for member in kind]

    def check(value: Any) -> str:
        text = text_of(value).lower()
        if text not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return text

    return check


def decimal(value: Any) -> Decimal:
    """A finite number, also as text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal) or len(str(value)) > 40:
        raise ValueError("is not a number")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError("is not a number") from None
    if not number.is_finite():
        raise ValueError("is not a number")
    return number


def between(number: Decimal, low: float, high: float) -> Decimal:
    """The number, if it is within limits."""
    if not Decimal(str(low)) <= number <= Decimal(str(high)):
        raise ValueError(f"must be between {low:g} and {high:g}")
    return number


def whole(low: int, high: int) -> Check:
    """A whole number within limits."""

    def check(value: Any) -> int:
        number = decimal(value)
        if number != number.to_integral_value():
            raise ValueError("must be a whole number")
        return int(between(number, low, high))

    return check


def real(low: float, high: float) -> Check:
    """A number within limits."""
    return lambda value: float(between(decimal(value), low, high))


def yes_or_no(value: Any) -> bool:
    """A boolean, also as text."""
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text not in _YES | _NO:
        raise ValueError("must be yes or no")
    return text in _YES
