"""Owns the method on the abandon ledger: its figures and the calls behind them. Counts nothing itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec

from dialerd.control.context import Context, ParamsInvalid
from dialerd.control.methods.campaigns import Name, live_state
from dialerd.control.methods.leads import Limit, Offset
from dialerd.control.params import in_order, instant, past_instant
from dialerd.control.ports import Row

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


class LedgerParams(msgspec.Struct, frozen=True):
    """`since`, `until`: instants; `calls`: one by one, too; `snapshot`: as in the answer the page belongs to."""

    name: Name
    since: str | None = None
    until: str | None = None
    calls: bool = False
    snapshot: Annotated[int, msgspec.Meta(ge=0, le=2**62)] | None = None
    limit: Limit = 100
    offset: Offset = 0


async def show(context: Context, params: LedgerParams) -> Row:
    """campaign.ledger: the figures of the legal window; with `calls` a page of the live answers behind them."""
    given = {key: text for key in ("since", "until") if (text := getattr(params, key)) is not None}
    if params.snapshot is None:
        now = context.services.now()
        asked: Row = {key: past_instant(text, key, now) for key, text in given.items()}
    else:  # exactly the span of the first answer
        asked = {key: instant(text, key) for key, text in given.items()}
    for key, at in asked.items():
        if at < EARLIEST:
            raise ParamsInvalid(f"{key}: {given[key]} is before the year {EARLIEST.year}: nothing was recorded then")
    in_order(asked.get("since"), asked.get("until"), params.since, params.until)
    asked["snapshot"] = params.snapshot
    figures = await context.records.ledger(params.name, asked)
    if not given and params.snapshot is None:
        figures = {**figures, "unfinished": _unfinished(context, params.name)}
    if not params.calls:
        return figures
    asked = {**asked, "until": figures["until"], "snapshot": figures["snapshot"]}
    rows = await context.records.ledger_calls(params.name, asked, limit=params.limit, offset=params.offset)
    return {**figures, "calls": rows}


def _unfinished(context: Context, name: str) -> Row | None:
    """What the dialer counts of calls in progress, beside the figures; None while it does not know the campaign."""
    pacing: Row = live_state(context, name).get("pacing", {})
    return pacing.get("unfinished")
