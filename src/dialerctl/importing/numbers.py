"""Owns telephone numbers: text to E.164, and the zones a number can lie in. Pure; phonenumbers is imported when used.

phonenumbers takes 50 ms to import: only an import or a test call pays for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_SCIENTIFIC = re.compile(r"\A\s*[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+\s*\Z")
_WHOLE_FLOAT = re.compile(r"\A([0-9]{5,17})\.0+\Z")
MAX_LENGTH = 64


class NumberError(ValueError):
    """The text is no number that can be dialled; the message says why, in words for the rejected row."""


def read(text: str, region: str | None = None) -> PhoneNumber:
    """Given a number as people write it and the country (ISO code) of numbers without +, return what it says.

    It need not be in use. Raise NumberError when it is empty, ambiguous or no number at all.
    """
    import phonenumbers

    written = text.strip().lstrip("'").strip()
    if not written:
        raise NumberError("no number")
    if len(written) > MAX_LENGTH:
        raise NumberError("too long for a number")
    if _SCIENTIFIC.match(written):
        raise NumberError(f"{written} was rounded by a spreadsheet: format that column as text and export again")
    whole = _WHOLE_FLOAT.match(written)
    written = whole[1] if whole else written
    try:
        parsed = phonenumbers.parse(written, region.upper() if region else None)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE and not region:
            raise NumberError(f"{written} has no country code: give --region") from None
        raise NumberError(f"'{written}' is not a number") from None
    return parsed


def parse(text: str, region: str | None = None) -> PhoneNumber:
    """The same for a number that can be dialled: NumberError also for one with an extension or not valid."""
    import phonenumbers

    parsed, written = read(text, region), text.strip().lstrip("'").strip()
    if parsed.extension:
        raise NumberError(f"{written} has an extension, which cannot be dialled")
    if not phonenumbers.is_valid_number(parsed):
        where = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
        raise NumberError(f"{written} is not a valid number in {where}")
    return parsed


def e164(parsed: PhoneNumber) -> str:
    """The number as it is stored and dialled: + and digits."""
    import phonenumbers

    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def zones_of(parsed: PhoneNumber) -> tuple[str, ...]:
    """Every IANA zone that a number can lie in; empty when none is known (such a lead is never dialled).

    A toll-free number has dozens: all are kept, the call must be allowed in every one.
    """
    from phonenumbers import timezone

    zones = timezone.time_zones_for_number(parsed)
    return tuple(zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE)


def known_region(region: str) -> bool:
    """True when `region` is a country code that numbers can be read for."""
    import phonenumbers

    return region.upper() in phonenumbers.SUPPORTED_REGIONS


def country_of(number: PhoneNumber) -> str:
    """The country a number belongs to (ISO 3166); empty for none (+800 …)."""
    import phonenumbers

    country = phonenumbers.region_code_for_number(number) or ""
    return "" if country == "001" else country
