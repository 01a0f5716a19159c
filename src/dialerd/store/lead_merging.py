"""Owns how new values change a lead that is there: what is given replaces, the rest stays. Knows no SQL and no file."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from dialerd.store.lead_rows import LEAD_INSERT_COLUMNS, attributes_text

Values = dict[str, Any]
"""A lead's values by LEAD_INSERT_COLUMNS, as they stand in the store."""


def given_fields(row: Mapping[str, Any]) -> frozenset[str]:
    """The fields of a row that say something of the lead: neither empty nor derived from its number alone.

    An empty cell erases nothing. `derived` names the fields that the sender worked out from the number: a zone that
    somebody has set by hand, or that an earlier file named, is worth more than the number's (reference: rules.md 3.1).
    """
    derived = row.get("derived") or ()
    return frozenset(
        key for key, value in row.items() if key not in derived and (value or value == 0) and key != "derived"
    )


def merged(stored: Mapping[str, Any], new: Mapping[str, Any], given: Collection[str]) -> Values:
    """Given a lead's values and new ones, return what it is to be; of the new ones those in `given` count.

    Attributes are merged, an empty value removes one; ValueError when they are too many then. Zones and regions are
    those of the lead's own number; with several numbers they stand in the list of numbers, too.
    """
    values = {column: (new if column in given else stored)[column] for column in LEAD_INSERT_COLUMNS}
    first = _first_number(stored)
    for column in ("zones", "regions"):
        if column not in given:
            values[column] = ",".join(first[column]) if first else stored[column]
    attributes = json.loads(stored["attributes"]) | (json.loads(new["attributes"]) if "attributes" in given else {})
    values["attributes"] = attributes_text({k: value for k, value in attributes.items() if value not in (None, "")})
    values["alternates"] = _numbers(values)
    return values


def _first_number(stored: Mapping[str, Any]) -> Values | None:
    """The lead's own number: what is dialled now, and whose zones the columns hold, may be another one."""
    numbers: list[Values] = json.loads(stored["alternates"])
    return numbers[0] if numbers else None


def _numbers(values: Mapping[str, Any]) -> str:
    """The list of numbers with the lead's own at its head, as it is now."""
    others = [one for one in json.loads(values["alternates"])[1:] if one["number"] != values["number"]]
    if not others:
        return "[]"
    own = {"number": values["number"], **{column: _names(values[column]) for column in ("zones", "regions")}}
    return json.dumps([own, *others], separators=(",", ":"))


def _names(text: str) -> list[str]:
    return text.split(",") if text else []
