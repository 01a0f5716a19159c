"""Owns the invented agents of the demo: they wrap up and dispose through the control socket, as a CRM would."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

from dialerd.simulation.agents import AgentModel
from dialerd.simulation.scenario import Scenario

PROTOCOL = 1


class DemoFloor:
    """Talks JSON-RPC on one connection and plays the agents' side of wrap-up."""

    def __init__(self, path: Path, agents: list[str], seed: int, speed: float) -> None:
        """`agents` by name; `speed` as the simulated PBX's: wrap-up takes that much less."""
        self._agents = agents
        self._model = AgentModel(Scenario(), seed)
        self._speed = speed
        self._due: dict[str, tuple[float, str]] = {}
        self._calls = dict.fromkeys(agents, 0)
        self._id = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(10)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rb")
        self.ask("hello", {"protocol": PROTOCOL})

    def ask(self, method: str, params: dict[str, Any] | None = None) -> Any:
        """One request; returns its result, or None when the daemon refuses it."""
        self._id += 1
        request = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params or {}}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(self._lines.readline()).get("result")

    def step(self) -> None:
        """Every agent that has come into wrap-up disposes of its call after its own time."""
        for row in self.ask("agent.list") or []:
            name = row["name"]
            if row.get("state") != "wrap_up":
                self._due.pop(name, None)
            elif name not in self._due:
                self._calls[name] += 1
                after = self._model.after_call(int(name), self._calls[name])
                self._due[name] = (time.monotonic() + after.wrap_up_s / self._speed, after.code)
        for name, (at, code) in list(self._due.items()):
            if code and time.monotonic() >= at:
                self.ask("agent.dispose", {"name": name, "disposition": code})
                del self._due[name]

    def line(self) -> str:
        """The floor in one line."""
        status = self.ask("status") or {}
        agents, calls = status.get("agents", {}), status.get("calls", {})
        campaign = (status.get("campaigns") or [{}])[0]
        talking, ready, wrap_up = (agents.get(key, 0) for key in ("on_call", "ready", "wrap_up"))
        ringing = calls.get("dialing", 0) + calls.get("ringing", 0)
        abandoned = f"{campaign.get('abandoned', 0)} of {campaign.get('live_answers', 0)}"
        return (
            f"{talking:2} talking  {ready:2} ready  {wrap_up:2} wrap-up  {ringing:2} ringing  "
            f"abandoned {abandoned}  {campaign.get('why', '')}"
        )

    def until_quiet(self, at_most_s: float) -> list[int]:
        """Go on until no call is in progress and no agent wraps up; return the calls that are still up."""
        end = time.monotonic() + at_most_s
        while True:
            self.step()
            live = [row["id"] for row in self.ask("call.list", {"live": True}) or []]
            if time.monotonic() >= end or not (live or self._due):
                return live
            time.sleep(0.1)
