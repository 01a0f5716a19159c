"""Tests of dialerd.store.skips: a skipped lead is logged, comes back in its time, and is never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.store.world import World

from dialerd.core.agent import AgentState
from dialerd.core.call import Status
from dialerd.core.campaign import DialMode, OnTimeout
from dialerd.core.errors import Invalid
from dialerd.core.messages import ClaimLeads, SaveAgentState, SkipLead
from dialerd.core.retry import RetryRule, skip_due
from dialerd.store.batch import Batch, Entry
from dialerd.store.units import micros


def agent(world: World, name: str = "1001") -> int:
    return world.add("agent", name=name, created_at=0)


def skip(world: World, lead_id: int, campaign_id: int, agent_id: int, reason: str = "not today") -> SkipLead:
    return SkipLead(lead_id=lead_id, campaign_id=campaign_id, agent_id=agent_id, reason=reason, at=world.now)


def test_a_skipped_lead_is_what_it_was_and_due_after_the_campaigns_delay(world: World) -> None:
    campaign_id, who = world.campaign(retry_delay=600), agent(world)
    list_id = world.lead_list(campaign_id)
    for index, state in enumerate(("new", "retry", "callback")):
        world.leads(campaign_id, list_id, 1, first=index, state=state, next_attempt_at=index)
    leads = world.claim(campaign_id, 3).leads
    world.submit(*(skip(world, lead.id, campaign_id, who) for lead in leads))
    rows = world.rows("SELECT state, next_attempt_at, call_count FROM lead ORDER BY id")
    assert [row["state"] for row in rows] == ["new", "retry", "callback"]
    assert {row["next_attempt_at"] for row in rows} == {micros(world.now + timedelta(seconds=600))}
    assert {row["call_count"] for row in rows} == {0}
    logged = world.rows("SELECT agent_id, reason FROM lead_skip")
    assert [(row["agent_id"], row["reason"]) for row in logged] == [(who, "not today")] * 3
    assert world.claim(campaign_id, 3).leads == ()
    world.pass_time(seconds=601)
    assert len(world.claim(campaign_id, 3).leads) == 3


def test_a_lead_skipped_by_many_agents_is_not_lost(world: World) -> None:
    campaign_id = world.campaign_with_leads(1, retry_delay=0)
    for number in range(12):
        (lead,) = world.claim(campaign_id, 1).leads
        world.submit(skip(world, lead.id, campaign_id, agent(world, f"20{number:02d}")))
        assert world.claim(campaign_id, 1).leads == (), "not at once, whatever the delay"
        world.pass_time(seconds=61)
    assert len(world.claim(campaign_id, 1).leads) == 1


async def test_a_retry_rule_for_skipped_leads(world: World) -> None:
    campaign_id, who = world.campaign_with_leads(1), agent(world)
    book = world.store.records.book
    await book.set_retry_rule("spring", "skipped", {"delay": 120, "growth": 2.0, "max_attempts": 3})
    for minutes in (2, 4):
        (lead,) = world.claim(campaign_id, 1).leads
        world.submit(skip(world, lead.id, campaign_id, who))
        world.pass_time(minutes=minutes, seconds=-1)
        assert world.claim(campaign_id, 1).leads == ()
        world.pass_time(seconds=2)
    (lead,) = world.claim(campaign_id, 1).leads
    world.submit(skip(world, lead.id, campaign_id, who))
    (row,) = world.rows("SELECT state, next_attempt_at FROM lead")
    assert (row["state"], row["next_attempt_at"]) == ("exhausted", None)
    with pytest.raises(Invalid, match="skipped has not been called, so it keeps its number"):
        await book.set_retry_rule("spring", "skipped", {"next_number": True})


def test_a_repeated_command_changes_nothing_and_a_lead_that_is_called_stays_claimed(world: World) -> None:
    campaign_id, who = world.campaign_with_leads(2), agent(world)
    first, second = world.claim(campaign_id, 2).leads
    command = skip(world, first.id, campaign_id, who)

    def twice(session: object) -> None:
        for _ in range(2):
            batch = Batch(session, world.now, world.store._writer.hopper, world.store._writer._counts)  # type: ignore[arg-type]
            batch.carry_out([Entry("run-1", command)])

    world.work(twice)
    assert len(world.rows("SELECT id FROM lead_skip")) == 1
    (attempt,), _ = world.open_attempts([second])
    world.submit(skip(world, second.id, campaign_id, who))
    assert world.rows("SELECT state FROM lead WHERE id = ?", (second.id,)) == [{"state": "claimed"}]
    world.submit(world.end(attempt, Status.NO_ANSWER, "no_answer"))
    assert world.rows("SELECT state FROM lead WHERE id = ?", (second.id,)) == [{"state": "retry"}]


def test_after_a_restart_the_call_is_still_its_agents_and_a_lead_only_shown_is_due(url: str) -> None:
    world = World(url)
    world.open()
    campaign_id, who = world.campaign_with_leads(2), agent(world)
    called, shown = world.claim(campaign_id, 2).leads
    (attempt,), _ = world.open_attempts([called], dial_mode="preview")
    world.submit(
        SaveAgentState(
            agent_id=who, state=AgentState.RESERVED, reason="preview", at=world.now, attempt_id=attempt.id,
            campaign_id=campaign_id,
        )
    )  # fmt: skip
    again = world.reopened()
    try:
        assert again.store.load_restart_state().restored().promises == {attempt.id: who}
        (answer,) = again.submit(ClaimLeads(campaign_id=campaign_id, count=5))
        assert [lead.id for lead in answer.leads] == [shown.id]  # type: ignore[union-attr]
    finally:
        again.close()


async def test_the_settings_of_preview_mode(world: World) -> None:
    records = world.store.records
    campaign = await records.add_campaign({"name": "calm", "dial_mode": "preview", "rule_set": "none"})
    assert (campaign.dial_mode, campaign.preview_time_s, campaign.preview_on_timeout) == (
        DialMode.PREVIEW, 60.0, OnTimeout.SKIP,
    )  # fmt: skip
    campaign = await records.edit_campaign("calm", {"preview_time": 20, "preview_on_timeout": "dial"})
    assert (campaign.preview_time_s, campaign.preview_on_timeout) == (20.0, OnTimeout.DIAL)
    with pytest.raises(Invalid, match=r"preview_time.*; preview_on_timeout"):
        await records.edit_campaign("calm", {"preview_time": 2, "preview_on_timeout": "shout"})


def test_when_a_skipped_lead_is_due(world: World) -> None:
    at, rule = world.now, RetryRule(outcome="skipped", delay_s=300, growth=2.0)
    assert skip_due(at, 3, None, retry_delay_s=3600) == at + timedelta(hours=1)
    assert skip_due(at, 3, rule, retry_delay_s=3600) == at + timedelta(minutes=20)
    assert skip_due(at, 1, replace(rule, delay_s=0), retry_delay_s=0) == at + timedelta(minutes=1)
    assert skip_due(at, 1, replace(rule, stop=True), retry_delay_s=0) is None


async def test_who_skipped_a_lead_is_told_and_goes_with_it(world: World) -> None:
    campaign_id, who = world.campaign_with_leads(1, retry_delay=0), agent(world)
    (lead,) = world.claim(campaign_id, 1).leads
    command = skip(world, lead.id, campaign_id, who)
    world.submit(command)
    shown = await world.store.records.lead(str(lead.id))
    assert shown["skips"] == [{"agent": "1001", "reason": "not today", "at": world.now}]
    await world.store.records.book.remove_lead(str(lead.id))
    assert world.rows("SELECT id FROM lead_skip") == []
    assert world.submit(command) == [], "a skip that comes too late is nobody's"
