"""Owns the measuring of a process from outside: CPU, memory, waiting for a core, and the machine's steal."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass(frozen=True, slots=True)
class Usage:
    """One look at a process. `cpu_s` over all its threads; `waited_s`: ready to run, but no core was free."""

    at: float
    cpu_s: float
    waited_s: float
    rss_mb: float


def usage(pid: int) -> Usage:
    """Look at a process now."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    waited = 0.0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            waited += int((task / "schedstat").read_text().split()[1]) / 1e9
        except OSError:  # a thread that has just ended
            continue
    rss = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_MB
    return Usage(time.monotonic(), (int(words[11]) + int(words[12])) / TICKS, waited, rss)


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine's own counters, in seconds of all cores together."""

    busy_s: float
    idle_s: float
    steal_s: float


def machine() -> Machine:
    """Look at the machine now."""
    user, nice, system, idle, iowait, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
    )
    return Machine((user + nice + system + irq + softirq) / TICKS, (idle + iowait) / TICKS, steal / TICKS)


def yardstick() -> float:
    """CPU milliseconds of a bare Python loop of 100,000 additions: what a millisecond is worth here and now."""
    start = time.thread_time()
    total = 0
    for number in range(100_000):
        total += number
    return 1000 * (time.thread_time() - start)


def slope(points: list[tuple[float, float]]) -> float:
    """The least-squares slope of y over x; 0 for fewer than two points."""
    if len(points) < 2:
        return 0.0
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def quantile(values: list[float], share: float) -> float:
    """The value below which `share` of them lie; NaN of none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def below(before: dict[float, float], after: dict[float, float], share: float) -> str:
    """The bucket bound, in milliseconds, below which `share` of what was observed between two looks lies."""
    counts = {bound: count - before.get(bound, 0.0) for bound, count in after.items()}
    total = max(counts.values(), default=0.0)
    for bound, count in sorted(counts.items()):
        if total and count >= share * total:
            return f"<{1000 * bound:g}"
    return "-"


def aligned(cells: Sequence[str], headings: Sequence[str]) -> str:
    """One line of a table: each cell as wide as its column's heading."""
    return " ".join(cell.strip().rjust(len(heading)) for cell, heading in zip(cells, headings, strict=True))
