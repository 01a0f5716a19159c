"""The stage on which the core's stories play: a Dialer with an obedient shell that answers what it is asked.

    stage = Stage(campaign(), agents=[agent(1)])
    call = stage.dial()                  # pacing, claim, commit, Originate
    stage.answer(call)                   # the person says hello
    question = stage.ask(call)           # the AGI asks
    assert stage.verdict(question) == "agent"

By default the store answers at once, nailed-up phones are answered, and a hang-up is carried out. Each of these can
be switched off (`claims`, `commits`, `phones`, `hangups`) so that a story can decide what comes when.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeVar

from dialerd.core.agent import AgentProfile, AgentState
from dialerd.core.call import Attempt, AttemptState, HungUpBy
from dialerd.core.campaign import Campaign, DialMode
from dialerd.core.dialer import PACERS, Dialer
from dialerd.core.lead import Lead
from dialerd.core.messages import (
    AgentLogin,
    AttemptsOpened,
    CallAnswered,
    CallBridged,
    CallEnded,
    CallRinging,
    CallUnbridged,
    ChannelSeen,
    ClaimLeads,
    CloseAttempt,
    Command,
    Event,
    Hangup,
    LeadsClaimed,
    LegEnded,
    LegUp,
    OpenAttempts,
    Originate,
    PbxConnected,
    PbxLost,
    ReleaseLeads,
    RingAgent,
    SendVerdict,
    Shortage,
    UnattendedTrace,
    VerdictAsked,
)
from dialerd.core.moment import Moment
from dialerd.core.pacing import Pacer
from dialerd.core.restored import Restored, RestoredAgent
from dialerd.core.roster import Seat
from dialerd.core.settings import DialerSettings

from .values import NODE, START, CountingIdentity, lead, settings

C = TypeVar("C", bound=Command)


class Stage:
    """A dialer, its clock and everything it said."""

    def __init__(
        self,
        *campaigns: Campaign,
        agents: Iterable[AgentProfile] = (),
        leads: int = 20,
        log_in: bool = True,
        link: bool = True,
        limits: DialerSettings | None = None,
        pacers: Mapping[DialMode, Pacer] = PACERS,
        restored: Restored | None = None,
    ) -> None:
        profiles = list(agents)
        self.now: Moment = START
        self.said: list[Command] = []
        self.claims = self.commits = self.phones = self.hangups = True
        self.leads: dict[int, list[Lead]] = defaultdict(list)
        self.given: object = None  # what the last order gave back
        self._requests = 0
        self._next_tick = START.mono + 1
        self.dialer = Dialer(limits or settings(), CountingIdentity(100 if restored else 1), pacers=pacers)
        for one in campaigns:
            self.leads[one.id] = [lead(one.id * 1000 + i, one.id) for i in range(leads)]
        start = restored or Restored(campaigns=campaigns, agents=tuple(RestoredAgent(profile=p) for p in profiles))
        self._obey(self.dialer.restore(start, self.now))
        if link:
            self.connect()
        for profile in profiles if log_in and link else ():
            self.tell(AgentLogin(agent_id=profile.id))

    # -- events in, commands out

    def tell(self, event: Event) -> list[Command]:
        """Hand an event to the dialer; carry out what it says; return what it said to this event itself."""
        commands = self.dialer.handle(event, self.now)
        given = self.dialer.answer
        self._obey(commands)
        self.given = given
        return commands

    def _obey(self, commands: list[Command]) -> None:
        self.said.extend(commands)
        for command in commands:
            for answer in self._answers(command):
                self.tell(answer)

    def _answers(self, command: Command) -> list[Event]:
        match command:
            case ClaimLeads() if self.claims:
                return [self.claimed(command)]
            case ReleaseLeads():
                return []
            case OpenAttempts() if self.commits:
                return [AttemptsOpened(attempt_ids=tuple(a.id for a in command.attempts))]
            case RingAgent() if self.phones and not self.seat(command.agent_id).on_hook:
                return [LegUp(agent_id=command.agent_id, leg_id=command.leg_id, channel_name="PJSIP/agent-1")]
            case Hangup() if self.hangups and self.connected:
                return self.hung_up(command.channel_id)
        return []

    def claimed(self, claim: ClaimLeads) -> LeadsClaimed:
        """The store's answer to a claim, from the leads on stage."""
        pool = self.leads[claim.campaign_id]
        taken, self.leads[claim.campaign_id] = pool[: claim.count], pool[claim.count :]
        short = Shortage(due=len(pool) - len(taken)) if len(taken) < claim.count else None
        return LeadsClaimed(campaign_id=claim.campaign_id, leads=tuple(taken), shortage=short)

    def hung_up(self, channel_id: str) -> list[Event]:
        """What Asterisk reports when a channel is hung up."""
        kind, of, _ = channel_id.split("-")
        if kind == "dlr":
            return [CallEnded(attempt_id=int(of), hangup_cause=16)]
        return [LegEnded(agent_id=int(of), leg_id=channel_id, hangup_cause=16)]

    # -- time

    def wait(self, seconds: float) -> None:
        """Let time pass: each deadline at its second, each whole second its tick."""
        end = self.now.mono + seconds
        while True:
            due = self.dialer.next_deadline()
            at = min(self._next_tick, due if due is not None else self._next_tick)
            if at > end:
                break
            self.now = self.now.plus(max(0.0, at - self.now.mono))
            if self._next_tick <= at:
                self._next_tick += 1
                self._obey(self.dialer.tick(self.now))
            else:
                self._obey(self.dialer.expire(self.now))
        self.now = self.now.plus(end - self.now.mono)

    # -- what the far end and Asterisk do

    def dial(self, campaign_id: int = 1) -> int:
        """Let the pacing tick place one call; its attempt id."""
        before = len(self.all(Originate))
        self.wait(1.0)
        new = [o for o in self.all(Originate)[before:] if self.attempt(o.attempt_id).campaign_id == campaign_id]
        assert len(new) == 1, f"{len(new)} calls placed instead of one"
        return new[0].attempt_id

    def ring(self, call: int) -> None:
        """The called phone rings."""
        self.tell(CallRinging(attempt_id=call))

    def answer(self, call: int) -> None:
        """The called party answers."""
        self.tell(CallAnswered(attempt_id=call))

    def ask(self, call: int, amd: str = "", cause: str = "", token: str | None = None) -> int:
        """The AGI asks what to do; the id of its request."""
        self._requests += 1
        right = self.attempt(call).token if token is None else token
        self.tell(
            VerdictAsked(request_id=self._requests, attempt_id=call, token=right, amd_status=amd, amd_cause=cause)
        )
        return self._requests

    def verdict(self, request: int) -> str | None:
        """What a request was answered; None: it still waits. Two answers are a failure."""
        answers = [s.verdict for s in self.all(SendVerdict) if s.request_id == request]
        assert len(answers) < 2, f"request {request} was answered {answers}"
        return answers[0] if answers else None

    def meet(self, call: int) -> None:
        """Answer, verdict, bridge: customer and agent talk."""
        self.answer(call)
        assert self.verdict(self.ask(call)) == "agent"
        self.bridge(call)

    def bridge(self, call: int) -> None:
        """The dialplan has bridged the call with the leg it was given."""
        live = self.dialer.floor.calls[call]
        assert live.agent_id is not None, "no agent was given to this call"
        self.tell(CallBridged(attempt_id=call, agent_id=live.agent_id, leg_id=live.attempt.agent_channel))

    def unbridge(self, call: int, by: HungUpBy) -> None:
        """One side has left the bridge."""
        agent_id = self.dialer.floor.calls[call].agent_id or 0
        self.tell(CallUnbridged(attempt_id=call, agent_id=agent_id, by=by))

    def end(self, call: int, cause: int | None = 16, sip: int | None = None) -> None:
        """The customer's channel is gone."""
        self.tell(CallEnded(attempt_id=call, hangup_cause=cause, sip_cause=sip))

    def pick_up(self, agent_id: int) -> None:
        """The agent answers the ringing phone."""
        self.tell(LegUp(agent_id=agent_id, leg_id=self.seat(agent_id).leg_id))

    def put_down(self, agent_id: int) -> None:
        """The agent's leg ends (or was never answered)."""
        self.tell(LegEnded(agent_id=agent_id, leg_id=self.seat(agent_id).leg_id))

    @property
    def connected(self) -> bool:
        """Whether the AMI link is up."""
        return self.dialer.floor.links[NODE].connected

    def lose_link(self) -> None:
        """The AMI link dies."""
        self.tell(PbxLost(node=NODE, reason="cable"))

    def connect(self, *channels: ChannelSeen, traces: tuple[UnattendedTrace, ...] = ()) -> None:
        """The AMI link comes up with these channels and traces in Asterisk."""
        self.tell(PbxConnected(node=NODE, version="22.1", channels=channels, unattended=traces))

    # -- what the audience sees

    def ledger(self) -> tuple[int, int]:
        """Live answers and abandons in the first campaign's window."""
        standing = self.dialer.floor.campaigns[1].standing(self.now)
        return standing.live, standing.abandoned

    def all(self, kind: type[C]) -> list[C]:
        """Every command of one kind so far, in order."""
        return [command for command in self.said if isinstance(command, kind)]

    def attempt(self, call: int) -> Attempt:
        """The attempt, live or closed."""
        live = self.dialer.floor.calls.get(call)
        return live.attempt if live else self.record(call)

    def state(self, call: int) -> AttemptState:
        """The live state of a call."""
        return self.dialer.floor.calls[call].attempt.state

    def closed(self, call: int) -> bool:
        """Whether the record is finished; twice is a failure."""
        closings = [c for c in self.all(CloseAttempt) if c.attempt.id == call]
        assert len(closings) < 2, f"attempt {call} was closed {len(closings)} times"
        return bool(closings)

    def record(self, call: int) -> Attempt:
        """The finished record."""
        assert self.closed(call), f"attempt {call} is not closed"
        return next(c.attempt for c in self.all(CloseAttempt) if c.attempt.id == call)

    def seat(self, agent_id: int = 1) -> Seat:
        """An agent's seat."""
        return self.dialer.floor.roster.require(agent_id)

    def agent_state(self, agent_id: int = 1) -> AgentState:
        """An agent's state."""
        return self.seat(agent_id).state

    def channel(self, call: int, *, up: bool = True, bridge: str = "") -> ChannelSeen:
        """The call's channel as Asterisk lists it."""
        return ChannelSeen(unique_id=self.attempt(call).channel_id, name="PJSIP/out-1", up=up, bridge_id=bridge)

    def leg(self, agent_id: int = 1, *, up: bool = True, bridge: str = "holding") -> ChannelSeen:
        """The agent's leg as Asterisk lists it."""
        return ChannelSeen(unique_id=self.seat(agent_id).leg_id, name="PJSIP/agent-1", up=up, bridge_id=bridge)
