"""Owns the check of one lead as it comes from a file or a person. Knows nothing of lists or SQL."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from dialerd.core.rule_set import REGION

NUMBER = re.compile(r"\A\+[0-9]{5,15}\Z")
"""E.164 as stored: + and 5 to 15 digits."""

KEYS = frozenset(
    {
        "number",
        "name",
        "zones",
        "regions",
        "alternates",
        "attributes",
        "priority",
        "rank",
        "person",
        "postal_code",
        "consent_id",
        "consent_class",
        "consent_date",
        "derived",
    }
)
"""What a row may hold. `derived`: which of zones and regions the sender worked out from the number alone."""
MAX_ZONES = 60  # a toll-free number of North America has 42
MAX_REGIONS = 60
MAX_ALTERNATES = 9
MAX_ATTRIBUTES = 8_000  # characters of JSON

# Control characters, line separators, and the marks that turn the direction of what follows them in a report.
_HOSTILE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

LEAD_INSERT_COLUMNS = (  # class_key counts on these places
    "number",
    "name",
    "zones",
    "regions",
    "postal_code",
    "attributes",
    "priority",
    "rank",
    "person",
    "consent_id",
    "consent_class",
    "consent_date",
    "alternates",
)


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def checked_lead(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Given a row (KEYS; only `number` must be there), return the values of LEAD_INSERT_COLUMNS.

    ValueError says in one sentence what is wrong.
    """
    unknown = set(row) - KEYS
    if unknown:
        raise ValueError(f"unknown column {min(map(str, unknown))[:40]!r}")
    derived = row.get("derived") or ()
    if not isinstance(derived, list | tuple) or not {"zones", "regions"}.issuperset(map(str, derived)):
        raise ValueError("derived: may only name zones and regions")
    return (
        checked_number(row.get("number")),
        _line(row, "name", 200),
        ",".join(checked_zones(row.get("zones") or ())),
        ",".join(checked_regions(row.get("regions") or ())),
        _line(row, "postal_code", 20),
        _attributes(row.get("attributes") or {}),
        _whole(row, "priority", 50, 1, 99),
        _whole(row, "rank", 0, -1_000_000, 1_000_000),
        _line(row, "person", 64),
        _line(row, "consent_id", 100),
        _line(row, "consent_class", 40),
        _date(row.get("consent_date")),
        _alternates(row),
    )


def _alternates(row: Mapping[str, Any]) -> str:
    """Every number of the lead, the first one at the head, as `settling` goes through them; `[]` when it has one."""
    others = row.get("alternates") or ()
    if not isinstance(others, list | tuple) or len(others) > MAX_ALTERNATES:
        raise ValueError(f"alternates: is not a list of up to {MAX_ALTERNATES} numbers")
    numbers: dict[str, dict[str, Any]] = {}
    for one in (row, *others):
        if not isinstance(one, Mapping):
            raise ValueError("alternates: holds something that is no number with its zones")
        number = checked_number(one.get("number"))
        zones, regions = checked_zones(one.get("zones") or ()), checked_regions(one.get("regions") or ())
        numbers.setdefault(number, {"number": number, "zones": list(zones), "regions": list(regions)})
    return json.dumps(list(numbers.values()), separators=(",", ":")) if len(numbers) > 1 else "[]"


def checked_number(value: Any) -> str:
    """Given a number as it came, return it if it is E.164; ValueError otherwise."""
    if not isinstance(value, str) or not NUMBER.match(value):
        shown = str(value)[:40] if value is not None else "nothing"
        raise ValueError(f"number: {shown!r} is not + and 5 to 15 digits")
    return value


def checked_zones(value: str | Sequence[str]) -> tuple[str, ...]:
    """Given IANA names (a list, or a text with commas), return them once each; ValueError for one that is unknown."""
    names = value.split(",") if isinstance(value, str) else list(value)
    if len(names) > MAX_ZONES:
        raise ValueError(f"zones: more than {MAX_ZONES}")
    zones = tuple(dict.fromkeys(str(name).strip() for name in names if str(name).strip()))
    for zone in zones:
        if zone not in _known_zones():
            raise ValueError(f"zones: {zone[:40]!r} is not a time zone")
    return zones


def checked_regions(value: str | Sequence[str]) -> tuple[str, ...]:
    """Given ISO 3166 codes (US, US-FL; a list, or a text with commas), return them once each; ValueError otherwise."""
    codes = value.split(",") if isinstance(value, str) else list(value)
    if len(codes) > MAX_REGIONS:
        raise ValueError(f"regions: more than {MAX_REGIONS}")
    regions = tuple(dict.fromkeys(str(code).strip().upper() for code in codes if str(code).strip()))
    for region in regions:
        if not REGION.match(region):
            raise ValueError(f"regions: {region[:40]!r} is not a country like US or a state like US-FL")
    return regions


def class_key(values: Sequence[Any]) -> tuple[str, str, str]:
    """Given the values of LEAD_INSERT_COLUMNS, return what decides the lead's class: zones, regions, consent class."""
    return values[2], values[3], values[10]


def _line(row: Mapping[str, Any], key: str, longest: int) -> str:
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise ValueError(f"{key}: is not a text")
    text = str(value).strip()
    if len(text) > longest:
        raise ValueError(f"{key}: longer than {longest} characters")
    if _HOSTILE.search(text):
        raise ValueError(f"{key}: holds a control character")
    return text


def _attributes(value: Any) -> str:
    if not isinstance(value, Mapping):
        raise ValueError("attributes: is not a set of names and values")
    for key, item in value.items():
        if not isinstance(key, str) or not 1 <= len(key) <= 64 or _HOSTILE.search(key):
            raise ValueError(f"attributes: {str(key)[:40]!r} is not a name of up to 64 characters")
        if item is not None and not isinstance(item, str | int | float | bool):
            raise ValueError(f"attributes: {key[:40]!r} holds neither a text nor a number")
        if isinstance(item, str) and _HOSTILE.search(item):
            raise ValueError(f"attributes: {key[:40]!r} holds a control character")
    return attributes_text(value)


def attributes_text(attributes: Mapping[str, Any]) -> str:
    """Given checked attributes, return them as they are stored; ValueError when that is too long."""
    try:
        text = json.dumps(attributes, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    except ValueError:
        raise ValueError("attributes: holds a number that is not finite") from None
    if len(text) > MAX_ATTRIBUTES:
        raise ValueError(f"attributes: longer than {MAX_ATTRIBUTES} characters")
    return text


def _whole(row: Mapping[str, Any], key: str, default: int, low: int, high: int) -> int:
    value = row.get(key)
    if value is None or value == "":
        return default
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = low - 1
    if isinstance(value, bool) or not low <= number <= high:
        raise ValueError(f"{key}: is not a whole number from {low} to {high}")
    return number


def _date(value: Any) -> str:
    if value is None or value == "":
        return ""
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError("consent_date: is not a date like 2026-03-01") from None
