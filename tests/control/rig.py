"""A store and a dialer in memory behind the control edge's ports, and a client that speaks lines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dialerd.audio.folder import SoundFolder
from dialerd.audio.shelf import SoundShelf
from dialerd.config_schema import (
    AsteriskSettings,
    AudioSettings,
    ControlSettings,
    DaemonSettings,
    DetectorSettings,
    MetricsSettings,
    RecordingSettings,
    RoleSettings,
    Settings,
    StoreSettings,
    TrunkSettings,
)
from dialerd.control.context import Services
from dialerd.control.dispatch import Dispatcher
from dialerd.control.methods.table import METHODS
from dialerd.control.peer import Peer, Role
from dialerd.control.ports import Row
from dialerd.core.agent import AgentProfile
from dialerd.core.campaign import Campaign
from dialerd.core.dispositions import BUILT_IN
from dialerd.core.errors import Conflict, Invalid, NotFound
from dialerd.core.lead import Lead
from dialerd.core.messages import CampaignOrder, HangupAttempt, Order, TestCall

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ADMIN = Peer(uid=0, user="root", roles=frozenset({Role.ADMIN}))
SUPERVISOR = Peer(uid=1001, user="sue", roles=frozenset({Role.SUPERVISOR}))
AUDITOR = Peer(uid=1002, user="audrey", roles=frozenset({Role.AUDITOR}))
AGENT = Peer(uid=1003, user="alice", roles=frozenset({Role.AGENT}), agent_name="1001")
NOBODY = Peer(uid=1004, user="nora", roles=frozenset())

READY: Row = {
    "id": 1,
    "name": "spring",
    "state": "stopped",
    "dial_mode": "progressive",
    "trunk": "carrier",
    "caller_id": "+15550100",
    "abandon_message": "dialerd/sorry",
    "max_lines": 10,
    "leads_total": 5,
}


class Book:
    """The lead book: notes what it is asked and answers with something of the right kind."""

    ANSWERS: Mapping[str, Any] = {
        "forbid": 1, "allow": 1, "recycle": 2, "begin_dnc_list": 7, "add_to_dnc_list": 3,
        **dict.fromkeys(("lead_lists", "retry_rules", "callbacks", "forbidden", "dnc_lists", "dnc_check"), ()),
    }  # fmt: skip

    def __init__(self, asked: list[Any]) -> None:
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        async def answer(*values: Any) -> Any:
            self._asked.append((name, *values))
            found = self.ANSWERS.get(name, {"id": 5, "campaign": "spring", "campaign_id": 1, "list": "first"})
            return list(found) if isinstance(found, tuple) else found

        return answer


class AmdBook:
    """Evidence of AMD: `agent` had every call; `files` are the samples; `written` keeps the reviews."""

    def __init__(self) -> None:
        self.agent: str | None = "1001"
        self.files: list[str] = []
        self.written: list[tuple[int, str, str, str]] = []
        self.parts: dict[str, Any] = {}
        self.cells: list[Any] = []

    async def reviewable(self, attempt_id: int) -> Row:
        return {"amd_status": "MACHINE", "amd_cause": "MAXWORDS-4-3", "agent": self.agent}

    async def review(self, attempt_id: int, heard: str, by: str, note: str) -> Row:
        self.written.append((attempt_id, heard, by, note))
        return {"call": attempt_id, "heard": heard, "reviewed_by": by, "note": note, "before": None}

    async def waiting(self, name: str | None, since: Any, until: Any, *, limit: int) -> tuple[int, list[Row]]:
        rows = [{"call": n, "at": NOW, "file": file, "place": "s3cret"} for n, file in enumerate(self.files, 1)]
        return len(rows), rows[:limit]

    async def counts(self, name: str, since: Any, until: Any, by: Any) -> tuple[Any, Row]:
        return self.parts, {"waiting": 3, "voicemail": {"started": 0}, "amd_false_positive_rate": 0.0}

    async def calls(
        self, name: str, since: Any, until: Any, by: Any, cell: Any, *, limit: int, offset: int
    ) -> tuple[int, list[Row]]:
        self.cells.append((by.value, cell))
        return 7, [{"call": n} for n in range(1, 8)][offset:][:limit]

    async def samples(self, name: str, since: Any, until: Any, *, limit: int, offset: int) -> tuple[int, list[Row]]:
        rows = [{"attempt_id": n, "at": NOW, "file": file} for n, file in enumerate(self.files, 1)]
        return len(rows), rows[offset:][:limit]


class FakeRecords:
    """`campaigns_by_name` and so on may be changed by a test; `audited` keeps every audit row."""

    def __init__(self) -> None:
        self.campaigns_by_name: dict[str, Row] = {"spring": dict(READY)}
        self.agents_by_name: dict[str, Row] = {n: {"id": i, "name": n} for i, n in enumerate(("1001", "1002"), 1)}
        self.audited: list[tuple[int, str, str, dict[str, Any], str]] = []
        self.dialed = True
        self.fail: Exception | None = None
        self.delay_s = 0.0
        self.asked: list[Any] = []
        self.spans: list[Row] = []
        self.book = Book(self.asked)
        self.amd = AmdBook()

    async def campaigns(self) -> list[Row]:
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if self.fail is not None:
            raise self.fail
        return list(self.campaigns_by_name.values())

    async def campaign(self, name: str) -> Row:
        if name not in self.campaigns_by_name:
            raise NotFound(f"no campaign {name}")
        return self.campaigns_by_name[name]

    async def add_campaign(self, settings: Mapping[str, Any]) -> Campaign:
        if settings["name"] in self.campaigns_by_name:
            raise Conflict(f"campaign {settings['name']} is there already")
        self.campaigns_by_name[settings["name"]] = {"id": 2, **settings}
        return Campaign(id=2, name=settings["name"])

    async def edit_campaign(self, name: str, changes: Mapping[str, Any]) -> Campaign:
        if "bad" in changes:
            raise Invalid("bad: unknown column")
        (await self.campaign(name)).update(changes)
        return Campaign(id=1, name=name)

    async def agents(self) -> list[Row]:
        return list(self.agents_by_name.values())

    async def agent(self, name: str) -> Row:
        if name not in self.agents_by_name:
            raise NotFound(f"no agent {name}")
        return self.agents_by_name[name]

    async def add_agent(self, settings: Mapping[str, Any]) -> AgentProfile:
        self.asked.append(dict(settings))
        self.agents_by_name[settings["name"]] = {"id": 9, **settings}
        return AgentProfile(id=9, name=settings["name"])

    async def import_leads(self, campaign: str, list_name: str, rows: Sequence[Row], policy: Any = None) -> Row:
        self.asked.append((campaign, list_name))
        return {"added": len(rows), "duplicates": 0, "rejected": []}

    async def leads(
        self, campaign: str | None = None, state: str | None = None, limit: int = 100, offset: int = 0
    ) -> list[Row]:
        self.asked.append((campaign, state, limit, offset))
        return [{"id": 1, "number": "+15550111"}]

    async def lead(self, id_or_number: str) -> Row:
        return {"id": 1, "number": id_or_number, "calls": []}

    async def explain_lead(self, id_or_number: str) -> Row:
        return {"lead": 1, "number": id_or_number, "rules": [], "obstacles": []}

    async def explain_campaign(self, name: str) -> Row:
        return {"campaign": (await self.campaign(name))["name"], "blocked": [], "hours": []}

    async def pacing_history(self, name: str, since: datetime, until: datetime, points: int) -> Row:
        self.asked.append(("pacing_history", since, until, points))
        await self.campaign(name)
        return {"step_s": 10, "spans": self.spans, "obstacles": [], "last_at": None}

    async def replay_day(self, name: str, since: str, until: str) -> Row:
        self.asked.append((name, since, until))
        return {"campaign": (await self.campaign(name))["name"], "since": since, "calls": 0, "hours": [], "staffed": []}

    async def lead_for_test_call(
        self, campaign: str, number: str, zones: Sequence[str], regions: Sequence[str]
    ) -> Lead:
        return Lead(id=7, campaign_id=1, list_id=1, number=number, zones=tuple(zones), regions=tuple(regions))

    async def calls(self, **filters: Any) -> list[Row]:
        self.asked.append(filters)
        return []

    async def call(self, attempt_id: int) -> Row:
        if attempt_id > 100:
            raise NotFound(f"no call {attempt_id}")
        return {"id": attempt_id, "number": "+15550111", "created_at": NOW, "dialed_at": NOW if self.dialed else None}

    async def dispositions(self) -> list[Row]:
        return [{"code": d.code, "label": d.label} for d in BUILT_IN]

    async def ledger(self, name: str, asked: Mapping[str, Any]) -> Row:
        self.asked.append((name, dict(asked)))
        return {"campaign": (await self.campaign(name))["name"], "live_answers": 2, "until": NOW, "snapshot": 40}

    async def ledger_calls(self, name: str, asked: Mapping[str, Any], *, limit: int, offset: int) -> list[Row]:
        self.asked.append((name, dict(asked), limit, offset))
        return [{"id": 1, "outcome": "connected"}, {"id": 2, "outcome": "abandoned"}]

    async def audit(self, uid: int, user: str, method: str, params: Mapping[str, Any], outcome: str) -> None:
        if self.fail is not None:
            raise self.fail
        self.audited.append((uid, user, method, dict(params), outcome))


class FakeFloor:
    """Keeps orders; a TestCall is refused while `gate` is closed."""

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.calls: list[Row] = [
            {"id": 12, "campaign": "spring", "number": "+15550112", "state": "ringing", "agent": ""}
        ]
        self.gate = True
        self.refusals: dict[int, str] = {}
        self.refuse: Exception | None = None

    async def order(self, order: Order) -> Any:
        if self.refuse is not None:
            raise self.refuse
        self.orders.append(order)
        if isinstance(order, TestCall):
            if not self.gate:
                self.refusals[13] = "test call 13 was refused: on the global list"
            self.gate = True
            return 13
        if isinstance(order, CampaignOrder | HangupAttempt):
            await asyncio.sleep(0)
        return None

    async def reconcile(self, *, dry_run: bool) -> list[Row]:
        row = {"kind": "call", "name": "12", "channel": "dlr-12-0badcafe", "here": "ringing", "asterisk": "no channel"}
        return [row] if dry_run else []

    def test_refusal(self, attempt_id: int) -> str:
        return self.refusals.get(attempt_id, "")

    def status(self) -> Row:
        return {
            "asterisk": [{"node": "pbx", "connected": True, "version": "22.1.0"}],
            "campaigns": [
                {
                    "name": "spring",
                    "state": "stopped",
                    "why": "not started",
                    "metrics": {},
                    "warnings": ["w"],
                    "pacing": {"unfinished": {"live_answers": 3, "abandoned": 1}},
                }
            ],
            "healthy": True,
            "problems": [],
            "next_step": "start it",
        }

    def live_calls(self) -> list[Row]:
        return self.calls

    def live_agents(self) -> dict[str, Row]:
        return {"1001": {"state": "ready", "reason": ""}}

    def live_agent(self, name: str) -> Row:
        return self.live_agents().get(name, {})


def some_settings(**control: Any) -> Settings:
    return Settings(
        dialerd=DaemonSettings(),
        store=StoreSettings(url="postgresql://d:hunter2@h/x"),
        control=ControlSettings(**control),
        roles=RoleSettings(),
        agent_users={"alice": "1001"},
        asterisk=(AsteriskSettings(secret="hunter2"),),
        trunks=(TrunkSettings(name="carrier", dial_string="Local/{number}@x", caller_ids=("+15550100",)),),
        recording=RecordingSettings(),
        detector=DetectorSettings(),
        audio=AudioSettings(prefix="/sounds"),
        metrics=MetricsSettings(),
        origins={},
    )


class Rig:
    """A dispatcher with fakes around it."""

    def __init__(self, *, request_timeout_s: float = 5.0) -> None:
        self.records, self.floor = FakeRecords(), FakeFloor()

        async def pause(_: float) -> None:
            await asyncio.sleep(0)

        self.shelf = SoundShelf(SoundFolder(Path("/nonexistent/sounds")), "/sounds", lambda sounds: None)
        self.services = Services(
            records=self.records,  # type: ignore[arg-type]
            floor=self.floor,
            sounds=self.shelf,
            settings=some_settings(),
            version="0.1.0",
            started_at=NOW,
            now=lambda: NOW,
            pause=pause,
        )
        self.dispatcher = Dispatcher(METHODS, self.services, request_timeout_s=request_timeout_s)

    async def raw(self, payload: Any, peer: Peer = ADMIN) -> Any:
        line = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        answer = await self.dispatcher.respond(line, peer)
        return None if answer is None else json.loads(answer)

    async def call(self, method: str, params: Any = None, peer: Peer = ADMIN) -> Any:
        """The result; an error comes back as the error object under `error`."""
        answer = await self.raw({"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}, peer)
        assert answer["id"] == 1
        return answer.get("result", answer)

    async def error(self, method: str, params: Any = None, peer: Peer = ADMIN) -> tuple[str, str]:
        """(kind, message) of the refusal."""
        answer = await self.call(method, params, peer)
        return answer["error"]["data"]["kind"], answer["error"]["message"]
