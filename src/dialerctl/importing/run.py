"""Owns the course of an import: read, clean, send in chunks, count, report. Must not know formats or numbers."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from dialerctl.failure import Failure
from dialerctl.importing.cleaning import CleanLead, clean_row
from dialerctl.importing.counts import Counts, counted, grouped
from dialerctl.importing.headings import Columns, HeadingError, find_columns
from dialerctl.importing.numbers import known_region
from dialerctl.importing.rejects import RejectedRows
from dialerctl.importing.sending import Sender
from dialerctl.importing.source import FileRow, LeadFile, Reading, open_lead_file
from dialerctl.importing.staging import staged
from dialerctl.session import Session
from dialerctl.terminal import clean, is_terminal


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the command line said."""

    file: str
    campaign: str
    list_name: str | None = None
    region: str | None = None
    mapping: tuple[str, ...] = ()
    no_header: bool = False
    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    rejected: str | None = None
    unique: str = "campaign"
    on_duplicate: str = "skip"
    all_or_nothing: bool = False
    dry_run: bool = False


def run_import(session: Session, options: ImportOptions) -> None:
    """Import a file and print the summary; exit status 1 when nothing in it could be imported."""
    if options.region and not known_region(options.region):
        raise click.BadParameter(f"{options.region!r} is no country code, like DE", param_hint="--region")
    if options.all_or_nothing and options.on_duplicate == "update":
        raise click.UsageError(
            "--all-or-nothing cannot take back changes to leads that are there: use --on-duplicate skip or reject"
        )
    if not options.dry_run:
        session.call("campaign.show", name=options.campaign)  # down, forbidden, unknown: said before a file is read
    with ExitStack() as stack:
        path = _on_disk(options.file, stack)
        if not options.dry_run:
            _check(session, path, options)
        if options.all_or_nothing and not options.dry_run:
            counts, rejects = _all_or_nothing(session, path, options)
        else:
            counts, rejects = _import(session, path, options, Counts(), list_of(options))
    _report(session, options, counts, rejects)
    if not options.dry_run:
        _warn(session, options)


def _check(session: Session, path: Path, options: ImportOptions) -> None:
    """Read the file to its end before anything is sent: a file damaged far down must leave the store as it was."""
    with ExitStack() as stack:
        source, columns = _opened(path, options, stack)
        if not options.all_or_nothing:
            for _ in _with_progress(source, session, "Checking"):
                pass
            return
        rejects = stack.enter_context(RejectedRows(_rejected_file(options), source.headings))
        counts = Counts()
        for row in _with_progress(source, session, "Checking"):
            counts.rows += 1
            _one_row(row, columns, options, counts, rejects)
    if rejects.count:
        _report(session, options, counts, rejects, undone=True)
        raise Failure(f"{grouped(rejects.count)} of {counted(counts.rows, 'row')} rejected: nothing was imported")


def _all_or_nothing(session: Session, path: Path, options: ImportOptions) -> tuple[Counts, RejectedRows]:
    counts = Counts()
    with staged(session, options.campaign, list_of(options), counts) as staging:
        counts, rejects = _import(session, path, options, counts, staging)
        if rejects.count:  # by dialerd: it knows more than the check before
            _report(session, options, counts, rejects, undone=True)
            raise Failure(f"dialerd rejected {counted(rejects.count, 'row')}: nothing was imported")
    return counts, rejects


def _import(
    session: Session, path: Path, options: ImportOptions, counts: Counts, list_name: str
) -> tuple[Counts, RejectedRows]:
    """Read the file and send its leads to a list, unless it is a dry run."""
    with ExitStack() as stack:
        source, columns = _opened(path, options, stack)
        session.say(_understood(source, columns))
        rejects = stack.enter_context(RejectedRows(_rejected_file(options), source.headings))
        target = _target(options, list_name)
        sender = stack.enter_context(Sender(session, target, counts, rejects, dry_run=options.dry_run))
        for row in _with_progress(source, session, "Importing"):
            counts.rows += 1
            lead = _one_row(row, columns, options, counts, rejects)
            if lead is not None:
                sender.add(row, lead)
        sender.flush()
    return counts, rejects


def _opened(path: Path, options: ImportOptions, stack: ExitStack) -> tuple[LeadFile, Columns]:
    source = open_lead_file(path, _reading(options))
    stack.enter_context(closing(source))
    try:
        return source, find_columns(source.headings, options.mapping)
    except HeadingError as error:
        raise Failure(f"{options.file}: {error}", 2 if options.mapping else 1) from None


def _target(options: ImportOptions, list_name: str) -> dict[str, Any]:
    """Where the leads go and what happens to those that are there already."""
    return {
        "campaign": options.campaign,
        "list": list_name,
        "unique": options.unique,
        "on_duplicate": options.on_duplicate,
        "hold": options.all_or_nothing,
    }


def list_of(options: ImportOptions) -> str:
    """The lead list's name."""
    return options.list_name or default_list(options.file)


def _warn(session: Session, options: ImportOptions) -> None:
    """What the gate says of the campaign's leads now: said at the import, asked again at each call."""
    told = session.call("campaign.explain", name=options.campaign)
    blocked = [row for row in told.get("blocked") or [] if row["rule"] not in ("calling_hours", "legal_hours")]
    if blocked:
        parts = ", ".join(f"{grouped(row['leads'])} by {row['rule']}" for row in blocked)
        law = told.get("rule_set") or "no rule set"
        session.say(f"Not to be dialled under {law}: {parts} (dialerctl campaign explain {options.campaign})")


def _one_row(
    row: FileRow, columns: Columns, options: ImportOptions, counts: Counts, rejects: RejectedRows
) -> CleanLead | None:
    """The row's lead, counted; None for a row that is rejected or has a number that the file had before."""
    lead = clean_row(row.cells, columns, options.region)
    if not isinstance(lead, CleanLead):
        rejects.add(row.number, lead.reason, row.cells)
    elif lead.number not in counts.seen:
        counts.seen.add(lead.number)
        counts.acceptable += 1
        return lead
    elif options.on_duplicate == "reject":
        rejects.add(row.number, f"{lead.number} stands in the file already", row.cells)
    else:
        counts.duplicates_in_file += 1
    return None


def default_list(file: str) -> str:
    """The lead list's name when none is given: the file's without its ending, in the letters dialerd allows."""
    plain = unicodedata.normalize("NFKD", Path(file).stem).encode("ascii", "ignore").decode()
    return "stdin" if file == "-" else re.sub(r"[^A-Za-z0-9_.-]+", "-", plain).strip("-._")[:64] or "leads"


def _reading(options: ImportOptions) -> Reading:
    return Reading(options.delimiter, options.encoding, options.sheet, options.no_header)


def _on_disk(file: str, stack: ExitStack) -> Path:
    """The file to read; standard input is copied to a temporary one (its encoding needs a second look)."""
    if file != "-":
        return Path(file)
    copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dialerctl-"))) / "stdin.csv"
    with open(copy, "wb") as target:
        shutil.copyfileobj(sys.stdin.buffer, target)
    return copy


def _rejected_file(options: ImportOptions) -> Path | None:
    if options.dry_run:
        return None
    if options.rejected:
        return Path(options.rejected)
    path = Path("stdin.rejected.csv" if options.file == "-" else options.file + ".rejected.csv")
    folder = path.absolute().parent
    if folder.is_dir() and not os.access(folder, os.W_OK):
        raise Failure(f"rejected rows could not be written to {path}: name another place with --rejected FILE", 2)
    return path


def _understood(source: LeadFile, columns: Columns) -> str:
    places = [*columns.fields.items(), *(("alternate", index) for index in columns.alternates)]
    told = ", ".join(f"{field} ← {source.headings[index] or index + 1}" for field, index in places)
    rest = f"; kept as attributes: {', '.join(columns.attributes.values())}" if columns.attributes else ""
    return f"Read as {source.kind}: {told}{rest}"[:500]


def _with_progress(source: LeadFile, session: Session, label: str) -> Iterator[FileRow]:
    """The rows, with a bar on stderr when a person watches."""
    if session.quiet or not source.size or not is_terminal(sys.stderr):
        yield from source.rows
        return
    with click.progressbar(length=source.size, label=label, file=sys.stderr) as bar:
        done = 0
        for count, row in enumerate(source.rows):
            if count % 500 == 0:
                bar.update(source.position() - done)
                done = source.position()
            yield row
        bar.update(source.size - done)


def _report(
    session: Session, options: ImportOptions, counts: Counts, rejects: RejectedRows, *, undone: bool = False
) -> None:
    """Print the summary. `undone`: all or nothing ended with nothing."""
    added = 0 if undone else counts.added
    written = str(rejects.path) if rejects.count and rejects.path else ""
    values: dict[str, Any] = {
        "file": options.file,
        "campaign": options.campaign,
        "list": list_of(options),
        "dry_run": options.dry_run,
        "rows": counts.rows,
        "acceptable": counts.acceptable,
        "added": added,
        "updated": counts.updated,
        "duplicates": counts.duplicates,
        "duplicates_in_file": counts.duplicates_in_file,
        "rejected": rejects.count,
        "rejected_file": written or None,
        "first_rejected": [{"row": row, "reason": reason} for row, reason in rejects.first],
    }
    done = f"{grouped(counts.acceptable)} could be added" if options.dry_run else f"{grouped(added)} added"
    done += f", {grouped(counts.updated)} updated" if options.on_duplicate == "update" else ""
    text = f"{counted(counts.rows, 'row')}: {done}, {counted(counts.duplicates, 'duplicate')}, "
    text += f"{grouped(rejects.count)} rejected" + (f" → {written}" if written else "")
    if options.dry_run or undone or (rejects.count and not counts.acceptable):
        text += "".join(f"\n  row {row}: {clean(reason)}" for row, reason in rejects.first)
        more = rejects.count - len(rejects.first)
        text += f"\n  … and {grouped(more)} more" if more > 0 else ""
    session.show_object(values, text)
    if not counts.acceptable and not counts.duplicates and not undone:
        click.get_current_context().exit(1)
