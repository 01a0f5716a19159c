"""Row cleaning as properties: whatever a file holds, a row becomes a lead that is safe to dial, or a reason."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from dialerctl.importing.cleaning import CleanLead, Rejected, clean_row, clean_text, known_zone
from dialerctl.importing.headings import Columns, HeadingError, find_columns, fold
from dialerctl.importing.numbers import NumberError, e164, parse, zones_of

COLUMNS = find_columns(["Telefon", "Name", "Zeitzone", "City"])
E164 = re.compile(r"\A\+[1-9][0-9]{6,14}\Z")


@given(st.lists(st.text(max_size=40), max_size=6))
def test_any_row_is_a_safe_lead_or_a_reason(cells: list[str]) -> None:
    result = clean_row(cells, COLUMNS, "DE")
    if isinstance(result, Rejected):
        assert result.reason and "\n" not in clean_text(result.reason)
        return
    assert E164.match(result.number)
    assert result.zones and all(ZoneInfo(zone) for zone in result.zones)
    for text in (result.name, *result.attributes, *result.attributes.values()):
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", text), "control characters would reach AMI headers"


@given(
    st.integers(min_value=10**5, max_value=10**9),
    st.sampled_from(["{}", " {} ", "0{}", "+49 {}", "0049{}", "'{}", "{}.0"]),
)
def test_normalising_twice_changes_nothing(digits: int, form: str) -> None:
    try:
        once = e164(parse(form.format(digits), "DE"))
    except NumberError:
        return
    assert E164.match(once)
    assert e164(parse(once, "US")) == once


@pytest.mark.parametrize(
    ("written", "region", "expected"),
    [
        ("030 23125-0", "DE", "+4930231250"),
        ("+1 (202) 555-0143", None, "+12025550143"),
        ("00442079460123", "DE", "+442079460123"),
        ("'+4930231250", None, "+4930231250"),
        ("4930231250.0", "DE", "+4930231250"),
        ("202-555-0143", "us", "+12025550143"),
    ],
)
def test_numbers_as_people_write_them(written: str, region: str | None, expected: str) -> None:
    assert e164(parse(written, region)) == expected


@pytest.mark.parametrize(
    ("written", "region", "reason"),
    [
        ("", "DE", "no number"),
        ("030 231250", None, "--region"),
        ("4.93023E+11", "DE", "rounded by a spreadsheet"),
        ("hello", "DE", "is not a number"),
        ("12", "DE", "not a valid number in DE"),
        ("+12025550143 ext. 12", None, "extension"),
        ("1" * 65, "DE", "too long"),
    ],
)
def test_refused_numbers_say_why(written: str, region: str | None, reason: str) -> None:
    with pytest.raises(NumberError, match=re.escape(reason)):
        parse(written, region)


def test_toll_free_keeps_every_zone_and_a_column_wins() -> None:
    toll_free = clean_row(["+1 800 555 0199", "", "", ""], COLUMNS)
    assert isinstance(toll_free, CleanLead)
    assert len(toll_free.zones) > 20
    told = clean_row(["+1 800 555 0199", "", "America/Denver", ""], COLUMNS)
    assert isinstance(told, CleanLead)
    assert told.zones == ("America/Denver",)
    assert zones_of(parse("+4930231250")) == ("Europe/Berlin",)


def test_unknown_zone_is_refused_not_guessed() -> None:
    for zone in ("Berlin", "EST", "../../etc/passwd", "Europe/Nowhere", "Mars/Base"):
        result = clean_row(["+4930231250", "", zone, ""], COLUMNS)
        assert isinstance(result, Rejected), zone
        assert "time zone" in result.reason
        assert not known_zone(zone)


def test_attributes_name_and_surplus_cells() -> None:
    columns = find_columns(["Vorname", "Nachname", "Phone", "Customer no", ""])
    lead = clean_row([" Zoë ", "Bell\n", "+4930231250", "=1+1", "x"], columns)
    assert isinstance(lead, CleanLead)
    assert lead.name == "Zoë Bell"
    assert lead.attributes == {"Customer no": "=1+1", "column_5": "x"}
    short = clean_row(["Zoë", "Bell", "+4930231250"], columns)
    assert isinstance(short, CleanLead) and short.attributes == {}
    long = clean_row(["a", "b", "+4930231250", "", "", "surplus"], columns)
    assert isinstance(long, Rejected) and "6 cells" in long.reason


@given(st.lists(st.text(max_size=12), max_size=8), st.lists(st.text(max_size=20), max_size=3))
def test_any_headings_give_columns_or_a_sentence(headings: list[str], mapping: list[str]) -> None:
    try:
        columns = find_columns(headings, mapping)
    except HeadingError as error:
        assert str(error)
        return
    assert "number" in columns.fields
    places = [*columns.fields.values(), *columns.attributes]
    assert sorted(places) == list(range(len(headings))), "every column is one thing"


@pytest.mark.parametrize(
    ("headings", "mapping", "number", "name"),
    [
        (["Name", "Phone Number"], [], 1, 0),
        (["mobile", "phone"], [], 1, None),
        (["TÉLÉPHONE", "nom"], ["name=Nom"], 0, 1),
        (["a", "b"], ["number=B"], 1, None),
        (["phone", "other"], ["number=other"], 1, None),
    ],
)
def test_usual_names_and_map(headings: list[str], mapping: list[str], number: int, name: int | None) -> None:
    columns: Columns = find_columns(headings, mapping)
    assert columns.fields["number"] == number
    assert columns.fields.get("name") == name


@pytest.mark.parametrize(
    ("headings", "mapping", "told"),
    [
        (["a", "b"], [], "no column looks like the telephone number"),
        (["phone", "Phone"], [], "stands over more than one column"),
        (["phone"], ["number"], "FIELD=HEADING"),
        (["phone"], ["numbr=phone"], "there is no field 'numbr'"),
        (["phone", "town"], ["name=twon"], "did you mean 'town'?"),
        (["phone", "x"], ["number=phone", "name=phone"], "mapped twice"),
    ],
)
def test_unusable_headings_say_what_to_do(headings: list[str], mapping: list[str], told: str) -> None:
    with pytest.raises(HeadingError, match=re.escape(told)):
        find_columns(headings, mapping)


def test_fold() -> None:
    assert fold("Numéro de téléphone") == "numerodetelephone"
