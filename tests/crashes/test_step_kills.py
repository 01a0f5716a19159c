"""One death between each two steps of claim → commit → originate → answer → verdict → bridge → record, and more."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.crashes.ordeal import ordeal
from tests.crashes.steps import COMMANDS, EVENTS, IN_THE_GATE, PBX_COMMANDS, SEQUENCE, STORE_COMMANDS, Point
from tests.crashes.test_random_kills import SEED


def step_by_step(points: Sequence[Point], within_s: float) -> list[Point]:
    """Die at each point in turn; return those that were not reached. Every rule must hold at the end."""
    with tempfile.TemporaryDirectory(prefix="dlr-") as folder, ordeal(Path(folder), SEED) as run:
        run.die("to make room")
        missed = [point for point in points if not run.die_at(point, within_s)]
        run.site.start()
        evidence = run.settle()
        print(f"\nsteps: {len(points) - len(missed)} of {len(points)} points reached; {run.summary(evidence)}")
        run.judge(evidence)
        return missed


def test_one_death_between_each_two_steps() -> None:
    points = [point for point in SEQUENCE if str(point) in IN_THE_GATE]
    assert len(points) == len(IN_THE_GATE)
    assert not step_by_step(points, within_s=15)


@pytest.mark.soak
def test_death_before_and_after_everything() -> None:
    """Every command type of the core before and after it is carried out, every event before and after it is handled."""
    points = [*SEQUENCE, *COMMANDS, *EVENTS]
    assert {point.kind for point in points} >= {*STORE_COMMANDS, *PBX_COMMANDS}
    missed = step_by_step(points, within_s=20)
    assert not missed, f"not reached: {', '.join(map(str, missed))}"
