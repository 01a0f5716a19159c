"""Owns a lead's fields as filters name them, and which of some leads pass a filter. Knows no order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dialerd.core.lead import Lead
from dialerd.core.lead_filter import compile_filter
from dialerd.store.session import Session, chunks

_FIELDS = (
    "number", "name", "attempts", "priority", "rank", "state", "postal_code", "person", "consent_class", "zone",
    "region", "list",
)  # fmt: skip
_SELECT = (
    "SELECT lead.id, attributes, dial_number, lead.name, call_count, priority, rank, state, postal_code, person,"
    " consent_class, zones, regions, lead_list.name FROM lead JOIN lead_list ON lead_list.id = lead.list_id"
    " WHERE lead.id IN ({in})"
)


def filtered(session: Session, text: str, ids: Sequence[int]) -> list[int]:
    """Of these leads those that pass the filter, in the same order. An empty filter passes all."""
    if not text or not ids:
        return list(ids)
    test = compile_filter(text)
    passed: set[int] = set()
    for chunk in chunks(ids):
        passed.update(lead_id for lead_id, fields in _fields(session, chunk) if test(fields))
    return [lead_id for lead_id in ids if lead_id in passed]


def _fields(session: Session, ids: Sequence[int]) -> list[tuple[int, dict[str, Any]]]:
    """Each lead with its attributes and fields; a field wins over an attribute of the same name."""
    return [
        (row[0], {**json.loads(row[1]), **dict(zip(_FIELDS, row[2:], strict=True))})
        for row in session.where_in(_SELECT, list(ids))
    ]


def with_variables(session: Session, campaign_id: int, leads: Sequence[Lead]) -> list[Lead]:
    """The leads with those attributes that their campaign hands to the dialplan; a lead may lack some."""
    row = session.one("SELECT channel_variables FROM campaign WHERE id = ?", (campaign_id,))
    names = [name for name in row[0].split(",") if name] if row is not None else []
    if not names or not leads:
        return list(leads)
    attributes = dict(session.where_in("SELECT id, attributes FROM lead WHERE id IN ({in})", [one.id for one in leads]))
    found = []
    for lead in leads:
        values = {key.casefold(): value for key, value in json.loads(attributes.get(lead.id, "{}")).items()}
        pairs = ((name, values.get(name.casefold())) for name in names)
        found.append(replace(lead, variables=tuple((name, str(v)) for name, v in pairs if v not in (None, ""))))
    return found
