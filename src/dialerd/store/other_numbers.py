"""Owns the move of a lead to another of its numbers. Decides neither when a number is left nor what comes after."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from dialerd.core.lead import Lead
from dialerd.store.dial_classes import class_id
from dialerd.store.facts import Gate, NumberFacts
from dialerd.store.mapping import LEAD_COLUMNS, lead_value
from dialerd.store.session import Session

Row = Mapping[str, Any]

OF_NUMBER = frozenset({"do_not_call", "max_attempts_per_number"})
"""Rules that forbid a number for good, whoever it belongs to."""


def others(numbers: Sequence[Row], index: int) -> list[int]:
    """The places of a lead's other numbers in the order in which they are tried: after the last comes the first."""
    return [(index + step) % len(numbers) for step in range(1, len(numbers))]


def go_to_number(session: Session, lead: Row, numbers: Sequence[Row], index: int) -> None:
    """From now on the number at that place is dialled, with its own zones, regions and class.

    `lead`: its `id` and `consent_class`; `numbers`: its `alternates`.
    """
    number = numbers[index]
    zones, regions = ",".join(number["zones"]), ",".join(number["regions"])
    session.run(
        "UPDATE lead SET dial_number = ?, number_index = ?, zones = ?, regions = ?, class_id = ? WHERE id = ?",
        (number["number"], index, zones, regions, class_id(session, zones, regions, lead["consent_class"]), lead["id"]),
    )


def pass_over_forbidden(session: Session, lead_ids: Sequence[int], now: datetime) -> set[int]:
    """Leads whose number may never be called: go on to the next that may, at some time; return those that could."""
    moved: set[int] = set()
    for row in session.dicts_in(
        "SELECT id, campaign_id, consent_class, number_index, alternates FROM lead WHERE id IN ({in})"
        " AND alternates <> '[]'",
        list(lead_ids),
    ):
        numbers = json.loads(row["alternates"])
        place = _first_allowed(session, row, numbers, now)
        if place is not None:
            go_to_number(session, row, numbers, place)
            moved.add(row["id"])
    return moved


def _first_allowed(session: Session, row: Row, numbers: Sequence[Row], now: datetime) -> int | None:
    (stored,) = session.rows(f"SELECT {LEAD_COLUMNS} FROM lead WHERE id = ?", (row["id"],))
    gate = Gate(session, row["campaign_id"])
    places = others(numbers, row["number_index"])
    leads = [_with_number(lead_value(stored), numbers[place]) for place in places]
    facts = NumberFacts(session, leads, {row["campaign_id"]: gate}, now)
    for place, lead in zip(places, leads, strict=True):
        if gate.ask(lead, facts.about(lead), now).rule not in OF_NUMBER:
            return place
    return None


def _with_number(lead: Lead, number: Row) -> Lead:
    return replace(lead, number=number["number"], zones=tuple(number["zones"]), regions=tuple(number["regions"]))
