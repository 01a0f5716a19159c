"""Owns the methods on the evidence of answering-machine detection: reviews, samples. Judges and counts nothing itself.

Asterisk writes the samples. dialerd looks for them under the same path: on the same machine, or in a folder both see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from pathlib import Path

import msgspec

from dialerd.control.context import Context, ParamsInvalid
from dialerd.control.methods.calls import CallId
from dialerd.control.methods.campaigns import Name
from dialerd.control.methods.dnc import Note
from dialerd.control.methods.leads import Limit, Offset
from dialerd.control.params import past_instant
from dialerd.control.ports import Row


class Heard(Enum):
    """Who was on the line."""

    PERSON = "person"
    MACHINE = "machine"


class ReviewParams(msgspec.Struct, frozen=True):
    """`call`: the attempt's id; `heard`: what it was."""

    call: CallId
    heard: Heard
    note: Note = ""


class QueueParams(msgspec.Struct, frozen=True):
    """Of all campaigns or of one; calls that began in a period."""

    campaign: Name | None = None
    since: str | None = None
    until: str | None = None
    limit: Limit = 100


class SamplesParams(msgspec.Struct, frozen=True):
    """Of one campaign; calls that began in a period."""

    name: Name
    since: str | None = None
    until: str | None = None
    limit: Limit = 1000
    offset: Offset = 0


async def review(context: Context, params: ReviewParams) -> Row:
    """call.review: what was heard on a call. Who is merely an agent may say it of the own calls."""
    book = context.records.amd
    call = await book.reviewable(params.call)
    context.require_self_or_supervisor(call["agent"] or "")
    return await book.review(params.call, params.heard.value, context.peer.user, params.note)


async def queue(context: Context, params: QueueParams) -> Row:
    """amd.queue: machine calls to listen to, in a fair order; `seen`: dialerd finds the file."""
    since, until = period(context, params.since, params.until)
    total, rows = await context.records.amd.waiting(params.campaign, since, until, limit=params.limit)
    there = await _there(row["file"] for row in rows)
    shown = [{**{k: v for k, v in row.items() if k != "place"}, "seen": row["file"] in there} for row in rows]
    return {"waiting": total, "calls": shown}


async def samples(context: Context, params: SamplesParams) -> Row:
    """amd.samples: labelled samples whose files dialerd finds, a page of them; `unseen` of the page it does not."""
    since, until = period(context, params.since, params.until)
    total, rows = await context.records.amd.samples(params.name, since, until, limit=params.limit, offset=params.offset)
    there = await _there(row["file"] for row in rows)
    seen = [row for row in rows if row["file"] in there]
    return {"campaign": params.name, "total": total, "unseen": len(rows) - len(seen), "samples": seen}


def period(context: Context, since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """Two instants of the past, each where it is given; ParamsInvalid when they are the wrong way round."""
    now = context.services.now()
    first = past_instant(since, "since", now) if since else None
    last = past_instant(until, "until", now) if until else None
    if first is not None and last is not None and first >= last:
        raise ParamsInvalid(f"since: {since} is not before until {until}")
    return first, last


async def _there(files: Iterable[str]) -> frozenset[str]:
    wanted = frozenset(files)
    return await asyncio.to_thread(lambda: frozenset(file for file in wanted if Path(file).is_file()))
