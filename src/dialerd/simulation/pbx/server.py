"""Owns the simulated PBX as a whole: the AMI listener, its sessions, the switch behind them, start and stop.

Knows nothing of what a call does (customer.py, agent_leg.py).
"""

from __future__ import annotations

import asyncio
import random
from typing import TextIO

from dialerd.simulation.agents import AgentModel
from dialerd.simulation.pbx import events
from dialerd.simulation.pbx.actions import Actions
from dialerd.simulation.pbx.events import Headers
from dialerd.simulation.pbx.inbound import run_inbound
from dialerd.simulation.pbx.pace import Pace
from dialerd.simulation.pbx.session import DIALERD_FILTERS, Session
from dialerd.simulation.pbx.switch import Switch
from dialerd.simulation.scenario import Scenario
from dialerd.simulation.truth import TruthLog
from dialerd.simulation.world import FateSource, World


class SimulatedPbx:
    """Asterisk with dialerd's dialplan, its trunk, its called parties and its agents' phones, on 127.0.0.1."""

    def __init__(
        self,
        *,
        scenario: Scenario | None = None,
        seed: int = 1,
        speed: float = 1.0,
        host: str = "127.0.0.1",
        ami_port: int = 0,
        username: str = "dialerd",
        secret: str = "simulated",
        filters: tuple[str, ...] = DIALERD_FILTERS,
        truth_sink: TextIO | None = None,
        world: FateSource | None = None,
        unknown_endpoints: frozenset[str] = frozenset(),
        unknown_extensions: frozenset[str] = frozenset(),
        pace: Pace | None = None,
    ) -> None:
        """Port 0: any free one, see `ami_port` after start. `world` replaces the scenario's calls (tests).

        `unknown_endpoints`: what Originate cannot reach (the part of the dial string after `@`, or all of it);
        `unknown_extensions`: where the dialplan's context dialerd-transfer has nothing.

        `filters` are the AMI user's eventfilter lines; empty: every event of the classes it may read.
        """
        scenario = scenario or Scenario()
        self._host, self._wanted_port = host, ami_port
        self._users = {username: secret}
        self._filters = filters
        self._nonces = random.Random(seed)
        self._sessions: set[Session] = set()
        self._served: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.truth = TruthLog(truth_sink)
        self.switch = Switch(
            scenario=scenario,
            world=world or World(scenario, seed),
            agents=AgentModel(scenario, seed),
            pace=pace or Pace(speed),
            truth=self.truth,
            unknown_endpoints=unknown_endpoints,
            unknown_extensions=unknown_extensions,
            publish=self._publish,
        )
        self._actions = Actions(self.switch)

    @property
    def ami_port(self) -> int:
        """The port it listens on (after start)."""
        if self._server is None:
            return self._wanted_port
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen. Raise OSError when the port is taken."""
        self.switch.started_at = self.switch.now()
        self._server = await asyncio.start_server(self._accept, self._host, self._wanted_port, backlog=100)

    async def stop(self) -> None:
        """Hang up every channel, say Shutdown, close every connection."""
        if self._server is not None:
            self._server.close()
        for channel in list(self.switch.channels.values()):
            channel.hang_up("pbx_stopped")
        if self.switch.tasks:
            await asyncio.wait(set(self.switch.tasks), timeout=1.0)
        self._publish(events.event("Shutdown", [("Shutdown", "Cleanly"), ("Restart", "False")]))
        await self.drop_links()
        await self.switch.stop()
        if self._server is not None:
            await self._server.wait_closed()

    async def drop_links(self) -> None:
        """Cut every AMI connection; calls go on, and new connections are accepted."""
        for session in list(self._sessions):
            session.close()
        served = list(self._served)
        for task in served:
            task.cancel()
        await asyncio.gather(*served, return_exceptions=True)

    def lose_agent_leg(self, agent_id: int, cause: int = 16) -> bool:
        """An agent's phone goes away (hung up, unplugged); False when the agent has no leg."""
        for channel in list(self.switch.channels.values()):
            if channel.unique_id.startswith("agt-") and channel.variables.get("DLR_AGENT") == str(agent_id):
                channel.hang_up("agent", cause)
                return True
        return False

    def hang_up_customer(self, attempt_id: int) -> bool:
        """The called party of this attempt hangs up now; False when there is no such call."""
        for channel in list(self.switch.channels.values()):
            if channel.variables.get("DLR_ATTEMPT") == str(attempt_id):
                channel.hang_up("customer", 16 if channel.bridge else 0)
                return True
        return False

    def call_in(self, number: str, *, opts_out: bool = False) -> None:
        """Somebody calls the displayed number back, and opts out by key or not."""
        self.switch.run(run_inbound(self.switch, number, opts_out))

    def _publish(self, event: Headers) -> None:
        for session in self._sessions:
            session.offer(event)

    def _greeting(self) -> Headers:
        uptime = str(int(self.switch.now() - self.switch.started_at))
        return events.event("FullyBooted", [("Uptime", uptime), ("LastReload", uptime), ("Status", "Fully Booted")])

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(
            reader,
            writer,
            users=self._users,
            filters=self._filters,
            handle=self._actions.handle,
            greet=self._greeting,
            nonce=str(self._nonces.randrange(10**8, 10**9)),
        )
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(session)
        self._served.add(task)
        try:
            await session.run()
        except asyncio.CancelledError:  # by drop_links or stop: the stream machinery would log it as an error
            pass
        finally:
            self._sessions.discard(session)
            self._served.discard(task)
