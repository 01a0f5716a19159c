"""Owns the counts behind `amd report`, and the calls behind each count. Sums in SQL; weighs and changes nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from dialerd.core.amd.evidence import By, Cell, Judged, Tally
from dialerd.store.amd_labels import CALLS, GOT, HEARD, JUDGED, SAID, TOLD_BY, Span
from dialerd.store.session import Session
from dialerd.store.units import instant

Row = dict[str, Any]

QUARTER_HOUR_US = 900_000_000
"""Local hours of every zone are made of these: zones differ by quarters of an hour, since 1970 and before."""


_KEYS = {
    By.NOTHING: "''",
    By.PARAMETERS: "call_log.amd_parameters",
    By.TRUNK: "call_log.trunk",
    By.HOUR: f"call_log.answered_at / {QUARTER_HOUR_US}",
}


def counts(session: Session, campaign_id: int, span: Span, by: By, zone: tzinfo) -> dict[str, Judged]:
    """The judged calls of a campaign by key; an hour's key is 00 to 23, of the day in the campaign's zone."""
    params = (campaign_id, *span.bounds())
    tallies: dict[str, Counter[tuple[Any, ...]]] = defaultdict(Counter)
    for key, *alike, calls in session.rows(
        f"SELECT {_KEYS[by]}, {SAID}, {GOT}, {HEARD}, call_log.amd_sample_file <> '', call_log.amd_parameters,"
        f" COUNT(*){JUDGED} GROUP BY 1, 2, 3, 4, 5, 6",
        params,
    ):
        tallies[_key(by, key, zone)][tuple(alike)] += calls
    delays: dict[str, dict[str, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))
    for key, said, delay_ms, calls in session.rows(
        f"SELECT {_KEYS[by]}, {SAID}, (call_log.verdict_at - call_log.answered_at) / 1000, COUNT(*){JUDGED}"
        " AND call_log.verdict_at IS NOT NULL AND call_log.amd_result <> 'hangup' GROUP BY 1, 2, 3",
        params,
    ):
        delays[_key(by, key, zone)][said][max(0, delay_ms)] += calls
    return {key: Judged(tuple(_tallies(some)), delays.get(key, {})) for key, some in sorted(tallies.items())}


def _tallies(alike: Mapping[tuple[Any, ...], int]) -> Iterator[Tally]:
    for (said, got, heard, drawn, stratum), calls in alike.items():
        yield Tally(said=said, got=got, heard=heard, drawn=bool(drawn), stratum=stratum, calls=calls)


def _key(by: By, key: Any, zone: tzinfo) -> str:
    if by is By.HOUR:
        return f"{datetime.fromtimestamp(key * QUARTER_HOUR_US / 1_000_000, UTC).astimezone(zone).hour:02}"
    return str(key)


def voicemail(session: Session, campaign_id: int, span: Span) -> Row:
    """Voicemail drops: begun, heard to the end, and what ended the greeting before them."""
    found = session.rows(
        "SELECT call_log.voicemail_cue, COUNT(call_log.voicemail_started_at), COUNT(call_log.voicemail_ended_at)"
        f"{JUDGED} AND call_log.voicemail_started_at IS NOT NULL GROUP BY 1 ORDER BY 1",
        (campaign_id, *span.bounds()),
    )
    return {
        "started": sum(started for _, started, _ in found),
        "to_the_end": sum(ended for _, _, ended in found),
        "cues": {cue or "none": started for cue, started, _ in found},
    }


def calls(
    session: Session, campaign_id: int, span: Span, by: By, zone: tzinfo, cell: Cell, *, limit: int, offset: int
) -> tuple[int, list[Row]]:
    """How many calls a cell holds, and a page of them in order of their time."""
    conditions, params = _conditions(by, cell)
    bounds: Sequence[Any] = (campaign_id, *span.bounds(), *params)
    where = f"{JUDGED}{conditions}"
    if by is By.HOUR and cell.key is not None:
        found = session.rows(
            f"SELECT call_log.id, {_KEYS[by]}{where} ORDER BY call_log.created_at, call_log.id", bounds
        )
        ids = [row[0] for row in found if _key(by, row[1], zone) == cell.key]
    else:
        ids = [
            row[0]
            for row in session.rows(f"SELECT call_log.id{where} ORDER BY call_log.created_at, call_log.id", bounds)
        ]
    rows = session.dicts_in(
        f"SELECT call_log.id AS call, call_log.created_at AS at, {SAID} AS said, {GOT} AS got, {HEARD} AS heard,"
        f" {TOLD_BY} AS told_by, call_log.amd_cause, call_log.disposition, call_log.amd_sample_file AS file,"
        " (call_log.verdict_at - call_log.answered_at) / 1000000.0 AS delay_s"
        f"{CALLS} WHERE call_log.id IN ({{in}})",
        ids[offset : offset + limit],
    )
    rows.sort(key=lambda row: (row["at"], row["call"]))
    return len(ids), [{**row, "at": instant(row["at"]), "delay_s": _seconds(row["delay_s"])} for row in rows]


def _seconds(value: Any) -> float | None:
    return None if value is None else round(float(value), 3)


def _conditions(by: By, cell: Cell) -> tuple[str, list[Any]]:
    heard = "" if cell.heard == "unknown" else cell.heard
    asked = [(SAID, cell.said), (GOT, cell.got), (HEARD, heard)]
    if by in (By.PARAMETERS, By.TRUNK):
        asked.append((_KEYS[by], cell.key))
    given = [(text, value) for text, value in asked if value is not None]
    return "".join(f" AND ({text}) = ?" for text, _ in given), [value for _, value in given]
