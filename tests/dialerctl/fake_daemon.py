"""A small dialerd for dialerctl's tests: a real Unix socket that speaks the protocol, answers from tables."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from amd_answers import CALLS, PARTED, QUEUE, REPORT, SAMPLES, reviewed
from click.testing import Result

from dialerd.control.protocol import PROTOCOL_VERSION, ErrorCode

Run = Callable[..., Result]
Answer = Callable[[dict[str, Any]], Any]


class Refusal(Exception):
    """An error answer."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class FakeDaemon:
    """Listens on `path` until closed; `requests` keeps what was asked, `methods` may be changed by a test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.methods: dict[str, Answer] = _methods(self)
        self.agents: dict[str, str] = {"1001": "logged_out", "1002": "ready"}
        self.leads: set[str] = set()
        self._stop = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        self._socket.listen(16)
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and remove the socket."""
        self._stop.set()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:  # wakes accept()
            knock.connect(str(self.path))
        self._thread.join()
        self._socket.close()
        self.path.unlink(missing_ok=True)

    def asked(self, method: str) -> list[dict[str, Any]]:
        """Parameters of every request for `method`."""
        return [params for name, params in self.requests if name == method]

    def _accept(self) -> None:
        served = []
        while True:
            connection, _ = self._socket.accept()
            if self._stop.is_set():
                connection.close()
                break
            thread = threading.Thread(target=self._serve, args=(connection,))
            thread.start()
            served.append((thread, connection))
        for thread, connection in served:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                try:
                    connection.sendall(self._reply(json.loads(line)))
                except OSError:
                    return

    def _reply(self, request: dict[str, Any]) -> bytes:
        method, params = request["method"], request.get("params", {})
        self.requests.append((method, params))
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
        try:
            if method not in self.methods:
                raise Refusal(ErrorCode.METHOD_NOT_FOUND, f"unknown method {method}")
            answer = self.methods[method](params)
            if isinstance(answer, bytes):
                return answer
            reply["result"] = answer
        except Refusal as refusal:
            data = {"kind": refusal.code.kind, "exit": int(refusal.code.exit_code)}
            reply["error"] = {"code": int(refusal.code), "message": str(refusal), "data": data}
        return json.dumps(reply).encode() + b"\n"


LISTED = {"+4930231259"}
LIST = {
    "id": 1, "list": "first", "campaign": "spring", "active": True, "weight": 1, "leads": 9, "due": 3, "waiting": 4,
    "claimed": 0, "finished": 2, "states": {"new": 7, "completed": 2}, "created_at": "2026-11-22T12:00:00+00:00",
}  # fmt: skip
CALLBACK = {
    "id": 12, "due_at": "2026-11-30T14:00:00+00:00", "state": "pending", "number": "+4930231250", "name": "Ada",
    "lead": 17, "campaign": "spring", "agent": "1001", "note": "", "overdue": False,
}  # fmt: skip
EXPLAINED_LEAD = {
    "lead": 17, "number": "+4930231250", "campaign": "spring", "list": "first", "state": "retry",
    "zones": ["Europe/Berlin"], "regions": ["DE"], "rule_set": "de/2026-11", "verdict": "dial", "detail": "",
    "waits_until": None, "next_time": "2026-11-27T09:00:00+00:00", "obstacles": [], "same_number": [],
    "rules": [
        {"rule": "rule_set", "ok": True, "inputs": "de/2026-11", "detail": "", "next_time": None},
        {"rule": "legal_hours", "ok": True, "inputs": "Fri 10:00 in Europe/Berlin", "detail": "", "next_time": None},
    ],
}  # fmt: skip
LEDGER = {
    "campaign": "spring", "window": "rolling_24_hours", "window_from": "rule set uk",
    "since": "2026-11-26T08:30:00+00:00", "until": "2026-11-27T08:30:00+00:00", "next_since": None,
    "live_answers": 600, "abandoned": 12, "machines": 100, "amd_false_positive_rate": 0.02, "amd_losses": 2.0,
    "amd_losses_inside": True, "counted": 14.0, "abandon_rate": 2.333, "target_abandon_rate": 2.0,
    "max_abandon_rate": 3.0, "credit": -2.0, "over_max": False, "snapshot": 4711,
}  # fmt: skip
LEDGER_CALLS = [
    {
        "id": i, "at": "2026-11-26T09:00:00+00:00", "number": "+4930231250", "wait_s": 1.2,
        "outcome": "connected" if i % 50 else "abandoned", "message": "" if i % 50 else "in_time",
        "agent": "1001" if i % 50 else None,
    }
    for i in range(1, 601)
]  # fmt: skip
EXPLAINED_CAMPAIGN = {
    "campaign": "spring", "state": "stopped", "why": "stopped: dialerctl campaign start spring",
    "rule_set": "de/2026-11",
    "at": "2026-11-27T08:30:00+00:00", "dialable_now": 3, "waiting": 9, "claimed": 0, "finished": 1,
    "next_due_at": "2026-11-27T09:00:00+00:00", "start_problems": [],
    "blocked": [{"rule": "legal_hours", "leads": 9, "next_time": "2026-11-27T09:00:00+00:00"}],
    "hours": [{"at": f"2026-11-27T{hour:02}:00:00+00:00", "leads": 3 * (hour % 5)} for hour in range(24)],
}  # fmt: skip
PACING_MEANS = {
    "decisions": 50, "stopped": 0, "calls": 4, "limits": {"agents": 30, "budget": 15, "rate": 5}, "ready": 1.5,
    "staffed": 12.0, "occupancy": 81.5, "in_flight": 9.25, "lines_used": 14.0, "dial_ratio": 1.75,
    "expected_free": 2.5, "expected_answers": 2.2, "answer_chance": 24.5, "risk_allowed": 3.1, "credit": 4.25,
    "live_answers": 3, "abandoned": 0, "expected_abandons": 0.08,
}  # fmt: skip
PACING = {
    "campaign": "spring", "since": "2026-11-27T12:00:00+00:00", "until": "2026-11-27T12:15:00+00:00", "step_s": 20,
    "state": "active", "why": "dialling: 9 calls on the way", "dials_now": True, "fault": "",
    "dial_mode": "predictive", "target_abandon_rate": 3.0,
    "pacing": {"calls_seen": 812, "answer_rate": 24.5, "talk_time_s": 182.2, "wrapup_time_s": 29.9},
    "total": {**PACING_MEANS, "decisions": 2250, "calls": 180, "live_answers": 135, "abandoned": 3,
              "limits": {"agents": 1350, "budget": 675, "rate": 225}},
    "obstacles": [], "last_at": "2026-11-27T12:15:00+00:00",
    "calibration": {"expected": 3.6, "happened": 3, "low": 1, "high": 8, "fit": "as_forecast", "live_answers": 135},
    "points": [
        {"at": f"2026-11-27T12:{second // 60:02}:{second % 60:02}+00:00",
         "until": f"2026-11-27T12:{(second + 20) // 60:02}:{(second + 20) % 60:02}+00:00", "mode": "predictive",
         **PACING_MEANS, "in_flight": float(second % 300) / 20, "abandoned": int(second % 300 == 100)}
        for second in range(0, 900, 20)
    ],
}  # fmt: skip
REPLAYED_HOUR = {
    "outcomes": {"person": 30, "machine": 20, "no_answer": 80, "busy": 20},
    "answer_s": [float(s) for s in range(4, 20)], "machine_s": [15.0, 18.0] * 6, "unanswered_s": [30.0] * 12,
    "refused_s": [2.0] * 12, "talk_s": [30.0, 60.0, 90.0] * 5, "wrap_up_s": [10.0, 20.0] * 6, "amd_s": [],
}  # fmt: skip
CAMPAIGN = {
    "id": 1, "name": "spring", "state": "active", "dial_mode": "progressive", "priority": 50, "trunk": "main",
    "caller_id": "+4930123450", "dial_timeout": 30, "target_abandon_rate": 3.0, "amd_enabled": False,
    "cost_per_minute": "0.030000", "leads_total": 1200, "leads_due": 800, "leads_waiting": 300, "leads_finished": 100,
}  # fmt: skip
CALL = {
    "id": 4711, "campaign": "spring", "number": "+4930231250", "lead_id": 17, "agent": "1001", "status": "answered",
    "disposition": "sale", "created_at": "2026-11-22T10:00:00+00:00", "answered_at": "2026-11-22T10:00:12+00:00",
    "ended_at": "2026-11-22T10:03:12+00:00", "ring_duration": 11, "wait_duration": 0, "talk_duration": 180,
    "hold_duration": 0, "live_answer": True, "amd_result": "human", "hangup_cause": 16, "quality_score": None,
    "note": '=HYPERLINK("http://x","y")',
}  # fmt: skip
LEAD = {
    "id": 17, "number": "+4930231250", "name": "Ada Bell", "campaign": "spring", "list": "customers", "state": "retry",
    "call_count": 1, "next_attempt_at": "2026-11-22T12:00:00+00:00", "zones": ["Europe/Berlin"],
}  # fmt: skip
PREVIEW = {
    "lead_id": 17, "notice": "", "number": "+4930231250", "name": "Ada Bell", "campaign": "calm", "list": "customers",
    "seconds_left": 41.5, "accepted": False, "attributes": {"city": "Berlin"}, "history": [4700, 4690],
    "skips": [{"agent": "1002", "reason": "not today", "at": "2026-11-21T12:00:00+00:00"}],
    "call_count": 2, "last_attempt_at": "2026-11-22T12:00:00+00:00", "zones": ["Europe/Berlin"],
}  # fmt: skip
STATUS = {
    "version": "0.1.0", "protocol": 1, "uptime_s": 7500, "started_at": "2026-11-22T08:00:00+00:00", "healthy": True,
    "problems": [], "next_step": "nothing to do", "stopping": False,
    "asterisk": [{"node": "pbx1", "connected": True, "version": "22.10.1", "since": "2026-11-22T08:00:01+00:00"}],
    "store": {"ok": True, "what": "", "backlog": 0},
    "agents": {"total": 12, "logged_in": 10, "ready": 3, "reserved": 0, "on_call": 6, "wrap_up": 1, "paused": 0},
    "calls": {"dialing": 4, "ringing": 2, "answered": 0, "waiting": 0, "connected": 6, "machine": 0, "abandoning": 0},
    "trunks": [{"name": "main", "in_use": 12, "max_channels": 30}],
    "campaigns": [{
        "name": "spring", "campaign_id": 1, "state": "active", "dial_mode": "progressive", "dials_now": True,
        "why": "dialling 4 calls for 3 free agents", "fault": "", "abandon_rate": 1.25, "target_abandon_rate": 3.0,
        "leads": {"due": 800, "waiting": 300, "finished": 100, "next_due_at": None, "blocked": {"calling_window": 12}},
        "health": "good", "warnings": [], "metrics": {}, "dialing": {}, "config": {},
    }],
}  # fmt: skip
SOUND = {
    "name": "sorry", "use_as": "/sounds/sorry", "length_s": 6.2, "level_dbfs": -18.0, "source": "maria.flac",
    "note": "", "by": "root", "at": "2026-11-22T10:00:00+00:00", "sha256": {"wav": "0", "ulaw": "1", "alaw": "2"},
    "problem": "", "used_by": [{"campaign": "spring", "as": "abandon_message"}],
}  # fmt: skip
DISPOSITIONS = [
    {"code": "sale", "label": "Sale", "is_system": False, "is_sale": True},
    {"code": "callback", "label": "Callback", "is_system": False, "is_callback": True},
]


def _methods(daemon: FakeDaemon) -> dict[str, Answer]:
    def known(params: dict[str, Any], key: str, names: tuple[str, ...], what: str) -> None:
        if str(params[key]) not in names:
            raise Refusal(ErrorCode.NOT_FOUND, f"there is no {what} {params[key]}")

    def hello(params: dict[str, Any]) -> Any:
        if params["protocol"] != PROTOCOL_VERSION:
            raise Refusal(ErrorCode.PROTOCOL_MISMATCH, "client and daemon differ")
        return {"protocol": PROTOCOL_VERSION, "version": "0.1.0", "role": "admin"}

    def campaign(state: str) -> Answer:
        def answer(params: dict[str, Any]) -> Any:
            if params["name"] == "running":
                raise Refusal(ErrorCode.CONFLICT, "campaign running is active: cannot start it")
            known(params, "name", ("spring", "polls"), "campaign")
            return {"name": params["name"], "state": state}

        return answer

    def campaign_show(params: dict[str, Any]) -> Any:
        known(params, "name", ("spring", "polls"), "campaign")
        return CAMPAIGN

    def campaign_add(params: dict[str, Any]) -> Any:
        if params["name"] == "running":
            raise Refusal(ErrorCode.CONFLICT, "campaign running exists already")
        return {**CAMPAIGN, **params, "state": "stopped"}

    def campaign_edit(params: dict[str, Any]) -> Any:
        known(params, "name", ("spring", "polls"), "campaign")
        return {**CAMPAIGN, **params["changes"]}

    def agent(state: str | None) -> Answer:
        def answer(params: dict[str, Any]) -> Any:
            name = params["name"]
            if name == "1009":
                raise Refusal(ErrorCode.CONFLICT, f"agent {name} is on a call")
            known(params, "name", ("1001", "1002", "1003"), "agent")
            daemon.agents[name] = state or "logged_out"
            return {"name": name, "state": daemon.agents[name], "reason": params.get("reason", "")}

        return answer

    def lead_import(params: dict[str, Any]) -> Any:
        known(params, "campaign", ("spring", "polls"), "campaign")
        numbers = [row["number"] for row in params["rows"]]
        added = [number for number in numbers if number not in daemon.leads]
        daemon.leads.update(added)
        return {"added": len(added), "duplicates": len(numbers) - len(added), "rejected": []}

    def lead_show(params: dict[str, Any]) -> Any:
        known(params, "lead", ("17", "+4930231250", "+4930123450"), "lead")
        return {**LEAD, "calls": [CALL]}

    def by_hand(params: dict[str, Any]) -> Any:
        if str(params["lead"]) == "18":
            raise Refusal(ErrorCode.CONFLICT, "lead 18 is being called")
        known(params, "lead", ("17", "+4930231250"), "lead")
        return {**LEAD, "due_at": params.get("due_at"), "removed": True}

    def lead_add(params: dict[str, Any]) -> Any:
        known(params, "campaign", ("spring",), "campaign")
        return {**LEAD, "number": params["row"]["number"]}

    def of_list(params: dict[str, Any]) -> Any:
        known(params, "list", ("first", "called"), "list")
        if params["list"] == "called":
            raise Refusal(ErrorCode.CONFLICT, "list called has leads with calls")
        return {**LIST, "recycled": 4}

    def of_rule(params: dict[str, Any]) -> Any:
        known(params, "campaign", ("spring",), "campaign")
        return {"campaign": "spring", "outcome": params["outcome"], "delay": 300, "stop": False}

    def callback_cancel(params: dict[str, Any]) -> Any:
        if params["callback"] == 13:
            raise Refusal(ErrorCode.CONFLICT, "callback 13 is done already")
        known(params, "callback", ("12",), "callback")
        return {**CALLBACK, "state": "cancelled"}

    def dnc_add(params: dict[str, Any]) -> Any:
        return {"added": len(params["numbers"]) + len(params.get("prefixes", ())), "known": 0}

    def call_list(params: dict[str, Any]) -> Any:
        calls = [CALL, {**CALL, "id": 4710, "agent": None, "status": "abandoned", "disposition": "abandoned"}]
        if params.get("live"):
            return [{"id": 4712, "campaign": "spring", "number": "+49301", "state": "ringing", "seconds": 3.2}]
        return calls[params.get("offset", 0) :][: params.get("limit", 100)]

    def lead_explain(params: dict[str, Any]) -> Any:
        known(params, "lead", ("17", "+4930231250"), "lead")
        return EXPLAINED_LEAD

    def campaign_explain(params: dict[str, Any]) -> Any:
        known(params, "name", ("spring", "polls", "running"), "campaign")
        problems = ["no trunk is set: use --trunk NAME"] if params["name"] == "polls" else []
        state = "active" if params["name"] == "running" else "stopped"
        return {**EXPLAINED_CAMPAIGN, "campaign": params["name"], "state": state, "start_problems": problems}

    def campaign_ledger(params: dict[str, Any]) -> Any:
        known(params, "name", ("spring",), "campaign")
        if not params.get("calls"):
            return {**LEDGER, "credit": None if "since" in params else LEDGER["credit"]}
        rows = LEDGER_CALLS[params.get("offset", 0) :][: params["limit"]]
        return {**LEDGER, "calls": rows}

    def pacing_show(params: dict[str, Any]) -> Any:
        known(params, "name", ("spring", "polls"), "campaign")
        return PACING

    def campaign_replay(params: dict[str, Any]) -> Any:
        known(params, "name", ("spring", "polls", "running"), "campaign")
        hours = [REPLAYED_HOUR if 9 <= place < 11 else {"outcomes": {}} for place in range(24)]
        staffed = [3.0 if 36 <= place < 44 else 0.0 for place in range(96)]
        return {"since": params["since"], "calls": 300, "left_out": 4, "hours": hours, "staffed": staffed}

    def call_show(params: dict[str, Any]) -> Any:
        known(params, "call", ("4711", "4712"), "call")
        return CALL

    def call_reconcile(params: dict[str, Any]) -> Any:
        row = {"kind": "call", "name": "12", "channel": "dlr-12-0badcafe", "here": "ringing", "asterisk": "no channel"}
        return [row] if params.get("dry_run") else []

    def call_hangup(params: dict[str, Any]) -> Any:
        if params["call"] == 4713:
            raise Refusal(ErrorCode.CONFLICT, "call 4713 has ended")
        known(params, "call", ("4711", "4712"), "call")
        return {"call": params["call"], "state": "ended"}

    def call_review(params: dict[str, Any]) -> Any:
        if params["call"] == 4713:
            raise Refusal(ErrorCode.CONFLICT, "call 4713 was not answered: there is nobody to have heard")
        known(params, "call", ("4711",), "call")
        return reviewed(params)

    def amd_samples(params: dict[str, Any]) -> Any:
        known(params, "name", ("spring",), "campaign")
        return SAMPLES

    def amd_report(params: dict[str, Any]) -> Any:
        known(params, "name", ("spring",), "campaign")
        return PARTED if params.get("by") else REPORT

    def amd_calls(params: dict[str, Any]) -> Any:
        known(params, "name", ("spring",), "campaign")
        return CALLS

    def audio_put(params: dict[str, Any]) -> Any:
        if params["name"] == "busy":
            raise Refusal(ErrorCode.CONFLICT, "there is a sound busy already: use --replace, or another --name")
        done = {"trimmed_start_s": 0.4, "trimmed_end_s": 0.0, "gain_db": 6.1, "warnings": [], "replaced": False}
        return {**SOUND, "name": params["name"], **done}

    def audio_check(params: dict[str, Any]) -> Any:
        if "name" in params:
            known(params, "name", ("sorry",), "sound")
        return [SOUND]

    def audio_remove(params: dict[str, Any]) -> Any:
        if params["name"] == "busy":
            raise Refusal(ErrorCode.CONFLICT, "sound busy is used by campaign spring (abandon_message)")
        known(params, "name", ("sorry",), "sound")
        return {"name": params["name"], "removed": True}

    def call_test(params: dict[str, Any]) -> Any:
        known(params, "campaign", ("spring",), "campaign")
        return {"call": 4714}

    return {
        "hello": hello,
        "status": lambda _: STATUS,
        "version": lambda _: {"version": "0.1.0", "protocol": 1, "python": "3.11.7", "asterisk": {"pbx1": "22.10.1"}},
        "config.show": lambda _: [{"table": "store", "key": "url", "value": "sqlite:///x", "origin": "default"}],
        "campaign.add": campaign_add,
        "campaign.edit": campaign_edit,
        "campaign.list": lambda _: [CAMPAIGN],
        "campaign.show": campaign_show,
        "campaign.explain": campaign_explain,
        "campaign.ledger": campaign_ledger,
        "pacing.show": pacing_show,
        "campaign.replay": campaign_replay,
        "campaign.start": campaign("active"),
        "campaign.pause": campaign("paused"),
        "campaign.resume": campaign("active"),
        "campaign.stop": campaign("stopped"),
        "lead.import": lead_import,
        "lead.list": lambda _: [LEAD],
        "lead.show": lead_show,
        "lead.explain": lead_explain,
        "lead.add": lead_add,
        "lead.edit": by_hand,
        "lead.remove": by_hand,
        "list.list": lambda _: [LIST],
        "list.show": of_list,
        "list.edit": of_list,
        "list.recycle": of_list,
        "list.remove": of_list,
        "retry.list": lambda _: [{"campaign": "spring", "outcome": "busy", "delay": 300, "growth": 2.0}],
        "retry.set": of_rule,
        "retry.remove": of_rule,
        "callback.list": lambda _: [CALLBACK],
        "callback.add": by_hand,
        "callback.cancel": callback_cancel,
        "dnc.add": dnc_add,
        "dnc.begin": lambda _: {"import_id": 1},
        "dnc.add_chunk": lambda params: {"added": len(params["numbers"])},
        "dnc.finish": lambda _: {"list": "de-robinson", "entries": 2, "data_date": "2026-11-01"},
        "dnc.check": lambda params: [
            {"number": number, "listed": number in LISTED, "on": ["do-not-call, all campaigns"] * (number in LISTED)}
            for number in params["numbers"]
        ],
        "dnc.list": lambda _: [{"number": "+4930231259", "campaign": None, "source": "operator"}],
        "dnc.lists": lambda _: [{"list": "de-robinson", "age_days": 3, "entries": 2, "problem": ""}],
        "dnc.remove": lambda params: {"removed": len(params["numbers"])},
        "dnc.remove_list": lambda params: {"list": params["list"], "removed": True},
        "agent.add": lambda params: {"state": "logged_out", **params},
        "agent.list": lambda _: [{"name": name, "state": state} for name, state in daemon.agents.items()],
        "agent.login": agent("ready"),
        "agent.logout": agent("logged_out"),
        "agent.pause": agent("paused"),
        "agent.unpause": agent("ready"),
        "agent.dispose": agent("ready"),
        "agent.preview": lambda params: {**agent("reserved")(params), **PREVIEW},
        "agent.accept": lambda params: {**agent("reserved")(params), "lead_id": 17, "call": 4712},
        "agent.skip": lambda params: {**agent("ready")(params), "lead_id": 17},
        "call.list": call_list,
        "call.show": call_show,
        "call.hangup": call_hangup,
        "call.reconcile": call_reconcile,
        "call.test": call_test,
        "call.review": call_review,
        "amd.queue": lambda _: QUEUE,
        "amd.samples": amd_samples,
        "amd.report": amd_report,
        "amd.calls": amd_calls,
        "audio.list": lambda _: [SOUND],
        "audio.check": audio_check,
        "audio.send": lambda params: {"received": params["offset"] + 1},
        "audio.put": audio_put,
        "audio.remove": audio_remove,
        "disposition.list": lambda _: DISPOSITIONS,
    }
