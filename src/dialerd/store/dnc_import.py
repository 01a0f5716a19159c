"""Owns imports of large do-not-call lists, chunk by chunk in short transactions. Reads no file, asks no rule.

An import is one row of `dnc_list`; it counts from the moment it is complete, and the one before it is then removed.
`counting` says which import of each name that is; nobody else may.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from dialerd.core.errors import Conflict, Invalid, NotFound
from dialerd.core.rule_set_parsing import NAME
from dialerd.store.session import Session
from dialerd.store.units import micros

CHUNK = 2_000  # numbers in one transaction: some milliseconds, what pacing may have to wait for
REMOVED_AT_ONCE = 5_000
HIGHEST = 10**15  # E.164 has 15 digits


class Import(NamedTuple):
    """One import; `data_date` is that of its data."""

    id: int
    name: str
    data_date: date
    entries: int
    imported_at: int


def counting(session: Session) -> dict[str, Import]:
    """Of each name the import that counts, by name: the last one that is complete, whatever the dates of the data."""
    return {
        name: Import(list_id, name, date.fromisoformat(dated), entries, imported_at)
        for list_id, name, dated, entries, imported_at in session.rows(
            "SELECT id, name, data_date, entries, imported_at FROM dnc_list"
            " WHERE id IN (SELECT MAX(id) FROM dnc_list WHERE complete GROUP BY name) ORDER BY name"
        )
    }


def begin(session: Session, name: str, data_date: date, now: datetime) -> int:
    """Begin an import; return its id. Invalid for a name or date that cannot be, Conflict for data that is older."""
    if not NAME.match(name):
        raise Invalid(f"list: {name[:40]!r} may only hold small letters, digits and - like us-national")
    if data_date > now.date():
        raise Invalid(f"date: {data_date} is in the future: give the date of the data")
    present = counting(session).get(name)
    if present is not None and present.data_date > data_date:
        raise Conflict(f"list {name} has data of {present.data_date} already, newer than {data_date}")
    session.run("DELETE FROM dnc_list WHERE name = ? AND NOT complete AND entries = 0", (name,))
    row = session.one(
        "INSERT INTO dnc_list (name, data_date, imported_at) VALUES (?, ?, ?) RETURNING id",
        (name, data_date.isoformat(), micros(now)),
    )
    assert row is not None
    return int(row[0])


def add(session: Session, list_id: int, numbers: Sequence[int]) -> int:
    """Add numbers (digits of E.164) to an unfinished import; return how many were new to it."""
    row = session.one("SELECT complete FROM dnc_list WHERE id = ?", (list_id,))
    if row is None or row[0]:
        raise NotFound(f"there is no unfinished import {list_id}: begin it again")
    for number in numbers:
        if not 10**4 <= number < HIGHEST:
            raise Invalid(f"{number} is not 5 to 15 digits")
    into = "INSERT INTO dnc_number (number, list_id)"
    if session.is_postgresql:  # one statement for all of them, as on SQLite
        added = session.run(
            f"{into} SELECT one, ? FROM unnest(?::bigint[]) AS one ON CONFLICT DO NOTHING", (list_id, list(numbers))
        )
    else:
        added = session.insert(into, [(number, list_id) for number in numbers], "ON CONFLICT DO NOTHING")
    session.run("UPDATE dnc_list SET entries = entries + ? WHERE id = ?", (added, list_id))
    return added


def finish(session: Session, list_id: int) -> dict[str, Any]:
    """The import is complete: it counts from now on."""
    session.run("UPDATE dnc_list SET complete = TRUE WHERE id = ?", (list_id,))
    row = session.one("SELECT name, data_date, entries FROM dnc_list WHERE id = ?", (list_id,))
    if row is None:
        raise NotFound(f"there is no import {list_id}")
    return {"list": row[0], "data_date": row[1], "entries": row[2]}


def superseded(session: Session, name: str) -> list[int]:
    """Imports of a name from before the one that counts: older ones, and broken-off ones."""
    present = counting(session).get(name)
    if present is None:
        return []
    return [row[0] for row in session.rows("SELECT id FROM dnc_list WHERE name = ? AND id < ?", (name, present.id))]


def remove_some(session: Session, list_id: int, above: int) -> int | None:
    """Remove some numbers of an import that are above this one; return where to go on, None when all are gone.

    In the order of the key: a list's own numbers are found by walking over those of all lists, in bounded steps.
    """
    rows = session.rows(
        "SELECT number, list_id FROM dnc_number WHERE number > ? ORDER BY number, list_id LIMIT ?",
        (above, REMOVED_AT_ONCE),
    )
    session.many(
        "DELETE FROM dnc_number WHERE number = ? AND list_id = ?",
        [(number, of_list) for number, of_list in rows if of_list == list_id],
    )
    if len(rows) == REMOVED_AT_ONCE:
        return int(rows[-1][0]) - (1 if rows[0][0] != rows[-1][0] else 0)
    session.run("DELETE FROM dnc_list WHERE id = ?", (list_id,))
    return None


def list_ids(session: Session, name: str) -> list[int]:
    """Every import of a name; NotFound when there is none."""
    found = [row[0] for row in session.rows("SELECT id FROM dnc_list WHERE name = ?", (name,))]
    if not found:
        known = ", ".join(row[0] for row in session.rows("SELECT DISTINCT name FROM dnc_list ORDER BY name"))
        raise NotFound(f"no imported list {name[:40]!r}" + (f" (imported: {known})" if known else ""))
    return found


def withdraw(session: Session, name: str) -> None:
    """The lists of this name count no more (their numbers are removed afterwards, in steps)."""
    session.run("UPDATE dnc_list SET complete = FALSE WHERE name = ?", (name,))
