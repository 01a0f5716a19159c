"""Owns lead lists as operators see them: counts, weight, pause, recycling, removal. Chooses no lead."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from dialerd.core.errors import Conflict, Invalid, NotFound, hint
from dialerd.core.lead import FINAL_STATES
from dialerd.store.lead_records import check_list_name
from dialerd.store.mapping import standing
from dialerd.store.readable import readable
from dialerd.store.session import Session, marks
from dialerd.store.setting_checks import NAME, NAME_RULE, Check, checked_by, matching, whole, yes_or_no
from dialerd.store.setup_records import campaign_row
from dialerd.store.units import micros

Row = dict[str, Any]
AT_ONCE = 2_000  # leads changed in one transaction
_CHECKS: Mapping[str, Check] = {
    "name": matching(NAME.pattern, NAME_RULE, may_be_empty=False),
    "active": yes_or_no,
    "weight": whole(1, 1000),
}


def lead_lists(session: Session, campaign: str | None, now: datetime) -> list[Row]:
    """The lists of one campaign or of all, with how many leads are due, wait, are claimed and finished."""
    if campaign is None:
        return _counted(session, "NOT hidden", (), now)
    return _counted(session, "NOT hidden AND campaign_id = ?", (campaign_row(session, campaign)["id"],), now)


def _counted(session: Session, where: str, params: Sequence[Any], now: datetime) -> list[Row]:
    rows = session.dicts(
        "SELECT lead_list.id, lead_list.name AS list, campaign.name AS campaign, active, weight, lead_list.created_at"
        f" FROM lead_list JOIN campaign ON campaign.id = campaign_id WHERE {where} ORDER BY 3, 2",
        params,
    )
    return [readable(row) | _counts(session, row["id"], now) for row in rows]


def _counts(session: Session, list_id: int, now: datetime) -> Row:
    counts = {"due": 0, "waiting": 0, "claimed": 0, "finished": 0}
    states: dict[str, int] = {}
    for state, later, count in session.rows(
        "SELECT state, CASE WHEN next_attempt_at > ? THEN 1 ELSE 0 END, COUNT(*) FROM lead WHERE list_id = ?"
        " GROUP BY 1, 2",
        (micros(now), list_id),
    ):
        states[state] = states.get(state, 0) + count
        counts[standing(state, later)] += count
    return {"leads": sum(counts.values()), **counts, "states": states}


def lead_list(session: Session, campaign: str, name: str, now: datetime) -> Row:
    """One list, with its leads by state (`states`) and by last disposition (`dispositions`)."""
    list_id = list_row(session, campaign, name)["id"]
    (found,) = _counted(session, "lead_list.id = ?", (list_id,), now)
    found["dispositions"] = dict(
        session.rows(
            "SELECT disposition, COUNT(*) FROM call_log WHERE list_id = ? AND closed_at IS NOT NULL GROUP BY 1",
            (list_id,),
        )
    )
    return found


def list_row(session: Session, campaign: str, name: str) -> Row:
    """A list's row; NotFound names the nearest one."""
    campaign_id = campaign_row(session, campaign)["id"]
    rows = session.dicts(
        "SELECT * FROM lead_list WHERE campaign_id = ? AND name = ? AND NOT hidden", (campaign_id, name)
    )
    if not rows:
        names = [
            r[0]
            for r in session.rows("SELECT name FROM lead_list WHERE campaign_id = ? AND NOT hidden", (campaign_id,))
        ]
        meant = hint(name, names, f"lists: {', '.join(names) or 'none'}")
        raise NotFound(f"campaign {campaign} has no list {name[:80]!r}{meant}")
    return rows[0]


def edit_list(session: Session, campaign: str, name: str, changes: Mapping[str, Any]) -> int:
    """Change name, weight or `active` of a list; return the campaign's id. Invalid lists every problem."""
    row = list_row(session, campaign, name)
    columns, problems = checked_by(_CHECKS, changes)
    if problems or not columns:
        raise Invalid("; ".join(problems) or "name at least one setting to change: name, weight or active")
    if columns.get("name", name) != name:
        check_list_name(columns["name"])
        if session.one(
            "SELECT 1 FROM lead_list WHERE campaign_id = ? AND name = ?", (row["campaign_id"], columns["name"])
        ):
            raise Conflict(f"campaign {campaign} has a list {columns['name']} already")
    session.run(
        f"UPDATE lead_list SET {', '.join(f'{key} = ?' for key in columns)} WHERE id = ?",
        [*columns.values(), row["id"]],
    )
    return int(row["campaign_id"])


def recyclable(states: Collection[str]) -> None:
    """Invalid unless each is a final state."""
    known = sorted(state.value for state in FINAL_STATES)
    for state in states:
        if state not in known:
            raise Invalid(f"state: {state[:40]!r} is not a final state (known: {', '.join(known)})")


def recycle_some(
    session: Session, list_id: int, states: Collection[str], dispositions: Collection[str], above: int
) -> tuple[int, int | None]:
    """Make finished leads of a list due again, attempts counted anew: some of those with an id above this one.

    `dispositions` (none: any) is that of a lead's last call. Returns how many, and where to go on (None: done).
    Records of calls stay; whom the gate forbids it still forbids.
    """
    rows = session.rows(
        f"SELECT id FROM lead WHERE list_id = ? AND id > ? AND state IN ({marks(len(states))}) ORDER BY id LIMIT ?",
        (list_id, above, *states, AT_ONCE),
    )
    ids = [row[0] for row in rows]
    if dispositions and ids:
        last = dict(
            session.where_in(
                "SELECT lead_id, disposition FROM call_log WHERE id IN"
                " (SELECT MAX(id) FROM call_log WHERE lead_id IN ({in}) GROUP BY lead_id)",
                ids,
            )
        )
        ids = [lead_id for lead_id in ids if last.get(lead_id) in dispositions]
    session.many(
        "UPDATE lead SET state = 'new', next_attempt_at = 0, call_count = 0, blocked_rule = '', abandoned_at = NULL,"
        " callback_agent_id = NULL WHERE id = ?",
        [(lead_id,) for lead_id in ids],
    )
    return len(ids), rows[-1][0] if len(rows) == AT_ONCE else None


def begin_removal(session: Session, campaign: str, name: str) -> tuple[int, int]:
    """Take a list out of dialling for its removal; return its id and the campaign's.

    Conflict when leads of it were called: their records name them, so such a list can only be paused.
    """
    row = list_row(session, campaign, name)
    called = session.one("SELECT COUNT(DISTINCT lead_id) FROM call_log WHERE list_id = ?", (row["id"],))
    if called is not None and called[0]:
        raise Conflict(
            f"list {name} has {called[0]} leads with calls, whose records must stay: dialerctl list pause {name}"
            f" --campaign {campaign}"
        )
    if session.one("SELECT 1 FROM lead WHERE list_id = ? AND state = 'claimed'", (row["id"],)):
        raise Conflict(f"list {name} has leads that are about to be dialled: pause it first, then remove it")
    session.run("UPDATE lead_list SET active = FALSE WHERE id = ?", (row["id"],))
    return int(row["id"]), int(row["campaign_id"])


def remove_some(session: Session, list_id: int) -> bool:
    """Remove some leads of a list, and the list with the last; True when it is gone."""
    ids = [r[0] for r in session.rows("SELECT id FROM lead WHERE list_id = ? ORDER BY id LIMIT ?", (list_id, AT_ONCE))]
    remove_leads(session, ids)
    if len(ids) < AT_ONCE:
        session.run("DELETE FROM lead_list WHERE id = ?", (list_id,))
        return True
    return False


def remove_leads(session: Session, ids: Collection[int]) -> None:
    """Remove leads that have no calls, with what hangs on them."""
    for table in ("callback", "blocked_attempt", "lead_skip"):
        session.many(f"DELETE FROM {table} WHERE lead_id = ?", [(lead_id,) for lead_id in ids])
    session.many("DELETE FROM lead WHERE id = ?", [(lead_id,) for lead_id in ids])
