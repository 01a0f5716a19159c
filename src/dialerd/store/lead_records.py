"""Owns reading leads, the row of a list by name, and the lead of a test call. Knows no threads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dialerd.core.errors import Conflict, Invalid, NotFound
from dialerd.core.lead import Lead
from dialerd.store.call_records import calls_of_lead
from dialerd.store.lead_rows import checked_number, checked_regions, checked_zones
from dialerd.store.mapping import LEAD_COLUMNS, lead_value
from dialerd.store.readable import readable
from dialerd.store.session import Session
from dialerd.store.setting_checks import NAME, NAME_RULE
from dialerd.store.setup_records import campaign_row
from dialerd.store.skips import skips_of_lead
from dialerd.store.units import micros

Row = dict[str, Any]
TEST_LIST = "test-calls"

_SELECT = (
    "SELECT lead.*, campaign.name AS campaign, lead_list.name AS list_name FROM lead"
    " JOIN campaign ON campaign.id = lead.campaign_id JOIN lead_list ON lead_list.id = lead.list_id"
)


def leads(session: Session, campaign: str | None, state: str | None, limit: int, offset: int) -> list[Row]:
    """Leads in id order, those of hidden lists left out."""
    conditions, params = ["NOT lead_list.hidden"], []
    if campaign is not None:
        conditions.append("lead.campaign_id = ?")
        params.append(campaign_row(session, campaign)["id"])
    if state is not None:
        conditions.append("lead.state = ?")
        params.append(state)
    return [
        _shown(row)
        for row in session.dicts(
            f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY lead.id LIMIT ? OFFSET ?", (*params, limit, offset)
        )
    ]


def _shown(row: Row) -> Row:
    shown = readable(row)
    shown["list"] = shown.pop("list_name")
    shown["timezone"] = ",".join(shown["zones"])
    return shown


def lead(session: Session, id_or_number: str) -> Row:
    """One lead by id or number with its calls and skips; of several with one number the newest, the others by id."""
    text = id_or_number.strip()
    if text.startswith("+"):
        rows = session.dicts(f"{_SELECT} WHERE lead.number = ? ORDER BY lead_list.hidden, lead.id DESC", (text,))
    elif text.isascii() and text.isdigit() and int(text) < 2**63:
        rows = session.dicts(f"{_SELECT} WHERE lead.id = ?", (int(text),))
    else:
        raise Invalid(f"lead: {text[:40]!r} is neither an id nor a number like +4930123456")
    if not rows:
        raise NotFound(f"no lead {text[:40]}")
    shown = _shown(rows[0])
    shown["same_number"] = [row["id"] for row in rows[1:]]
    shown["calls"] = calls_of_lead(session, shown["id"])
    shown["skips"] = skips_of_lead(session, shown["id"])
    return shown


def check_list_name(name: str) -> None:
    """Invalid unless this may be the name of a list."""
    if not NAME.fullmatch(name):
        raise Invalid(f"list: {name[:80]!r} may only hold {NAME_RULE}")
    if name == TEST_LIST:
        raise Invalid(f"list: {TEST_LIST} is the list of test calls; choose another name")


def list_id_of(
    session: Session, campaign_id: int, name: str, now: datetime, *, hidden: bool = False, active: bool = True
) -> int:
    """The id of a campaign's list; it is made if there is none. `hidden`, `active`: of a new one."""
    session.run(
        "INSERT INTO lead_list (campaign_id, name, active, hidden, created_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (campaign_id, name) DO NOTHING",
        (campaign_id, name, active and not hidden, hidden, micros(now)),
    )
    row = session.one("SELECT id FROM lead_list WHERE campaign_id = ? AND name = ?", (campaign_id, name))
    assert row is not None
    return int(row[0])


def lead_for_test_call(
    session: Session, campaign: str, number: str, zones: Sequence[str], regions: Sequence[str], now: datetime
) -> Lead:
    """The claimed lead of a test call, on a hidden list that is never dialled from. Its attempts count from zero.

    Caps on the number itself hold for test calls, too.
    """
    campaign_id = campaign_row(session, campaign)["id"]
    try:
        checked_number(number)
        names, places = checked_zones(zones), checked_regions(regions)
    except ValueError as error:
        raise Invalid(str(error)) from None
    list_id = list_id_of(session, campaign_id, TEST_LIST, now, hidden=True)
    session.run(
        "INSERT INTO lead (campaign_id, list_id, number, dial_number, name, created_at)"
        " VALUES (?, ?, ?, ?, 'test call', ?) ON CONFLICT (list_id, number) DO NOTHING",
        (campaign_id, list_id, number, number, micros(now)),
    )
    found = session.one("SELECT id FROM lead WHERE list_id = ? AND number = ?", (list_id, number))
    assert found is not None
    if session.one("SELECT 1 FROM call_log WHERE lead_id = ? AND closed_at IS NULL", (found[0],)):
        raise Conflict(f"a test call to {number} is in progress")
    session.run(
        "UPDATE lead SET state = 'claimed', claimed_from = 'retry', claimed_at = ?, next_attempt_at = 0,"
        " call_count = 0, zones = ?, regions = ? WHERE id = ?",
        (micros(now), ",".join(names), ",".join(places), found[0]),
    )
    row = session.one(f"SELECT {LEAD_COLUMNS} FROM lead WHERE id = ?", (found[0],))
    assert row is not None
    return lead_value(row)
