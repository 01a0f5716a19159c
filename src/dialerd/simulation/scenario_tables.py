"""Owns making a scenario's values from TOML tables by their type hints, noting every mistake with its table and key.

Knows no file and no scenario: the dataclass that is asked for says which keys there are.
"""

from __future__ import annotations

import dataclasses
import difflib
import enum
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any

from dialerd.simulation.durations import Duration, Shape


def build(kind: type[Any], data: object, table: str, problems: list[str]) -> object:
    """An instance of the dataclass `kind` from a TOML table, or None after adding to `problems` why not."""
    if not isinstance(data, dict):
        problems.append(f"[{table}]: must be a table")
        return None
    hints = typing.get_type_hints(kind)
    values: dict[str, object] = {}
    before = len(problems)
    if kind is Duration and "shape" not in data:  # never half of a default: what is written is the whole duration
        problems.append(f"[{table}] shape: missing; one of {', '.join(shape.value for shape in Shape)}")
    for key, value in data.items():
        where = f"{table}.{key}" if table else key
        if key not in hints:
            near = difflib.get_close_matches(key, hints, n=1)
            known = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(hints)}"
            problems.append(f"{_place(table, key)}: unknown key{known}")
        else:
            values[key] = _value(hints[key], value, table, key, where, problems)
    if len(problems) > before:
        return None
    try:
        return typing.cast(object, kind(**values))
    except ValueError as error:
        problems.append(f"[{table}] {error}" if table else str(error))
        return None


def _value(hint: Any, value: object, table: str, key: str, where: str, problems: list[str]) -> object:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return build(hint, value, where, problems)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _member(hint, value, _place(table, key), problems)
    origin = typing.get_origin(hint)
    if origin is tuple:
        return _list_of_tables(typing.get_args(hint)[0], value, where, problems)
    if origin is Mapping:
        if isinstance(value, dict):
            kind = typing.get_args(hint)[1]
            members = {name: _member(kind, item, _place(where, name), problems) for name, item in value.items()}
            return types.MappingProxyType(members)
        problems.append(f"[{where}]: must be a table")
        return None
    if hint is float:
        return _number(value, key, _place(table, key), problems)
    if not isinstance(value, hint):
        problems.append(f"{_place(table, key)}: must be text")
    return value


def _list_of_tables(kind: type[Any], value: object, where: str, problems: list[str]) -> tuple[object, ...]:
    if not isinstance(value, list):
        problems.append(f"[{where}]: must be a list of tables ([[{where}]])")
        return ()
    return tuple(build(kind, item, f"{where}[{index}]", problems) for index, item in enumerate(value))


def _number(value: object, key: str, place: str, problems: list[str]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        problems.append(f"{place}: must be a number")
        return 0.0
    if not -sys.float_info.max <= value <= sys.float_info.max:  # NaN, infinite, or digits that no float has
        problems.append(f"{place}: must be finite")
        return 0.0
    if key.endswith("_share") and not 0 <= value <= 1:
        problems.append(f"{place}: must be from 0 to 1")
    elif key.endswith("_s") and value < 0:
        problems.append(f"{place}: must be 0 or more seconds")
    return float(value)


def _member(kind: type[enum.Enum], value: object, place: str, problems: list[str]) -> object:
    for member in kind:
        if member.value == value:
            return member
    problems.append(f"{place}: must be one of {', '.join(str(m.value) for m in kind)}")
    return None


def _place(table: str, key: str) -> str:
    return f"[{table}] {key}" if table else key
