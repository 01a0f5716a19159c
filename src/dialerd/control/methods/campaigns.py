"""Owns the methods on campaigns. Columns and their values are checked by the store, readiness by the core."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any

import msgspec

from dialerd.control.context import Context, ParamsInvalid
from dialerd.control.ports import Row
from dialerd.core.campaign import CampaignState, CampaignVerb, DialMode
from dialerd.core.messages import CampaignOrder, CampaignSaved, LeadsAdded

STORABLE = r"\A[^\x00\ud800-\udfff]*\Z"
"""No NUL and no half of a surrogate pair: no database takes them, not even to look for them."""
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=STORABLE)]

LIVE_KEYS = ("state", "why", "dials_now", "fault", "start_problems", "pacing")
"""What the running dialer knows better than the store."""


class CampaignParams(msgspec.Struct, frozen=True):
    """`name`."""

    name: Name


class EditParams(msgspec.Struct, frozen=True):
    """`name` and the columns to change."""

    name: Name
    changes: dict[str, Any]


class ReplayParams(msgspec.Struct, frozen=True):
    """`name`, and the day as two ISO 8601 instants."""

    name: Name
    since: Annotated[str, msgspec.Meta(max_length=40)]
    until: Annotated[str, msgspec.Meta(max_length=40)]


async def add(context: Context, settings: Mapping[str, Any]) -> Row:
    """campaign.add: any campaign column by its name."""
    campaign = await context.records.add_campaign(settings)
    await context.floor.order(CampaignSaved(campaign=campaign))
    return await context.records.campaign(campaign.name)


async def edit(context: Context, params: EditParams) -> Row:
    """campaign.edit: all changes or none; they hold from the next pacing decision."""
    if not params.changes:
        raise ParamsInvalid("changes: is empty; name at least one column and its new value")
    campaign = await context.records.edit_campaign(params.name, params.changes)
    await context.floor.order(CampaignSaved(campaign=campaign))
    await context.floor.order(LeadsAdded(campaign_id=campaign.id))  # other rules may make leads due: look at once
    return with_live(context, await context.records.campaign(campaign.name))


async def list_all(context: Context, _: Any) -> list[Row]:
    """campaign.list."""
    return [with_live(context, row) for row in await context.records.campaigns()]


async def show(context: Context, params: CampaignParams) -> Row:
    """campaign.show."""
    return with_live(context, await context.records.campaign(params.name))


async def explain(context: Context, params: CampaignParams) -> Row:
    """campaign.explain: what holds its leads back, why it dials or not, and what an operator should see to."""
    row = {**await context.records.explain_campaign(params.name), "name": params.name}
    return with_live(context, row, (*LIVE_KEYS, "warnings", "amd"))


async def replay(context: Context, params: ReplayParams) -> Row:
    """campaign.replay: what its real calls of a day show, for `dialerctl simulate`; counts and durations only."""
    return await context.records.replay_day(params.name, params.since, params.until)


async def start(context: Context, params: CampaignParams) -> Row:
    """campaign.start: refused, with every reason, when the campaign could not dial; no leads is merely told."""
    row = await context.records.campaign(params.name)
    await context.floor.order(CampaignOrder(campaign_id=row["id"], verb=CampaignVerb.START))
    answer: Row = {"name": params.name, "state": CampaignState.ACTIVE.value}
    notes = await _notes(context, params.name)
    return {**answer, "notes": notes} if notes else answer


async def pause(context: Context, params: CampaignParams) -> Row:
    """campaign.pause: no new calls; those in progress go on."""
    return await _order(context, params.name, CampaignVerb.PAUSE, CampaignState.PAUSED)


async def resume(context: Context, params: CampaignParams) -> Row:
    """campaign.resume."""
    return await _order(context, params.name, CampaignVerb.RESUME, CampaignState.ACTIVE)


async def stop(context: Context, params: CampaignParams) -> Row:
    """campaign.stop."""
    return await _order(context, params.name, CampaignVerb.STOP, CampaignState.STOPPED)


async def _order(context: Context, name: str, verb: CampaignVerb, after: CampaignState) -> Row:
    row = await context.records.campaign(name)
    await context.floor.order(CampaignOrder(campaign_id=row["id"], verb=verb))
    return {"name": name, "state": after.value}


async def _notes(context: Context, name: str) -> list[str]:
    """What an operator who just started the campaign should hear."""
    rows = [row for row in await context.records.campaigns() if row.get("name") == name]
    notes = []
    if rows and rows[0].get("leads_total") == 0:
        notes.append(f"campaign {name} has no leads yet: dialerctl lead import FILE --campaign {name}")
    if rows and rows[0].get("dial_mode") == DialMode.PREVIEW.value and not rows[0].get("abandon_message"):
        notes.append(
            "no abandon message is set: a person whose agent is lost at the moment of the answer is hung up on; "
            "use --abandon-message SOUND"
        )
    return notes


def with_live(context: Context, row: Row, keys: Collection[str] = LIVE_KEYS) -> Row:
    """A stored campaign with its live state, as far as the dialer knows the campaign."""
    live = live_state(context, row.get("name"))
    return {**row, **{key: live[key] for key in keys if key in live}}


def live_state(context: Context, name: str | None) -> Row:
    """What the dialer tells of a campaign; empty while it does not know it."""
    campaigns = context.floor.status().get("campaigns", ())
    return next((live for live in campaigns if live.get("name") == name), {})
