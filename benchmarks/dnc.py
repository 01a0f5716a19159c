"""What does a do-not-call list of ten million numbers cost: to import, on the disk, to be asked? SQLite, PostgreSQL.

    .venv/bin/python benchmarks/dnc.py [--rows 10000000] [--store sqlite,postgresql]

The numbers come in chunks of 20,000, as dialerctl sends them, through the store's one writer in short transactions;
beside it a bare `executemany` of the same numbers in the same order. Asked: what a claim asks, 60 numbers at a time.
Must show: under 0.2 ms a number.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from leads import store_url
from rig.processes import aligned, quantile, usage, yardstick

CHUNK = 20_000
LOWEST = 12_000_000_000
COLUMNS = ("     store", "  numbers", "numbers/s", "x bare", "file MB", "ms a number", "   p99", "RSS MB")


def chunks(rows: int) -> Iterator[list[int]]:
    """Numbers in the file's order, which is that of the area codes; each chunk sorted, as dialerctl does."""
    chance = random.Random(3)
    at = LOWEST
    for first in range(0, rows, CHUNK):
        chunk = []
        for _ in range(min(CHUNK, rows - first)):
            at += chance.randrange(1, 700)
            chunk.append(at)
        yield chunk


def bare(rows: int, folder: Path) -> float:
    """Seconds of the same numbers by executemany into a table with the number as its key."""
    start = time.monotonic()
    with closing(sqlite3.connect(folder / "bare.db")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE dnc (number INTEGER PRIMARY KEY)")
        for chunk in chunks(rows):
            with database:
                database.executemany("INSERT OR IGNORE INTO dnc VALUES (?)", ((number,) for number in chunk))
    return time.monotonic() - start


def one(kind: str, rows: int, folder: Path, alone: float) -> None:
    """Print one row of the table."""
    from dialerd.store import Store
    from dialerd.store.facts import listed

    with store_url(kind, folder) as url:
        store = Store(url, post=lambda event: None, rule_sets={})
        store.open()
        book = store.records.book

        async def fill() -> float:
            start = time.monotonic()
            import_id = await book.begin_dnc_list("big", datetime.now(UTC).date())
            for chunk in chunks(rows):
                await book.add_to_dnc_list(import_id, chunk)
            await book.finish_dnc_list(import_id)
            return time.monotonic() - start

        seconds = asyncio.run(fill())
        chance = random.Random(9)
        took = []
        for _ in range(300):
            asked = [f"+{chance.randrange(LOWEST, LOWEST + 350 * rows)}" for _ in range(60)]
            start = time.perf_counter()
            store._writer.call(lambda s, asked=asked: listed(s, asked, {"big"})).result()
            took.append(1000 * (time.perf_counter() - start) / 60)
        store.close()
        file = folder / "claims.db"
        size = file.stat().st_size / 1e6 if file.exists() else float("nan")
    cells = (
        kind, f"{rows}", f"{rows / seconds:.0f}", f"{seconds / alone:.1f}", f"{size:.0f}", f"{quantile(took, 0.5):.4f}",
        f"{quantile(took, 0.99):.4f}", f"{usage(os.getpid()).rss_mb:.0f}",
    )  # fmt: skip
    print(aligned(cells, COLUMNS), flush=True)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--store", default="sqlite,postgresql")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="where the stores lie while it runs")
    chosen = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, yardstick {yardstick():.1f} ms", flush=True)
    with tempfile.TemporaryDirectory(prefix="dnc-", dir=chosen.folder) as name:
        Path(name).chmod(0o755)
        alone = bare(chosen.rows, Path(name))
        print(aligned(COLUMNS, COLUMNS))
        for kind in chosen.store.split(","):
            one(kind, chosen.rows, Path(name), alone)
    print(f"(bare executemany: {chosen.rows / alone:.0f} numbers/s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
