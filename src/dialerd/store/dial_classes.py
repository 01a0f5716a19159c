"""Owns the classes of leads that the law sees alike: zones, regions and class of consent. Knows no rule."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from dialerd.core.compliance import GateVerdict
from dialerd.core.lead import Lead
from dialerd.store.facts import Gate
from dialerd.store.mapping import zones_value
from dialerd.store.session import Session

Key = tuple[str, str, str]
"""Zones and regions (names joined by commas) and class of consent."""
_FIND = "SELECT id FROM dial_class WHERE zones = ? AND regions = ? AND consent_class = ?"


def class_id(session: Session, zones: str, regions: str, consent_class: str) -> int:
    """The id of a class; made when it is new."""
    return class_ids(session, [(zones, regions, consent_class)])[zones, regions, consent_class]


def class_ids(session: Session, keys: Collection[Key]) -> dict[Key, int]:
    """The ids of some classes; those that are new are made."""
    found: dict[Key, int] = {}
    for key in dict.fromkeys(keys):
        row = session.one(_FIND, key)
        if row is None:
            session.run(
                "INSERT INTO dial_class (zones, regions, consent_class) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", key
            )
            row = session.one(_FIND, key)
        assert row is not None
        found[key] = int(row[0])
    return found


def classes_of(session: Session, campaign_id: int) -> frozenset[int]:
    """The classes that a campaign has leads of; takes 0.2 s with a million leads."""
    return frozenset(
        row[0] for row in session.rows("SELECT DISTINCT class_id FROM lead WHERE campaign_id = ?", (campaign_id,))
    )


def dial_classes(session: Session) -> dict[int, Lead]:
    """Every class as a lead without a number: what the rules of classes look at."""
    return {
        class_id: Lead(
            id=0,
            campaign_id=0,
            list_id=0,
            number="",
            zones=zones_value(zones),
            regions=zones_value(regions),
            consent_class=consent,
        )
        for class_id, zones, regions, consent in session.rows(
            "SELECT id, zones, regions, consent_class FROM dial_class"
        )
    }


def class_verdicts(session: Session, gate: Gate, now: datetime) -> dict[int, GateVerdict]:
    """What the gate says of each class now."""
    return {class_id: gate.ask_class(lead, now) for class_id, lead in dial_classes(session).items()}
