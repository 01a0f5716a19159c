"""Owns what is known of a call that AMD judged: what AMD said, who got the call, what was heard. Changes nothing.

A call is judged when AMD was to run for it and it was answered; test calls are left out. Only finished records count,
so that the same question has the same answer afterwards. What was heard, in this order:

- a review (`amd_review`) by somebody who listened or talked;
- of a call that an agent talked on: the disposition `machine`, or one that says a person was met (`is_contact`).
  Neither `no_disposition`, which nobody gives, nor the campaign's default, which nobody need have given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dialerd.core.dialling_flow import TEST_MODE
from dialerd.store.session import Session
from dialerd.store.units import instant, micros

Row = dict[str, Any]

SAID = "CASE WHEN call_log.amd_result = '' THEN 'none' ELSE call_log.amd_result END"
"""human, machine, unsure, hangup (during AMD), none (AMD gave no verdict)."""

GOT = (
    "CASE WHEN call_log.status = 'machine' THEN 'machine' WHEN call_log.amd_action = 'connect' THEN 'agent'"
    " ELSE 'nobody' END"
)
"""How the call was treated: as a machine, as a person, or it ended before either."""

_BY_AGENT = (
    "call_log.bridged_at IS NOT NULL AND call_log.disposition <> campaign.default_disposition AND"
    " (call_log.disposition = 'machine' OR (disposition.is_contact AND NOT disposition.is_system))"
)
HEARD = (
    "CASE WHEN amd_review.heard IS NOT NULL THEN amd_review.heard"
    f" WHEN {_BY_AGENT} THEN CASE WHEN call_log.disposition = 'machine' THEN 'machine' ELSE 'person' END ELSE '' END"
)
"""person, machine, or nothing: nobody has said."""

TOLD_BY = f"CASE WHEN amd_review.heard IS NOT NULL THEN 'review' WHEN {_BY_AGENT} THEN 'disposition' ELSE '' END"

CALLS = (
    " FROM call_log JOIN campaign ON campaign.id = call_log.campaign_id"
    " LEFT JOIN disposition ON disposition.code = call_log.disposition"
    " LEFT JOIN amd_review ON amd_review.attempt_id = call_log.id"
)
"""What the expressions above are about."""

JUDGED = (
    f"{CALLS} WHERE call_log.campaign_id = ? AND call_log.created_at >= ? AND call_log.created_at < ?"
    f" AND call_log.answered_at IS NOT NULL AND call_log.record_hash <> '' AND call_log.dial_mode <> '{TEST_MODE}'"
    " AND (call_log.amd_parameters <> '' OR call_log.amd_status <> '')"
)
"""The calls, to be followed by more conditions; parameters: campaign's id, from, to before (microseconds)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Calls that began from `since` to before `until`; None: without a limit."""

    since: datetime | None = None
    until: datetime | None = None

    def bounds(self) -> tuple[int, int]:
        """In microseconds."""
        return (micros(self.since) if self.since else 0, micros(self.until) if self.until else 2**62)


def labelled_samples(
    session: Session, campaign_id: int, span: Span, *, limit: int, offset: int
) -> tuple[int, list[Row]]:
    """How many calls have a sample and a label, and a page of them, oldest first (docs/control-protocol.md)."""
    wanted = f"{JUDGED} AND call_log.amd_sample_file <> '' AND ({HEARD}) <> ''"
    params: Sequence[Any] = (campaign_id, *span.bounds())
    counted = session.one(f"SELECT COUNT(*){wanted}", params)
    rows = session.dicts(
        f"SELECT call_log.id AS attempt_id, call_log.amd_sample_file AS file, {HEARD} AS heard, {TOLD_BY} AS told_by,"
        " call_log.amd_parameters AS parameters, call_log.amd_status, call_log.amd_cause, call_log.created_at AS at"
        f"{wanted} ORDER BY call_log.created_at, call_log.id LIMIT ? OFFSET ?",
        (*params, limit, offset),
    )
    return int(counted[0]) if counted else 0, [{**row, "at": instant(row["at"])} for row in rows]
