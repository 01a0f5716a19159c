"""Owns adding, changing and removing single leads by hand. Reads no file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dialerd.core.errors import Conflict, Invalid
from dialerd.store.dial_classes import class_id
from dialerd.store.lead_records import add_leads, check_list_name, lead as lead_row
from dialerd.store.lead_rows import KEYS, LEAD_INSERT_COLUMNS, checked_lead, class_key
from dialerd.store.list_records import remove_leads
from dialerd.store.refusals import end_callbacks
from dialerd.store.session import Session

Row = dict[str, Any]


def add_lead(session: Session, campaign: str, list_name: str, row: Mapping[str, Any], now: datetime) -> Row:
    """Add one lead; Invalid says what is wrong, Conflict when the campaign has the number already."""
    check_list_name(list_name)
    values = _checked(row)
    if not add_leads(session, campaign, list_name, [values], now).added:
        raise Conflict(f"campaign {campaign} has a lead with {values[0]} already: dialerctl lead edit {values[0]}")
    return lead_row(session, str(values[0]))


def edit_lead(session: Session, id_or_number: str, changes: Mapping[str, Any]) -> tuple[Row, int]:
    """Change a lead; `attributes` are merged, an empty value removes one. Returns it and its campaign's id.

    What a rule had put off is due again: the gate judges the lead as it is now. Conflict while it is being called.
    """
    found = _at_rest(session, id_or_number)
    unknown = set(changes) - KEYS
    if unknown or not changes:
        raise Invalid(f"unknown field {min(unknown)[:40]!r}" if unknown else "name at least one field to change")
    # the first number of several is the lead's own; what is dialled now may be another one of them
    own = next(iter(found["alternates"]), {"zones": found["zones"], "regions": found["regions"]})
    present = {
        **{key: found[key] for key in KEYS - {"alternates"}},
        "zones": own["zones"],
        "regions": own["regions"],
        "alternates": found["alternates"][1:],
    }
    attributes = {**present["attributes"], **(changes.get("attributes") or {})}
    attributes = {key: value for key, value in attributes.items() if value not in (None, "")}
    values = dict(zip(LEAD_INSERT_COLUMNS, _checked({**present, **changes, "attributes": attributes}), strict=True))
    if values["number"] != found["number"] and session.one(
        "SELECT 1 FROM lead WHERE list_id = ? AND number = ?", (found["list_id"], values["number"])
    ):
        raise Conflict(f"list {found['list']} has a lead with {values['number']} already")
    dialled = {"dial_number": values["number"], "number_index": 0}
    dialled["class_id"] = class_id(session, *class_key(list(values.values())))
    columns = {**values, **dialled}
    session.run(
        f"UPDATE lead SET {', '.join(f'{column} = ?' for column in columns)},"
        " next_attempt_at = CASE WHEN blocked_rule <> '' AND state IN ('new', 'retry') THEN 0 ELSE next_attempt_at END,"
        " blocked_rule = '' WHERE id = ?",
        [*columns.values(), found["id"]],
    )
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
        raise Conflict(f"lead {found['id']} is being called, or about to be: try again after the call")
    return found


def _checked(row: Mapping[str, Any]) -> tuple[Any, ...]:
    try:
        return checked_lead(row)
    except ValueError as error:
        raise Invalid(str(error)) from None
