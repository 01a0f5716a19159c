"""kill -9 at random instants of a busy campaign, again and again: nobody dialled twice, nothing lost, ledger true."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest
from tests.crashes.ordeal import Ordeal, ordeal

SEED = int(os.environ.get("DIALERD_CRASH_SEED", "1"))
GATE_KILLS = 8
SOAK_KILLS = int(os.environ.get("DIALERD_CRASH_KILLS", "210"))


def torment(run: Ordeal, kills: int) -> None:
    """Let it live for a random while (sometimes not even through its start), kill it, wait or not, start it again."""
    for _ in range(kills):
        early = run.rng.random() < 0.2
        lives_s = run.rng.uniform(0.5, 1.8) if early else run.rng.uniform(1.8, 4.2)
        time.sleep(lives_s)
        run.die()
        if run.rng.random() < 0.5:
            time.sleep(run.rng.uniform(0.0, 3.0))
        run.site.start()


def suffer(kills: int) -> str:
    """One whole run; the figures when every rule held."""
    with tempfile.TemporaryDirectory(prefix="dlr-") as folder, ordeal(Path(folder), SEED, 400 + 30 * kills) as run:
        torment(run, kills)
        evidence = run.settle()
        summary = run.summary(evidence)
        print(f"\nseed {SEED}: {summary}")
        run.judge(evidence)
        assert len(evidence.deaths) == kills
        assert len(evidence.truth) > 8 * kills, "too quiet to prove anything"
        assert run.idle_deaths < kills / 5, f"{run.idle_deaths} deaths in which no call was under way"
        assert run.seen_live["talking"] and run.seen_live["dialing"], run.seen_live
        return summary


def test_some_kills() -> None:
    suffer(GATE_KILLS)


@pytest.mark.soak
def test_two_hundred_kills() -> None:
    suffer(SOAK_KILLS)
