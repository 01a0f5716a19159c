"""Tests of dialerd.store.chain: what the auditor can prove."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, strategies as st
from tests.store.world import World

from dialerd.core.call import Status
from dialerd.store.chain import CHAINED_COLUMNS, GENESIS, LATER_COLUMNS, record_hash


def four_closed(world: World) -> list[int]:
    campaign_id = world.campaign_with_leads(4)
    attempts, _ = world.open_attempts(world.claim(campaign_id, 4).leads)
    for attempt in reversed(attempts):
        world.pass_time(seconds=1)
        world.submit(world.end(attempt, Status.ANSWERED, "sale", live_answer=True, hold_duration_s=1.25, note="Köln"))
    return [attempt.id for attempt in reversed(attempts)]


async def test_finished_records_form_a_chain_in_closing_order(world: World) -> None:
    ids = four_closed(world)
    rows = world.rows("SELECT id, chain_seq, prev_hash, record_hash FROM call_log ORDER BY chain_seq")
    assert [row["id"] for row in rows] == ids
    assert [row["chain_seq"] for row in rows] == [1, 2, 3, 4]
    assert [row["prev_hash"] for row in rows] == [GENESIS, *(row["record_hash"] for row in rows[:-1])]
    report = await world.store.verify_chain()
    assert report.intact and report.checked == 4


@pytest.mark.parametrize(
    "change",
    [
        "note = 'Koln'",
        "talk_duration = 1",
        "live_answer = FALSE",
        "disposition = 'dnc'",
        "answered_at = 1",
        "record_hash = 'f'",
        "prev_hash = ''",
    ],
)
async def test_a_changed_record_is_found(world: World, change: str) -> None:
    ids = four_closed(world)
    world.run(f"UPDATE call_log SET {change} WHERE id = ?", [ids[1]])
    report = await world.store.verify_chain()
    assert (report.intact, report.checked, report.broken_at) == (False, 1, ids[1])


async def test_a_removed_record_is_found(world: World) -> None:
    ids = four_closed(world)
    world.run("DELETE FROM abandon_ledger")
    world.run("DELETE FROM call_log WHERE id = ?", [ids[2]])
    report = await world.store.verify_chain()
    assert (report.checked, report.broken_at) == (2, ids[3])


@pytest.mark.parametrize("column", sorted(LATER_COLUMNS))
async def test_columns_that_came_later_count_only_where_they_hold_something(world: World, column: str) -> None:
    ids = four_closed(world)
    (record,) = world.rows("SELECT * FROM call_log WHERE id = ?", [ids[1]])
    older = {name: value for name, value in record.items() if name not in LATER_COLUMNS}
    text = json.dumps(
        {name: older[name] if name not in ("live_answer", "approximate") else bool(older[name])
         for name in CHAINED_COLUMNS if name in older},
        separators=(",", ":"), sort_keys=True,
    )  # fmt: skip
    as_before = hashlib.sha256(f"{record['prev_hash']}\n{text}".encode()).hexdigest()
    assert record["record_hash"] == as_before, "the hash that a dialerd without these columns gave"
    assert record_hash("", {**record, column: 5}) != record_hash("", record)
    world.run(f"UPDATE call_log SET {column} = 5 WHERE id = ?", [ids[1]])
    assert (await world.store.verify_chain()).broken_at == ids[1]


async def test_a_score_given_later_leaves_the_chain_whole(world: World) -> None:
    four_closed(world)
    world.run("UPDATE call_log SET quality_score = 92.5")
    assert (await world.store.verify_chain()).intact


@given(st.dictionaries(st.sampled_from(CHAINED_COLUMNS), st.one_of(st.none(), st.integers(), st.text()), min_size=1))
def test_every_column_of_the_record_and_the_record_before_it_change_the_hash(changes: dict[str, object]) -> None:
    record = dict.fromkeys(CHAINED_COLUMNS, 1)
    changed = {**record, **changes}
    truth = {name: bool(value) if name in ("live_answer", "approximate") else value for name, value in changed.items()}
    same = truth == {**record, "live_answer": True, "approximate": True}
    assert (record_hash(GENESIS, record) == record_hash(GENESIS, changed)) is same
    assert record_hash(GENESIS, record) != record_hash("1" * 64, record)
