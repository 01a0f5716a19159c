"""Owns the log of pacing decisions: slots written, kept for some weeks, read for a period at the grain asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from dialerd.core.messages import SavePacingSlot
from dialerd.core.pacing import Limit
from dialerd.core.pacing.history import KEPT, QUIET_S, SLOT_S, SUMS
from dialerd.store.session import Session, marks
from dialerd.store.setup_records import campaign_row
from dialerd.store.units import instant, micros, stored_text

Row = dict[str, Any]
PRUNED_AT_ONCE = 50  # rows for each that is written: a campaign that rested for months must not hold up the writer
MOST_OBSTACLES = 3
SECOND = 1_000_000

_LIMITS = tuple(limit.value for limit in Limit)
_COLUMNS = (
    "campaign_id", "start_at", "until_at", "mode", "obstacle", *SUMS, *(f"limit_{name}" for name in _LIMITS),
    "credit", "entry",
)  # fmt: skip
_INSERT = (
    f"INSERT INTO pacing_slot ({', '.join(_COLUMNS)}) VALUES ({marks(len(_COLUMNS))}) ON CONFLICT (entry) DO NOTHING"
)
_PRUNE = (
    "DELETE FROM pacing_slot WHERE id IN"
    " (SELECT id FROM pacing_slot WHERE campaign_id = ? AND start_at < ? ORDER BY start_at LIMIT ?)"
)
_ADDED_UP = ", ".join(f"SUM({name}) AS {name}" for name in (*SUMS, *(f"limit_{name}" for name in _LIMITS)))
_PERIOD = "campaign_id = ? AND start_at > ? AND start_at < ? AND until_at > ?"


def save_slot(session: Session, command: SavePacingSlot, now: int, entry: str) -> None:
    """Write one slot, and remove some of the campaign's that are too old; `now` in microseconds UTC.

    `entry` names the submitted command: a repeated one finds its own row and changes nothing.
    """
    slot = command.slot
    values = (
        command.campaign_id,
        slot.start_s * SECOND,
        slot.until_s * SECOND,
        slot.mode,
        stored_text(slot.obstacle),
        *(getattr(slot, name) for name in SUMS),
        *(slot.limits[name] for name in _LIMITS),
        slot.credit,
        entry,
    )
    session.run(_INSERT, values)
    session.run(_PRUNE, (command.campaign_id, now - KEPT // timedelta(microseconds=1), PRUNED_AT_ONCE))


def pacing_history(session: Session, name: str, since: datetime, until: datetime, points: int) -> Row:
    """A campaign's slots that touch [since, until), added up to at most about `points` spans of `step_s` seconds.

    `spans` in order, only those with slots: `at`, `until`, the sums, `limits`, `credit` at the end. `obstacles`: the
    sentences that stopped it longest. `last_at`: when the last slot of all ended, None without any.
    """
    campaign_id = campaign_row(session, name)["id"]
    step_s = _step_s((until - since).total_seconds(), points)
    first = micros(since)
    step, period = step_s * SECOND, (campaign_id, first - QUIET_S * SECOND, micros(until), first)
    rows = session.dicts(
        f"SELECT start_at / ? AS span, MAX(until_at) AS until_at, MAX(id) AS last_id, {_ADDED_UP} FROM pacing_slot"
        f" WHERE {_PERIOD} GROUP BY 1 ORDER BY 1",
        (step, *period),
    )
    ends = {row["id"]: row for row in session.dicts_in(
        "SELECT id, credit, mode FROM pacing_slot WHERE id IN ({in})", [row["last_id"] for row in rows]
    )}  # fmt: skip
    last = session.one("SELECT MAX(until_at) FROM pacing_slot WHERE campaign_id = ?", (campaign_id,))
    return {
        "step_s": step_s,
        "spans": [_span(row, step, ends[row["last_id"]]) for row in rows],
        "obstacles": _obstacles(session, period),
        "last_at": instant(last[0]) if last is not None and last[0] is not None else None,
    }


def _step_s(seconds: float, points: int) -> int:
    """The shortest multiple of a slot with which `points` spans cover so many seconds."""
    slots = -(-seconds // SLOT_S)
    return SLOT_S * max(1, int(-(-slots // points)))


def _span(row: Row, step: int, end: Row) -> Row:
    return {
        "at": instant(row["span"] * step),
        "until": instant(row["until_at"]),
        "mode": end["mode"],
        **{name: row[name] for name in SUMS},
        "limits": {name: row[f"limit_{name}"] for name in _LIMITS if row[f"limit_{name}"]},
        "credit": end["credit"],
    }


def _obstacles(session: Session, period: tuple[int, ...]) -> list[Row]:
    rows = session.rows(
        "SELECT obstacle, SUM(CASE WHEN stopped > 0 THEN stopped ELSE limit_budget END), MAX(until_at)"
        f" FROM pacing_slot WHERE {_PERIOD} AND obstacle <> ''"
        " GROUP BY obstacle ORDER BY 2 DESC, 3 DESC LIMIT ?",
        (*period, MOST_OBSTACLES),
    )
    return [{"obstacle": text, "times": int(times), "until": instant(until)} for text, times, until in rows]
