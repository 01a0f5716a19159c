"""Owns the state that all flows share: campaigns at run time, calls, agents, links, deadlines and the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dialerd.core.agent import AgentMove, AgentState
from dialerd.core.amd.delay import PersonsVerdict, late_verdicts
from dialerd.core.breaker import Breaker
from dialerd.core.campaign import Campaign, DialMode
from dialerd.core.campaign_run import CampaignRun as CampaignRun
from dialerd.core.deadlines import Deadlines, Wait
from dialerd.core.dispositions import Disposition
from dialerd.core.errors import NotFound
from dialerd.core.live_call import LiveCall
from dialerd.core.messages import (
    Command,
    LedgerLoaded,
    LogEvent,
    SaveAgentState,
    SaveAttempt,
    SendVerdict,
)
from dialerd.core.moment import Moment
from dialerd.core.pacing import Pacer
from dialerd.core.pacing.rate import CallRate
from dialerd.core.roster import Roster, Seat, move
from dialerd.core.settings import DialerSettings, Identity
from dialerd.core.sparing import Sparing
from dialerd.core.tally import Tally


@dataclass(slots=True, kw_only=True)
class Link:
    """The AMI link to one node."""

    node: str
    connected: bool = False
    version: str = ""
    reason: str = "not connected yet"
    since: Moment | None = None


class Floor:
    """Shared state and the few operations that every flow uses. Commands collect in the outbox, in order."""

    def __init__(
        self,
        settings: DialerSettings,
        identity: Identity,
        pacers: Mapping[DialMode, Pacer],
        dispositions: Mapping[str, Disposition],
    ) -> None:
        self.settings = settings
        self.identity = identity
        self.pacers = pacers
        self.dispositions = dict(dispositions)
        self.campaigns: dict[int, CampaignRun] = {}
        self.calls: dict[int, LiveCall] = {}  # changed by put_call and forget_call only
        self.tally = Tally()
        self._promised: set[int] = set()  # attempts in `calls` whose person was promised one agent's call
        self.waiting: dict[int, LiveCall] = {}  # people without an agent yet, in the order they answered
        self.roster = Roster()
        self.links = {node: Link(node=node) for node in settings.nodes}
        self.deadlines = Deadlines()
        self.rate = CallRate(settings.calls_per_second)
        self.trunk_rates = {name: CallRate(trunk.calls_per_second) for name, trunk in settings.trunks.items()}
        self.breakers = {
            name: Breaker(limit=10, first_pause_s=5.0, longest_pause_s=60.0) for name in settings.trunks
        }  # by trunk: refusals of the network in a row
        self.agi_breakers = {
            node: Breaker(limit=3, first_pause_s=30.0, longest_pause_s=300.0) for node in settings.nodes
        }  # by node: people in a row whom the dialplan met alone; each one is abandoned
        self.forgeries = Sparing()
        self.sounds = settings.sounds  # as they were found last
        self.store_fault = ""
        self.overdue_intents: set[int] = set()  # the store has not answered them in time
        self.refused_tests: dict[int, str] = {}  # test calls that the gate refused, until somebody asks
        self.stopping = False
        self._outbox: list[Command] = []

    # -- outbox

    def emit(self, *commands: Command) -> None:
        """Append commands for the shell, in order."""
        self._outbox.extend(commands)

    def take_outbox(self) -> list[Command]:
        """Everything emitted since the last call."""
        commands, self._outbox = self._outbox, []
        return commands

    def log(self, level: str, text: str, campaign_id: int | None = None) -> None:
        """Tell the operator something."""
        self.emit(LogEvent(level=level, text=text, campaign_id=campaign_id))

    # -- what must work before anybody is called

    def trunk_failed(self, trunk: str, reason: str, now: Moment) -> None:
        """The network has refused a call for a reason that is not the called party's."""
        breaker = self.breakers.get(trunk)
        if breaker is not None and breaker.failed(reason, now.mono):
            self.log("error", self.trunk_problem(trunk))

    def trunk_worked(self, trunk: str) -> None:
        """The network has taken a call: it rings, it is answered, or the called party is busy."""
        breaker = self.breakers.get(trunk)
        if breaker is not None and breaker.worked():
            self.log("info", f"trunk {trunk} takes calls again")

    def trunk_problem(self, trunk: str) -> str:
        """Why this trunk rests, as a sentence; empty while it works."""
        breaker = self.breakers.get(trunk)
        if breaker is None or not breaker.open:
            return ""
        return (
            f"trunk {trunk} refuses every call ({breaker.failures} in a row, the last: {breaker.reason}): "
            f"one call every {breaker.pause_s:g} s until one gets through"
        )

    def agi_failed(self, node: str, now: Moment) -> None:
        """Somebody answered, and the dialplan had to act without having asked us."""
        breaker = self.agi_breakers.get(node)
        if breaker is not None and breaker.failed("not asked", now.mono):
            self.log("error", self.agi_problem(node))

    def agi_worked(self, node: str) -> None:
        """The AGI has asked."""
        breaker = self.agi_breakers.get(node)
        if breaker is not None and breaker.worked():
            self.log("info", f"Asterisk {node} reaches dialerd's AGI again")

    def agi_problem(self, node: str) -> str:
        """Why people on this node would meet nobody, as a sentence; empty while the AGI asks."""
        breaker = self.agi_breakers.get(node)
        if breaker is None or not breaker.open:
            return ""
        return (
            f"the AGI is not reached from Asterisk {node}: {breaker.failures} people in a row were met by the dialplan "
            f"alone; one call every {breaker.pause_s:g} s until the AGI asks"
        )

    def intent_settled(self, attempt_id: int) -> None:
        """The store has answered this intent, one way or the other."""
        self.deadlines.cancel(Wait.COMMIT, attempt_id)
        self.overdue_intents.discard(attempt_id)

    @property
    def store_problem(self) -> str:
        """What is wrong with the store, as a sentence; empty when it writes."""
        if self.store_fault:
            return f"the store does not accept writes: {self.store_fault}"
        if self.overdue_intents:
            limit = self.settings.commit_timeout_s
            return f"the store is slow or mute: it has not committed within {limit:g} s what would be dialled next"
        return ""

    # -- campaigns and calls

    def run(self, campaign_id: int) -> CampaignRun:
        """The campaign at run time; raise NotFound with a sentence otherwise."""
        run = self.campaigns.get(campaign_id)
        if run is None:
            raise NotFound(f"there is no campaign with id {campaign_id}")
        return run

    def put_campaign(self, campaign: Campaign) -> CampaignRun:
        """Add a campaign or give a known one its new settings; its state stays what it is."""
        run = self.campaigns.get(campaign.id)
        if run is None:
            run = self.campaigns[campaign.id] = CampaignRun.of(campaign)
        else:
            run.change(campaign)
        return run

    def renew_ledger(self, run: CampaignRun) -> None:
        """Ask the store what the campaign's window holds."""
        self.emit(run.renew_ledger())

    def ledger_loaded(self, event: LedgerLoaded) -> None:
        """The store's answer to `renew_ledger`."""
        run = self.campaigns.get(event.campaign_id)
        if run is not None:
            run.ledger_loaded(event)

    def put_call(self, call: LiveCall) -> None:
        """Take a call in."""
        self.calls[call.attempt.id] = call
        if call.promised_to is not None:
            self._promised.add(call.attempt.id)
        call.put_on(self.tally)

    def promised_agents(self) -> frozenset[int]:
        """Agents to whom a call on its way was promised and who do not have it yet."""
        waiting = (self.calls[attempt_id] for attempt_id in self._promised)
        return frozenset(c.promised_to for c in waiting if c.promised_to is not None and c.agent_id is None)

    def in_flight(self, campaign_id: int) -> int:
        """Calls of a campaign that may still need an agent and have none."""
        return self.tally.in_flight[campaign_id]

    def lines_used(self, campaign_id: int) -> int:
        """Lines that a campaign occupies."""
        return self.tally.lines[campaign_id]

    def trunk_used(self, trunk: str) -> int:
        """Lines occupied on a trunk."""
        return self.tally.trunks[trunk]

    def forget_call(self, attempt_id: int) -> None:
        """Drop a call and every wait of its own."""
        call = self.calls.pop(attempt_id, None)
        if call is not None:
            call.put_on(None)
        self._promised.discard(attempt_id)
        self.waiting.pop(attempt_id, None)
        self.intent_settled(attempt_id)
        for wait in (Wait.DIAL, Wait.LIMIT, Wait.CONNECT, Wait.ENDING):
            self.deadlines.cancel(wait, attempt_id)

    def save(self, call: LiveCall) -> None:
        """Keep the progress of a call, and count what it shows."""
        self.count(call)
        self.emit(SaveAttempt(attempt=call.attempt.snapshot()))

    def count(self, call: LiveCall) -> None:
        """A live answer and its abandon are in the ledger as soon as they are known; a test call never is."""
        run = self.campaigns.get(call.attempt.campaign_id)
        if run is not None and not call.is_test:
            run.count(call.attempt, abandoned=call.abandoned, machine=call.machine)

    def settle(self, call: LiveCall, person: bool, now: Moment) -> None:
        """It is known whether a person has answered: the pacer learns from it, once for each call."""
        run = self.campaigns.get(call.attempt.campaign_id)
        if run is None or call.is_test or call.settled or call.sent_mono is None:  # None: sent before a restart
            return
        call.settled = True
        run.pacer.call_ended(call.sent_mono, now.mono, person, call.segment)

    def judged(self, call: LiveCall, verdict: PersonsVerdict) -> None:
        """AMD has given a call to an agent, or was cut off by the limit: remember how long that took."""
        run = self.campaigns.get(call.attempt.campaign_id)
        if run is None or call.is_test or call.campaign.amd != run.verdicts.parameters:
            return
        before = late_verdicts(run.campaign, run.verdicts)
        run.verdicts.add(verdict)
        after = late_verdicts(run.campaign, run.verdicts)
        if after and not before:
            self.log("warning", f"campaign {run.campaign.name}: {after}", run.campaign.id)

    def expect_end(self, call: LiveCall, now: Moment) -> None:
        """Asterisk must report the end of this call in time; then it is hung up. One handed over may go on.

        In time is ENDING, and for a machine what it gets before that.
        """
        if call.handed_over:
            self.deadlines.cancel(Wait.ENDING, call.attempt.id)
            return
        longest_s = self.settings.ending_timeout_s + call.machine_takes_s
        self.deadlines.set(Wait.ENDING, call.attempt.id, now.mono + longest_s)

    def start_limit(self, call: LiveCall, at_mono: float) -> None:
        """A person waits for an agent, until `at_mono` at the latest."""
        self.waiting[call.attempt.id] = call
        self.deadlines.cancel(Wait.ENDING, call.attempt.id)
        self.deadlines.set(Wait.LIMIT, call.attempt.id, at_mono)

    def wait_again(self, call: LiveCall, now: Moment) -> None:
        """The agent is lost to this person before the bridge: back to waiting, within the limit that already runs."""
        call.give_to(None)
        call.attempt.agent_id, call.attempt.agent_channel = None, ""
        self.deadlines.cancel(Wait.CONNECT, call.attempt.id)
        start = call.limit_from or call.answered or now
        limit = start.mono + call.campaign.abandon_after_s - self.settings.verdict_margin_s
        self.start_limit(call, max(limit, now.mono))

    def answer_agi(self, call: LiveCall, verdict: str, leg_id: str = "") -> None:
        """Answer the AGI that waits for this call's verdict, if one does: each request once, none forgotten."""
        if call.request_id is not None:
            self.emit(SendVerdict(request_id=call.request_id, verdict=verdict, leg_id=leg_id))
            call.request_id = None

    # -- agents

    def move_seat(self, seat: Seat, step: AgentMove, now: Moment, reason: str = "") -> None:
        """Take a seat through its table and log the new state."""
        before, lasted_s = seat.state, now.seconds_since(seat.since)
        move(seat, step, now, reason)
        run = self.campaigns.get(seat.campaign_id)
        if run is not None and before is AgentState.ON_CALL and seat.state is AgentState.WRAP_UP:
            run.pacer.talk_ended(lasted_s)
        elif run is not None and before is AgentState.WRAP_UP and seat.state is AgentState.READY:
            run.pacer.wrap_up_ended(lasted_s)
        self.log_seat(seat, now)

    def log_seat(self, seat: Seat, now: Moment) -> None:
        """Write the seat's present state to the state log."""
        call = self.calls.get(seat.attempt_id) if seat.attempt_id is not None else None
        lead = seat.preview.lead if seat.preview is not None else None
        self.emit(
            SaveAgentState(
                agent_id=seat.profile.id,
                state=seat.state,
                reason=seat.reason,
                at=now.wall,
                campaign_id=call.attempt.campaign_id if call else lead.campaign_id if lead else None,
                attempt_id=seat.attempt_id,
                leg_id=seat.leg_id,
            )
        )

    def decide_soon(self, campaign_ids: Iterable[int], now: Moment) -> None:
        """Ask for a pacing decision before the next tick, at most one per campaign and decision interval."""
        for campaign_id in campaign_ids:
            run = self.campaigns.get(campaign_id)
            if run is not None and not self.deadlines.waiting(Wait.DECIDE, campaign_id):
                at = max(now.mono, run.decided_at + self.settings.decision_interval_s)
                self.deadlines.set(Wait.DECIDE, campaign_id, at)
