"""Tests that a killed dialerd leaves a store from which the next one can go on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.store.world import World

from dialerd.core.lead import LeadState

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("DIALERD_STORE_KILLS", "6"))


def run_and_kill(url: str, campaign_id: int, seed: int) -> list[int]:
    """Let a child write for a random while, kill it, and return the attempts it was told are committed."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.store.crashing_child", url, str(campaign_id), str(seed)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    told = child.stdout.readline()  # it works
    time.sleep(random.Random(seed).uniform(0.0, 0.25))
    child.send_signal(signal.SIGKILL)
    told += child.stdout.read()
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    whole = told[: told.rfind("\n")]  # a line cut in two by the kill is no announcement
    return [int(line.removeprefix("opened ")) for line in whole.splitlines()]


async def check(world: World, announced: set[int]) -> None:
    """Every sentence about a store that was killed."""
    stored = {row["id"]: row for row in world.rows("SELECT * FROM call_log")}
    assert announced <= set(stored), "an attempt was dialled that is not in the store"
    state = world.store.load_restart_state()
    assert state.next_attempt_id == max(stored) + 1
    open_ids = {row["id"] for row in stored.values() if row["ended_at"] is None}
    assert {attempt.id for attempt in state.open_attempts} == open_ids
    assert all(attempt.closed_at is None for attempt in state.unfinished_attempts)
    unfinished = {row["lead_id"] for row in stored.values() if row["closed_at"] is None}
    claimed = {row["id"] for row in world.rows("SELECT id FROM lead WHERE state = 'claimed'")}
    assert claimed == unfinished, "a lead is stuck, or free while its attempt is not finished"
    counted = {
        row["lead_id"]: row["n"]
        for row in world.rows(
            "SELECT lead_id, COUNT(*) AS n FROM call_log WHERE closed_at IS NOT NULL AND status <> 'cancelled'"
            " GROUP BY lead_id"
        )
    }
    for row in world.rows("SELECT id, call_count, state, next_attempt_at FROM lead"):
        assert row["call_count"] == counted.get(row["id"], 0)
        final = LeadState(row["state"]) in (LeadState.COMPLETED, LeadState.EXHAUSTED)
        assert (row["next_attempt_at"] is None) == final or row["state"] == "claimed"
    live = {row["id"] for row in stored.values() if row["closed_at"] is not None and row["live_answer"]}
    assert {row["attempt_id"] for row in world.rows("SELECT attempt_id FROM abandon_ledger")} == live
    assert all((row["closed_at"] is not None) == bool(row["record_hash"]) for row in stored.values())
    report = await world.store.verify_chain()
    assert report.intact and report.checked == sum(1 for row in stored.values() if row["closed_at"] is not None)


async def test_killed_at_any_instant_it_leaves_nothing_dialled_unknown_and_nothing_stuck(url: str) -> None:
    world = World(url)
    world.open()
    campaign_id = world.campaign_with_leads(
        60, name="spring", max_attempts=500, max_attempts_per_day=500, retry_delay=60
    )
    world.close()
    announced: set[int] = set()
    for seed in range(1, KILLS + 1):
        before = len(announced)
        ids = run_and_kill(url, campaign_id, seed)
        assert announced.isdisjoint(ids), "an attempt's id was given twice"
        announced.update(ids)
        assert len(announced) > before, "the child must have dialled something before it was killed"
        world = World(url)
        world.open()
        try:
            await check(world, announced)
        finally:
            world.close()
