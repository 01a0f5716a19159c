"""Who keeps agents busiest within the abandon limit? Pacing laws compared in the same worlds.

    .venv/bin/python benchmarks/pacing.py [quick|standard|bounds|full] [--only CELL …] [--laws NAME …] [--again NAME …]

Every law gets the same leads with the same fates and the same talks; differences are paired by seed, with 95 %
intervals. Occupancy counts after the warm-up, abandons from the first call. What is in the results file is not run
again, so `full` may be interrupted.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from benchmarks.pacing_lab.gates import failures  # noqa: E402
from benchmarks.pacing_lab.matching import rivals  # noqa: E402
from benchmarks.pacing_lab.page import write  # noqa: E402
from benchmarks.pacing_lab.registry import AT  # noqa: E402
from benchmarks.pacing_lab.runs import Book, Job, Row, digest  # noqa: E402
from benchmarks.pacing_lab.sizes import SIZES, Size  # noqa: E402
from benchmarks.pacing_lab.table import grouped, lines  # noqa: E402

OURS = "dialerd"


def jobs(size: Size) -> list[Job]:
    """Return all runs of a size."""
    return [Job(one.cell, law, seed) for one in size.cells for law in one.laws for seed in range(1, one.seeds + 1)]


def matched(size: Size, rows: Iterable[Row]) -> list[Job]:
    """Return the next runs of our law with the limit which an on-line rival realised: one rival of each cell.

    The least abandoning one first: with what it realised dialerd may already outdo the next.
    """
    by_cell = grouped(rows)
    found: list[Job] = []
    for one in size.cells:
        if not size.matched or OURS not in one.laws:
            continue
        left = [rival for rival in rivals(by_cell.get(one.cell.name, {}), OURS) if rival.against is None]
        for rival in left[:1]:
            name = f"{OURS}{AT}{rival.law}"
            limit = rival.abandon_rate
            found += [Job(one.cell, OURS, seed, limit=limit, name=name) for seed in range(1, one.seeds + 1)]
    return found


def main() -> int:
    """Run a size, print the table, return 1 if a gate is not reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", nargs="?", choices=SIZES, default="quick")
    parser.add_argument("--only", nargs="*", default=[], help="cells whose name contains one of these")
    parser.add_argument("--laws", nargs="*", default=[], help="these laws only")
    parser.add_argument("--again", nargs="*", default=[], metavar="LAW", help="run these laws again")
    parser.add_argument(
        "--equal",
        action="store_true",
        help="also run dialerd at the abandon rate of each rival (an hour more)",
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--results", type=Path, help="file of results (default: pacing-SIZE.jsonl; quick keeps none)")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--page", type=Path, metavar="FOLDER", help="write pacing.md and its chart there (docs)")
    arguments = parser.parse_args()

    began = time.monotonic()
    size = SIZES[arguments.size]().only(arguments.only, arguments.laws)
    size = replace(size, matched=size.matched or arguments.equal)
    path = arguments.results or (
        Path("/dev/null") if arguments.size == "quick" else Path(f"pacing-{arguments.size}.jsonl")
    )

    def say(text: str) -> None:
        if not arguments.quiet:
            print(f"{time.monotonic() - began:6.0f} s  {text}", file=sys.stderr, flush=True)

    book = Book(path, arguments.again)
    book.run(jobs(size), arguments.processes, say)
    order = {digest(one.cell): number for number, one in enumerate(size.cells)}

    def wanted() -> list[Row]:
        """What this size wants of the book, in its order."""
        rows = [row for row in book.rows.values() if row.digest in order]
        rows = [row for row in rows if size.cells[order[row.digest]].has(row)]
        return sorted(rows, key=lambda row: (order[row.digest], row.law, row.seed))

    while jobs_left := matched(size, wanted()):
        book.run(jobs_left, arguments.processes, say)
    rows = wanted()
    print("\n".join(lines(rows, OURS if any(row.law == OURS for row in rows) else "progressive")))
    missed = failures(rows, OURS, size.slack)
    if arguments.page is not None:
        command = f".venv/bin/python benchmarks/pacing.py {arguments.size}" + " --equal" * arguments.equal
        write(rows, OURS, command, arguments.page, missed)
    print("\n".join(missed) or "all gates passed", f"({time.monotonic() - began:.0f} s)")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
