"""What does one predictive decision cost, by size of the floor? Beside it a yardstick: 100,000 additions.

    .venv/bin/python benchmarks/pacing_decision.py

Must show: under 20 ms for 500 agents with 1,500 calls in flight. "With tables" is the decision that also makes the
tables of what was learned anew, every ten seconds.
"""

from __future__ import annotations

import random
import statistics
import sys
import time

from rig.processes import aligned, yardstick

from dialerd.core.pacing.predictive import PredictivePacer, Situation

FLOORS = ((3, 6), (10, 20), (30, 60), (100, 200), (200, 500), (500, 1500))
COLUMNS = ("agents", "calls", "  median ms", "  worst ms", "with tables ms", "x yardstick")


def seasoned(rng: random.Random) -> PredictivePacer:
    """A pacer that has seen two thousand calls."""
    pacer = PredictivePacer()
    for n in range(2000):
        answered = rng.random() < 0.2
        pacer.call_ended(float(n), n + (rng.uniform(4, 18) if answered else 20.0), answered)
        pacer.talk_ended(rng.expovariate(1 / 150))
        pacer.wrap_up_ended(rng.expovariate(1 / 20))
    return pacer


def measured(agents: int, calls: int, yard_ms: float) -> tuple[str, ...]:
    """The row of one floor: a hundred decisions, each at another moment."""
    rng = random.Random(agents)
    pacer, took, fresh = seasoned(rng), [], []
    for n in range(100):
        situation = Situation(
            now_s=5000.0 + n,
            idle=max(1, agents // 12),
            talking=[rng.expovariate(1 / 120) for _ in range(int(0.8 * agents))],
            wrapping=[rng.expovariate(1 / 15) for _ in range(int(0.1 * agents))],
            ringing=[(rng.uniform(0, 20), (1, rng.randrange(1, 4), 9)) for _ in range(calls)],
            credit=8.0,
        )
        start = time.perf_counter()
        pacer.plan(situation, [(1, 1, 9)] * 60)
        (fresh if n % 10 == 0 else took).append(1000 * (time.perf_counter() - start))
    median = statistics.median(took)
    return (
        f"{agents}", f"{calls}", f"{median:.2f}", f"{max(took):.2f}", f"{statistics.median(fresh):.2f}",
        f"{median / yard_ms:.2f}",
    )  # fmt: skip


def main() -> int:
    """Print the table; 1 when the largest floor takes too long."""
    yard_ms = yardstick()
    print(aligned(COLUMNS, COLUMNS))
    rows = [measured(agents, calls, yard_ms) for agents, calls in FLOORS]
    for row in rows:
        print(aligned(row, COLUMNS))
    return 0 if float(rows[-1][2]) < 20 else 1


if __name__ == "__main__":
    sys.exit(main())
