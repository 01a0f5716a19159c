"""How new values change a lead: properties over random leads and rows."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, strategies as st

from dialerd.store.lead_merging import given_fields, merged
from dialerd.store.lead_rows import LEAD_INSERT_COLUMNS, checked_lead, class_key

ZONES = st.lists(st.sampled_from(["Europe/Berlin", "Europe/Rome", "America/New_York"]), unique=True, max_size=2)
REGIONS = st.lists(st.sampled_from(["DE", "IT", "US-NY"]), unique=True, max_size=2)
OTHERS = st.lists(
    st.fixed_dictionaries({"number": st.sampled_from(["+3906100", "+3906101"]), "zones": ZONES, "regions": REGIONS}),
    max_size=2,
)
ROWS = st.fixed_dictionaries(
    {"number": st.just("+4930100")},
    optional={
        "name": st.sampled_from(["", "Ada", "Bob"]),
        "zones": ZONES,
        "regions": REGIONS,
        "postal_code": st.sampled_from(["", "10115"]),
        "attributes": st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["x", "y"])),
        "priority": st.one_of(st.none(), st.integers(1, 99)),
        "rank": st.integers(-3, 3),
        "consent_class": st.sampled_from(["", "written"]),
        "consent_date": st.sampled_from(["", "2026-01-01"]),
        "alternates": OTHERS,
        "derived": st.lists(st.sampled_from(["zones", "regions"]), unique=True),
    },
)


def values(row: dict[str, Any]) -> dict[str, Any]:
    return dict(zip(LEAD_INSERT_COLUMNS, checked_lead(row), strict=True))


@given(stored=ROWS, row=ROWS)
def test_only_what_a_row_names_changes_and_twice_is_once(stored: dict[str, Any], row: dict[str, Any]) -> None:
    before, new, named = values(stored), values(row), given_fields(row)
    after = merged(before, new, named)
    for column in set(LEAD_INSERT_COLUMNS) - {"attributes", "alternates"}:
        assert after[column] == (new if column in named else before)[column]
    assert json.loads(after["attributes"]) == json.loads(before["attributes"]) | dict(row.get("attributes") or {})
    numbers = json.loads(after["alternates"])
    if numbers:
        own = numbers[0]
        assert own["number"] == "+4930100" and len(numbers) > 1
        assert (",".join(own["zones"]), ",".join(own["regions"])) == class_key(list(after.values()))[:2]
    assert [one["number"] for one in numbers[1:]] == [
        one["number"] for one in json.loads((new if "alternates" in named else before)["alternates"])[1:]
    ]
    assert merged(after, new, named) == after


@given(stored=ROWS)
def test_a_row_with_a_number_alone_changes_nothing(stored: dict[str, Any]) -> None:
    row = {"number": "+4930100", "zones": ["Europe/Rome"], "regions": ["IT"], "derived": ["zones", "regions"]}
    before = values(stored)
    assert merged(before, values(row), given_fields(row)) == before


def test_a_number_dialled_as_second_is_not_taken_for_the_leads_own() -> None:
    row = {
        "number": "+4930100",
        "zones": ["Europe/Berlin"],
        "alternates": [{"number": "+3906100", "zones": ["Europe/Rome"]}],
    }
    stored = {**values(row), "zones": "Europe/Rome"}  # what other_numbers.py leaves while the second one is dialled
    after = merged(stored, values({"number": "+4930100", "name": "Ada"}), {"number", "name"})
    assert after["zones"] == "Europe/Berlin" and json.loads(after["alternates"])[0]["zones"] == ["Europe/Berlin"]
