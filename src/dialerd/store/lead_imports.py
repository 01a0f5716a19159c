"""Owns adding chunks of checked leads, and what becomes of numbers that are leads already. Knows no threads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dialerd.core.import_policy import ImportPolicy, OnDuplicate, Unique
from dialerd.store.dial_classes import class_ids
from dialerd.store.lead_merging import Values, given_fields, merged
from dialerd.store.lead_records import list_id_of
from dialerd.store.lead_rows import LEAD_INSERT_COLUMNS, checked_lead, class_key
from dialerd.store.session import Session
from dialerd.store.setup_records import campaign_row
from dialerd.store.units import micros

Row = dict[str, Any]
POLICY = ImportPolicy()
IMPORT_CHUNK = 250  # rows in one transaction: about 10 ms, what pacing may have to wait for

_INSERT = (
    f"INSERT INTO lead (campaign_id, list_id, created_at, class_id, dial_number, {', '.join(LEAD_INSERT_COLUMNS)})"
)
# Its own number is dialled next, and what a rule had put off is judged again: the rule may allow the lead as it is now.
_CHANGE = (
    f"UPDATE lead SET {', '.join(f'{column} = ?' for column in LEAD_INSERT_COLUMNS)}, class_id = ?, dial_number = ?,"
    " number_index = 0, next_attempt_at = CASE WHEN blocked_rule <> '' AND state IN ('new', 'retry') THEN 0"
    " ELSE next_attempt_at END, blocked_rule = '' WHERE id = ? AND state <> 'claimed'"
)


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row that may be a lead: the values of LEAD_INSERT_COLUMNS, and which of its fields the row names itself."""

    values: tuple[Any, ...]
    given: frozenset[str]

    @property
    def number(self) -> str:
        """The lead's own number."""
        return str(self.values[0])


def check_row(row: Mapping[str, Any]) -> CheckedRow:
    """Given a row as it came, return it checked; ValueError says in one sentence what is wrong."""
    if not isinstance(row, dict):
        raise ValueError("is not a set of columns and values")
    return CheckedRow(checked_lead(row), given_fields(row))


def check_rows(rows: Sequence[Any]) -> tuple[list[CheckedRow], list[Row]]:
    """Given rows as they came, return the good ones and the rejected ones as `{index, reason}`."""
    good: list[CheckedRow] = []
    rejected: list[Row] = []
    for index, row in enumerate(rows):
        try:
            good.append(check_row(row))
        except ValueError as error:
            rejected.append({"index": index, "reason": str(error)})
    return good, rejected


@dataclass(frozen=True, slots=True)
class Added:
    """What became of some rows: how many leads were added, how many numbers' leads changed, which were rejected."""

    added: int = 0
    updated: int = 0
    rejected: Mapping[str, str] = field(default_factory=dict)  # number → why
    campaigns: frozenset[int] = frozenset()  # whose leads have changed


def add_leads(
    session: Session,
    campaign: str,
    list_name: str,
    rows: Sequence[CheckedRow],
    now: datetime,
    policy: ImportPolicy = POLICY,
) -> Added:
    """Insert rows whose number is no lead yet where the policy looks; do with the others what it says."""
    campaign_id = campaign_row(session, campaign)["id"]
    list_id = list_id_of(session, campaign_id, list_name, now, active=not policy.hold)
    by_number: dict[str, CheckedRow] = {}
    for row in rows:
        by_number.setdefault(row.number, row)
    hidden = {row[0] for row in session.rows("SELECT id FROM lead_list WHERE hidden")}
    # Asked by number alone: with the campaign in it, the planner may walk over all of the campaign's leads.
    there: dict[str, list[int]] = {}
    for lead_id, number, of_campaign, of_list in session.where_in(
        "SELECT id, number, campaign_id, list_id FROM lead WHERE number IN ({in})", list(by_number)
    ):
        looked_at = policy.unique is Unique.STORE or (
            of_list == list_id if policy.unique is Unique.LIST else of_campaign == campaign_id
        )
        if looked_at and of_list not in hidden:
            there.setdefault(number, []).append(lead_id)
    fresh = [row.values for number, row in by_number.items() if number not in there]
    classes = class_ids(session, [class_key(values) for values in fresh])
    session.insert(
        _INSERT,
        [(campaign_id, list_id, micros(now), classes[class_key(values)], values[0], *values) for values in fresh],
    )
    if policy.on_duplicate is OnDuplicate.REJECT:
        return Added(len(fresh), rejected=dict.fromkeys(there, "the number is a lead already"))
    if policy.on_duplicate is OnDuplicate.UPDATE:
        return _update(session, len(fresh), there, by_number)
    return Added(len(fresh))


def _update(session: Session, added: int, there: Mapping[str, Iterable[int]], rows: Mapping[str, CheckedRow]) -> Added:
    """Change every lead that has a row's number, but not one that is being called."""
    ids = [lead_id for leads in there.values() for lead_id in leads]
    changed: list[tuple[int, Values]] = []
    numbers: set[str] = set()
    campaigns: set[int] = set()
    rejected: dict[str, str] = {}
    columns = ", ".join(LEAD_INSERT_COLUMNS)
    for lead_id, campaign_id, *values in session.where_in(
        f"SELECT id, campaign_id, {columns} FROM lead WHERE state <> 'claimed' AND id IN ({{in}})", ids
    ):
        stored = dict(zip(LEAD_INSERT_COLUMNS, values, strict=True))
        row = rows[stored["number"]]
        try:
            new = merged(stored, dict(zip(LEAD_INSERT_COLUMNS, row.values, strict=True)), row.given)
        except ValueError as error:
            rejected[row.number] = str(error)
            continue
        changed.append((lead_id, new))
        numbers.add(row.number)
        campaigns.add(campaign_id)
    change_leads(session, changed)
    return Added(added, len(numbers - set(rejected)), rejected, frozenset(campaigns))


def change_leads(session: Session, changes: Sequence[tuple[int, Values]]) -> None:
    """Give leads, by id, new values (of LEAD_INSERT_COLUMNS); one that is being called stays as it is."""
    rows = [(lead_id, tuple(values[column] for column in LEAD_INSERT_COLUMNS)) for lead_id, values in changes]
    classes = class_ids(session, [class_key(values) for _, values in rows])
    session.many(_CHANGE, [(*values, classes[class_key(values)], values[0], lead_id) for lead_id, values in rows])
