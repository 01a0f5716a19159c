"""Runs dialerd as it is, with a watcher in its event loop that writes what an attack does to it. Owns no attack.

`python -m tests.hostile.watched_daemon --config FILE` writes watch.json beside FILE twice a second; SIGUSR1 resets.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from dialerd.config import load
from dialerd.logs import set_up
from dialerd.main import run
from dialerd.rule_files import load_rule_sets

EVERY_S = 0.01


class Watch:
    """Lateness of a timer of 10 ms in wall time and in CPU time of the loop's thread; memory, descriptors, tasks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.begin()

    def begin(self) -> None:
        """Forget the worst so far."""
        self.worst_s = self.worst_cpu_s = 0.0
        self.beats = self.late = 0

    async def watch(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, self.begin)
        written = loop.time()
        while True:
            began, cpu = loop.time(), time.thread_time()
            await asyncio.sleep(EVERY_S)
            late, used = loop.time() - began - EVERY_S, time.thread_time() - cpu
            self.beats += 1
            self.late += late > 0.1
            self.worst_s, self.worst_cpu_s = max(self.worst_s, late), max(self.worst_cpu_s, used)
            if loop.time() - written > 0.5:
                self._write()
                written = loop.time()

    def _write(self) -> None:
        gc.collect(0)
        status = Path("/proc/self/status").read_text()
        seen = {
            "worst_ms": round(1000 * self.worst_s, 1),
            "worst_cpu_ms": round(1000 * self.worst_cpu_s, 1),
            "beats": self.beats,
            "late": self.late,
            "tasks": len(asyncio.all_tasks()),
            "fds": len(os.listdir("/proc/self/fd")),
            "rss_kb": int(status.partition("VmRSS:")[2].split()[0]),
        }
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(seen))
        new.replace(self._path)


async def main(config: Path) -> None:
    """Daemon and watcher."""
    settings = load(str(config), environ=os.environ)
    set_up(settings.dialerd.log_level, mask_numbers=False, environ=os.environ)
    watching = asyncio.create_task(Watch(config.with_name("watch.json")).watch())
    try:
        await run(settings, load_rule_sets(datetime.now(UTC).date()))
    finally:
        watching.cancel()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[sys.argv.index("--config") + 1])))
