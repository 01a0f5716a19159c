"""Owns the fields of one lead given as options: numbers, zones, regions, attributes. Sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from dialerctl.importing.cleaning import known_zone
from dialerctl.importing.numbers import NumberError, e164, parse
from dialerctl.importing.places import Place, place_of, region_code

PLAIN = ("name", "priority", "rank", "person", "postal_code", "consent_class", "consent_date", "consent_id")


def lead_fields(
    *,
    alternates: Sequence[str],
    timezone: str | None,
    state: str | None,
    attributes: Sequence[str],
    region: str | None,
    **plain: Any,
) -> dict[str, Any]:
    """Given the options of `lead add` and `edit`, return the fields of lead.import; usage errors name the option."""
    fields: dict[str, Any] = {name: plain[name] for name in PLAIN if plain.get(name) is not None}
    if timezone is not None:
        if not known_zone(timezone):
            raise click.UsageError(f"--timezone {timezone}: is no time zone; write it like Europe/Berlin")
        fields["zones"] = [timezone]
    if state is not None:
        code = region_code(state, region)
        if code is None:
            raise click.UsageError(f"--state {state}: write it like US-FL, or FL with --region US")
        fields["regions"] = [code]
    if attributes:
        fields["attributes"] = dict(_pair(text) for text in attributes)
    if alternates:
        fields["alternates"] = [
            _place(number, region, fields, plain.get("postal_code")).as_row() for number in alternates
        ]
    return fields


def with_number(number: str, fields: dict[str, Any], region: str | None) -> dict[str, Any]:
    """The fields with a number, its zones and regions, as far as they are not given."""
    return {**_place(number, region, fields, fields.get("postal_code")).as_row(), **fields}


def _place(number: str, region: str | None, fields: dict[str, Any], postal_code: str | None) -> Place:
    try:
        parsed = parse(number, region)
    except NumberError as error:
        raise click.UsageError(str(error)) from None
    given = next(iter(fields.get("regions") or ()), "")
    place = place_of(parsed, given, postal_code or "")
    zones = tuple(fields.get("zones") or ()) or place.zones
    if not zones:
        raise click.UsageError(f"no time zone is known for {e164(parsed)}: give --timezone")
    return Place(place.number, zones, place.regions)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise click.UsageError(f"--attribute {text}: write it like city=Berlin")
    return name.strip(), value.strip()
