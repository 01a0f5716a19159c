"""What does a call cost dialerd, and how soon does it act? The real daemon against the simulated PBX, over sockets.

    .venv/bin/python benchmarks/call_path.py [--quick] [--seconds 300] [--rates 20,50,100,200] [--agents 500]

Both run as processes of their own; the store is SQLite on the disk, synced. Each second an operator's screen reads
`status` and `agent.list`, and agents in wrap-up are disposed of through the socket. One fresh floor for each rate.

Must show: at 100 attempts/s on one core at most 4 ms CPU per attempt, p99 of the latency under 50 ms, flat memory.
As root the latency is read off the wire (rig/wire.py); without root it is dialerd's own histogram only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from rig.floor import Floor, floor
from rig.processes import below, machine, quantile, slope, usage, yardstick

COLUMNS = (
    ("asked/s", 8), ("got/s", 7), ("CPU ms", 7), ("×yard", 6), ("PBX ms", 7), ("core %", 7), ("verdict p50", 12),
    ("p99", 7), ("max ms", 7), ("own p99", 8), ("tick late p99", 14), ("max backlog", 12), ("RSS MB", 7),
    ("slope MB/h", 11), ("no core %", 10), ("others %", 9), ("steal %", 8),
)  # fmt: skip


@dataclass(slots=True)
class Run:
    """What was seen of one rate."""

    asked: float
    seconds: float = 0.0
    attempts: int = 0
    cpu_s: float = 0.0
    pbx_cpu_s: float = 0.0
    waited_s: float = 0.0
    rss: list[tuple[float, float]] = field(default_factory=list)
    backlog: list[int] = field(default_factory=list)
    yards: list[float] = field(default_factory=list)
    verdicts_ms: list[float] = field(default_factory=list)
    own_p99: str = ""
    tick_p99: str = ""
    others: float = 0.0
    steal: float = 0.0
    endings: dict[str, int] = field(default_factory=dict)
    store_mb: float = 0.0

    def row(self) -> list[str]:
        """The cells of COLUMNS."""
        cpu = 1000 * self.cpu_s / max(1, self.attempts)
        settled = self.rss[len(self.rss) // 4 :]
        return [
            f"{self.asked:g}", f"{self.attempts / self.seconds:.1f}", f"{cpu:.2f}", f"{cpu / median(self.yards):.2f}",
            f"{1000 * self.pbx_cpu_s / max(1, self.attempts):.2f}", f"{100 * self.cpu_s / self.seconds:.0f}",
            f"{quantile(self.verdicts_ms, 0.5):.1f}", f"{quantile(self.verdicts_ms, 0.99):.1f}",
            f"{max(self.verdicts_ms, default=float('nan')):.0f}", self.own_p99, self.tick_p99,
            f"{max(self.backlog, default=0)}", f"{self.rss[-1][1]:.0f}", f"{3600 * slope(settled):+.0f}",
            f"{100 * self.waited_s / self.seconds:.1f}", f"{100 * self.others:.0f}", f"{100 * self.steal:.1f}",
        ]  # fmt: skip


def one_rate(rate: float, chosen: argparse.Namespace) -> Run:
    """Run one rate on a floor of its own."""
    warm_up, seconds = chosen.warm_up, chosen.seconds
    with floor(chosen.folder, nice=chosen.nice) as running:
        running.set_up(
            agents=chosen.agents, leads=int(rate * (warm_up + seconds + 5) * 1.05) + 100, calls_per_second=rate
        )
        ears = _listen(running)
        running.start()
        watch(running, warm_up, None)
        run = Run(asked=rate)
        before = before_measuring(running)
        if ears is not None and ears.stdout is not None:
            ears.stdout.read()  # of the warm-up
        watch(running, seconds, run)
        after_measuring(running, run, before)
        if ears is not None:
            ears.terminate()
            out, _ = ears.communicate()
            run.verdicts_ms = [float(line) for line in (out or b"").split() if line[:1] != b'"']
        run.endings = running.endings()
        run.store_mb = (running.folder / "dialerd.db").stat().st_size / 1e6
    return run


def _listen(running: Floor) -> subprocess.Popen[bytes] | None:
    if os.geteuid() != 0:
        return None
    wire = Path(__file__).parent / "rig" / "wire.py"
    ears = subprocess.Popen([sys.executable, str(wire), str(running.agi_port)], stdout=subprocess.PIPE)
    assert ears.stdout is not None
    if json.loads(ears.stdout.readline() or b'""') != "listening":
        return None
    os.set_blocking(ears.stdout.fileno(), False)
    return ears


def watch(running: Floor, seconds: float, run: Run | None) -> None:
    """Do each second what screens and agents do, and look at the process, for that long."""
    start = time.monotonic()
    for second in range(1, int(seconds) + 1):
        running.dispose()
        status = running.client.ask("status")
        if run is not None:
            seen = usage(running.daemon.pid)
            run.rss.append((seen.at - start, seen.rss_mb))
            run.backlog.append(status["store"]["backlog"])
            run.yards.append(yardstick())
        if running.daemon.poll() is not None:
            raise RuntimeError((running.folder / "dialerd.log").read_text()[-3000:])
        time.sleep(max(0.0, start + second - time.monotonic()))


@dataclass(slots=True)
class Before:
    """All counters at the start of the measured time."""

    attempts: int
    daemon: object
    pbx: object
    machine: object
    own: object
    histograms: dict[str, dict[float, float]]


HISTOGRAMS = ("dialerd_event_seconds", "dialerd_tick_late_seconds")


def before_measuring(running: Floor) -> Before:
    """Read every counter."""
    return Before(
        running.attempts(), usage(running.daemon.pid), usage(running.pbx.pid), machine(), usage(os.getpid()),
        {name: running.histogram(name) for name in HISTOGRAMS},
    )  # fmt: skip


def after_measuring(running: Floor, run: Run, before: Before) -> None:
    """Read every counter again and keep the differences."""
    after = before_measuring(running)
    daemon, pbx, whole, own = (
        (getattr(before, name), getattr(after, name)) for name in ("daemon", "pbx", "machine", "own")
    )
    run.seconds = daemon[1].at - daemon[0].at
    run.attempts = after.attempts - before.attempts
    run.cpu_s = daemon[1].cpu_s - daemon[0].cpu_s
    run.waited_s = daemon[1].waited_s - daemon[0].waited_s
    run.pbx_cpu_s = pbx[1].cpu_s - pbx[0].cpu_s
    ours = run.cpu_s + run.pbx_cpu_s + own[1].cpu_s - own[0].cpu_s
    total = sum(getattr(whole[1], n) - getattr(whole[0], n) for n in ("busy_s", "idle_s", "steal_s"))
    run.others = max(0.0, whole[1].busy_s - whole[0].busy_s - ours) / total
    run.steal = (whole[1].steal_s - whole[0].steal_s) / total
    own_p99, tick_p99 = (below(before.histograms[name], after.histograms[name], 0.99) for name in HISTOGRAMS)
    run.own_p99, run.tick_p99 = own_p99, tick_p99


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", default="20,50,100,200", help="attempts per second")
    parser.add_argument("--agents", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=300.0, help="measured seconds of each rate")
    parser.add_argument("--warm-up", type=float, default=30.0)
    parser.add_argument("--quick", action="store_true", help="20 s of each rate after 8 s")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="where the store lies while it runs")
    parser.add_argument(
        "--nice", type=int, default=0, help="of dialerd and PBX; -15 on a machine others use too (root)"
    )
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.seconds, chosen.warm_up = 20.0, 8.0
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, nice {chosen.nice}, yardstick {yardstick():.1f} ms")
    print(f"{chosen.agents} agents, {chosen.seconds:g} s for each rate after {chosen.warm_up:g} s; CPU per attempt of")
    print("dialerd and of the simulated PBX; ×yard: in bare loops of 100,000 additions; latencies in ms", flush=True)
    print(" ".join(name.rjust(width) for name, width in COLUMNS), flush=True)
    runs = []
    for rate in (float(word) for word in chosen.rates.split(",")):
        run = one_rate(rate, chosen)
        runs.append(run)
        print(" ".join(cell.rjust(width) for cell, (_, width) in zip(run.row(), COLUMNS, strict=True)), flush=True)
    for run in runs:
        ends = ", ".join(f"{count} {status}" for status, count in sorted(run.endings.items(), key=lambda p: -p[1]))
        print(f"{run.asked:g}/s: {len(run.verdicts_ms)} verdicts, store {run.store_mb:.0f} MB, {ends}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
