"""Owns reading leads, adding chunks of them, and the lead of a test call. Knows no threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dialerd.core.errors import Conflict, Invalid, NotFound
from dialerd.core.import_policy import ImportPolicy, OnDuplicate, Unique
from dialerd.core.lead import Lead
from dialerd.store.call_records import calls_of_lead
from dialerd.store.dial_classes import class_ids
from dialerd.store.lead_rows import (
    LEAD_INSERT_COLUMNS,
    checked_lead,
    checked_number,
    checked_regions,
    checked_zones,
    class_key,
)
from dialerd.store.mapping import LEAD_COLUMNS, lead_value
from dialerd.store.readable import readable
from dialerd.store.session import Session
from dialerd.store.setting_checks import NAME, NAME_RULE
from dialerd.store.setup_records import campaign_row
from dialerd.store.units import micros

Row = dict[str, Any]
POLICY = ImportPolicy()
TEST_LIST = "test-calls"
IMPORT_CHUNK = 250  # rows in one transaction: about 10 ms, what pacing may have to wait for

_SELECT = (
    "SELECT lead.*, campaign.name AS campaign, lead_list.name AS list_name FROM lead"
    " JOIN campaign ON campaign.id = lead.campaign_id JOIN lead_list ON lead_list.id = lead.list_id"
)
_INSERT = (
    f"INSERT INTO lead (campaign_id, list_id, created_at, class_id, dial_number, {', '.join(LEAD_INSERT_COLUMNS)})"
)
# The file's values in place of the lead's; its number, state, attempts and history stay.
_UPDATE = (
    f"UPDATE lead SET {', '.join(f'{column} = ?' for column in LEAD_INSERT_COLUMNS[1:])}, class_id = ?,"
    " dial_number = ?, number_index = 0 WHERE id = ? AND state <> 'claimed'"
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
    """One lead by id or number with its calls; of several with one number the newest, the others by id."""
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
    return shown


def check_list_name(name: str) -> None:
    """Invalid unless this may be the name of a list."""
    if not NAME.fullmatch(name):
        raise Invalid(f"list: {name[:80]!r} may only hold {NAME_RULE}")
    if name == TEST_LIST:
        raise Invalid(f"list: {TEST_LIST} is the list of test calls; choose another name")


def _list_id(
    session: Session, campaign_id: int, name: str, now: datetime, *, hidden: bool = False, active: bool = True
) -> int:
    session.run(
        "INSERT INTO lead_list (campaign_id, name, active, hidden, created_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (campaign_id, name) DO NOTHING",
        (campaign_id, name, active and not hidden, hidden, micros(now)),
    )
    row = session.one("SELECT id FROM lead_list WHERE campaign_id = ? AND name = ?", (campaign_id, name))
    assert row is not None
    return int(row[0])


def check_rows(rows: Sequence[Any]) -> tuple[list[tuple[Any, ...]], list[Row]]:
    """Given rows as they came, return the values to insert and the rejected ones as `{index, reason}`."""
    good: list[tuple[Any, ...]] = []
    rejected: list[Row] = []
    for index, row in enumerate(rows):
        try:
            if not isinstance(row, dict):
                raise ValueError("is not a set of columns and values")
            good.append(checked_lead(row))
        except ValueError as error:
            rejected.append({"index": index, "reason": str(error)})
    return good, rejected


@dataclass(frozen=True, slots=True)
class Added:
    """What became of some rows: how many leads were added and changed, and the numbers that were rejected."""

    added: int = 0
    updated: int = 0
    rejected: frozenset[str] = frozenset()


def add_leads(
    session: Session,
    campaign: str,
    list_name: str,
    rows: Sequence[tuple[Any, ...]],
    now: datetime,
    policy: ImportPolicy = POLICY,
) -> Added:
    """Insert checked rows whose number is no lead yet where the policy looks; do with the others what it says."""
    campaign_id = campaign_row(session, campaign)["id"]
    list_id = _list_id(session, campaign_id, list_name, now, active=not policy.hold)
    by_number: dict[str, tuple[Any, ...]] = {}
    for row in rows:
        by_number.setdefault(row[0], row)
    hidden = {row[0] for row in session.rows("SELECT id FROM lead_list WHERE hidden")}
    # Asked by number alone: with the campaign in it, the planner may walk over all of the campaign's leads.
    there: dict[str, int] = {}
    for lead_id, number, of_campaign, of_list in session.where_in(
        "SELECT id, number, campaign_id, list_id FROM lead WHERE number IN ({in})", list(by_number)
    ):
        looked_at = policy.unique is Unique.STORE or (
            of_list == list_id if policy.unique is Unique.LIST else of_campaign == campaign_id
        )
        if looked_at and of_list not in hidden:
            there[number] = lead_id
    fresh = [row for number, row in by_number.items() if number not in there]
    known = [(by_number[number], lead_id) for number, lead_id in there.items()]
    changing = policy.on_duplicate is OnDuplicate.UPDATE
    classes = class_ids(session, [class_key(row) for row in (*fresh, *([r for r, _ in known] if changing else []))])
    new = [(campaign_id, list_id, micros(now), classes[class_key(row)], row[0], *row) for row in fresh]
    session.insert(_INSERT, new)
    updated = 0
    if changing:
        updated = session.many(
            _UPDATE, [(*row[1:], classes[class_key(row)], row[0], lead_id) for row, lead_id in known]
        )
    rejected = frozenset(there) if policy.on_duplicate is OnDuplicate.REJECT else frozenset[str]()
    return Added(len(new), updated, rejected)


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
    list_id = _list_id(session, campaign_id, TEST_LIST, now, hidden=True)
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
