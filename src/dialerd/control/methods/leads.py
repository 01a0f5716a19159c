"""Owns the methods on leads. Reading lead files is dialerctl's work; here arrive rows."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from dialerd.control.context import Context, ParamsInvalid
from dialerd.control.methods.campaigns import STORABLE, Name
from dialerd.control.ports import Row
from dialerd.control.protocol import MAX_IMPORT_ROWS, MAX_LIST_ROWS
from dialerd.core.import_policy import ImportPolicy, OnDuplicate, Unique
from dialerd.core.lead import LeadState
from dialerd.core.messages import LeadsAdded

Limit = Annotated[int, msgspec.Meta(ge=1, le=MAX_LIST_ROWS)]
Offset = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class ImportParams(msgspec.Struct, frozen=True):
    """One chunk of a list. `hold`: a list made by it is not dialled from until it is made active."""

    campaign: Name
    list_name: Name = msgspec.field(name="list")
    rows: list[dict[str, Any]]
    unique: Unique = Unique.CAMPAIGN
    on_duplicate: OnDuplicate = OnDuplicate.SKIP
    hold: bool = False


class ListParams(msgspec.Struct, frozen=True):
    """Filters and the part of the answer that is wanted."""

    campaign: Name | None = None
    state: LeadState | None = None
    limit: Limit = 100
    offset: Offset = 0


class LeadParams(msgspec.Struct, frozen=True):
    """`lead`: id or number."""

    lead: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=STORABLE)] | int


async def import_rows(context: Context, params: ImportParams) -> Row:
    """lead.import: one chunk; a wrong row is counted and told, the others are added."""
    if not 0 < len(params.rows) <= MAX_IMPORT_ROWS:
        raise ParamsInvalid(f"rows: 1 to {MAX_IMPORT_ROWS} in one request, not {len(params.rows)}; send several")
    policy = ImportPolicy(unique=params.unique, on_duplicate=params.on_duplicate, hold=params.hold)
    done = await context.records.import_leads(params.campaign, params.list_name, params.rows, policy)
    if done.get("added") or done.get("updated"):
        await look_again(context, params.campaign)
    return done


async def look_again(context: Context, campaign: str) -> None:
    """Leads of this campaign may be due now that were not: the dialer asks for them at once."""
    row = await context.records.campaign(campaign)
    await context.floor.order(LeadsAdded(campaign_id=row["id"]))


async def list_some(context: Context, params: ListParams) -> list[Row]:
    """lead.list."""
    if params.campaign is not None:
        await context.records.campaign(params.campaign)  # an unknown campaign is not an empty one
    state = params.state.value if params.state is not None else None
    return await context.records.leads(params.campaign, state, params.limit, params.offset)


async def explain(context: Context, params: LeadParams) -> Row:
    """lead.explain: every rule of the gate on this lead, now."""
    return await context.records.explain_lead(str(params.lead))


async def show(context: Context, params: LeadParams) -> Row:
    """lead.show: the lead and its calls."""
    return await context.records.lead(str(params.lead))
