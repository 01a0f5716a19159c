"""Owns the methods on agents. Who is merely an agent may act on the own agent name only."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from dialerd.config_problems import did_you_mean
from dialerd.control.context import Context
from dialerd.control.methods.campaigns import Name
from dialerd.control.params import instant
from dialerd.control.peer import Role
from dialerd.control.ports import Row
from dialerd.core.agent import AgentState, LegMode
from dialerd.core.errors import Invalid
from dialerd.core.messages import AgentDispose, AgentLogin, AgentLogout, AgentPause, AgentSaved, AgentUnpause

Text = Annotated[str, msgspec.Meta(max_length=200)]


class AddParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """A new agent."""

    name: Name
    endpoint: Name
    full_name: Text = ""
    leg_mode: LegMode = LegMode.NAILED_UP
    campaigns: list[Name] = []


class AgentParams(msgspec.Struct, frozen=True):
    """`name`."""

    name: Name


class LogoutParams(msgspec.Struct, frozen=True):
    """`force`: hang up a call in progress too."""

    name: Name
    force: bool = False


class PauseParams(msgspec.Struct, frozen=True):
    """`reason`: for the state log."""

    name: Name
    reason: Text = ""


class DisposeParams(msgspec.Struct, frozen=True):
    """The agent's disposition of the last call. `own`: the agent will make the callback in person."""

    name: Name
    disposition: Name
    callback_at: Annotated[str, msgspec.Meta(max_length=60)] | None = None
    own: bool = False
    note: Annotated[str, msgspec.Meta(max_length=2000)] = ""


async def add(context: Context, params: AddParams) -> Row:
    """agent.add."""
    settings: dict[str, Any] = {
        "name": params.name,
        "full_name": params.full_name,
        "endpoint": params.endpoint,
        "leg_mode": params.leg_mode.value,
        "campaigns": list(params.campaigns),
    }
    profile = await context.records.add_agent(settings)
    await context.floor.order(AgentSaved(profile=profile))
    return await context.records.agent(profile.name)


async def list_all(context: Context, _: Any) -> list[Row]:
    """agent.list: with the live state. Who is merely an agent sees the own row only."""
    live = context.floor.live_agents()
    rows = [{**row, **live.get(str(row.get("name")), {})} for row in await context.records.agents()]
    if context.peer.roles & {Role.ADMIN, Role.SUPERVISOR, Role.AUDITOR}:
        return rows
    return [row for row in rows if row.get("name") == context.peer.agent_name]


async def login(context: Context, params: AgentParams) -> Row:
    """agent.login: a nailed-up agent's phone rings now."""
    own_id = await agent_id(context, params.name)
    await context.floor.order(AgentLogin(agent_id=own_id))
    answer = state_row(context, params.name)
    ringing = context.floor.live_agent(params.name).get("leg") == "ringing"
    return {**answer, "state": "ringing"} if ringing else answer


async def logout(context: Context, params: LogoutParams) -> Row:
    """agent.logout."""
    own_id = await agent_id(context, params.name)
    await context.floor.order(AgentLogout(agent_id=own_id, force=params.force))
    return state_row(context, params.name)


async def pause(context: Context, params: PauseParams) -> Row:
    """agent.pause."""
    own_id = await agent_id(context, params.name)
    await context.floor.order(AgentPause(agent_id=own_id, reason=params.reason))
    return {**state_row(context, params.name), "reason": params.reason}


async def unpause(context: Context, params: AgentParams) -> Row:
    """agent.unpause."""
    own_id = await agent_id(context, params.name)
    await context.floor.order(AgentUnpause(agent_id=own_id))
    return state_row(context, params.name)


async def dispose(context: Context, params: DisposeParams) -> Row:
    """agent.dispose: ends wrap-up."""
    own_id = await agent_id(context, params.name)
    callback_at = instant(params.callback_at, "callback_at") if params.callback_at else None
    if callback_at is not None and callback_at <= context.services.now():
        raise Invalid(f"callback_at {callback_at.isoformat()} is in the past: give a time to come")
    codes = [str(row["code"]) for row in await context.records.dispositions()]
    if params.disposition not in codes:
        raise Invalid(f"no disposition {params.disposition!r}{did_you_mean(params.disposition, codes)}")
    order = AgentDispose(
        agent_id=own_id,
        code=params.disposition,
        callback_at=callback_at,
        callback_own=params.own,
        note=params.note,
    )
    await context.floor.order(order)
    return state_row(context, params.name)


async def agent_id(context: Context, name: str) -> int:
    """The id of an agent the peer may act on; Forbidden before NotFound: names are not told to everybody."""
    context.require_self_or_supervisor(name)
    return int((await context.records.agent(name))["id"])


def state_row(context: Context, name: str) -> Row:
    """What every order to an agent answers with."""
    live = context.floor.live_agent(name)
    return {"name": name, "state": live.get("state", AgentState.LOGGED_OUT.value)}
