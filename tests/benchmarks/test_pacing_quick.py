"""The pacing benchmark's quick size is a gate: dialerd's pacer beside the others in the same worlds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_quick_benchmark_passes_its_gates() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "pacing.py", "quick", "--quiet"],
        cwd=ROOT, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "headline-10 " in done.stdout and "all gates passed" in done.stdout
