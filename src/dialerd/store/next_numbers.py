"""Owns the step from one number of a lead to its next. Knows not why it is taken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dialerd.store.dial_classes import class_id
from dialerd.store.session import Session

NUMBER_COLUMNS = "id, number_index, alternates, consent_class"


def next_number(session: Session, lead: Mapping[str, Any]) -> None:
    """Given a lead's row of NUMBER_COLUMNS with several numbers, go on to the next, after the last to the first.

    Zones, regions and class become those of that number.
    """
    numbers = json.loads(lead["alternates"])
    index = (lead["number_index"] + 1) % len(numbers)
    number = numbers[index]
    zones, regions = ",".join(number["zones"]), ",".join(number["regions"])
    session.run(
        "UPDATE lead SET dial_number = ?, number_index = ?, zones = ?, regions = ?, class_id = ? WHERE id = ?",
        (number["number"], index, zones, regions, class_id(session, zones, regions, lead["consent_class"]), lead["id"]),
    )
