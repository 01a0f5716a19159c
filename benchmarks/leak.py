"""Does dialerd's memory grow with the calls it has seen? The real daemon under tracemalloc, looked at now and then.

    .venv/bin/python benchmarks/leak.py [--attempts 20000] [--rate 120]

Must show: no slope over 20,000 attempts (what is held belongs to the calls in progress).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from call_path import watch
from rig.floor import floor
from rig.processes import slope, usage

TRACED = Path(__file__).parent / "rig" / "traced.py"
STEP_ATTEMPTS = 2_500


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attempts", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=120.0)
    parser.add_argument("--agents", type=int, default=500)
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"))
    chosen = parser.parse_args()
    print(f"{chosen.agents} agents, {chosen.rate:g} attempts/s; Python's memory in kB, RSS in MB", flush=True)
    print(f"{'attempts':>9} {'in progress':>12} {'held kB':>9} {'objects':>9} {'RSS MB':>7}", flush=True)
    looks: list[tuple[int, dict[str, Any]]] = []
    with floor(chosen.folder, daemon_words=(sys.executable, str(TRACED))) as running:
        leads = int((chosen.attempts + 3 * STEP_ATTEMPTS) * 1.1)
        running.set_up(agents=chosen.agents, leads=leads, calls_per_second=chosen.rate)
        running.start()
        while not looks or looks[-1][0] < looks[0][0] + chosen.attempts:
            goal = (looks[-1][0] if looks else STEP_ATTEMPTS) + STEP_ATTEMPTS
            while running.attempts() < goal:
                watch(running, 2, None)
            looks.append((running.attempts(), look(running.folder, running.daemon.pid, len(looks))))
            calls = sum(running.client.ask("status")["calls"].values())
            seen = looks[-1][1]
            print(
                f"{looks[-1][0]:9} {calls:12} {seen['held'] / 1024:9.0f} {seen['objects']:9}"
                f" {usage(running.daemon.pid).rss_mb:7.0f}",
                flush=True,
            )
    grows = slope([(attempts, seen["held"]) for attempts, seen in looks])
    print(f"slope {grows:+.1f} bytes per attempt")
    first, last = looks[0][1]["places"], looks[-1][1]["places"]
    for place, size in sorted(last.items(), key=lambda item: first.get(item[0], 0) - item[1])[:6]:
        print(f"{(size - first.get(place, 0)) / 1024:+9.0f} kB  {place}")
    return 0


def look(folder: Path, pid: int, index: int) -> dict[str, Any]:
    """Have the daemon write what it holds; return that line."""
    file = folder / "traced.jsonl"
    os.kill(pid, signal.SIGUSR2)
    while True:
        lines = file.read_text().split("\n") if file.exists() else []
        if len(lines) > index + 1:
            found: dict[str, Any] = json.loads(lines[index])
            return found
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
