"""The abandon ledger in the store: what a restart loads, what a new window reads, and an audit that adds up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.store.world import MONDAY_NOON, RULE_SETS, World

from dialerd.core.abandon_window import AbandonWindow, WindowClock
from dialerd.core.call import AttemptState, Status
from dialerd.core.dialer import Dialer
from dialerd.core.errors import Invalid
from dialerd.core.messages import LedgerLoaded, LoadLedger, SaveAttempt
from dialerd.core.moment import Moment
from dialerd.core.rule_set import RuleSet
from dialerd.core.settings import DialerSettings
from dialerd.identity import LiveIdentity
from dialerd.store.database import writer_database
from dialerd.store.migrating import MIGRATIONS, migrate

UK = RuleSet(name="uk", version="1", title="", abandon_window=AbandonWindow.ROLLING_24_HOURS, amd_losses_inside=True)
US = RuleSet(name="us", version="1", title="", abandon_window=AbandonWindow.SUCCESSIVE_30_DAYS)


@pytest.fixture
def world(url: str) -> Any:
    made = World(url, rule_sets={**RULE_SETS, "uk": UK, "us": US})
    made.open()
    yield made
    made.close()


def answered(world: World, campaign_id: int, *, connected: int = 0, abandoned: int = 0, machines: int = 0) -> None:
    """Some calls of now, finished."""
    leads = world.claim(campaign_id, connected + abandoned + machines).leads
    assert len(leads) == connected + abandoned + machines
    attempts, _ = world.open_attempts(leads)
    at = world.now
    fates: list[dict[str, Any]] = []
    fates += [{"status": Status.ANSWERED, "live_answer": True, "bridged_at": at + timedelta(seconds=1)}] * connected
    fates += [
        {"status": Status.ABANDONED, "live_answer": True, "message_started_at": at + timedelta(seconds=1.5)}
    ] * abandoned
    fates += [{"status": Status.MACHINE}] * machines
    closings = []
    for attempt, fate in zip(attempts, fates, strict=True):
        values = dict(fate)
        closings.append(world.end(attempt, values.pop("status"), answered_at=at, **values))
    world.submit(*closings)


async def test_a_campaign_takes_its_rule_sets_window_unless_it_names_its_own(world: World) -> None:
    records = world.store.records
    campaign = await records.add_campaign({"name": "spring", "rule_set": "uk"})
    assert (campaign.abandon_window, campaign.amd_losses_inside) == (AbandonWindow.ROLLING_24_HOURS, True)
    row = await records.campaign("spring")
    told = ("abandon_window", "abandon_window_used", "abandon_window_from")
    assert [row[key] for key in told] == ["rule_set", "rolling_24_hours", "rule set uk"]
    campaign = await records.edit_campaign("spring", {"abandon_window": "month", "timezone": "Europe/Rome"})
    assert (campaign.abandon_window, str(campaign.zone)) == (AbandonWindow.MONTH, "Europe/Rome")
    row = await records.campaign("spring")
    assert [row[key] for key in told] == ["month", "month", "campaign"]
    await records.edit_campaign("spring", {"abandon_window": "rule_set", "rule_set": "none"})
    assert (await records.campaign("spring"))["abandon_window_from"] == "default"
    with pytest.raises(Invalid, match=r"abandon_window.* must be one of rule_set, successive_30_days, .*, month$"):
        await records.edit_campaign("spring", {"abandon_window": "weekly"})
    with pytest.raises(Invalid, match=r"amd_false_positive_rate.* must be between 0 and 1$"):
        await records.edit_campaign("spring", {"amd_false_positive_rate": 3})


def test_a_restart_loads_what_the_window_needs(world: World) -> None:
    ids = {
        name: world.campaign_with_leads(20, name=name, rule_set=law, max_attempts_per_day=50)
        for name, law in (("day", "uk"), ("period", "us"))
    }
    for campaign_id in ids.values():
        answered(world, campaign_id, connected=3, abandoned=1, machines=2)
    first = world.now
    world.pass_time(days=2)
    for campaign_id in ids.values():
        answered(world, campaign_id, connected=2, machines=1)
    loaded = world.store.load_restart_state().restored().ledger

    def sums(name: str) -> tuple[int, ...]:
        return tuple(sum(row[i] for row in loaded[ids[name]].rows) for i in (1, 2, 3))

    assert sums("day") == (2, 0, 1)
    assert sums("period") == (6, 1, 3)
    assert loaded[ids["period"]].first_s == first.timestamp()
    world.pass_time(days=28, hours=1)  # the first period is over, the second has begun with nothing
    history = world.store.load_restart_state().restored().ledger[ids["period"]]
    assert (history.rows, history.first_s) == ((), first.timestamp())


def test_a_window_that_is_asked_for_holds_what_was_finished_before(world: World) -> None:
    campaign_id = world.campaign_with_leads(9, max_attempts_per_day=50)
    attempts, _ = world.open_attempts(world.claim(campaign_id, 3).leads)
    ends = [world.end(a, Status.ANSWERED, live_answer=True, answered_at=world.now) for a in attempts]
    ask = LoadLedger(campaign_id=campaign_id, request=4, clock=WindowClock(AbandonWindow.ROLLING_24_HOURS))
    events = world.submit(ends[0], ends[1], ask, ends[2])
    (loaded,) = [event for event in events if isinstance(event, LedgerLoaded)]
    assert (loaded.campaign_id, loaded.request) == (campaign_id, 4)
    assert sum(row.live for row in loaded.history.rows) == 2


async def test_an_audit_adds_up_to_the_last_call(world: World) -> None:
    campaign_id = world.campaign_with_leads(40, rule_set="uk", amd_false_positive_rate=0.25, max_attempts_per_day=50)
    answered(world, campaign_id, connected=4, abandoned=1)
    world.pass_time(hours=30)
    answered(world, campaign_id, connected=3, abandoned=2, machines=6)
    records = world.store.records
    head = await records.ledger("spring", {})
    figures = ("window", "window_from", "live_answers", "abandoned", "machines", "amd_losses", "counted", "credit")
    assert [head[key] for key in figures] == ["rolling_24_hours", "rule set uk", 5, 2, 6, 1.5, 3.5, -0.5]
    assert head["next_since"] is None and not head["over_max"] and head["warnings"] == []
    answered(world, campaign_id, connected=2)  # ends while the pages are read
    asked = {"until": head["until"], "snapshot": head["snapshot"]}
    pages = [await records.ledger_calls("spring", asked, limit=2, offset=offset) for offset in (0, 2, 4)]
    rows = [row for page in pages for row in page]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert len({row["id"] for row in rows}) == head["live_answers"]
    outcomes = [row["outcome"] for row in rows]
    assert (outcomes.count("abandoned"), outcomes.count("connected")) == (head["abandoned"], 3)
    assert {(row["wait_s"], row["message"]) for row in rows} == {(1.0, ""), (1.5, "in_time")}
    again = await records.ledger("spring", asked)
    assert again == head, "the same snapshot tells the same"
    assert (await records.ledger("spring", {}))["live_answers"] == 7
    chosen = await records.ledger("spring", {"since": world.now - timedelta(hours=31)})
    assert (chosen["window"], chosen["live_answers"], chosen["abandoned"], chosen["credit"]) == ("chosen", 12, 3, None)
    before = await records.ledger("spring", {"until": world.now - timedelta(hours=1)})
    assert (before["live_answers"], before["machines"]) == (0, 0), (
        "the window as it stood then: 23 hours on nothing else"
    )


async def test_a_ledger_that_lacks_the_laws_estimate_says_so(world: World) -> None:
    world.campaign_with_leads(1, rule_set="uk", amd_enabled=True)
    (warning,) = (await world.store.records.ledger("spring", {}))["warnings"]
    assert "amd_false_positive_rate is not set" in warning
    await world.store.records.edit_campaign("spring", {"amd_false_positive_rate": 0.01})
    assert (await world.store.records.ledger("spring", {}))["warnings"] == []


async def test_the_ledger_of_the_store_is_the_one_of_a_restart(world: World) -> None:
    campaign_id = world.campaign_with_leads(60, rule_set="uk", max_attempts_per_day=50)
    for _ in range(6):
        answered(world, campaign_id, connected=2, abandoned=1, machines=1)
        world.pass_time(hours=5, minutes=7)
    head = await world.store.records.ledger("spring", {})
    history = world.store.load_restart_state().restored().ledger[campaign_id]
    assert sum(row.live for row in history.rows) == head["live_answers"]
    assert sum(row.abandoned for row in history.rows) == head["abandoned"]
    assert sum(row.machines for row in history.rows) == head["machines"]


async def test_a_message_that_came_late_or_never_is_told(world: World) -> None:
    campaign_id = world.campaign_with_leads(3, abandon_measured_from="answer", max_attempts_per_day=50)
    attempts, _ = world.open_attempts(world.claim(campaign_id, 3).leads)
    for attempt, started in zip(attempts, (1.9, 2.4, None), strict=True):
        at = world.now + timedelta(seconds=started) if started else None
        fields = {"live_answer": True, "answered_at": world.now, "message_started_at": at}
        world.submit(world.end(attempt, Status.ABANDONED, ended_at=world.now + timedelta(seconds=9), **fields))
    rows = await world.store.records.ledger_calls("spring", {}, limit=9, offset=0)
    assert [(row["message"], row["wait_s"]) for row in rows] == [("in_time", 1.9), ("late", 2.4), ("none", 9.0)]


def test_campaigns_that_were_there_keep_their_window(new_url: Callable[[], str], tmp_path: Any) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    for file in MIGRATIONS.glob("000[123]_*.py"):
        (folder / file.name).write_text(file.read_text())
    db = writer_database(new_url())
    db.connect()
    try:
        migrate(db, MONDAY_NOON, directory=folder)
        db.execute_sql("INSERT INTO campaign (name, created_at, updated_at) VALUES ('old', 0, 0)")
        migrate(db, MONDAY_NOON)
        db.execute_sql("INSERT INTO campaign (name, created_at, updated_at) VALUES ('new', 0, 0)")
        rows = db.execute_sql("SELECT name, abandon_window FROM campaign ORDER BY id").fetchall()
        assert [tuple(row) for row in rows] == [("old", "rolling_30_days"), ("new", "rule_set")]
    finally:
        db.close()


def test_an_abandon_under_way_when_dialerd_was_killed_counts_once(world: World) -> None:
    campaign_id = world.campaign_with_leads(9, max_attempts_per_day=50)
    answered(world, campaign_id, connected=2, abandoned=1)
    (attempt,), _ = world.open_attempts(world.claim(campaign_id, 1).leads)
    steps = {"answered_at": world.now, "message_started_at": world.now, "live_answer": True}
    world.submit(SaveAttempt(attempt=replace(attempt, state=AttemptState.ABANDONING, **steps)))

    def restarted() -> tuple[int, int, int]:
        dialer = Dialer(DialerSettings(trunks={}, nodes=("pbx",), default_node="pbx"), LiveIdentity(99))
        now = Moment(world.now, 0.0)
        dialer.restore(world.store.load_restart_state().restored(), now)
        standing = dialer.floor.campaigns[campaign_id].standing(now)
        return standing.live, standing.abandoned, sum(dialer.floor.campaigns[campaign_id].unfinished)

    assert restarted() == (4, 2, 2), "its record is not finished, and it counts"
    world.submit(world.end(attempt, Status.ABANDONED, **steps))
    assert restarted() == (4, 2, 0), "finished, and it counts once"
