"""Owns reading the abandon ledger: what a legal window holds, and each of its calls for an audit. Changes nothing.

An audit must add up although calls end meanwhile. A finished record has its place in the hash chain and is never
changed; so figures and pages that name the same last place (`snapshot`) are of the same calls, whenever they are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dialerd.core.abandon_window import WindowClock
from dialerd.core.amd.status import AmdResult
from dialerd.core.campaign import Campaign, MeasuredFrom
from dialerd.core.pacing.ledger import AbandonLedger, AmdLosses, Counts, LedgerHistory, Standing
from dialerd.core.readiness import uncounted
from dialerd.store.chain import chain_head
from dialerd.store.mapping import campaign_value, window_of
from dialerd.store.session import Session
from dialerd.store.setup_records import campaign_row
from dialerd.store.units import instant, instant_or_none, micros

Row = dict[str, Any]
_FOR_EVER = 2**62
_LIVE = (
    "SELECT at / ?, COUNT(*), SUM(CASE WHEN abandoned THEN 1 ELSE 0 END), 0 FROM abandon_ledger{join}"
    " WHERE abandon_ledger.campaign_id = ? AND at >= ? AND at < ?{seen} GROUP BY 1"
)
_MACHINES = (
    "SELECT answered_at / ?, 0, 0, COUNT(*) FROM call_log"
    " WHERE campaign_id = ? AND answered_at >= ? AND answered_at < ?"
    " AND status = 'machine' AND NOT live_answer AND record_hash <> ''{seen} GROUP BY 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What an audit looks at: live answers from `since` (None: where the legal window begins) to before `until`.

    `snapshot`: the last place in the chain that it knows; None: the last of now.
    """

    since: datetime | None = None
    until: datetime | None = None
    snapshot: int | None = None


def ledger_history(session: Session, campaign_id: int, clock: WindowClock, now: datetime) -> LedgerHistory:
    """What the window of this moment holds, in buckets: everything that has been finished until now."""
    first_s = _first_answer(session, campaign_id)
    since = _micros(clock.since(now.timestamp(), first_s))
    return _history(session, campaign_id, clock, (since, _FOR_EVER), None, first_s)


def _history(
    session: Session,
    campaign_id: int,
    clock: WindowClock,
    span: tuple[int, int],
    snapshot: int | None,
    first_s: float | None,
) -> LedgerHistory:
    join, seen = "", ""
    params = [_micros(clock.bucket_s), campaign_id, *span]
    if snapshot is not None:
        join, seen = " JOIN call_log ON call_log.id = abandon_ledger.attempt_id", " AND call_log.chain_seq <= ?"
        params.append(snapshot)
    rows = session.rows(_LIVE.format(join=join, seen=seen), params)
    rows += session.rows(_MACHINES.format(seen=seen), params)
    counts = (Counts(number * clock.bucket_s, live, int(gone), machines) for number, live, gone, machines in rows)
    return LedgerHistory(rows=tuple(sorted(counts)), first_s=first_s)


def _first_answer(session: Session, campaign_id: int) -> float | None:
    row = session.one("SELECT MIN(at) FROM abandon_ledger WHERE campaign_id = ?", (campaign_id,))
    return row[0] / 1_000_000 if row and row[0] is not None else None


def _micros(seconds: float) -> int:
    return round(seconds * 1_000_000)


def audit(session: Session, name: str, asked: Audited, now: datetime) -> Row:
    """The figures of a campaign's ledger (docs/control-protocol.md, `campaign.ledger`); NotFound for an unknown one.

    With `since` the span is the caller's, not the law's: there is no credit then.
    """
    row = campaign_row(session, name)
    campaign = campaign_value(row, session.rule_sets)
    asked = _fixed(session, asked, now)
    span, standing = _standing(session, campaign, asked)
    legal = asked.since is None
    return {
        "campaign": name,
        "window": campaign.abandon_window.value if legal else "chosen",
        "window_from": window_of(row, session.rule_sets)[1] if legal else "--since",
        "since": instant(span[0]),
        "until": instant(span[1]),
        "next_since": datetime.fromtimestamp(standing.until_s, UTC) if legal and standing.until_s else None,
        "live_answers": standing.live,
        "abandoned": standing.abandoned,
        "machines": standing.machines,
        "amd_false_positive_rate": campaign.amd_false_positive_rate,
        "amd_losses": round(standing.losses, 3),
        "amd_losses_inside": standing.losses_inside,
        "counted": round(standing.counted, 3),
        "abandon_rate": round(100 * standing.rate, 3),
        "target_abandon_rate": row["target_abandon_rate"],
        "max_abandon_rate": row["max_abandon_rate"],
        "credit": round(standing.credit, 3) if legal else None,
        "over_max": standing.breaks(campaign.max_abandon_rate),
        "snapshot": asked.snapshot,
        "warnings": [warning] if (warning := uncounted(campaign)) else [],
    }


def _fixed(session: Session, asked: Audited, now: datetime) -> Audited:
    """The same with an end and a snapshot."""
    snapshot = chain_head(session)[0] if asked.snapshot is None else asked.snapshot
    return Audited(since=asked.since, until=asked.until or instant(micros(now) + 1), snapshot=snapshot)


def _span(session: Session, campaign: Campaign, asked: Audited) -> tuple[int, int]:
    """From and to before, in microseconds. The window is the one of its last moment."""
    assert asked.until is not None
    until = micros(asked.until)
    if asked.since is not None:
        return micros(asked.since), until
    first_s = _first_answer(session, campaign.id)
    return _micros(campaign.window_clock.since((until - 1) / 1_000_000, first_s)), until


def _standing(session: Session, campaign: Campaign, asked: Audited) -> tuple[tuple[int, int], Standing]:
    span, first_s = _span(session, campaign, asked), _first_answer(session, campaign.id)
    history = _history(session, campaign.id, campaign.window_clock, span, asked.snapshot, first_s)
    losses = AmdLosses(rate=campaign.amd_false_positive_rate, inside=campaign.amd_losses_inside)
    if asked.since is None:
        ledger = AbandonLedger(
            campaign.abandon_window, campaign.target_abandon_rate, zone=campaign.zone, amd_losses=losses
        )
        ledger.take_over(history)
        return span, ledger.standing((span[1] - 1) / 1_000_000)
    machines = sum(counts.machines for counts in history.rows)
    return span, Standing(
        since_s=span[0] / 1_000_000,
        live=sum(counts.live for counts in history.rows),
        abandoned=sum(counts.abandoned for counts in history.rows),
        machines=machines,
        losses=losses.of(machines),
        losses_inside=losses.inside,
        credit=0.0,
    )


def audited_calls(session: Session, name: str, asked: Audited, now: datetime, *, limit: int, offset: int) -> list[Row]:
    """The live answers behind the figures of the same `asked`, one by one in order of their time."""
    campaign = campaign_value(campaign_row(session, name), session.rule_sets)
    asked = _fixed(session, asked, now)
    rows = session.dicts(
        "SELECT call_log.id, abandon_ledger.at, call_log.number, abandon_ledger.abandoned, call_log.status, agent.name"
        " AS agent, answered_at, verdict_at, bridged_at, message_started_at, ended_at, amd_result, approximate,"
        " message_version FROM abandon_ledger JOIN call_log ON call_log.id = abandon_ledger.attempt_id"
        " LEFT JOIN agent ON agent.id = call_log.agent_id WHERE abandon_ledger.campaign_id = ?"
        " AND abandon_ledger.at >= ? AND abandon_ledger.at < ? AND call_log.chain_seq <= ?"
        " ORDER BY abandon_ledger.at, call_log.id LIMIT ? OFFSET ?",
        (campaign.id, *_span(session, campaign, asked), asked.snapshot, limit, offset),
    )
    return [_told(row, campaign) for row in rows]


def _told(row: Mapping[str, Any], campaign: Campaign) -> Row:
    met = row["bridged_at"] if not row["abandoned"] else row["message_started_at"]
    met = met if met is not None else row["ended_at"]
    outcome = "abandoned" if row["abandoned"] else "connected" if row["bridged_at"] is not None else row["status"]
    return {
        "id": row["id"],
        "at": instant(row["at"]),
        "number": row["number"],
        "outcome": outcome,
        "wait_s": round((met - row["at"]) / 1_000_000, 2) if met is not None else None,
        "message": _message(row, campaign) if row["abandoned"] else "",
        "message_started_at": instant_or_none(row["message_started_at"]) if row["abandoned"] else None,
        "message_version": row["message_version"] if row["abandoned"] else "",
        "agent": row["agent"],
    }


def _message(row: Mapping[str, Any], campaign: Campaign) -> str:
    """`in_time`, `late` or `none`, by the campaign's limit and where it is measured from, as they are set now.

    What the dialplan did alone is known to the second only.
    """
    if row["message_started_at"] is None:
        return "none"
    start = row["at"]
    if campaign.abandon_measured_from is MeasuredFrom.GREETING_END and row["verdict_at"] is not None:
        if row["amd_result"] == AmdResult.HUMAN.value:
            start = max(start, row["verdict_at"] - 1000 * campaign.amd.after_greeting_silence)
        elif row["amd_result"] != AmdResult.NOT_RUN.value:
            start = row["verdict_at"]
    allowed_s = campaign.abandon_after_s + (1.0 if row["approximate"] else 0.0)
    return "in_time" if row["message_started_at"] - start <= allowed_s * 1_000_000 else "late"
