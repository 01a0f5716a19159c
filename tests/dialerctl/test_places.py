"""Where the owner of a number may be: zones and states from number, address and column."""

from __future__ import annotations

import pytest

from dialerctl.importing.cleaning import CleanLead, clean_row, known_zone
from dialerctl.importing.headings import HeadingError, find_columns
from dialerctl.importing.numbers import parse
from dialerctl.importing.places import place_of, region_code
from dialerctl.importing.states import AU_ZONES, US_STATES, state_of_postal_code, zones_of_state


@pytest.mark.parametrize(
    ("number", "region", "postal", "zones", "regions"),
    [
        ("+12125550123", "", "", ("America/New_York",), ("US-NY",)),
        ("+13055550123", "", "", ("America/New_York",), ("US-FL",)),
        ("+12125550123", "", "90210", ("America/New_York", "America/Los_Angeles"), ("US-CA", "US-NY")),
        ("+12125550123", "US-CA", "", ("America/New_York", "America/Los_Angeles"), ("US-CA",)),
        ("+12125550123", "", "00000", ("America/New_York",), ("US-NY",)),
        ("+4930231250", "", "10115", ("Europe/Berlin",), ("DE",)),
        ("+4930231250", "DE-BE", "", ("Europe/Berlin",), ("DE-BE",)),
        ("+61291234567", "", "2600", ("Australia/Sydney",), ("AU-ACT",)),
        ("+61291234567", "", "", ("Australia/Sydney",), ("AU",)),
    ],
)  # fmt: skip
def test_where_it_may_be(
    number: str, region: str, postal: str, zones: tuple[str, ...], regions: tuple[str, ...]
) -> None:
    place = place_of(parse(number), region, postal)
    assert (place.zones, place.regions) == (zones, regions)


def test_a_toll_free_number_may_be_anywhere() -> None:
    place = place_of(parse("+18002234567"))
    assert len(place.zones) > 30 and place.regions == ("US",)


def test_the_tables_hold_zones_that_exist_and_states_that_have_postal_codes() -> None:
    assert len(US_STATES) == 51
    for code, (_, zones) in US_STATES.items():
        assert zones and all(known_zone(zone) for zone in zones), code
    assert all(known_zone(zone) for zones in AU_ZONES.values() for zone in zones)
    found = {state_of_postal_code("US", f"{prefix:03}01") for prefix in range(1000)} - {""}
    assert found == set(US_STATES)
    assert {state_of_postal_code("AU", f"{code:04}") for code in range(10_000)} - {""} == set(AU_ZONES)
    assert [state_of_postal_code("US", code) for code in ("10001", "33101-1234", "9021", "abcde", "")] == [
        "NY", "FL", "", "", "",
    ]  # fmt: skip
    assert state_of_postal_code("DE", "10115") == "" and zones_of_state("DE", "BE") == ()


@pytest.mark.parametrize(
    ("text", "country", "code"),
    [
        ("FL", None, "US-FL"), ("fl", "us", "US-FL"), ("Florida", None, "US-FL"), ("us-ny", None, "US-NY"),
        ("NSW", "AU", "AU-NSW"), ("Atlantis", None, None), ("ZZ", "US", None), ("BY", "DE", "DE-BY"), ("", "US", None),
        ("Washington", "US", "US-WA"), ("NSW", None, None),
    ],
)  # fmt: skip
def test_states_as_people_write_them(text: str, country: str | None, code: str | None) -> None:
    assert region_code(text, country) == code


def test_further_numbers_of_a_row() -> None:
    columns = find_columns(["Phone", "Name", "Phone2", "Work phone", "Mobile", "City"])
    assert columns.alternates == (2, 3, 4) and columns.attributes == {5: "City"}
    lead = clean_row(["+12125550123", "Ada", "+12125550123", "nonsense", "305 555 0123", "NYC"], columns, "US")
    assert isinstance(lead, CleanLead)
    assert [(one.number, one.regions) for one in lead.alternates] == [("+13055550123", ("US-FL",))]
    mapped = find_columns(["a", "b", "c"], ["number=a", "alternate=c"])
    assert mapped.alternates == (2,) and mapped.attributes == {1: "b"}
    with pytest.raises(HeadingError, match="alternate=z"):
        find_columns(["a", "b"], ["number=a", "alternate=z"])


def test_a_given_zone_holds_for_every_number_and_a_state_that_nobody_knows_stays_an_attribute() -> None:
    columns = find_columns(["phone", "phone2", "timezone", "state"])
    lead = clean_row(["+12125550123", "+13055550123", "America/Denver", "Atlantis"], columns, None)
    assert isinstance(lead, CleanLead)
    assert lead.zones == ("America/Denver",) == lead.alternates[0].zones
    assert lead.regions == ("US-NY",) and lead.attributes == {"state": "Atlantis"}
