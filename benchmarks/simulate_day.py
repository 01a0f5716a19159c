"""How long does `dialerctl simulate` take for a day of eight hours? Beside it a yardstick: 100,000 additions.

    .venv/bin/python benchmarks/simulate_day.py [--quick]

Must show: a day of a hundred agents, predictive, in under two minutes. `--quick`: an hour of each, no verdict. One
process and one thread of numpy each, as the command runs its rows. The world is scenarios/ordinary.toml; "sparse" is
the same with 6 % of the calls answered: many more dials for each talk.
"""

from __future__ import annotations

import sys
import time

from rig.processes import aligned, yardstick

from dialerd.core.campaign import Campaign, DialMode
from dialerd.simulation.scenario import Scenario
from dialerd.simulation.team import Team
from dialerd.simulation.what_if import Case, run_case
from dialerd.simulation.what_if_table import with_person_share

MOST_S = 120.0
ASKED = "ordinary", DialMode.PREDICTIVE, 100
CASES = (
    ("ordinary", DialMode.PREDICTIVE, 10),
    ("ordinary", DialMode.PREDICTIVE, 30),
    ASKED,
    ("ordinary", DialMode.PROGRESSIVE, 100),
    ("sparse", DialMode.PREDICTIVE, 30),
    ("sparse", DialMode.PREDICTIVE, 100),
)
COLUMNS = (
    "   world", "       mode", "agents", " dials", "contacts", "occupied", "wall s", " CPU s", "x real time", "us/dial",
    "x yardstick",
)  # fmt: skip


def measured(world: str, mode: DialMode, agents: int, hours: float) -> tuple[float, tuple[str, ...]]:
    """Wall seconds of one case, and its row."""
    scenario = Scenario() if world == "ordinary" else with_person_share(Scenario(), 0.06)
    campaign = Campaign(
        id=1, name="day", dial_mode=mode, max_lines=20_000, calls_per_second=100.0, max_dial_ratio=20.0,
        wrapup_time_s=120.0, avg_talk_time_s=90.0,
    )  # fmt: skip
    yard_ms = yardstick()
    wall, cpu = time.perf_counter(), time.process_time()
    found = run_case(Case(campaign=campaign, team=Team.of(agents), world=scenario, for_s=hours * 3600, seed=1))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return wall, (
        world, mode.value, f"{agents}", f"{found.dials}", f"{found.contacts}", f"{100 * found.occupancy:.1f} %",
        f"{wall:.1f}", f"{cpu:.1f}", f"{hours * 3600 / wall:.0f}", f"{1e6 * cpu / found.dials:.0f}",
        f"{1000 * cpu / yard_ms:.0f}",
    )  # fmt: skip


def main() -> int:
    """Print the table; 1 when the day of a hundred agents takes too long."""
    quick = "--quick" in sys.argv[1:]
    print(" ".join(COLUMNS))
    asked_s = 0.0
    for case in CASES:
        wall, row = measured(*case, 1.0 if quick else 8.0)
        print(aligned(row, COLUMNS), flush=True)
        asked_s = wall if case == ASKED else asked_s
    if quick:
        return 0
    verdict = "under" if asked_s < MOST_S else "NOT under"
    print(f"\na day of 100 agents, predictive: {asked_s:.0f} s, {verdict} {MOST_S:.0f} s")
    return int(asked_s >= MOST_S)


if __name__ == "__main__":
    sys.exit(main())
