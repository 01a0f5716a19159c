"""Owns reading do-not-call files of any size and sending their numbers. Knows no lead; holds one chunk in memory.

Lists of ten millions come as digits: parsing each with phonenumbers would take a quarter of an hour, so here a number
is its digits with the country's code in front. What is no number is counted.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import click

from dialerctl.failure import Failure
from dialerctl.output import show_value
from dialerctl.session import Session
from dialerd.control.protocol import MAX_DNC_NUMBERS

LONGEST_LINE = 4096
JUNK_SHOWN = 3
_CELLS = re.compile(r"[,;\t|]")
_NOISE = re.compile(r"[\s().\-/'\"]")


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
    code, national = _country(region)
    counts = Counts()
    import_id: int | None = None
    with _opened(file) as lines:
        chunks = _chunks(lines, counts, code, national)
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
        raise Failure(f"{file} holds no telephone number" + (f" ({counts.examples[0]})" if counts.examples else ""))
    if import_id is not None:
        session.call("dnc.finish", import_id=import_id)
    _tell(session, counts, list_name, dry_run)


def _tell(session: Session, counts: Counts, list_name: str | None, dry_run: bool) -> None:
    values = {
        "list": list_name, "lines": counts.lines, "added": counts.added, "known": counts.known, "rejected": counts.junk,
    }  # fmt: skip
    verb = "would be added" if dry_run else "added"
    where = f"list {show_value(list_name)}" if list_name else "our do-not-call list"
    told = f"{counts.added} {verb} to {where}, {counts.known} twice or known, {counts.junk} no number"
    session.show_done(values, f"{counts.lines} lines: {told}")
    for example in counts.examples:
        session.say(f"no number in {example}")


def _country(region: str | None) -> tuple[str, int]:
    """The country's calling code, and how many digits a number has without it (0: any)."""
    if region is None:
        return "", 0
    from dialerctl.importing.numbers import calling_code

    code = calling_code(region)
    if not code:
        raise click.UsageError(f"--region {region}: is no country code like US or DE")
    return code, 10 if code == "1" else 0


def _opened(file: str) -> IO[str]:
    try:
        if file == "-":
            return io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", errors="replace")
        return Path(file).open(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror or error}") from None


def _chunks(lines: IO[str], counts: Counts, code: str, national: int) -> Iterator[list[int]]:
    """The numbers in chunks, each sorted: a store writes numbers in order several times faster."""
    chunk: list[int] = []
    try:
        while line := lines.readline(LONGEST_LINE + 1):
            counts.lines += 1
            if len(line) > LONGEST_LINE:
                raise Failure(
                    f"line {counts.lines} is longer than {LONGEST_LINE} characters: this is no list of numbers"
                )
            number = number_in(line, code, national)
            if number is None:
                if line.strip() and not (counts.lines == 1 and not any(char.isdigit() for char in line)):  # headings
                    counts.no_number(line)
                continue
            chunk.append(number)
            if len(chunk) >= MAX_DNC_NUMBERS:
                yield sorted(set(chunk))
                chunk = []
    except OSError as error:
        raise Failure(f"the list cannot be read: {error.strerror or error}") from None
    if chunk:
        yield sorted(set(chunk))


def number_in(line: str, code: str = "", national: int = 0) -> int | None:
    """The digits of E.164 that a line begins with, or None.

    `+4930123450`, `0049 30 123450`, `030/123450` with code 49, `2025550123` and `202,5550123` with code 1.
    """
    cells = [_NOISE.sub("", cell) for cell in _CELLS.split(line.strip(), maxsplit=3)]
    first = cells[0]
    if national == 10 and len(first) == 3 and len(cells) > 1 and first.isdigit() and len(cells[1]) == 7:
        first += cells[1]  # the form of the US register: area code, number
    if first.startswith("00"):
        first = "+" + first[2:]
    if first.startswith("+"):
        digits = first[1:]
    elif national and len(first) == national:
        digits = code + first
    elif national or not code:
        digits = first
    else:
        digits = code + first.removeprefix("0")
    if not (digits.isascii() and digits.isdigit() and 5 <= len(digits) <= 15) or digits.startswith("0"):
        return None
    return int(digits)
