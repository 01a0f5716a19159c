"""Owns `lead export`: pages through the leads and writes csv or xlsx with their extra columns. Knows no cell."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import click

from dialerctl.output import csv_cell
from dialerctl.reports.export import EXPORT_TIMEOUT_S, PAGE_ROWS, kind_of
from dialerctl.session import Session
from dialerctl.whole_file import whole_file

COLUMNS = (
    "number", "name", "campaign", "list", "state", "timezone", "regions", "postal_code", "priority", "rank", "person",
    "consent_class", "consent_date", "consent_id", "call_count", "last_attempt_at", "next_attempt_at", "alternates",
)  # fmt: skip
Row = dict[str, Any]


def export_leads(session: Session, kind: str | None, **filters: str | None) -> None:
    """Write the leads to the session's target (stdout when there is none) and tell how many."""
    form = kind_of(kind, session.target)
    if form == "html":
        raise click.UsageError("leads are written as csv or xlsx")
    rows = list(_all_leads(session, filters))
    extra = sorted({name for row in rows for name in row.get("attributes") or {}})
    headings = [*COLUMNS, *extra]
    table = [
        [_text(row, heading) for heading in COLUMNS] + [(row.get("attributes") or {}).get(n, "") for n in extra]
        for row in rows
    ]
    if session.target is None:
        _write(form, headings, table, sys.stdout.buffer)
        sys.stdout.flush()
    else:
        with whole_file(session.target) as opened:
            _write(form, headings, table, opened)
        file, session.target = session.target, None
        session.show_done({"file": file, "format": form, "leads": len(table)}, f"{len(table)} leads → {file}")


def _all_leads(session: Session, filters: dict[str, str | None]) -> Iterator[Row]:
    offset = 0
    while True:
        wanted = {**filters, "limit": PAGE_ROWS, "offset": offset or None}
        page = session.client().call("lead.list", wanted, timeout_s=max(EXPORT_TIMEOUT_S, session.timeout_s))
        yield from page
        if len(page) < PAGE_ROWS:
            return
        offset += len(page)


def _text(row: Row, key: str) -> Any:
    value = row.get(key)
    if key == "alternates":
        return " ".join(one["number"] for one in (value or [])[1:])
    return ",".join(value) if isinstance(value, list) else value


def _write(kind: str, headings: list[str], table: list[list[Any]], file: BinaryIO) -> None:
    if kind == "csv":
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
        writer = csv.writer(text)
        writer.writerow([csv_cell(heading) for heading in headings])
        writer.writerows([csv_cell(value) for value in row] for row in table)
        text.detach()
        return
    from dialerctl.reports.xlsx import write_plain_table

    write_plain_table("Leads", headings, table, file)
