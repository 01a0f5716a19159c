"""Owns the check of parameters before a method runs: every wrong field in one sentence. Knows no methods.

msgspec converts each field by itself, because of a whole struct it reports the first mistake only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, TypeVar, get_args

import msgspec

from dialerd.config_problems import did_you_mean
from dialerd.control.context import Binder, ParamsInvalid

S = TypeVar("S", bound=msgspec.Struct)

MOST_REPORTED = 5
"""More mistakes than this are counted, not listed."""

LONGEST_MISTAKE = 300
"""Characters: a wrong value of 64 KB is not sent back whole."""

REST_OF_DAY = timedelta(hours=25)
"""A day may have that many when clocks are set back."""

_AT = re.compile(r" - at `\$(.*)`\Z")
_EXPECTED = re.compile(r"\AExpected `([^`]+)`(?: ((?:of length )?[<>]=?) (\S+))?(?:, got `([^`]+)`)?")
_WORDS = {"str": "a text", "int": "a whole number", "float": "a number", "bool": "true or false", "null": "nothing"}
_WORDS |= {"array": "a list", "object": "an object"}


class NoParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For methods without parameters."""


def named(shape: type[S]) -> Binder:
    """Given a struct, return the function that turns named parameters into it or raises ParamsInvalid."""
    known = {part.encode_name: part for part in msgspec.structs.fields(shape)}

    def bind(params: Mapping[str, Any]) -> S:
        unknown = [key for key in params if key not in known]
        mistakes = [f"{_short(key)}: unknown parameter{did_you_mean(key, known)}" for key in unknown[:MOST_REPORTED]]
        mistakes += [""] * (len(unknown) - MOST_REPORTED)  # counted only: to look for a likeness takes time
        values: dict[str, Any] = {}
        for key, part in known.items():
            if key not in params:
                if part.required:
                    mistakes.append(f"{key}: is missing")
                continue
            try:
                values[part.name] = msgspec.convert(params[key], part.type)
            except msgspec.ValidationError as error:
                mistakes.append(f"{key}{_plain(str(error), part.type)}")
            except UnicodeEncodeError:
                mistakes.append(f"{key}: holds half of a surrogate pair, which is no text")
        if mistakes:
            raise ParamsInvalid(one_sentence(mistakes))
        return shape(**values)

    return bind


def columns(params: Mapping[str, Any]) -> dict[str, Any]:
    """A binder for methods that take any column: checks names and plain values; the store checks the rest."""
    mistakes = [
        f"{_short(key)}: must be a text, a number, true or false" for key in params if not _plain_value(params[key])
    ]
    if len(params) > 200:
        mistakes.insert(0, f"{len(params)} parameters are too many")
    name = params.get("name")
    if not isinstance(name, str) or not name:
        mistakes.insert(0, "name: is missing" if name is None else "name: must be a text that is not empty")
    if mistakes:
        raise ParamsInvalid(one_sentence(mistakes))
    return dict(params)


def one_sentence(mistakes: list[str]) -> str:
    """Join mistakes by `; `, the first few of them."""
    more = len(mistakes) - MOST_REPORTED
    told = [text if len(text) <= LONGEST_MISTAKE else text[:LONGEST_MISTAKE] + "…" for text in mistakes[:MOST_REPORTED]]
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")


def instant(text: str, field: str) -> datetime:
    """Given an ISO 8601 instant with its offset, return an aware datetime; raise ParamsInvalid otherwise."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            found.astimezone()  # years 1 and 9999 overflow
            return found
    except (ValueError, OverflowError):
        pass
    raise ParamsInvalid(f"{field}: {text[:40]!r} is not a time with its offset (example: 2026-03-31T14:00:00+02:00)")


def past_instant(text: str, field: str, now: datetime) -> datetime:
    """The same of a time about which something can be known; the rest of today, asked for as a whole day, is now."""
    found = instant(text, field)
    if found > now + (REST_OF_DAY if field == "until" else timedelta()):
        raise ParamsInvalid(f"{field}: {text} is in the future: nothing is recorded yet")
    return min(found, now)


def past_span(since: str | None, until: str | None, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Two instants of the past, each where it is given; ParamsInvalid when they are the wrong way round."""
    first = past_instant(since, "since", now) if since else None
    last = past_instant(until, "until", now) if until else None
    in_order(first, last, since, until)
    return first, last


def in_order(first: datetime | None, last: datetime | None, since: str | None, until: str | None) -> None:
    """Raise ParamsInvalid when a span, told as `since` and `until`, does not end after it begins."""
    if first is not None and last is not None and first >= last:
        raise ParamsInvalid(f"since: {since} is not before until {until}")


def _plain_value(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= 1000 and all(item is None or isinstance(item, str | int | float) for item in value)
    return value is None or isinstance(value, str | int | float)


def _plain(words: str, kind: Any) -> str:
    """msgspec's sentence in ours: ``Expected `int`, got `str` - at `$[0]` `` → `[0]: must be a whole number, not …`."""
    at = _AT.search(words)
    place = at[1] if at else ""
    words = _AT.sub("", words)
    choices = [choice for part in (kind, *get_args(kind)) for choice in _choices(part)]
    if "enum value" in words and choices:
        return f"{place}: must be one of {', '.join(choices)}, not {words.rpartition('enum value ')[2]}"
    if "matching regex" in words:
        return f"{place}: has the wrong form"
    expected = _EXPECTED.match(words)
    if expected is None:
        return f"{place}: {words[:1].lower()}{words[1:]}"
    kinds = " or ".join(_WORDS.get(word.strip(), word.strip()) for word in expected[1].split("|") if word != " null")
    got = f", not {_WORDS.get(expected[4], expected[4])}" if expected[4] else ""
    if expected[2] == "of length >=" and expected[3] == "1":
        return f"{place}: must be {kinds} that is not empty{got}"
    if expected[2]:
        unit = " characters or items" if "length" in expected[2] else ""
        bound = "at least" if ">" in expected[2] else "at most"
        return f"{place}: must be {kinds} of {bound} {expected[3]}{unit}{got}"
    return f"{place}: must be {kinds}{got}"


def _choices(kind: Any) -> list[str]:
    return [str(member.value) for member in kind] if isinstance(kind, type) and issubclass(kind, Enum) else []


def _short(key: str) -> str:
    clean = key if key.isprintable() else repr(key)
    return clean if len(clean) <= 40 else clean[:39] + "…"
