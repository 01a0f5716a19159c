"""Owns the methods on do-not-call lists and on appointments. Reading files is dialerctl's work; here arrive numbers."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from dialerd.control.context import Context
from dialerd.control.methods.campaigns import STORABLE, Name
from dialerd.control.methods.leads import LeadParams, Limit, Offset, look_again
from dialerd.control.params import instant
from dialerd.control.peer import Role
from dialerd.control.ports import Row
from dialerd.control.protocol import MAX_DNC_NUMBERS
from dialerd.core.errors import Invalid

Number = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=STORABLE)]
Numbers = Annotated[tuple[Number, ...], msgspec.Meta(max_length=MAX_DNC_NUMBERS)]
Note = Annotated[str, msgspec.Meta(max_length=500, pattern=STORABLE)]
Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class AddParams(msgspec.Struct, frozen=True):
    """Numbers and prefixes, for all campaigns or one."""

    numbers: Numbers = ()
    prefixes: Numbers = ()
    campaign: Name | None = None
    source: Note = ""


class NumbersParams(msgspec.Struct, frozen=True):
    """Numbers to look up or to take off."""

    numbers: Numbers
    campaign: Name | None = None


class EntriesParams(msgspec.Struct, frozen=True):
    """The part of our own list that is wanted."""

    campaign: Name | None = None
    limit: Limit = 100
    offset: Offset = 0


class BeginParams(msgspec.Struct, frozen=True):
    """An imported list and the date of its data."""

    list_name: Name = msgspec.field(name="list")
    data_date: Annotated[str, msgspec.Meta(max_length=10)] = msgspec.field(name="date")


class ChunkParams(msgspec.Struct, frozen=True):
    """Numbers (digits of E.164) for an unfinished import."""

    import_id: Id
    numbers: Annotated[tuple[int, ...], msgspec.Meta(max_length=MAX_DNC_NUMBERS)]


class ImportParams(msgspec.Struct, frozen=True):
    """An unfinished import."""

    import_id: Id


class NameParams(msgspec.Struct, frozen=True):
    """An imported list."""

    list_name: Name = msgspec.field(name="list")


class CallbacksParams(msgspec.Struct, frozen=True):
    """Filters of appointments."""

    campaign: Name | None = None
    agent: Name | None = None
    state: Annotated[str, msgspec.Meta(pattern=r"\A(pending|done|cancelled|)\Z")] = "pending"
    limit: Limit = 100
    offset: Offset = 0


class CallbackParams(LeadParams, frozen=True):
    """An appointment with a lead."""

    due_at: Annotated[str, msgspec.Meta(max_length=60)] = ""
    agent: Name | None = None
    note: Note = ""


class CallbackIdParams(msgspec.Struct, frozen=True):
    """`callback`: its id."""

    callback: Id


async def add(context: Context, params: AddParams) -> Row:
    """dnc.add."""
    if not params.numbers and not params.prefixes:
        raise Invalid("numbers: name at least one number or prefix")
    added = await context.records.book.forbid(params.numbers, params.prefixes, params.campaign, params.source)
    return {"added": added, "known": len(params.numbers) + len(params.prefixes) - added}


async def remove(context: Context, params: NumbersParams) -> Row:
    """dnc.remove."""
    return {"removed": await context.records.book.allow(params.numbers, params.campaign)}


async def entries(context: Context, params: EntriesParams) -> list[Row]:
    """dnc.list."""
    return await context.records.book.forbidden(params.campaign, params.limit, params.offset)


async def lists(context: Context, _: object) -> list[Row]:
    """dnc.lists."""
    return await context.records.book.dnc_lists()


async def check(context: Context, params: NumbersParams) -> list[Row]:
    """dnc.check."""
    return await context.records.book.dnc_check(params.numbers)


async def begin(context: Context, params: BeginParams) -> Row:
    """dnc.begin: an import of a large list; nothing of it counts before dnc.finish."""
    try:
        data_date = date.fromisoformat(params.data_date)
    except ValueError:
        raise Invalid(f"date: {params.data_date!r} is not a date like 2026-11-20") from None
    return {"import_id": await context.records.book.begin_dnc_list(params.list_name, data_date)}


async def add_chunk(context: Context, params: ChunkParams) -> Row:
    """dnc.add_chunk."""
    return {"added": await context.records.book.add_to_dnc_list(params.import_id, params.numbers)}


async def finish(context: Context, params: ImportParams) -> Row:
    """dnc.finish: the import counts from now on."""
    return await context.records.book.finish_dnc_list(params.import_id)


async def remove_list(context: Context, params: NameParams) -> Row:
    """dnc.remove_list."""
    await context.records.book.remove_dnc_list(params.list_name)
    return {"list": params.list_name, "removed": True}


async def callbacks(context: Context, params: CallbacksParams) -> list[Row]:
    """callback.list. Who is merely an agent sees the own ones only."""
    agent = params.agent
    if not context.peer.roles & {Role.ADMIN, Role.SUPERVISOR, Role.AUDITOR}:
        agent = context.peer.agent_name
    return await context.records.book.callbacks(params.campaign, agent, params.state, params.limit, params.offset)


async def add_callback(context: Context, params: CallbackParams) -> Row:
    """callback.add."""
    due = instant(params.due_at, "due_at")
    row = await context.records.book.add_callback(str(params.lead), due, params.agent, params.note)
    await look_again(context, row["campaign"])
    return row


async def cancel_callback(context: Context, params: CallbackIdParams) -> Row:
    """callback.cancel."""
    row = await context.records.book.cancel_callback(params.callback)
    await look_again(context, row["campaign"])
    return row
