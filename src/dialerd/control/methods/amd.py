"""Owns the methods on the evidence of answering-machine detection: reviews, samples, report. Weighs nothing itself.

Asterisk writes the samples. dialerd looks for them under the same path: on the same machine, or in a folder both see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Annotated

import msgspec

from dialerd.control.context import Context, ParamsInvalid
from dialerd.control.methods.calls import CallId
from dialerd.control.methods.campaigns import STORABLE, Name
from dialerd.control.methods.dnc import Note
from dialerd.control.methods.leads import Limit, Offset
from dialerd.control.params import past_span
from dialerd.control.ports import Row
from dialerd.core.amd.evidence import By, Cell
from dialerd.core.amd.report import estimate, figures, matrix, together


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


class Said(Enum):
    """What AMD said."""

    HUMAN = "human"
    MACHINE = "machine"
    UNSURE = "unsure"
    HANGUP = "hangup"
    NONE = "none"


class Got(Enum):
    """How the call was treated."""

    MACHINE = "machine"
    AGENT = "agent"
    NOBODY = "nobody"


class Known(Enum):
    """What is known of who was on the line."""

    PERSON = "person"
    MACHINE = "machine"
    UNKNOWN = "unknown"


class ReportParams(msgspec.Struct, frozen=True):
    """One campaign; calls that began in a period; parted by something."""

    name: Name
    since: str | None = None
    until: str | None = None
    by: By = By.NOTHING


class CallsParams(msgspec.Struct, frozen=True):
    """The same, and which of its calls: of a row or cell of the matrix, of one part (`key`)."""

    name: Name
    since: str | None = None
    until: str | None = None
    by: By = By.NOTHING
    key: Annotated[str, msgspec.Meta(max_length=100, pattern=STORABLE)] | None = None
    said: Said | None = None
    got: Got | None = None
    heard: Known | None = None
    limit: Limit = 100
    offset: Offset = 0


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
    since, until = past_span(params.since, params.until, context.services.now())
    total, rows = await context.records.amd.waiting(params.campaign, since, until, limit=params.limit)
    there = await _there(row["file"] for row in rows)
    shown = [{**{k: v for k, v in row.items() if k != "place"}, "seen": row["file"] in there} for row in rows]
    return {"waiting": total, "calls": shown}


async def samples(context: Context, params: SamplesParams) -> Row:
    """amd.samples: labelled samples whose files dialerd finds, a page of them; `unseen` of the page it does not."""
    since, until = past_span(params.since, params.until, context.services.now())
    total, rows = await context.records.amd.samples(params.name, since, until, limit=params.limit, offset=params.offset)
    there = await _there(row["file"] for row in rows)
    seen = [row for row in rows if row["file"] in there]
    return {"campaign": params.name, "total": total, "unseen": len(rows) - len(seen), "samples": seen}


async def report(context: Context, params: ReportParams) -> Row:
    """amd.report: what AMD did to people and machines, in all and by part; only finished calls."""
    since, until = past_span(params.since, params.until, context.services.now())
    parts, beside = await context.records.amd.counts(params.name, since, until, params.by)
    judged = together(parts.values())
    return {
        "campaign": params.name,
        "since": since,
        "until": until,
        "by": params.by.value,
        **figures(judged),
        "matrix": matrix(judged),
        "estimate": estimate(judged),
        **beside,
        "parts": [{"key": key, **figures(part)} for key, part in parts.items()] if params.by is not By.NOTHING else [],
    }


async def calls(context: Context, params: CallsParams) -> Row:
    """amd.calls: the calls behind a figure of amd.report, a page of them in order of their time."""
    if params.key is not None and params.by is By.NOTHING:
        raise ParamsInvalid("key: goes with by")
    since, until = past_span(params.since, params.until, context.services.now())
    cell = Cell(
        said=params.said.value if params.said else None,
        got=params.got.value if params.got else None,
        heard=params.heard.value if params.heard else None,
        key=params.key,
    )
    total, found = await context.records.amd.calls(
        params.name, since, until, params.by, cell, limit=params.limit, offset=params.offset
    )
    return {"campaign": params.name, "total": total, "calls": found}


async def _there(files: Iterable[str]) -> frozenset[str]:
    wanted = frozenset(files)
    return await asyncio.to_thread(lambda: frozenset(file for file in wanted if Path(file).is_file()))
