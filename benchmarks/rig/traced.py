"""Owns dialerd under tracemalloc: runs it as it is, and at SIGUSR2 writes what Python holds (after a collection).

    python benchmarks/rig/traced.py -m dialerd.main --config FILE      (writes traced.jsonl beside FILE)

SQLite's page cache is not Python's: it grows with the file up to its fixed limit and would hide a small leak.
"""

from __future__ import annotations

import gc
import json
import signal
import sys
import tracemalloc
from pathlib import Path
from typing import Any

from dialerd.asterisk import channel_book
from dialerd.main import main

REMEMBERED = 2_000  # instead of 20,000: this bounded memory is then full before the measuring begins


def tell(file: Path) -> None:
    """Append one line: bytes held, and the ten places that hold most."""
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    top = tracemalloc.take_snapshot().statistics("lineno")[:400]
    places = {f"{s.traceback[0].filename}:{s.traceback[0].lineno}": s.size for s in top}
    with file.open("a") as out:
        out.write(json.dumps({"held": held, "objects": len(gc.get_objects()), "places": places}) + "\n")


if __name__ == "__main__":
    sys.argv = ["dialerd", *sys.argv[3:]]
    target = Path(sys.argv[sys.argv.index("--config") + 1]).parent / "traced.jsonl"
    channel_book.REMEMBERED_ENDINGS = REMEMBERED

    def on_signal(*_: Any) -> None:
        """Between two byte codes of the main thread: the event loop stands still meanwhile."""
        tell(target)

    signal.signal(signal.SIGUSR2, on_signal)
    tracemalloc.start()
    main()
