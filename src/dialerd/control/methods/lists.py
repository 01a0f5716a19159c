"""Owns the methods on lead lists, single leads by hand and retry rules. What may stand in them the store checks."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from dialerd.control.context import Context
from dialerd.control.methods.campaigns import Name
from dialerd.control.methods.leads import LeadParams, look_again
from dialerd.control.ports import Row

Fields = dict[str, Any]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class AddLeadParams(msgspec.Struct, frozen=True):
    """One lead: `row` as in lead.import."""

    campaign: Name
    row: Fields
    list_name: Name = msgspec.field(name="list", default="by-hand")


class EditLeadParams(LeadParams, frozen=True):
    """`lead` and the fields to change."""

    changes: Fields = {}


class ListsParams(msgspec.Struct, frozen=True):
    """`campaign`: only its lists."""

    campaign: Name | None = None


class ListParams(msgspec.Struct, frozen=True):
    """One list of one campaign."""

    campaign: Name
    list_name: Name = msgspec.field(name="list")


class EditListParams(ListParams, frozen=True):
    """The settings to change: name, weight, active."""

    changes: Fields = {}


class RecycleParams(ListParams, frozen=True):
    """Which finished leads: by state, and by the last call's disposition (none: any)."""

    states: tuple[Code, ...] = ("exhausted",)
    dispositions: tuple[Code, ...] = ()


class RuleParams(msgspec.Struct, frozen=True):
    """One outcome of one campaign."""

    campaign: Name
    outcome: Code


class SetRuleParams(RuleParams, frozen=True):
    """The rule's settings: delay growth max_delay max_attempts next_number stop."""

    settings: Fields = {}


async def add_lead(context: Context, params: AddLeadParams) -> Row:
    """lead.add."""
    row = await context.records.book.add_lead(params.campaign, params.list_name, params.row)
    await look_again(context, row["campaign"])
    return row


async def edit_lead(context: Context, params: EditLeadParams) -> Row:
    """lead.edit."""
    row = await context.records.book.edit_lead(str(params.lead), params.changes)
    await look_again(context, row["campaign"])
    return row


async def remove_lead(context: Context, params: LeadParams) -> Row:
    """lead.remove."""
    return await context.records.book.remove_lead(str(params.lead))


async def list_all(context: Context, params: ListsParams) -> list[Row]:
    """list.list."""
    return await context.records.book.lead_lists(params.campaign)


async def show(context: Context, params: ListParams) -> Row:
    """list.show."""
    return await context.records.book.lead_list(params.campaign, params.list_name)


async def edit(context: Context, params: EditListParams) -> Row:
    """list.edit: also pause and resume, by `active`."""
    await context.records.book.edit_list(params.campaign, params.list_name, params.changes)
    await look_again(context, params.campaign)
    name = str(params.changes.get("name", params.list_name))
    return await context.records.book.lead_list(params.campaign, name)


async def recycle(context: Context, params: RecycleParams) -> Row:
    """list.recycle."""
    count = await context.records.book.recycle(params.campaign, params.list_name, params.states, params.dispositions)
    await look_again(context, params.campaign)
    return {"campaign": params.campaign, "list": params.list_name, "recycled": count}


async def remove(context: Context, params: ListParams) -> Row:
    """list.remove."""
    await context.records.book.remove_list(params.campaign, params.list_name)
    return {"campaign": params.campaign, "list": params.list_name, "removed": True}


async def rules(context: Context, params: ListsParams) -> list[Row]:
    """retry.list."""
    return await context.records.book.retry_rules(params.campaign)


async def set_rule(context: Context, params: SetRuleParams) -> Row:
    """retry.set."""
    return await context.records.book.set_retry_rule(params.campaign, params.outcome, params.settings)


async def remove_rule(context: Context, params: RuleParams) -> Row:
    """retry.remove."""
    await context.records.book.remove_retry_rule(params.campaign, params.outcome)
    return {"campaign": params.campaign, "outcome": params.outcome, "removed": True}
