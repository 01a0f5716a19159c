"""Owns the making of tests/fixtures/store/schema_*.sql: a small store with invented people, as SQL text.

`python -m tests.store.make_fixture > tests/fixtures/store/schema_0001.sql`, once for each schema, before its first
release: the file stays as it is, so that later versions prove that they can open it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
from datetime import timedelta

from tests.store.world import World

from dialerd.core.agent import AgentState
from dialerd.core.call import AttemptState, Status
from dialerd.core.messages import AddDoNotCall, LogEvent, SaveAgentState, SaveAttempt


async def fill(world: World) -> None:
    """One row at least in every table."""
    records = world.store.records
    spring = await records.add_campaign(
        {
            "name": "spring",
            "dial_mode": "progressive",
            "rule_set": "none",
            "daily_end": "22:00",
            "trunk": "carrier",
            "caller_id": "+4930999",
        }
    )
    autumn = await records.add_campaign(
        {"name": "autumn", "rule_set": "none", "daily_start": "02:00", "daily_end": "03:00"}
    )
    for name in ("1001", "1002"):
        await records.add_agent({"name": name, "endpoint": f"PJSIP/{name}", "campaigns": "spring,autumn"})
    for campaign in ("spring", "autumn"):
        await records.import_leads(
            campaign,
            "first",
            [
                {"number": f"+49301110{index:02d}", "name": f"Person {index}", "zones": "Europe/Berlin",
                 "attributes": {"city": "Musterstadt", "index": index}, "consent_id": f"c-{index}"}
                for index in range(12)
            ],
        )  # fmt: skip
    world.claim(autumn.id, 2)
    leads = world.claim(spring.id, 8).leads
    attempts, _ = world.open_attempts(leads, caller_id="+4930999", pacing_decision="1 ready agent")
    start = world.now
    ends = (
        (Status.ANSWERED, "sale", True), (Status.ANSWERED, "callback", True), (Status.ANSWERED, "dnc", True),
        (Status.ABANDONED, "", True), (Status.NO_ANSWER, "", False), (Status.MACHINE, "", False),
    )  # fmt: skip
    world.pass_time(seconds=90)
    for attempt, (status, disposition, live) in zip(attempts, ends, strict=False):
        answered = start + timedelta(seconds=12) if status is not Status.NO_ANSWER else None
        world.submit(
            world.end(
                attempt,
                status,
                disposition,
                live_answer=live,
                ringing_at=start + timedelta(seconds=2),
                answered_at=answered,
                bridged_at=answered if status is Status.ANSWERED else None,
                message_started_at=answered if status is Status.ABANDONED else None,
                agent_id=1 if status is Status.ANSWERED else None,
            )
        )
    ended = attempts[6].snapshot()
    ended.state, ended.status, ended.ended_at = AttemptState.ENDED, Status.ANSWERED, world.now
    ringing = attempts[7].snapshot()
    ringing.state, ringing.dialed_at = AttemptState.RINGING, world.now
    world.submit(SaveAttempt(attempt=ended), SaveAttempt(attempt=ringing))
    world.submit(SaveAgentState(agent_id=1, state=AgentState.WRAP_UP, reason="", at=world.now, leg_id="agt-1-0badcafe"))
    world.submit(AddDoNotCall(number="+49301119999", source="callback", at=world.now))
    world.submit(LogEvent(level="info", text="the fixture was made", campaign_id=spring.id))
    await records.audit(0, "root", "campaign.add", {"name": "spring"}, "ok")
    at = {"created_at": 0, "updated_at": 0}
    world.add("call_quality_score", call_id=attempts[0].id, total_score=100.0, category="excellent", **at)
    world.add("supervisor_monitor_log", supervisor="boss", agent_id=1, call_id=attempts[0].id, started_at=0)
    world.run("INSERT INTO store_mark (name, value) VALUES ('writable', 'yes')")


def main() -> None:
    """Print the store as SQL."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(f"sqlite:///{folder}/store.sqlite3")
        world.open()
        asyncio.run(fill(world))
        world.close()
        made = sqlite3.connect(f"{folder}/store.sqlite3")
        sys.stdout.writelines(f"{line}\n" for line in made.iterdump())
        made.close()


if __name__ == "__main__":
    main()
