"""Owns the way from written values to the schema's dataclasses: unknown keys, types, limits. Reads no files."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, TypeVar

from dialerd.config_files import Entry, Given, label
from dialerd.config_problems import Problem, did_you_mean
from dialerd.config_schema import Option, options_of

T = TypeVar("T")

_TYPE_NAMES = {"str": "a text in quotes", "int": "a whole number", "float": "a number", "bool": "true or false"}
_TYPE_NAMES["tuple[str, ...]"] = 'a list of texts (example: ["a", "b"])'


def build(shape: type[T], table: str, entry: Entry, main: str, problems: list[Problem]) -> tuple[T, dict[str, str]]:
    """Given a table's dataclass and what was written, return its value and key → origin.

    A wrong value is reported and replaced by the default, so that the other keys are checked too; the result
    is for use only when no problem was added.
    """
    name = _name_of(entry)
    known = {key: (kind, option) for key, kind, option in options_of(shape)}
    head = entry.get("", Given(None, main))
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}

    def report(given: Given, key: str, text: str) -> None:
        problems.append(Problem(given.file, text, label(table, name), key, given.line))

    for key, given in entry.items():
        if key and key not in known:
            report(given, key, "unknown key" + did_you_mean(key, known))
    for key, (kind, option) in known.items():
        written = entry.get(key)
        if written is None:
            origins[key] = "default"
            if option.required:
                report(head, key, f"is missing: {option.help}{_example(option)}")
            values[key] = "" if option.required else option.default
            continue
        origins[key] = written.origin
        try:
            values[key] = checked(written.value, kind, option)
        except ValueError as error:
            report(written, key, str(error))
            values[key] = "" if option.required else option.default
    return shape(**values), origins


def checked(value: Any, kind: str, option: Option) -> Any:
    """Given a value as written, return it in the type of its key; raise ValueError with the rest of a sentence."""
    if kind == "tuple[str, ...]":
        if not isinstance(value, list):
            raise ValueError(f"must be {_TYPE_NAMES[kind]}, not {_shown(value, option)}")
        return tuple(_text(item, option) for item in value)
    if kind == "str":
        return _text(value, option)
    if kind == "bool":
        if not isinstance(value, bool):
            raise ValueError(f"must be true or false, not {_shown(value, option)}")
        return value
    # bool is a subclass of int in Python, but `port = true` is a mistake
    fits = isinstance(value, int) or (kind == "float" and isinstance(value, float))
    if isinstance(value, bool) or not fits:
        raise ValueError(f"must be {_TYPE_NAMES[kind]}, not {_shown(value, option)}")
    low = -math.inf if option.low is None else option.low
    high = math.inf if option.high is None else option.high
    if not low <= value <= high:  # nan fails here too
        raise ValueError(f"must be {_range(option)}, not {_shown(value, option)}")
    return float(value) if kind == "float" else value


def unique_names(table: str, entries: Iterable[Entry], problems: list[Problem]) -> None:
    """Report entries of a list that carry the name of another one (entries of several files were merged before)."""
    seen: set[str] = set()
    for entry in entries:
        name = _name_of(entry)
        if name in seen and name:
            given = entry["name"]
            text = f"{name!r} is there twice: give each its own"
            problems.append(Problem(given.file, text, label(table), "name", given.line))
        seen.add(name)


def _name_of(entry: Entry) -> str:
    given = entry.get("name")
    return given.value if given is not None and isinstance(given.value, str) and given.value.isprintable() else ""


def _text(value: Any, option: Option) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a text in quotes, not {_shown(value, option)}")
    if not value.isprintable():
        raise ValueError("contains a control character (a line break?)")
    if option.choices and value not in option.choices:
        raise ValueError(f"must be one of {', '.join(option.choices)}, not {_shown(value, option)}")
    if option.check is not None and not (value == "" and option.default == ""):
        return option.check(value)
    return value


def _shown(value: Any, option: Option) -> str:
    """A wrong value as it may be repeated in a message: short, and never a secret."""
    if option.secret:
        return "what stands there"
    words = {bool: str(value).lower(), str: f"the text {value!r}", list: "a list", dict: "a table"}
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**12 else "such a large number"
    shown = words.get(type(value), str(value))
    return shown if len(shown) <= 80 else shown[:77] + "…"


def _range(option: Option) -> str:
    if option.low is not None and option.high is not None:
        return f"from {option.low:g} to {option.high:g}"
    return f"at least {option.low:g}" if option.low is not None else f"at most {option.high:g}"


def _example(option: Option) -> str:
    return f" (example: {option.example})" if option.example else ""
