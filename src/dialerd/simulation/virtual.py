"""Owns the virtual shell: the production core in virtual time against the model of the telephone world.

    result = run_virtual(core, campaigns=[campaign], agents=profiles, leads=leads, seed=1, for_s=3600)

The core, the messages and the gate are those of production; only store, Asterisk, agents and the clock are replaced.
Knows nothing of sockets and never sleeps.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Protocol, get_args

from dialerd.core.agent import AgentProfile
from dialerd.core.campaign import Campaign, CampaignVerb
from dialerd.core.errors import DialerError
from dialerd.core.lead import Lead
from dialerd.core.messages import (
    CampaignOrder,
    CampaignSaved,
    Command,
    Event,
    Hangup,
    Order,
    Originate,
    PbxConnected,
    RingAgent,
    SaveAgentState,
    SendVerdict,
    StoreCommand,
)
from dialerd.core.moment import Moment
from dialerd.simulation.agenda import Agenda
from dialerd.simulation.agents import AgentModel
from dialerd.simulation.memory_store import MemoryStore
from dialerd.simulation.results import RunResult
from dialerd.simulation.scenario import Scenario
from dialerd.simulation.virtual_staff import VirtualStaff
from dialerd.simulation.virtual_telephony import VirtualTelephony
from dialerd.simulation.world import FateSource, World

STORE_LATENCY_S = 0.005
START = Moment(datetime(2026, 3, 3, 10, tzinfo=UTC), 1000.0)  # a Tuesday morning
STUCK_AFTER = 10_000  # turns at one moment: a core that never comes to rest must not hang a test

_ORDERS = get_args(Order)
_STORE_COMMANDS = get_args(StoreCommand)


class Core(Protocol):
    """What the shell drives: dialerd.core.dialer.Dialer has exactly these."""

    def handle(self, event: Event, now: Moment) -> list[Command]:
        """Take in one event."""
        ...

    def tick(self, now: Moment) -> list[Command]:
        """A second has passed."""
        ...

    def next_deadline(self) -> float | None:
        """When expire must be called at the latest, in monotonic seconds."""
        ...

    def expire(self, now: Moment) -> list[Command]:
        """A wait has ended."""
        ...


class SeededIdentity:
    """Ids and secrets from a seed: dialerd.core.settings.Identity for runs that must repeat."""

    def __init__(self, seed: int) -> None:
        """Given the seed."""
        self._rng = random.Random(f"{seed}/identity")
        self._last = 0

    def attempt_id(self) -> int:
        """1, 2, 3 …"""
        self._last += 1
        return self._last

    def nonce(self) -> str:
        """8 hex digits."""
        return f"{self._rng.getrandbits(32):08x}"

    def token(self) -> str:
        """32 hex digits."""
        return f"{self._rng.getrandbits(128):032x}"


class VirtualShell:
    """Carries out a core's commands in order and feeds the answers back, moment by moment."""

    def __init__(
        self,
        core: Core,
        store: MemoryStore,
        world: FateSource,
        agents: AgentModel,
        *,
        start: Moment = START,
        tick_s: float = 1.0,
        message_s: float = 12.0,
        voicemail_s: float = 20.0,
        keep_events: bool = False,
        watch: Callable[[Moment, Event | Command], None] | None = None,
    ) -> None:
        """`watch` sees every event before the core does and every command before it is carried out."""
        self.core, self.store = core, store
        self.agenda = Agenda(start)
        self.telephony = VirtualTelephony(
            world, agents, self.agenda, self.post, message_s=message_s, voicemail_s=voicemail_s
        )
        self.staff: VirtualStaff | None = None
        self._tick_s, self._keep, self._watch = tick_s, keep_events, watch
        self._inbox: deque[Event] = deque()
        self._next_tick = start.mono + tick_s
        self._counts: Counter[str] = Counter()
        self._events: list[tuple[Moment, Event]] = []
        self.refused: list[str] = []
        self.peak_lines = 0

    def post(self, event: Event) -> None:
        """Let an event reach the core at this moment, after those already waiting."""
        self._inbox.append(event)

    def run(self, for_s: float) -> RunResult:
        """Let `for_s` virtual seconds pass; may be called again to go on. Raise RuntimeError when time stands still."""
        end = self.agenda.now.mono + for_s
        self._drain()
        turns = 0
        while True:
            deadline = self.core.next_deadline()
            due = float("inf") if deadline is None else deadline
            at = min(self.agenda.next(), self._next_tick, due)
            if at > end:
                break
            turns = turns + 1 if at <= self.agenda.now.mono else 0
            if turns > STUCK_AFTER:
                raise RuntimeError(f"virtual time stands still at {self.agenda.now.wall.isoformat()}")
            self.agenda.advance(at)
            if due <= at:
                self._carry_out(self.core.expire(self.agenda.now))
            elif self._next_tick <= at:
                self._next_tick += self._tick_s
                self._carry_out(self.core.tick(self.agenda.now))
            else:
                self.agenda.happen()
            self._drain()
        self.agenda.advance(end)
        return self._result()

    def _drain(self) -> None:
        while self._inbox:
            event = self._inbox.popleft()
            name = type(event).__name__
            self._counts[name] += 1
            if self._keep:
                self._events.append((self.agenda.now, event))
            if self._watch is not None:
                self._watch(self.agenda.now, event)
            try:
                commands = self.core.handle(event, self.agenda.now)
            except DialerError as error:
                if not isinstance(event, _ORDERS):
                    raise
                self.refused.append(f"{name}: {error}")
                continue
            self._carry_out(commands)

    def _carry_out(self, commands: list[Command]) -> None:
        for command in commands:
            if self._watch is not None:
                self._watch(self.agenda.now, command)
            if isinstance(command, _STORE_COMMANDS):
                for answer in self.store.carry_out(command, self.agenda.now.wall):
                    self.agenda.after(STORE_LATENCY_S, self._posting(answer))
                self.peak_lines = max(self.peak_lines, len(self.store.open))
                if isinstance(command, SaveAgentState) and self.staff is not None:
                    self.staff.see(command)
            elif isinstance(command, Originate):
                self.telephony.originate(command)
            elif isinstance(command, RingAgent):
                self.telephony.ring_agent(command)
            elif isinstance(command, Hangup):
                self.telephony.hang_up(command)
            elif isinstance(command, SendVerdict):
                self.telephony.send_verdict(command)
            # ForgetTraces: nothing is kept here that would have to be forgotten. AwaitGreetingEnd: telephony knows it.

    def _posting(self, event: Event) -> Callable[[], None]:
        return lambda: self.post(event)

    def _result(self) -> RunResult:
        twice = [f"number {number} was dialled twice at once" for number in self.telephony.dialed_twice]
        return RunResult(
            started=self.agenda.start,
            ended=self.agenda.now,
            attempts=tuple(self.store.closed),
            open_attempts=tuple(self.store.open.values()),
            agent_log=tuple(self.store.agent_log),
            truth=tuple(self.telephony.truth.calls),
            events=tuple(self._events),
            event_counts=dict(self._counts),
            refused_orders=tuple(self.refused),
            violations=(*self.store.violations, *twice),
            peak_lines=self.peak_lines,
        )


def run_virtual(
    core: Core,
    *,
    campaigns: Iterable[Campaign],
    agents: Iterable[AgentProfile],
    leads: Iterable[Lead],
    seed: int,
    for_s: float,
    scenario: Scenario | None = None,
    node: str = "virtual",
    breaks: bool = False,
    start: Moment = START,
    keep_events: bool = False,
    watch: Callable[[Moment, Event | Command], None] | None = None,
) -> RunResult:
    """Run a fresh core for `for_s` virtual seconds: link up, campaigns started, agents logging in one a second."""
    scenario, campaigns = scenario or Scenario(), list(campaigns)
    model = AgentModel(scenario, seed)
    shell = VirtualShell(
        core,
        MemoryStore(campaigns, leads),
        World(scenario, seed),
        model,
        start=start,
        message_s=scenario.message_s,
        voicemail_s=scenario.voicemail_s,
        keep_events=keep_events,
        watch=watch,
    )
    shell.staff = VirtualStaff(agents, model, shell.agenda, shell.post, breaks=breaks)
    shell.post(PbxConnected(node=node, version="virtual", channels=()))
    for campaign in campaigns:
        shell.post(CampaignSaved(campaign=campaign))
        shell.post(CampaignOrder(campaign_id=campaign.id, verb=CampaignVerb.START))
    shell.staff.begin()
    return shell.run(for_s)
