"""Owns `call export`: pages through the calls, hands them to a writer, puts the file in place. Knows no cell."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

import click

from dialerctl.reports.calls_table import Row
from dialerctl.reports.summary import Summary
from dialerctl.session import Session
from dialerctl.whole_file import whole_file

PAGE_ROWS = 250  # a page stays well below the protocol's longest line
KINDS = ("csv", "xlsx", "html")
EXPORT_TIMEOUT_S = 60.0


def kind_of(wanted: str | None, target: str | None) -> str:
    """The kind of file: what was asked for, else what the file's ending says; usage errors otherwise."""
    ending = os.path.splitext(target or "")[1].lower().lstrip(".")
    kind = wanted or {"htm": "html"}.get(ending, ending)
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise click.UsageError(f"say what to write with --format ({known}), or give --to FILE such an ending")
    if kind == "xlsx" and target is None:
        raise click.UsageError("a workbook cannot go to the screen: name a file with --to FILE")
    return kind


def export_calls(
    session: Session, kind: str, filters: Mapping[str, str | None], *, most: int | None = None
) -> dict[str, Any]:
    """Write the calls to the session's target (stdout when there is none) and return the figures."""
    if session.target is None and session.form == "json":
        raise click.UsageError("-o json reports on a written file: name it with --to FILE")
    summary = Summary()
    rows = _begun(_counted(_all_calls(session, filters, most), summary))
    title = _title(filters)
    if session.target is None:
        _write(kind, rows, summary, title, sys.stdout.buffer)
        sys.stdout.flush()
    else:
        with whole_file(session.target) as file:
            _write(kind, rows, summary, title, file)
    rate = summary.abandon_rate
    return {
        "calls": summary.total.calls,
        "live_answers": summary.live_answers,
        "abandoned": summary.abandoned,
        "abandon_rate": None if rate is None else round(100 * rate, 3),
    }


def _write(kind: str, rows: Iterator[Row], summary: Summary, title: str, file: BinaryIO) -> None:
    if kind == "csv":
        from dialerctl.reports.csv import write_csv

        write_csv(rows, file)
    elif kind == "xlsx":
        from dialerctl.reports.xlsx import write_xlsx

        write_xlsx(rows, summary, title, file)
    else:
        from dialerctl.reports.html import write_html

        write_html(rows, summary, title, file)


def _all_calls(session: Session, filters: Mapping[str, str | None], most: int | None) -> Iterator[Row]:
    """Page through `call.list`. The end is fixed at the start, so that new calls do not move the pages."""
    wanted = {**filters, "until": filters.get("until") or datetime.now(UTC).isoformat()}
    patience = max(EXPORT_TIMEOUT_S, session.timeout_s)
    seen: set[Any] = set()
    offset = 0
    while most is None or len(seen) < most:
        page = session.client().call(
            "call.list", {**wanted, "limit": PAGE_ROWS, "offset": offset or None}, timeout_s=patience
        )
        for row in page:
            if row.get("id") not in seen and (most is None or len(seen) < most):
                seen.add(row.get("id"))
                yield row
        if len(page) < PAGE_ROWS:
            return
        offset += len(page)


def _begun(rows: Iterator[Row]) -> Iterator[Row]:
    """The same rows, the first already fetched: a refusal or a daemon that is down is told before a file is begun."""
    first = list(itertools.islice(rows, 1))
    return itertools.chain(first, rows)


def _counted(rows: Iterator[Row], summary: Summary) -> Iterator[Row]:
    for row in rows:
        summary.add(row)
        yield row


def _title(filters: Mapping[str, str | None]) -> str:
    parts = [f"{name} {filters[name]}" for name in ("campaign", "agent", "status") if filters.get(name)]
    return "Calls" + (" of " + ", ".join(parts) if parts else "")
