"""Owns reading do-not-call files of any size and sending their numbers. Knows no lead; holds one chunk in memory.

What is no number is counted and told: a number that is passed over in silence would be called.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import click

from dialerctl.failure import Failure
from dialerctl.importing.dnc_lines import Layout, LayoutError, digits_of
from dialerctl.output import show_value
from dialerctl.session import Session
from dialerd.control.protocol import MAX_DNC_NUMBERS

LONGEST_LINE = 4096
JUNK_SHOWN = 3


@dataclass(slots=True)
class Counts:
    """What was in the file."""

    lines: int = 0
    added: int = 0
    known: int = 0
    junk: int = 0
    examples: list[str] = field(default_factory=list)

    def no_number(self, line: str) -> None:
        """Count a line that holds none."""
        self.junk += 1
        if len(self.examples) < JUNK_SHOWN:
            self.examples.append(f"line {self.lines}: {line.strip()[:40]!r}")


def import_dnc(
    session: Session, file: str, *, list_name: str | None, data_date: str | None, region: str | None, dry_run: bool
) -> None:
    """Import the file into our own list, or as a whole list `list_name` with data of `data_date`."""
    if (list_name is None) != (data_date is None):
        raise click.UsageError("--list and --date belong together: the date of the data decides how long it counts")
    _check_region(region)
    counts = Counts()
    import_id: int | None = None
    with _opened(file) as lines:
        chunks = _chunks(lines, counts, region)
        for number, chunk in enumerate(chunks):
            if dry_run:
                counts.added += len(chunk)
                continue
            if list_name is None:
                done = session.call("dnc.add", numbers=[f"+{one}" for one in chunk], source=f"import {Path(file).name}")
            else:
                if import_id is None:
                    import_id = session.call("dnc.begin", list=list_name, date=data_date)["import_id"]
                done = session.call("dnc.add_chunk", import_id=import_id, numbers=chunk)
            counts.added += done["added"]
            counts.known += len(chunk) - done["added"]
            if number % 50 == 49 and sys.stderr.isatty():
                session.say(f"{counts.lines} lines …")
    if not counts.added and not counts.known:
        example = f" ({counts.examples[0]})" if counts.examples else ""
        raise Failure(f"{file} holds no telephone number{example}{_hint(region, counts)}")
    if import_id is not None:
        session.call("dnc.finish", import_id=import_id)
    _tell(session, counts, list_name, region, dry_run)


def _tell(session: Session, counts: Counts, list_name: str | None, region: str | None, dry_run: bool) -> None:
    values = {
        "list": list_name, "lines": counts.lines, "added": counts.added, "known": counts.known, "rejected": counts.junk,
    }  # fmt: skip
    verb = "would be added" if dry_run else "added"
    where = f"list {show_value(list_name)}" if list_name else "our do-not-call list"
    told = f"{counts.added} {verb} to {where}, {counts.known} twice or known, {counts.junk} no number"
    session.show_done(values, f"{counts.lines} lines: {told}")
    for example in counts.examples:
        session.say(f"no number in {example}{_hint(region, counts)}")


def _hint(region: str | None, counts: Counts) -> str:
    return "; numbers without + need --region" if region is None and counts.junk else ""


def _check_region(region: str | None) -> None:
    if region is not None:
        from dialerctl.importing.numbers import known_region

        if not known_region(region):
            raise click.UsageError(f"--region {region}: is no country code like US or DE")


def _opened(file: str) -> IO[str]:
    try:
        if file == "-":
            return io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", errors="replace")
        return Path(file).open(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror or error}") from None


def _chunks(lines: IO[str], counts: Counts, region: str | None) -> Iterator[list[int]]:
    """The numbers in chunks, each sorted: a store writes numbers in order several times faster."""
    chunk: list[int] = []
    layout: Layout | None = None
    try:
        while line := lines.readline(LONGEST_LINE + 1):
            counts.lines += 1
            if len(line) > LONGEST_LINE:
                raise Failure(
                    f"line {counts.lines} is longer than {LONGEST_LINE} characters: this is no list of numbers"
                )
            line = line.strip("\r\n")
            if not line.strip():
                continue
            if layout is None:
                if line.startswith(("PK\x03\x04", "%PDF")) or "\x00" in line:
                    raise Failure("the list is no text file (a workbook?): save it as CSV")
                layout = Layout.of(line)
                if layout.heading:
                    continue
            number = digits_of(layout.number(line), region)
            if not number:
                counts.no_number(line)
                continue
            chunk.append(number)
            if len(chunk) >= MAX_DNC_NUMBERS:
                yield sorted(set(chunk))
                chunk = []
    except LayoutError as error:
        raise Failure(f"line {counts.lines}: {error}") from None
    except OSError as error:
        raise Failure(f"the list cannot be read: {error.strerror or error}") from None
    if chunk:
        yield sorted(set(chunk))
