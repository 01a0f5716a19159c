"""Owns adding, changing and removing single leads by hand. Reads no file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dialerd.core.errors import Conflict, Invalid
from dialerd.store.lead_imports import CheckedRow, add_leads, change_leads, check_row
from dialerd.store.lead_merging import merged
from dialerd.store.lead_records import check_list_name, lead as lead_row
from dialerd.store.lead_rows import KEYS, LEAD_INSERT_COLUMNS
from dialerd.store.list_records import remove_leads
from dialerd.store.refusals import end_callbacks
from dialerd.store.session import Session

Row = dict[str, Any]


def add_lead(session: Session, campaign: str, list_name: str, row: Mapping[str, Any], now: datetime) -> Row:
    """Add one lead; Invalid says what is wrong, Conflict when the campaign has the number already."""
    check_list_name(list_name)
    values = _checked(row)
    if not add_leads(session, campaign, list_name, [values], now).added:
        raise Conflict(
            f"campaign {campaign} has a lead with {values.number} already: dialerctl lead edit {values.number}"
        )
    return lead_row(session, values.number)


def edit_lead(session: Session, id_or_number: str, changes: Mapping[str, Any]) -> tuple[Row, int]:
    """Change a lead; `attributes` are merged, an empty value removes one. Returns it and its campaign's id.

    What a rule had put off is due again: the gate judges the lead as it is now. Conflict while it is being called.
    """
    found = _at_rest(session, id_or_number)
    unknown = set(changes) - KEYS
    if unknown or not changes:
        raise Invalid(f"unknown field {min(unknown)[:40]!r}" if unknown else "name at least one field to change")
    columns = ", ".join(LEAD_INSERT_COLUMNS)
    row = session.one(f"SELECT {columns} FROM lead WHERE id = ?", (found["id"],))
    assert row is not None
    stored = dict(zip(LEAD_INSERT_COLUMNS, row, strict=True))
    new = dict(zip(LEAD_INSERT_COLUMNS, _checked({"number": stored["number"], **changes}).values, strict=True))
    try:
        values = merged(stored, new, changes.keys())
    except ValueError as error:
        raise Invalid(str(error)) from None
    if values["number"] != stored["number"] and session.one(
        "SELECT 1 FROM lead WHERE list_id = ? AND number = ?", (found["list_id"], values["number"])
    ):
        raise Conflict(f"list {found['list']} has a lead with {values['number']} already")
    change_leads(session, [(found["id"], values)])
    return lead_row(session, str(found["id"])), int(found["campaign_id"])


def remove_lead(session: Session, id_or_number: str, now: datetime) -> tuple[Row, int]:
    """Remove a lead, or close it for good when its calls are on record; returns `{lead, number, removed}`.

    Conflict while it is being called.
    """
    found = _at_rest(session, id_or_number)
    called = bool(found["calls"])
    if called:
        session.run(
            "UPDATE lead SET state = 'completed', next_attempt_at = NULL WHERE id = ? AND state <> 'dnc'",
            (found["id"],),
        )
        end_callbacks(session, [found["id"]], "cancelled", now)
    else:
        remove_leads(session, [found["id"]])
    return {"lead": found["id"], "number": found["number"], "removed": not called}, int(found["campaign_id"])


def _at_rest(session: Session, id_or_number: str) -> Row:
    found = lead_row(session, id_or_number)
    if found["state"] == "claimed":
        raise Conflict(f"lead {found['id']} is being called or shown to an agent, or about to be: try again after that")
    return found


def _checked(row: Mapping[str, Any]) -> CheckedRow:
    try:
        return check_row(row)
    except ValueError as error:
        raise Invalid(str(error)) from None
