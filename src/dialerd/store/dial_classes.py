"""Owns the classes of leads that the law sees alike: zones, regions and class of consent. Asks no rule."""

from __future__ import annotations

from collections.abc import Collection

from dialerd.store.session import Session

Key = tuple[str, str, str]
"""Zones and regions (names joined by commas) and class of consent."""


def class_id(session: Session, zones: str, regions: str, consent_class: str) -> int:
    """The id of a class; made when it is new."""
    return class_ids(session, [(zones, regions, consent_class)])[zones, regions, consent_class]


def class_ids(session: Session, keys: Collection[Key]) -> dict[Key, int]:
    """The ids of some classes; those that are new are made."""
    found: dict[Key, int] = {}
    for key in dict.fromkeys(keys):
        row = session.one("SELECT id FROM dial_class WHERE zones = ? AND regions = ? AND consent_class = ?", key)
        if row is None:
            session.run(
                "INSERT INTO dial_class (zones, regions, consent_class) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", key
            )
            row = session.one("SELECT id FROM dial_class WHERE zones = ? AND regions = ? AND consent_class = ?", key)
        assert row is not None
        found[key] = int(row[0])
    return found


def classes_of(session: Session, campaign_id: int) -> frozenset[int]:
    """The classes that a campaign has leads of; takes 0.2 s with a million leads."""
    return frozenset(
        row[0] for row in session.rows("SELECT DISTINCT class_id FROM lead WHERE campaign_id = ?", (campaign_id,))
    )
