"""Owns the methods on calls and dispositions. A call is an attempt; its id is the attempt's."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from dialerd.config_problems import did_you_mean
from dialerd.control.context import Context
from dialerd.control.methods.campaigns import Name
from dialerd.control.methods.leads import Limit, Offset
from dialerd.control.params import instant
from dialerd.control.ports import Row
from dialerd.core.call import Status
from dialerd.core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from dialerd.core.messages import HangupAttempt, TestCall

TEST_CALL_WAIT_S = 5.0
_LOOK_EVERY_S = 0.05

CallId = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class ListParams(msgspec.Struct, frozen=True):
    """Filters and the part of the answer that is wanted. `live`: calls in progress only."""

    campaign: Name | None = None
    agent: Name | None = None
    status: Status | None = None
    since: str | None = None
    until: str | None = None
    live: bool = False
    limit: Limit = 100
    offset: Offset = 0


class CallParams(msgspec.Struct, frozen=True):
    """`call`: the attempt's id."""

    call: CallId | Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,18}\Z")]


class ReconcileParams(msgspec.Struct, frozen=True):
    """`dry_run`: only show the differences."""

    dry_run: bool = False


class TestParams(msgspec.Struct, frozen=True):
    """One test call."""

    __test__ = False  # not a pytest class
    campaign: Name
    number: Annotated[str, msgspec.Meta(min_length=2, max_length=40)]
    timezone: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    regions: Annotated[list[Annotated[str, msgspec.Meta(max_length=16)]], msgspec.Meta(max_length=20)] = []


async def list_some(context: Context, params: ListParams) -> list[Row]:
    """call.list: newest first."""
    since = instant(params.since, "since") if params.since else None
    until = instant(params.until, "until") if params.until else None
    if params.campaign is not None:
        await context.records.campaign(params.campaign)
    if params.agent is not None:
        await context.records.agent(params.agent)
    if params.live:
        wanted = {"campaign": params.campaign, "agent": params.agent}
        rows = [r for r in context.floor.live_calls() if all(v is None or r.get(k) == v for k, v in wanted.items())]
        return rows[params.offset : params.offset + params.limit]
    return await context.records.calls(
        campaign=params.campaign,
        agent=params.agent,
        status=params.status.value if params.status is not None else None,
        since=since.isoformat() if since is not None else None,
        until=until.isoformat() if until is not None else None,
        limit=params.limit,
        offset=params.offset,
    )


async def show(context: Context, params: CallParams) -> Row:
    """call.show: every column; a call in progress has its live state."""
    number = int(params.call)
    row = await context.records.call(number)
    live = next((r for r in context.floor.live_calls() if r.get("id") == number), {})
    return {**row, **{key: live[key] for key in ("state", "agent") if live.get(key)}}


async def hangup(context: Context, params: CallParams) -> Row:
    """call.hangup."""
    number = int(params.call)
    if all(r.get("id") != number for r in context.floor.live_calls()):
        await context.records.call(number)  # NotFound when there never was one
        raise Conflict(f"call {number} is over already")
    await context.floor.order(HangupAttempt(attempt_id=number))
    return {"call": number, "state": "hanging_up"}


async def reconcile(context: Context, params: ReconcileParams) -> list[Row]:
    """call.reconcile: dialerd's calls and legs against Asterisk's channels."""
    return await context.floor.reconcile(dry_run=params.dry_run)


async def test(context: Context, params: TestParams) -> Row:
    """call.test: one call under the same gate; answers once the attempt is on its way."""
    _check_zone(params.timezone)
    row = await context.records.campaign(params.campaign)
    lead = await context.records.lead_for_test_call(params.campaign, params.number, [params.timezone], params.regions)
    attempt_id = int(await context.floor.order(TestCall(campaign_id=row["id"], lead=lead)))
    waited_s = 0.0
    while waited_s < TEST_CALL_WAIT_S:
        refusal = context.floor.test_refusal(attempt_id)
        if refusal:
            raise Forbidden(refusal)
        with suppress(NotFound):
            if (await context.records.call(attempt_id)).get("dialed_at"):
                return {"call": attempt_id}
        await context.services.pause(_LOOK_EVERY_S)
        waited_s += _LOOK_EVERY_S
    raise Unavailable(f"the test call to {lead.number} did not start within {TEST_CALL_WAIT_S:g} s: dialerctl status")


test.__test__ = False  # type: ignore[attr-defined]  # not a pytest function


async def dispositions(context: Context, _: Any) -> list[Row]:
    """disposition.list."""
    return await context.records.dispositions()


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # walks a folder: 20 ms


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except Exception:
        near = did_you_mean(name, _zones())
        raise Invalid(f"timezone {name[:64]!r} is not an IANA zone{near} (example: Europe/Berlin)") from None
