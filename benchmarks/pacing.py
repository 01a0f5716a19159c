"""Who keeps agents busiest within the abandon limit? Pacing laws compared in the same worlds.

    .venv/bin/python benchmarks/pacing.py [quick|standard|full] [--only CELL …] [--laws NAME …] [--again NAME …]

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
from benchmarks.pacing_lab.page import write  # noqa: E402
from benchmarks.pacing_lab.registry import LAWS  # noqa: E402
from benchmarks.pacing_lab.runs import Book, Job, Row, digest  # noqa: E402
from benchmarks.pacing_lab.sizes import SIZES, Size  # noqa: E402
from benchmarks.pacing_lab.table import grouped, lines  # noqa: E402

OURS = "dialerd"


def jobs(size: Size) -> list[Job]:
    """Return all runs of a size."""
    return [Job(cell, law, seed) for cell, seeds in size.cells for law in size.laws for seed in range(1, seeds + 1)]


def matched(size: Size, rows: Iterable[Row]) -> list[Job]:
    """Return our law's runs with the limit which each on-line baseline realised: compared at equal abandons."""
    if OURS not in size.laws or not size.matched:
        return []
    by_cell = grouped(rows)
    wanted = []
    for cell, seeds in size.cells:
        for law, runs in by_cell.get(cell.name, {}).items():
            if "@" in law or law == OURS or LAWS[law].tuned:
                continue
            if law == "progressive":  # no abandons: dialerd with nothing to spend is progressive
                continue
            realised = sum(row.abandoned for row in runs) / max(1, sum(row.live for row in runs))
            name = f"{OURS}@{law}"
            wanted += [Job(cell, OURS, seed, limit=realised, name=name) for seed in range(1, seeds + 1)]
    return wanted


def main() -> int:
    """Run a size, print the table, return 1 if a gate is not reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", nargs="?", choices=SIZES, default="quick")
    parser.add_argument("--only", nargs="*", default=[], help="cells whose name contains one of these")
    parser.add_argument("--laws", nargs="*", default=[], help="these laws only")
    parser.add_argument("--again", nargs="*", default=[], metavar="LAW", help="run these laws again")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--results", type=Path, help="file of results (default: pacing-SIZE.jsonl; quick keeps none)")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--page", type=Path, metavar="FOLDER", help="write pacing.md and its chart there (docs)")
    arguments = parser.parse_args()

    began = time.monotonic()
    size = SIZES[arguments.size]()
    cells = tuple(
        one for one in size.cells if not arguments.only or any(part in one[0].name for part in arguments.only)
    )
    laws = tuple(law for law in size.laws if not arguments.laws or law in arguments.laws)
    size = replace(size, cells=cells, laws=laws)
    path = arguments.results or (
        Path("/dev/null") if arguments.size == "quick" else Path(f"pacing-{arguments.size}.jsonl")
    )

    def say(text: str) -> None:
        if not arguments.quiet:
            print(f"{time.monotonic() - began:6.0f} s  {text}", file=sys.stderr, flush=True)

    book = Book(path, arguments.again)
    book.run(jobs(size), arguments.processes, say)
    order = {digest(cell): number for number, (cell, _) in enumerate(size.cells)}

    def wanted() -> list[Row]:
        rows = [row for row in book.rows.values() if row.digest in order]
        return sorted(rows, key=lambda row: (order[row.digest], row.law, row.seed))

    book.run(matched(size, wanted()), arguments.processes, say)
    rows = wanted()
    print("\n".join(lines(rows, OURS if OURS in size.laws else "progressive")))
    if arguments.page is not None:
        write(rows, OURS, f".venv/bin/python benchmarks/pacing.py {arguments.size}", arguments.page)
    missed = failures(rows, OURS, size.slack)
    print("\n".join(missed) or "all gates passed", f"({time.monotonic() - began:.0f} s)")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
