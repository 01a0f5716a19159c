"""Owns making a lead of one row: number, name, zones, attributes, or the reason why not. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from dialerctl.importing.headings import PLAIN_FIELDS, Columns
from dialerctl.importing.numbers import NumberError, country_of, parse
from dialerctl.importing.places import Place, address_matters, place_of, region_code
from dialerctl.terminal import clean

MAX_NAME = 120
MAX_KEY = 64
MAX_VALUE = 1000


@dataclass(frozen=True, slots=True)
class CleanLead:
    """A lead that can be sent to dialerd. `zones` are IANA names; a call must be allowed in every one.

    `derived`: which of zones and regions follow from the number alone, so that what is known of a lead stays.
    """

    number: str
    name: str
    zones: tuple[str, ...]
    regions: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, str] = field(default_factory=dict)
    alternates: tuple[Place, ...] = ()
    derived: tuple[str, ...] = ()

    def as_row(self, *, changes_leads: bool = False) -> dict[str, Any]:
        """The row of `lead.import`; with what is derived in it where leads that are there may be changed."""
        row: dict[str, Any] = {
            "number": self.number,
            "name": self.name,
            "zones": list(self.zones),
            "regions": list(self.regions),
        }
        if self.derived and changes_leads:
            row["derived"] = list(self.derived)
        if self.alternates:
            row["alternates"] = [place.as_row() for place in self.alternates]
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
    given_zone, given_state, postal_code = text("timezone"), text("state"), text("postal_code")
    if given_zone and not known_zone(given_zone):
        return Rejected(f"{given_zone[:64]!r} is no time zone; write it like Europe/Berlin")
    # a state that nobody knows is kept as an attribute only: the strictest of all states then counts
    state = region_code(given_state, country_of(parsed)) if given_state else None
    place = place_of(parsed, state or "", postal_code)
    if not given_zone and not place.zones:
        return Rejected(f"no time zone is known for {place.number}: give one in a column headed timezone")
    zones = (given_zone,) if given_zone else place.zones
    alternates = []
    for index in columns.alternates:
        written = clean_text(cells[index]) if index < len(cells) else ""
        if written:
            try:
                other = place_of(parse(written, region), state or "", postal_code)
            except NumberError:
                continue  # a second number that is none does not cost the lead its first one
            if other.number != place.number and (given_zone or other.zones):
                alternates.append(Place(other.number, zones if given_zone else other.zones, other.regions))
    parts = [part for part in (text("first_name"), text("last_name")) if part]
    attributes = {
        clean_text(heading)[:MAX_KEY] or f"column_{index + 1}": clean_text(cells[index])[:MAX_VALUE]
        for index, heading in columns.attributes.items()
        if index < len(cells) and clean_text(cells[index])
    }
    more = {name: text(name) for name in PLAIN_FIELDS if name in columns.fields and text(name)}
    if given_state and state is None:
        attributes.setdefault("state", given_state[:MAX_VALUE])
    name = (text("name") or " ".join(parts))[:MAX_NAME]
    named = address_matters(country_of(parsed)) and bool(state or postal_code)
    derived = [*(["zones"] if not (given_zone or named) else []), *(["regions"] if not (state or named) else [])]
    return CleanLead(place.number, name, zones, place.regions, attributes, more, tuple(alternates), tuple(derived))


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
