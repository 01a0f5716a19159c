"""Owns where a number's owner may be: zones and regions from what the row says and what the number tells. Pure.

A person keeps a number after moving, and an address is only as good as the list: so what is known of the address and
what the number tells both count, unless the list names the zone or the state itself (reference: rules.md 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dialerctl.importing.numbers import country_of, e164, zones_of
from dialerctl.importing.states import US_STATES, state_of_postal_code, us_names, zones_of_state

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

STATES_MATTER = frozenset({"US", "AU"})
"""Countries whose rule sets know states."""


def address_matters(country: str | None) -> bool:
    """Whether a state or a postal code tells more of a lead's zones and regions than its number does."""
    return country in STATES_MATTER


@dataclass(frozen=True, slots=True)
class Place:
    """A number in E.164, every zone in which its owner may be, and every region (US-FL, or the country alone)."""

    number: str
    zones: tuple[str, ...]
    regions: tuple[str, ...]

    def as_row(self) -> dict[str, Any]:
        """The fields of lead.import."""
        return {"number": self.number, "zones": list(self.zones), "regions": list(self.regions)}


def place_of(parsed: PhoneNumber, region: str = "", postal_code: str = "") -> Place:
    """Given a number, the region that its row names (`US-FL`, or nothing) and its postal code, say where it may be."""
    country = country_of(parsed)
    zones = list(zones_of(parsed))
    if not address_matters(country):
        return Place(e164(parsed), tuple(zones), tuple(filter(None, [region or country])))
    if region:
        of_address = region.partition("-")[2]
        regions: tuple[str, ...] = (region,)
    else:
        of_address = state_of_postal_code(country, postal_code)
        of_number = state_of_number(parsed) if country == "US" else ""
        known = dict.fromkeys(f"{country}-{state}" for state in (of_address, of_number) if state)
        regions = tuple(known) or (country,)
    zones += [zone for zone in zones_of_state(country, of_address) if zone not in zones] if of_address else []
    return Place(e164(parsed), tuple(zones), regions)


def state_of_number(parsed: PhoneNumber) -> str:
    """The US state of a number's area code; empty for toll-free numbers and others that belong to none."""
    from phonenumbers import national_significant_number

    return _state_of_area(national_significant_number(parsed)[:3])


@lru_cache(maxsize=1024)
def _state_of_area(area: str) -> str:
    """By phonenumbers' geocoder (0.8 s to load, only for lists with such numbers): `Florida`, or `Miami, FL`."""
    from phonenumbers import geocoder, parse

    told = geocoder.description_for_number(parse(f"+1{area}5550123"), "en")
    last = told.rpartition(",")[2].strip()
    code = last if last in US_STATES else us_names().get(last.casefold(), "")
    return code


def region_code(text: str, country: str | None) -> str | None:
    """Given a state as people write it (`FL`, `us-fl`, `Florida`, `NSW`), return `US-FL`; None when it is none."""
    plain = text.strip().upper()
    if len(plain) > 3 and plain[2] in "-_":
        country, plain = plain[:2], plain[3:]
    country = (country or ("US" if plain in US_STATES or plain.casefold() in us_names() else "")).upper()
    if country == "US":
        plain = us_names().get(plain.casefold(), plain)
        return f"US-{plain}" if plain in US_STATES else None
    if len(country) == 2 and country.isalpha() and 1 <= len(plain) <= 3 and plain.isascii() and plain.isalnum():
        return f"{country}-{plain}"
    return None
