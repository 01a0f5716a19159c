"""The methods on previews: what an agent sees, and how an acceptance is answered."""

from __future__ import annotations

from typing import Any

import pytest

from dialerd.control.ports import Row
from dialerd.core.errors import Conflict, NotFound
from dialerd.core.messages import AgentAccept, AgentSkip, Order

from .rig import AGENT, AUDITOR, SUPERVISOR, Rig

SHOWN: Row = {"lead_id": 17, "campaign": "calm", "number": "+15550111", "seconds_left": 41.0, "accepted": False}
RESERVED: Row = {"state": "reserved", "reason": "preview", "attempt_id": None, "preview": SHOWN, "notice": None}


class Scene(Rig):
    """A rig whose agent 1001 goes through `rows`, one look each; the last one stays."""

    def __init__(self, *rows: Row, refuse: Exception | None = None) -> None:
        super().__init__()
        self.rows = list(rows)
        self.floor.refuse = refuse
        self.floor.live_agents = self._look  # type: ignore[method-assign]
        self.floor.order = self._order  # type: ignore[method-assign]
        self.floor.calls.append({"id": 40, "state": "intended"})
        self.floor.calls.append({"id": 41, "state": "dialing"})

    def _look(self) -> dict[str, Row]:
        return {"1001": self.rows.pop(0) if len(self.rows) > 1 else self.rows[0]}

    async def _order(self, order: Order) -> Any:
        if self.floor.refuse is not None:
            raise self.floor.refuse
        self.floor.orders.append(order)
        return 17


async def test_what_is_shown_comes_with_attributes_and_history() -> None:
    rig = Scene(RESERVED)

    async def lead(_: str) -> Row:
        return {
            "id": 17,
            "attributes": {"city": "Bern"},
            "token": "secret",
            "state": "claimed",
            "calls": [{"id": 9}, {"id": 4}],
        }

    rig.records.lead = lead  # type: ignore[method-assign]
    row = await rig.call("agent.preview", {"name": "1001"}, AGENT)
    assert row == {
        "name": "1001", "state": "reserved", "notice": "", **SHOWN, "attributes": {"city": "Bern"}, "history": [9, 4],
    }  # fmt: skip
    assert (await rig.call("agent.preview", {"name": "1001"}, AUDITOR))["lead_id"] == 17


async def test_nothing_shown_is_no_error_and_tells_the_last_notice() -> None:
    rig = Scene({"state": "ready", "preview": None, "notice": {"lead_id": 3, "text": "+1 was not called: dnc"}})
    row = await rig.call("agent.preview", {"name": "1001"}, SUPERVISOR)
    assert row == {"name": "1001", "state": "ready", "lead_id": None, "notice": "+1 was not called: dnc"}


async def test_a_lead_that_is_gone_meanwhile_is_still_shown_by_number() -> None:
    rig = Scene(RESERVED)

    async def lead(_: str) -> Row:
        raise NotFound("no lead 17")

    rig.records.lead = lead  # type: ignore[method-assign]
    assert (await rig.call("agent.preview", {"name": "1001"}))["number"] == "+15550111"


async def test_accept_answers_when_the_call_is_on_its_way() -> None:
    called = {**RESERVED, "preview": None, "attempt_id": 40}
    rig = Scene(RESERVED, {**RESERVED, "preview": {**SHOWN, "accepted": True}}, called, {**called, "attempt_id": 41})
    row = await rig.call("agent.accept", {"name": "1001"}, AGENT)
    assert row == {"name": "1001", "state": "reserved", "lead_id": 17, "call": 41}
    assert rig.floor.orders == [AgentAccept(agent_id=1)]


async def test_a_refusal_of_the_gate_is_the_error() -> None:
    notice = {"lead_id": 17, "text": "+15550111 was not called: calling_hours; next time Tue 03 Mar 09:00 UTC"}
    rig = Scene(RESERVED, {**RESERVED, "preview": {**SHOWN, "lead_id": 18}, "notice": notice})
    assert await rig.error("agent.accept", {"name": "1001"}) == ("conflict", notice["text"])


@pytest.mark.parametrize(
    "row",
    [{**RESERVED, "preview": {**SHOWN, "accepted": True}}, {"state": "ready", "preview": None, "attempt_id": None}],
)
async def test_a_call_that_waits_or_is_over_has_no_number_yet(row: Row) -> None:
    rig = Scene(row)
    answer = await rig.call("agent.accept", {"name": "1001"})
    assert answer == {"name": "1001", "state": row["state"], "lead_id": 17, "call": None}


async def test_skip_and_bad_use() -> None:
    rig = Scene(RESERVED)
    answer = await rig.call("agent.skip", {"name": "1001", "reason": "known"}, AGENT)
    assert answer["lead_id"] == 17 and rig.floor.orders == [AgentSkip(agent_id=1, reason="known")]
    rig = Scene(RESERVED, refuse=Conflict("no lead is shown to agent 1001 now: the agent is ready"))
    for method in ("agent.accept", "agent.skip"):
        assert (await rig.error(method, {"name": "1001"}))[0] == "conflict"


@pytest.mark.parametrize("method", ["agent.preview", "agent.accept", "agent.skip"])
async def test_an_agent_acts_for_the_own_name_only(method: str) -> None:
    rig = Scene(RESERVED)
    kind, text = await rig.error(method, {"name": "1002"}, AGENT)
    assert kind == "forbidden" and "may act on agent 1001 only" in text and rig.floor.orders == []
    assert (await rig.error(method, {"name": "4444"}))[0] == "not_found"
