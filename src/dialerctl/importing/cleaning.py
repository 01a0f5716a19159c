"""Owns making a lead of one row: number, name, zones, attributes, or the reason why not. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from dialerctl.importing.headings import PLAIN_FIELDS, Columns
from dialerctl.importing.numbers import NumberError, e164, parse, regions_of, zones_of
from dialerctl.terminal import clean

MAX_NAME = 120
MAX_KEY = 64
MAX_VALUE = 1000


@dataclass(frozen=True, slots=True)
class CleanLead:
    """A lead that can be sent to dialerd. `zones` are IANA names; a call must be allowed in every one."""

    number: str
    name: str
    zones: tuple[str, ...]
    regions: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, str] = field(default_factory=dict)

    def as_row(self) -> dict[str, Any]:
        """The row of `lead.import`."""
        row = {"number": self.number, "name": self.name, "zones": list(self.zones), "regions": list(self.regions)}
        return {**row, **self.more, "attributes": dict(self.attributes)}


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a row is no lead."""

    reason: str


def clean_row(cells: Sequence[str], columns: Columns, region: str | None = None) -> CleanLead | Rejected:
    """Given a row's cells and what its columns are, return the lead or the reason why it is none."""
    if any(cell.strip() for cell in cells[columns.count :]):
        return Rejected(f"the row has {len(cells)} cells, the headings {columns.count}: is a delimiter in a value?")

    def text(name: str) -> str:
        index = columns.fields.get(name)
        return clean_text(cells[index]) if index is not None and index < len(cells) else ""

    try:
        parsed = parse(text("number"), region)
    except NumberError as error:
        return Rejected(str(error))
    number = e164(parsed)
    given_zone = text("timezone")
    if given_zone:
        if not known_zone(given_zone):
            return Rejected(f"{given_zone[:64]!r} is no time zone; write it like Europe/Berlin")
        zones: tuple[str, ...] = (given_zone,)
    else:
        zones = zones_of(parsed)
        if not zones:
            return Rejected(f"no time zone is known for {number}: give one in a column headed timezone")
    parts = [part for part in (text("first_name"), text("last_name")) if part]
    attributes = {
        clean_text(heading)[:MAX_KEY] or f"column_{index + 1}": clean_text(cells[index])[:MAX_VALUE]
        for index, heading in columns.attributes.items()
        if index < len(cells) and clean_text(cells[index])
    }
    more = {name: text(name) for name in PLAIN_FIELDS if name in columns.fields and text(name)}
    return CleanLead(number, (text("name") or " ".join(parts))[:MAX_NAME], zones, regions_of(parsed), attributes, more)


def clean_text(text: str) -> str:
    """One line without control characters and without space around it: it goes to Asterisk and to terminals."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return " ".join(clean(text).replace("\ufeff", "").replace("\u00a0", " ").split())


@lru_cache(maxsize=4096)
def known_zone(name: str) -> bool:
    """True for the exact name of an IANA zone that lies somewhere (Europe/Berlin; also UTC)."""
    if "/" not in name and name != "UTC":
        return False  # "EST", "posixrules" and the like exist as files but say nothing of summer time
    try:
        ZoneInfo(name)
    except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError; a bad path a ValueError
        return False
    except KeyError:
        return False
    return True
