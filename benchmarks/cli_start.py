"""How long does dialerctl take to start? CPU time of `dialerctl --help` beside the barest click program.

    .venv/bin/python benchmarks/cli_start.py [--runs 20]

Must show: `--help` at most 1.6 times the bare program, `status` against a running daemon under 200 ms.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from rig.floor import floor

BARE = """\
#!{python}
import sys
import click

@click.group()
def cli():
    "The barest program."

@cli.command()
def status():
    "One command."

if __name__ == "__main__":
    sys.exit(cli())
"""


def spent(words: list[str]) -> tuple[float, float]:
    """Run one command to its end; return its CPU and its wall time in milliseconds."""
    start = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0  # waited for already
    return 1000 * (usage.ru_utime + usage.ru_stime), 1000 * (time.perf_counter() - start)


def compare(commands: dict[str, list[str]], runs: int) -> dict[str, tuple[float, float]]:
    """The medians of CPU and wall time of each command, run in turn so that a busy moment hits all of them."""
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for words in commands.values():  # once before, for the disk's sake
        spent(words)
    for _ in range(runs):
        for name, words in commands.items():
            results[name].append(spent(words))
    return {name: (median(r[0] for r in rows), median(r[1] for r in rows)) for name, rows in results.items()}


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    chosen = parser.parse_args()
    programs = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as folder, floor(Path(folder)) as running:
        running.set_up(agents=20, leads=100, calls_per_second=5)
        bare = Path(folder) / "bare"
        bare.write_text(BARE.format(python=sys.executable))
        bare.chmod(0o755)
        medians = compare(
            {
                "bare click --help": [str(bare), "--help"],
                "dialerctl --help": [str(programs / "dialerctl"), "--help"],
                "dialerctl status": [str(programs / "dialerctl"), "--socket", str(running.socket), "status"],
            },
            chosen.runs,
        )
    base = medians["bare click --help"][0]
    print(f"{'program':20} {'CPU ms':>8} {'wall ms':>8} {'CPU ratio':>10}   (medians of {chosen.runs})")
    for name, (cpu, wall) in medians.items():
        print(f"{name:20} {cpu:8.0f} {wall:8.0f} {cpu / base:10.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
