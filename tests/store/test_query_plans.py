"""Tests that the hot statements find their rows by an index: without one they are slow only when it is too late."""

from __future__ import annotations

import sqlite3

from tests.store.world import World

from dialerd.core.call import Status
from dialerd.core.messages import AddDoNotCall, ClaimLeads, OpenAttempts, ReleaseLeads, SaveAttempt, SavePacingSlot
from dialerd.core.pacing.history import Slot
from dialerd.store.lead_imports import add_leads, check_rows

LARGE = ("lead", "call_log", "do_not_call", "abandon_ledger", "blocked_attempt", "callback", "pacing_slot")


def test_no_statement_of_a_calls_path_walks_over_a_large_table(sqlite_url: str) -> None:
    world = World(sqlite_url)
    world.open()
    statements: list[str] = []
    try:
        campaign_id = world.campaign_with_leads(20)
        world.lead_list(campaign_id, "idle", active=False)
        world.work(lambda session: session.db.connection().set_trace_callback(statements.append))
        leads = world.claim(campaign_id, 5).leads
        attempts, _ = world.open_attempts(leads)
        world.submit(
            SaveAttempt(attempt=attempts[0]),
            world.end(attempts[0], Status.ANSWERED, "callback", live_answer=True),
            world.end(attempts[1], Status.ANSWERED, "dnc"),
            AddDoNotCall(number=attempts[2].number, source="abandon", at=world.now, attempt_id=attempts[2].id),
            OpenAttempts(attempts=(world.attempt(leads[0]),), leads=leads[:1]),
            ReleaseLeads(lead_ids=tuple(lead.id for lead in leads)),
            ClaimLeads(campaign_id=campaign_id, count=3),
            SavePacingSlot(campaign_id=campaign_id, slot=Slot(start_s=0, until_s=10)),
        )
        rows, _ = check_rows([{"number": "+4940000001"}, {"number": "+4940000002"}])
        world.work(lambda session: add_leads(session, "spring", "second", rows, world.now))
        world.work(lambda session: session.db.connection().set_trace_callback(None))
    finally:
        world.close()
    plans = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    try:
        checked = 0
        for statement in {text for text in statements if text.startswith(("SELECT", "UPDATE", "INSERT", "DELETE"))}:
            steps = [row[3] for row in plans.execute(f"EXPLAIN QUERY PLAN {statement}")]
            walks = [step for step in steps for table in LARGE if f"{step} ".startswith(f"SCAN {table} ")]
            assert walks == [], statement
            checked += 1
        assert checked > 30
    finally:
        plans.close()
