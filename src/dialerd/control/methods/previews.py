"""Owns the methods on previews: what an agent is shown, and what the agent says to it. Who is what: `agents.py`."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec

from dialerd.control.context import Context
from dialerd.control.methods.agents import AgentParams, Text, agent_id, state_row
from dialerd.control.methods.campaigns import Name
from dialerd.control.peer import Role
from dialerd.control.ports import Row
from dialerd.core.call import AttemptState
from dialerd.core.errors import Conflict, NotFound
from dialerd.core.messages import AgentAccept, AgentSkip

ACCEPT_WAIT_S = 5.0
_LOOK_EVERY_S = 0.05
_LEAD_KEYS = ("list", "attributes", "alternates", "zones", "postal_code", "call_count", "last_attempt_at", "skips")


class SkipParams(msgspec.Struct, frozen=True):
    """`reason`: for the log of skipped leads."""

    name: Name
    reason: Text = ""


async def show(context: Context, params: AgentParams) -> Row:
    """agent.preview: the lead that is shown with its attributes and earlier calls; nothing shown: `lead_id` is null."""
    if Role.AUDITOR not in context.peer.roles:
        context.require_self_or_supervisor(params.name)
    await context.records.agent(params.name)
    live = context.floor.live_agent(params.name)
    notice: Row = live.get("notice") or {}
    row = {**state_row(context, params.name), "lead_id": None, "notice": notice.get("text", "")}
    shown: Row | None = live.get("preview")
    if not shown:
        return row
    lead: Row = {}
    with suppress(NotFound):  # removed while it is shown
        lead = await context.records.lead(str(shown["lead_id"]))
    history = [call["id"] for call in lead.get("calls", ())]
    return {**row, **shown, **{key: lead[key] for key in _LEAD_KEYS if key in lead}, "history": history}


async def accept(context: Context, params: AgentParams) -> Row:
    """agent.accept: answers once the call is on its way, or says why it was not placed.

    `call` is null while the call waits for a line or for the agent's own phone.
    """
    own_id = await agent_id(context, params.name)
    lead_id = await context.floor.order(AgentAccept(agent_id=own_id))
    waited_s = 0.0
    while waited_s < ACCEPT_WAIT_S:
        live = context.floor.live_agent(params.name)
        notice: Row = live.get("notice") or {}
        if notice.get("lead_id") == lead_id:
            raise Conflict(str(notice["text"]))
        call: Any = live.get("attempt_id")
        if call is not None and _placed(context, call):
            return {**state_row(context, params.name), "lead_id": lead_id, "call": call}
        if call is None and (live.get("preview") or {}).get("lead_id") != lead_id:
            break  # over already
        await context.services.pause(_LOOK_EVERY_S)
        waited_s += _LOOK_EVERY_S
    return {**state_row(context, params.name), "lead_id": lead_id, "call": None}


def _placed(context: Context, attempt_id: int) -> bool:
    states = {row.get("id"): row.get("state") for row in context.floor.live_calls()}
    return states.get(attempt_id) not in (None, AttemptState.INTENDED.value)


async def skip(context: Context, params: SkipParams) -> Row:
    """agent.skip: the lead comes back later, for anybody."""
    own_id = await agent_id(context, params.name)
    lead_id = await context.floor.order(AgentSkip(agent_id=own_id, reason=params.reason))
    return {**state_row(context, params.name), "lead_id": lead_id, "reason": params.reason}
