"""A lead is blocked by each rule in turn: `explain` names it and its time, and the simulator dials at that time.

The real store with its gate, the production core, virtual time: what explain foretells is compared with the moment at
which an Originate is really sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.simulation.floor import NODE, agents, dialer
from tests.store.world import World

from dialerd.core.call import Attempt, Status
from dialerd.core.calling_windows import parse_week
from dialerd.core.campaign import Campaign, CampaignVerb
from dialerd.core.messages import (
    CampaignOrder,
    CampaignSaved,
    Command,
    Event,
    Originate,
    PbxConnected,
    SaveAgentState,
    StoreCommand,
)
from dialerd.core.moment import Moment
from dialerd.core.rule_set import After, Cap, ConsentNeeded, Hours, Purpose, Quiet, RequiredList, RuleSet, Scope
from dialerd.simulation.agents import AgentModel
from dialerd.simulation.scenario import Scenario
from dialerd.simulation.virtual import VirtualShell
from dialerd.simulation.virtual_staff import VirtualStaff
from dialerd.simulation.world import World as TelephoneWorld
from dialerd.store.explaining import explain_lead
from dialerd.store.mapping import campaign_value
from dialerd.store.setup_records import campaign_row
from dialerd.store.units import micros

NUMBER = "+390651234567"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WORKDAYS = parse_week({"mon-fri": "10:00-13:00, 14:00-20:00"})
CAP = Cap(name="two in three days", most=2, within=timedelta(days=3), scope=Scope.PERSON)
LAWS = {
    "none": RuleSet(name="none", version="1", title=""),
    "hours": RuleSet(name="hours", version="1", title="", countries=("IT",), demands=(Hours(week=WORKDAYS),)),
    "cap": RuleSet(name="cap", version="1", title="", demands=(Hours(week=WORKDAYS), CAP)),
    "quiet": RuleSet(
        name="quiet", version="1", title="", demands=(Quiet(name="no", after=After.REFUSAL, length=10 * DAY),)
    ),
    "list": RuleSet(
        name="list", version="1", title="", demands=(RequiredList(name="it-register", max_age=15 * DAY),)
    ),
    "consent": RuleSet(
        name="consent", version="1", title="",
        demands=(ConsentNeeded(purpose=Purpose.CALL, classes=frozenset({"express"})),),
    ),
    "over": RuleSet(name="over", version="1", title="", effective_until=datetime(2026, 1, 1, tzinfo=UTC).date()),
}  # fmt: skip


class RealStore:
    """The real store where the virtual shell expects the one in memory: it lives at the shell's time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.open: dict[int, Attempt] = {}
        self.closed: list[Attempt] = []
        self.agent_log: list[SaveAgentState] = []
        self.violations: list[str] = []

    def carry_out(self, command: StoreCommand, now: datetime) -> list[Event]:
        """Commit and answer."""
        self.world.now = now
        return self.world.submit(command)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[World]:
    world = World(f"sqlite:///{tmp_path}/store.sqlite3", rule_sets=LAWS)
    world.open()
    yield world
    world.close()


def first_dial(world: World, campaign: Campaign, start: datetime, for_s: float) -> datetime | None:
    """Run the floor from `start` on with an agent; return when the lead's number was dialled first."""
    dialled: list[datetime] = []

    def watch(now: Moment, one: Event | Command) -> None:
        if isinstance(one, Originate):
            dialled.append(now.wall)

    scenario, core = Scenario(), dialer()
    core.floor.identity._last = next(ATTEMPT_IDS) * 1000  # type: ignore[attr-defined]
    model = AgentModel(scenario, 1)
    shell = VirtualShell(
        core,
        RealStore(world),
        TelephoneWorld(scenario, 1),
        model,
        start=Moment(start, 1000.0),
        watch=watch,  # type: ignore[arg-type]
    )
    shell.staff = VirtualStaff(agents(1, campaign.id), model, shell.agenda, shell.post, breaks=False)
    shell.post(PbxConnected(node=NODE, version="virtual", channels=()))
    shell.post(CampaignSaved(campaign=campaign))
    shell.post(CampaignOrder(campaign_id=campaign.id, verb=CampaignVerb.START))
    shell.staff.begin()
    result = shell.run(for_s)
    assert not result.refused_orders, result.refused_orders
    return dialled[0] if dialled else None


ATTEMPT_IDS = count(1)


def past_call(world: World, lead_id: int, ago: timedelta, disposition: str = "no_answer", **columns: Any) -> None:
    """A finished call to the lead's number."""
    row = world.rows("SELECT campaign_id, list_id, dial_number FROM lead WHERE id = ?", [lead_id])[0]
    at = micros(world.now - ago)
    call = {
        "id": 900_000 + next(ATTEMPT_IDS), "lead_id": lead_id, "campaign_id": row["campaign_id"],
        "list_id": row["list_id"], "number": row["dial_number"], "created_at": at, "dialed_at": at, "ended_at": at,
        "closed_at": at, "status": "no_answer", "disposition": disposition, **columns,
    }  # fmt: skip
    names = ", ".join(call)
    world.run(f"INSERT INTO call_log ({names}) VALUES ({', '.join('?' * len(call))})", list(call.values()))


NOON = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)  # a Wednesday, 12:00 in Rome
NIGHT = datetime(2026, 3, 6, 22, 30, tzinfo=UTC)  # a Friday
CASES: dict[str, tuple[str, datetime, dict[str, Any], dict[str, Any], list[tuple[timedelta, dict[str, Any]]], Any]] = {
    # rule: law, now, campaign's columns, lead's columns, past calls, the time foretold (None: never)
    "rule_set": ("over", NOON, {}, {}, [], None),
    "jurisdiction": ("hours", NOON, {}, {"regions": "FR"}, [], None),
    "dnc_list_age": ("list", NOON, {}, {}, [], None),
    "consent": ("consent", NOON, {}, {"consent_class": "verbal"}, [], None),
    "max_attempts": ("none", NOON, {"max_attempts": 2}, {"call_count": 2}, [], None),
    "max_attempts_per_number": ("none", NOON, {"max_attempts_per_number": 1}, {}, [(90 * DAY, {})], None),
    "max_attempts_per_day": (
        "none", NOON, {"max_attempts_per_day": 2}, {}, [(23 * HOUR, {}), (2 * HOUR, {})], NOON + HOUR,
    ),
    "max_attempts_per_window": (
        "none", NOON, {"max_attempts_per_window": 1, "attempt_window_days": 4}, {}, [(3 * DAY, {})], NOON + DAY,
    ),
    # leaves the cap on Friday 22:00 in Rome: the law's window opens on Monday at ten
    "frequency_cap": (
        "cap", NOON, {}, {}, [(14 * HOUR, {}), (HOUR, {})], datetime(2026, 3, 9, 9, 0, tzinfo=UTC),
    ),
    "quiet_period": (
        "quiet", NOON, {}, {}, [(9 * DAY, {"disposition": "not_interested", "status": "answered"})], NOON + DAY,
    ),
    "calling_hours": (
        "none", NIGHT, {"daily_start": "09:30", "daily_end": "17:00", "call_days": "mon-fri"}, {}, [],
        datetime(2026, 3, 9, 8, 30, tzinfo=UTC),
    ),
    "legal_hours": ("hours", NOON + 75 * timedelta(minutes=1), {}, {}, [], datetime(2026, 3, 4, 13, 0, tzinfo=UTC)),
    "unknown_zone": ("none", NOON, {}, {"zones": "", "regions": "IT"}, [], None),
}  # fmt: skip


@pytest.mark.parametrize("rule", CASES)
def test_explain_names_the_rule_and_the_time_at_which_it_is_really_dialled(store: World, rule: str) -> None:
    law, now, columns, lead_columns, calls, foretold = CASES[rule]
    store.now = now
    campaign_id = store.campaign(
        rule_set=law, trunk="carrier", caller_id="+390600000", abandon_message="x", dial_mode="progressive",
        **columns,
    )  # fmt: skip
    values = {"zones": "Europe/Rome", "regions": "IT", "number": NUMBER, "dial_number": NUMBER, **lead_columns}
    (lead_id,) = store.leads(campaign_id, store.lead_list(campaign_id), 1, **values)
    for ago, more in calls:
        past_call(store, lead_id, ago, **more)

    told = store.work(lambda session: explain_lead(session, NUMBER, now))
    blocking = [one["rule"] for one in told["rules"] if not one["ok"]]
    assert told["verdict"] == rule and told["next_time"] == foretold
    assert blocking[0] == ("calling_hours" if rule == "unknown_zone" else rule)
    assert json.dumps(told, default=str), "it can be sent"

    campaign = store.work(lambda session: campaign_value(campaign_row(session, "spring"), session.rule_sets))
    assert first_dial(store, campaign, now, 120) is None, "blocked now"
    if foretold is None:
        for later in (DAY, 30 * DAY):
            assert first_dial(store, campaign, now + later, 120) is None
        return
    dialled = first_dial(store, campaign, foretold - timedelta(seconds=60), 120)
    assert dialled is not None and foretold <= dialled <= foretold + timedelta(seconds=10)


def test_do_not_call_blocks_for_ever_and_an_open_attempt_for_a_moment(store: World) -> None:
    store.now = NOON
    campaign_id = store.campaign(rule_set="none")
    (lead_id,) = store.leads(campaign_id, store.lead_list(campaign_id), 1)
    (lead,) = store.claim(campaign_id, 1).leads
    (attempt,), _ = store.open_attempts([lead])
    other = store.campaign("autumn", rule_set="none")
    (twin,) = store.leads(other, store.lead_list(other), 1)

    def told() -> Any:
        return store.work(lambda session: explain_lead(session, str(twin), store.now))

    assert told()["verdict"] == "open_attempt" and told()["next_time"] == store.now
    store.submit(store.end(attempt, Status.BUSY))
    assert told()["verdict"] == "dial"
    store.run("INSERT INTO do_not_call (number, added_at) SELECT number, 0 FROM lead WHERE id = ?", [lead_id])
    assert (told()["verdict"], told()["next_time"]) == ("do_not_call", None)
