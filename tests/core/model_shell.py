"""A model of the world around the dialer: store, Asterisk, phones. Everything happens when it is told to.

The model obeys each command in its own time: `test_invariants.py` chooses what happens next. It keeps the truth
(rows, channels, legs, requests), so that the dialer's picture can be checked against it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dialerd.core.agent import AgentProfile, AgentState
from dialerd.core.call import Attempt, AttemptState, Status
from dialerd.core.campaign import AmdAction, Campaign, OnTimeout
from dialerd.core.compliance import GateVerdict
from dialerd.core.dialer import Dialer
from dialerd.core.errors import DialerError
from dialerd.core.lead import Lead
from dialerd.core.machine_messages import MACHINE_VERDICTS
from dialerd.core.messages import (
    AgentAccept,
    AttemptRefused,
    AttemptsOpened,
    CallEnded,
    ChannelSeen,
    ClaimLeads,
    CloseAttempt,
    Command,
    Event,
    ForgetTraces,
    Hangup,
    LeadsClaimed,
    LegEnded,
    OpenAttempts,
    Originate,
    PbxConnected,
    ReleaseLeads,
    RingAgent,
    SaveAgentState,
    SaveAttempt,
    SendVerdict,
    SkipLead,
    UnattendedTrace,
    VerdictAbandoned,
)
from dialerd.core.pacing.ledger import Counts, LedgerHistory
from dialerd.core.restored import Restored, RestoredAgent

from .values import NODE, START, CountingIdentity, settings

UP = frozenset({"up", "asking", "connecting", "bridged", "message", "dropping", "moved", "over"})


@dataclass(slots=True, kw_only=True)
class Channel:
    """A customer's channel in Asterisk. Phases: sent, ringing, and those in UP."""

    attempt_id: int
    id: str
    token: str
    phase: str = "sent"
    leg_id: str = ""


@dataclass(slots=True, kw_only=True)
class Leg:
    """An agent's channel."""

    id: str
    agent_id: int
    up: bool = False
    talks_to: int | None = None


class Model:
    """The world. `tell` is the only way to the dialer; it checks each command as it comes out."""

    def __init__(self, campaigns: Iterable[Campaign], agents: Iterable[AgentProfile], leads: Iterable[Lead]) -> None:
        self.now = START
        self.identity = CountingIdentity()
        self.agents = {profile.id: profile for profile in agents}
        self.leads = list(leads)
        self.link_up, self.store_ok = False, True
        self.rows: dict[int, Attempt] = {}  # open attempts as last saved
        self.closed: set[int] = set()
        self.finished: list[Attempt] = []  # what the store counts
        self.sent: set[int] = set()
        self.channels: dict[int, Channel] = {}
        self.legs: dict[str, Leg] = {}
        self.hangups: list[str] = []
        self.claims: list[ClaimLeads] = []
        self.opens: list[OpenAttempts] = []
        self.lead_of: dict[int, Lead] = {}
        self.intended: set[int] = set()
        self.wanted: set[tuple[int, int]] = set()  # agent and lead: accepted, or run out of time and called anyway
        self.requests: dict[int, int] = {}
        self.answered: set[int] = set()
        self.traces: dict[str, UnattendedTrace] = {}
        self.agent_rows: dict[int, SaveAgentState] = {}
        self.history: list[Event] = []
        self.next_request = 0
        self.dialer = Dialer(settings(), self.identity)
        start = Restored(
            campaigns=tuple(campaigns), agents=tuple(RestoredAgent(profile=p) for p in self.agents.values())
        )
        self.obey(self.dialer.restore(start, self.now))

    # -- to the dialer and back

    def tell(self, event: Event) -> None:
        """Hand over an event; a refused order must have changed nothing."""
        before = self.picture()
        try:
            commands = self.dialer.handle(event, self.now)
        except DialerError:
            assert self.picture() == before, f"{event} was refused but changed something"
            return
        self.history = [*self.history[-60:], event]
        if isinstance(event, AgentAccept):
            preview = self.dialer.floor.roster.require(event.agent_id).preview
            assert preview is not None
            self.wanted.add((event.agent_id, preview.lead.id))
        self.obey(commands)

    def hear(self, *events: Event) -> None:
        """What Asterisk reports: nobody hears it while the link is down."""
        for event in events if self.link_up else ():
            self.tell(event)

    def picture(self) -> str:
        """Everything the dialer remembers, as text."""
        floor = self.dialer.floor
        runs = [
            (r.campaign, list(r.hopper), r.claim_pending, r.claim_not_before, r.fault) for r in floor.campaigns.values()
        ]
        return repr(
            (floor.calls, list(floor.waiting), list(floor.roster), floor.deadlines._at, runs, floor.stopping)
        ) + repr((floor.store_fault, floor.links, floor._outbox))

    def obey(self, commands: list[Command]) -> None:
        """Keep each command for its time; check what can be checked at once."""
        for command in commands:
            match command:
                case ClaimLeads():
                    self.claims.append(command)
                case ReleaseLeads():
                    self.leads.extend(self.lead_of.pop(i) for i in command.lead_ids if i in self.lead_of)
                case SkipLead():
                    assert command.lead_id in self.lead_of, "a lead was skipped that nobody had claimed"
                    self.leads.append(self.lead_of.pop(command.lead_id))
                case OpenAttempts():
                    self._check_limits(command)
                    self.intended |= {attempt.lead_id for attempt in command.attempts}
                    self.opens.append(command)
                case SaveAttempt():
                    if command.attempt.id in self.rows:
                        self.rows[command.attempt.id] = command.attempt
                case CloseAttempt():
                    self._close(command.attempt)
                case SaveAgentState():
                    self.agent_rows[command.agent_id] = command
                case Originate():
                    self._originate(command)
                case RingAgent():
                    self.legs[command.leg_id] = Leg(id=command.leg_id, agent_id=command.agent_id)
                    if not self.link_up:
                        self.hangups.append(command.leg_id)
                case Hangup():
                    if self.link_up:
                        self.hangups.append(command.channel_id)
                case SendVerdict():
                    self._verdict(command)
                case ForgetTraces():
                    for key in command.keys:
                        self.traces.pop(key, None)

    def _originate(self, command: Originate) -> None:
        floor, row = self.dialer.floor, self.rows.get(command.attempt_id)
        assert row is not None, "Originate before AttemptsOpened"
        assert command.attempt_id not in self.sent, "the same attempt was sent twice"
        assert self.link_up and self.store_ok and not floor.stopping, "sent without link or store, or while stopping"
        same = [r.id for r in self.rows.values() if r.number == row.number and r.id != row.id]
        assert not same, f"{row.number} is open twice"
        if row.dial_mode != "test":
            assert floor.roster.staffed_for(row.campaign_id) > 0, "sent though nobody is staffed"
        if row.dial_mode == "preview":
            call = floor.calls[row.id]
            assert call.agent_id is not None and call.agent_id == call.promised_to, "sent for nobody"
            seat = floor.roster.require(call.agent_id)
            assert seat.state is AgentState.RESERVED and seat.attempt_id == row.id and seat.staffed
            by_time = floor.campaigns[row.campaign_id].campaign.preview_on_timeout is OnTimeout.DIAL
            assert by_time or (call.agent_id, row.lead_id) in self.wanted, "called without anybody wanting it"
        self.sent.add(command.attempt_id)
        self.channels[command.attempt_id] = Channel(
            attempt_id=command.attempt_id, id=command.channel_id, token=command.token
        )

    def _check_limits(self, command: OpenAttempts) -> None:
        floor, first = self.dialer.floor, command.attempts[0]
        run = floor.campaigns[first.campaign_id]
        assert floor.trunk_used(first.trunk) <= floor.settings.trunks[first.trunk].max_channels
        if first.dial_mode == "test":
            return
        assert floor.lines_used(first.campaign_id) <= run.campaign.max_lines
        if first.dial_mode == "progressive":
            assert floor.in_flight(first.campaign_id) <= len(floor.roster.ready_for(first.campaign_id))

    def _close(self, attempt: Attempt) -> None:
        assert attempt.id not in self.closed, f"attempt {attempt.id} was closed twice"
        assert attempt.id in self.rows, f"attempt {attempt.id} was closed but never opened"
        assert attempt.status is not None and attempt.disposition and attempt.closed_at, "an unfinished record"
        test = attempt.dial_mode == "test"
        assert attempt.status is not Status.ABANDONED or attempt.live_answer is not test, "abandoned counts as live"
        assert not (test and (attempt.live_answer or attempt.abandoned)), "a test call counts nowhere"
        heard = attempt.voicemail_ended_at is not None
        assert not heard or (attempt.voicemail_started_at and attempt.amd_action == "voicemail"), "heard, not left"
        if attempt.amd_status == "HUMAN":
            assert attempt.voicemail_started_at is None, "a message was left on a person"
        self.closed.add(attempt.id)
        self.finished.append(attempt)
        del self.rows[attempt.id]

    def _verdict(self, command: SendVerdict) -> None:
        assert command.request_id not in self.answered, f"request {command.request_id} was answered twice"
        self.answered.add(command.request_id)
        attempt_id = self.requests.pop(command.request_id, None)
        channel = self.channels.get(attempt_id) if attempt_id is not None else None
        if channel is None or channel.phase != "asking":
            return
        if command.verdict in MACHINE_VERDICTS.values():
            row = self.rows[channel.attempt_id]
            assert row.state is AttemptState.MACHINE and not row.live_answer, "saved before it is said, and no person"
            assert MACHINE_VERDICTS[AmdAction(row.amd_action)] == command.verdict
            assert row.amd_status not in ("HUMAN", "HANGUP") and row.dial_mode != "test", "who was there is no machine"
        phases = {
            "agent": "connecting", "abandon": "message", "refused": "up", "voicemail": "dropping", "transfer": "moved",
        }  # fmt: skip
        channel.phase, channel.leg_id = phases.get(command.verdict, "over"), command.leg_id

    # -- the store

    def answer_claim(self) -> None:
        """The oldest claim is answered from the leads that are left."""
        claim = self.claims.pop(0)
        mine = [lead for lead in self.leads if lead.campaign_id == claim.campaign_id][: claim.count]
        self.leads = [lead for lead in self.leads if lead not in mine]
        self.lead_of |= {lead.id: lead for lead in mine}
        self.tell(LeadsClaimed(campaign_id=claim.campaign_id, leads=tuple(mine)))

    def commit(self, refuse: bool) -> None:
        """The oldest intents are committed; the unique index (and, if told so, the gate) refuses some."""
        opened: list[int] = []
        answers: list[Event] = []
        for attempt in self.opens.pop(0).attempts:
            if refuse or any(row.number == attempt.number for row in self.rows.values()):
                verdict = GateVerdict(allowed=False, rule="open_attempt")
                answers.append(AttemptRefused(attempt_id=attempt.id, verdict=verdict))
            else:
                self.rows[attempt.id] = attempt
                opened.append(attempt.id)
        for event in ([AttemptsOpened(attempt_ids=tuple(opened))] if opened else []) + answers:
            self.tell(event)

    # -- Asterisk

    def carry_out_hangup(self) -> None:
        """The oldest hang-up takes effect."""
        self.end_channel(self.hangups.pop(0))

    def end_channel(self, channel_id: str) -> None:
        """A channel is gone, by whoever's will: what Asterisk reports of it follows."""
        leg = self.legs.pop(channel_id, None)
        if leg is not None:
            channel = self.channels.get(leg.talks_to or 0)
            if channel is not None and channel.phase == "bridged":
                channel.phase = "over"
            self.hear(LegEnded(agent_id=leg.agent_id, leg_id=leg.id))
        for channel in [c for c in self.channels.values() if c.id == channel_id]:
            del self.channels[channel.attempt_id]
            for other in self.legs.values():
                if other.talks_to == channel.attempt_id:
                    other.talks_to = None
            for request in [r for r, of in self.requests.items() if of == channel.attempt_id]:
                del self.requests[request]
                self.tell(VerdictAbandoned(request_id=request, attempt_id=channel.attempt_id))
            self.hear(CallEnded(attempt_id=channel.attempt_id, hangup_cause=16))

    def connect(self) -> None:
        """The link comes up: the truth as a list."""
        self.link_up = True
        seen = [
            ChannelSeen(
                unique_id=c.id, name="c", up=c.phase in UP, bridge_id=f"b{c.attempt_id}" if c.phase == "bridged" else ""
            )
            for c in self.channels.values()
        ]
        for leg in self.legs.values():
            bridge = f"b{leg.talks_to}" if leg.talks_to else f"hold{leg.agent_id}" if leg.up else ""
            seen.append(ChannelSeen(unique_id=leg.id, name="l", up=leg.up, bridge_id=bridge))
        traces = tuple(self.traces.values())
        self.tell(PbxConnected(node=NODE, version="22", channels=tuple(seen), unattended=traces))

    def ledger_of(self, campaign_id: int) -> LedgerHistory:
        """A campaign's ledger as the store has it: finished records only."""
        mine = [a for a in self.finished if a.campaign_id == campaign_id and (a.live_answer or a.machine)]
        return LedgerHistory(
            rows=tuple(
                Counts((a.answered_at or a.created_at).timestamp(), a.live_answer, a.abandoned, a.machine) for a in mine
            )
        )

    def restart(self) -> None:
        """dialerd dies and starts again from what the store has; AGIs that waited are cut off."""
        campaigns = tuple(run.campaign for run in self.dialer.floor.campaigns.values())
        self.link_up = False
        for request, of in self.requests.items():
            self.answered.add(request)
            if of in self.channels:
                self.channels[of].phase = "up"
        self.requests, self.claims, self.opens, self.history = {}, [], [], []
        busy = {row.lead_id for row in self.rows.values()}
        self.leads.extend(lead for i, lead in self.lead_of.items() if i not in busy)
        self.lead_of = {i: lead for i, lead in self.lead_of.items() if i in busy}
        rows = [replace(row) for row in self.rows.values()]
        self.dialer = Dialer(settings(), self.identity)
        restored = Restored(
            campaigns=campaigns,
            agents=tuple(self._restored_agent(profile) for profile in self.agents.values()),
            ledger={one.id: self.ledger_of(one.id) for one in campaigns},
            open_attempts=tuple(row for row in rows if row.ended_at is None),
            unfinished_attempts=tuple(row for row in rows if row.ended_at is not None),
        )
        self.obey(self.dialer.restore(restored, self.now))

    def _restored_agent(self, profile: AgentProfile) -> RestoredAgent:
        row = self.agent_rows.get(profile.id)
        if row is None:
            return RestoredAgent(profile=profile, state=AgentState.LOGGED_OUT)
        return RestoredAgent(profile=profile, state=row.state, reason=row.reason, leg_id=row.leg_id)

    def live(self, *states: AttemptState) -> list[int]:
        """Ids of the calls in one of these states."""
        return [i for i, call in self.dialer.floor.calls.items() if call.attempt.state in states]
