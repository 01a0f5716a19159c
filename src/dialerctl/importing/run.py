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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from dialerctl.failure import Failure
from dialerctl.importing.cleaning import CleanLead, clean_row
from dialerctl.importing.headings import Columns, HeadingError, find_columns
from dialerctl.importing.numbers import known_region
from dialerctl.importing.rejects import RejectedRows
from dialerctl.importing.sending import Sender
from dialerctl.importing.source import FileRow, LeadFile, Reading, open_lead_file
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


@dataclass(slots=True)
class Counts:
    """What became of the rows."""

    rows: int = 0
    added: int = 0
    updated: int = 0
    duplicates_in_file: int = 0
    duplicates_known: int = 0
    acceptable: int = 0
    seen: set[str] = field(default_factory=set)

    @property
    def duplicates(self) -> int:
        """All duplicates: within the file and of leads that dialerd has."""
        return self.duplicates_in_file + self.duplicates_known


def run_import(session: Session, options: ImportOptions) -> None:
    """Import a file and print the summary; exit status 1 when nothing in it could be imported."""
    if options.region and not known_region(options.region):
        raise click.BadParameter(f"{options.region!r} is no country code, like DE", param_hint="--region")
    if not options.dry_run:
        session.call("campaign.show", name=options.campaign)  # down, forbidden, unknown: said before a file is read
    with ExitStack() as stack:
        path = _on_disk(options.file, stack)
        if options.all_or_nothing and not options.dry_run:
            counts, rejects = _read_through(session, path, replace(options, dry_run=True), label="Checking")
            if rejects.count:
                _report(session, replace(options, dry_run=True), counts, rejects)
                raise Failure(
                    f"{grouped(rejects.count)} of {grouped(counts.rows)} rows are rejected: nothing was imported"
                )
            hold_list(session, options)
        counts, rejects = _read_through(session, path, options)
        if options.all_or_nothing and not options.dry_run:
            release_list(session, options, rejects)
    _report(session, options, counts, rejects)
    if not options.dry_run:
        _warn(session, options)


def _read_through(
    session: Session, path: Path, options: ImportOptions, label: str = "Importing"
) -> tuple[Counts, RejectedRows]:
    """Read the whole file; send its leads unless it is a dry run."""
    with ExitStack() as stack:
        source = open_lead_file(path, _reading(options))
        stack.enter_context(closing(source))
        try:
            columns = find_columns(source.headings, options.mapping)
        except HeadingError as error:
            raise Failure(f"{options.file}: {error}", 2 if options.mapping else 1) from None
        if label == "Importing":
            session.say(_understood(source, columns))
        rejects = stack.enter_context(RejectedRows(_rejected_file(options), source.headings))
        counts = Counts()
        sender = stack.enter_context(Sender(session, _target(options), counts, rejects, dry_run=options.dry_run))
        for row in _with_progress(source, session, label):
            counts.rows += 1
            _one_row(row, columns, options.region, counts, rejects, sender)
        sender.flush()
    return counts, rejects


def _target(options: ImportOptions) -> dict[str, Any]:
    """Where the leads go and what happens to those that are there already."""
    return {
        "campaign": options.campaign,
        "list": list_of(options),
        "unique": options.unique,
        "on_duplicate": options.on_duplicate,
        "hold": options.all_or_nothing,
    }


def list_of(options: ImportOptions) -> str:
    """The lead list's name."""
    return options.list_name or default_list(options.file)


def hold_list(session: Session, options: ImportOptions) -> None:
    """All or nothing needs a list that is not dialled from until everything is in it."""
    name = list_of(options)
    found = [row for row in session.call("list.list", campaign=options.campaign) if row["list"] == name]
    if found and found[0]["active"]:
        raise Failure(
            f"list {name} of campaign {options.campaign} is dialled from already, so half an import would be dialled: "
            "name a new one with --list, or pause it first",
            6,
        )


def release_list(session: Session, options: ImportOptions, rejects: RejectedRows) -> None:
    """Everything is in: the list is dialled from. A row that dialerd alone refused undoes the import."""
    name = list_of(options)
    if rejects.count:
        session.call("list.remove", campaign=options.campaign, list=name)
        raise Failure(f"dialerd rejected {grouped(rejects.count)} rows: nothing was imported")
    session.call("list.edit", campaign=options.campaign, list=name, changes={"active": True})


def _warn(session: Session, options: ImportOptions) -> None:
    """What the gate says of the campaign's leads now: said at the import, asked again at each call."""
    told = session.call("campaign.explain", name=options.campaign)
    blocked = [row for row in told.get("blocked") or [] if row["rule"] not in ("calling_hours", "legal_hours")]
    if blocked:
        parts = ", ".join(f"{grouped(row['leads'])} by {row['rule']}" for row in blocked)
        law = told.get("rule_set") or "no rule set"
        session.say(f"Not to be dialled under {law}: {parts} (dialerctl campaign explain {options.campaign})")


def _one_row(
    row: FileRow, columns: Columns, region: str | None, counts: Counts, rejects: RejectedRows, sender: Sender
) -> None:
    lead = clean_row(row.cells, columns, region)
    if not isinstance(lead, CleanLead):
        rejects.add(row.number, lead.reason, row.cells)
    elif lead.number in counts.seen:
        counts.duplicates_in_file += 1
    else:
        counts.seen.add(lead.number)
        counts.acceptable += 1
        sender.add(row, lead)


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


def _report(session: Session, options: ImportOptions, counts: Counts, rejects: RejectedRows) -> None:
    written = str(rejects.path) if rejects.count and rejects.path else ""
    values: dict[str, Any] = {
        "file": options.file,
        "campaign": options.campaign,
        "list": list_of(options),
        "dry_run": options.dry_run,
        "rows": counts.rows,
        "acceptable": counts.acceptable,
        "added": counts.added,
        "updated": counts.updated,
        "duplicates": counts.duplicates,
        "duplicates_in_file": counts.duplicates_in_file,
        "rejected": rejects.count,
        "rejected_file": written or None,
        "first_rejected": [{"row": row, "reason": reason} for row, reason in rejects.first],
    }
    done = f"{grouped(counts.acceptable)} could be added" if options.dry_run else f"{grouped(counts.added)} added"
    done += f", {grouped(counts.updated)} updated" if options.on_duplicate == "update" else ""
    text = f"{counted(counts.rows, 'row')}: {done}, {counted(counts.duplicates, 'duplicate')}, "
    text += f"{grouped(rejects.count)} rejected" + (f" → {written}" if written else "")
    if options.dry_run or (rejects.count and not counts.acceptable):
        text += "".join(f"\n  row {row}: {clean(reason)}" for row, reason in rejects.first)
        more = rejects.count - len(rejects.first)
        text += f"\n  … and {grouped(more)} more" if more > 0 else ""
    session.show_object(values, text)
    if not counts.acceptable and not counts.duplicates:
        click.get_current_context().exit(1)


def grouped(number: int) -> str:
    """A number with spaces between thousands: 12 480."""
    return f"{number:,}".replace(",", " ")


def counted(number: int, word: str) -> str:
    """`3 rows`, `1 row`."""
    return f"{grouped(number)} {word}" + ("" if number == 1 else "s")
