"""The dialer: the one aggregate that turns events into commands. Start reading here, then `messages.py`.

    commands = dialer.handle(event, now)   # something happened
    commands = dialer.tick(now)            # a second has passed: pacing decisions
    commands = dialer.expire(now)          # at dialer.next_deadline(): a wait has ended

Pure: it does nothing itself. The live shell is `dialerd.engine`, the virtual one `dialerd.simulation.virtual`; both
carry out the commands in order and feed the answers back as events. One task calls it; there are no locks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from dialerd.core.agent import AgentState
from dialerd.core.agent_flow import AgentFlow
from dialerd.core.call import ON_LINE, Attempt, AttemptState, HungUpBy
from dialerd.core.call_flow import CallFlow
from dialerd.core.campaign import CampaignState, DialMode, next_campaign_state
from dialerd.core.closing import close_call
from dialerd.core.deadlines import Wait
from dialerd.core.dialling_flow import TEST_MODE, DiallingFlow
from dialerd.core.dispositions import Disposition, definitions
from dialerd.core.errors import Conflict, NotFound, Unavailable
from dialerd.core.floor import Floor
from dialerd.core.lead_supply import LeadSupply
from dialerd.core.live_call import LiveCall
from dialerd.core.machine_flow import MachineFlow, no_drop_after_restart
from dialerd.core.machine_messages import (
    AmdCutOff,
    GreetingEnded,
    MachineActionFailed,
    VoicemailEnded,
    VoicemailStarted,
)
from dialerd.core.messages import (
    AgentAccept,
    AgentDispose,
    AgentLogin,
    AgentLogout,
    AgentPause,
    AgentSaved,
    AgentSkip,
    AgentUnpause,
    AttemptRefused,
    AttemptsOpened,
    CallAnswered,
    CallBridged,
    CallEnded,
    CallRinging,
    CallUnbridged,
    CampaignOrder,
    CampaignSaved,
    Command,
    Event,
    HangupAttempt,
    LeadsAdded,
    LeadsClaimed,
    LedgerLoaded,
    LegEnded,
    LegUp,
    MessageEnded,
    MessageStarted,
    OptOutTrace,
    OriginateFailed,
    PbxConnected,
    PbxLost,
    SaveCampaignState,
    ShutdownBegan,
    StoreFailed,
    StoreRecovered,
    TestCall,
    UnattendedTrace,
    VerdictAbandoned,
    VerdictAsked,
)
from dialerd.core.moment import Moment
from dialerd.core.pacing import Pacer
from dialerd.core.pacing.ledger import LedgerHistory
from dialerd.core.pacing.planned import planned
from dialerd.core.pacing.power import power
from dialerd.core.pacing.preview import preview
from dialerd.core.pacing.progressive import progressive
from dialerd.core.preview_flow import PreviewFlow
from dialerd.core.reconcile import Reconcile
from dialerd.core.remembered import teach
from dialerd.core.restored import Restored
from dialerd.core.settings import DialerSettings, Identity
from dialerd.core.sounds import SoundsChanged
from dialerd.core.verdict_flow import VerdictFlow
from dialerd.core.wall_clock import WallClock

PACERS: Mapping[DialMode, Pacer] = {
    DialMode.PREDICTIVE: planned,
    DialMode.PROGRESSIVE: progressive,
    DialMode.POWER: power,
    DialMode.PREVIEW: preview,
}

SETTLED = frozenset({AttemptState.TALKING, AttemptState.ENDED})
"""States in which dialerd may go away: Asterisk and the agent carry on, the record is finished later."""


class Dialer:
    """Everything that dialerd decides. See the module's docstring for its four verbs."""

    def __init__(
        self,
        settings: DialerSettings,
        identity: Identity,
        *,
        dispositions: Mapping[str, Disposition] | None = None,
        pacers: Mapping[DialMode, Pacer] = PACERS,
    ) -> None:
        self.floor = Floor(settings, identity, pacers, dispositions or definitions())
        self.agents = AgentFlow(self.floor)
        self.calls = CallFlow(self.floor, self.agents)
        self.machines = MachineFlow(self.floor, self.calls.hang_up)
        self.verdicts = VerdictFlow(self.floor, self.agents, self.calls, self.machines)
        self.previews = PreviewFlow(self.floor, self.agents)
        self.leads = LeadSupply(self.floor)
        self.dialling = DiallingFlow(self.floor, self.leads, self.previews)
        self.reconcile = Reconcile(self.floor, self.agents, self.calls, self.verdicts)
        self.wall_clock = WallClock()
        self._handlers = self._table()
        self._answer: Any = None

    def _table(self) -> dict[type, Callable[[Any, Moment], Any]]:
        """Which handler serves which event: the whole behaviour in one place."""
        return {
            # store
            LeadsClaimed: self.leads.claimed,
            AttemptsOpened: self.calls.opened,
            AttemptRefused: self.calls.refused,
            LedgerLoaded: lambda e, now: self.floor.ledger_loaded(e),
            StoreFailed: self._store_failed,
            StoreRecovered: self._store_recovered,
            # Asterisk: links and traces
            PbxConnected: self.reconcile.connected,
            PbxLost: self.reconcile.lost,
            OptOutTrace: lambda e, now: self.reconcile.opt_out(e, self.floor.settings.default_node),
            # Asterisk: calls
            OriginateFailed: self.calls.originate_failed,
            CallRinging: self.calls.ringing,
            CallAnswered: self.calls.answered,
            VerdictAsked: self.verdicts.asked,
            VerdictAbandoned: lambda e, now: self.calls.verdict_request_gone(e),
            CallBridged: self.verdicts.bridged,
            CallUnbridged: self.verdicts.unbridged,
            AmdCutOff: self.verdicts.amd_cut_off,
            MessageStarted: self.verdicts.message_started,
            MessageEnded: self.verdicts.message_ended,
            GreetingEnded: self.machines.greeting_ended,
            VoicemailStarted: self.machines.voicemail_started,
            VoicemailEnded: self.machines.voicemail_ended,
            MachineActionFailed: self.machines.failed,
            UnattendedTrace: self.verdicts.unattended,
            CallEnded: self.calls.ended,
            # Asterisk: agents' legs
            LegUp: self.agents.leg_up,
            LegEnded: self.agents.leg_ended,
            # orders
            CampaignSaved: self._campaign_saved,
            CampaignOrder: self._campaign_order,
            SoundsChanged: self._sounds_changed,
            AgentSaved: self._agent_saved,
            AgentLogin: self.agents.login,
            AgentLogout: self.agents.logout,
            AgentPause: self.agents.pause,
            AgentUnpause: self.agents.unpause,
            AgentDispose: self.agents.dispose,
            AgentAccept: self._accept,
            AgentSkip: self.previews.skip,
            HangupAttempt: self._hangup_attempt,
            TestCall: self.dialling.test_call,
            LeadsAdded: self.leads.leads_added,
            ShutdownBegan: self._shutdown,
        }

    # -- the four verbs

    def handle(self, event: Event, now: Moment) -> list[Command]:
        """Take in one event and return the commands it leads to, in order.

        Orders that are refused raise a DialerError with a sentence and change nothing. `answer` holds what an
        order gave back (a test call's attempt id).
        """
        self._answer = None
        self._answer = self._handlers[type(event)](event, now)
        self.verdicts.serve_waiting(now)
        return self.floor.take_outbox()

    def tick(self, now: Moment) -> list[Command]:
        """The pacing tick: overdue waits, then a decision for each active campaign."""
        self._watch_wall_clock(now)
        self._expire(now)
        self.dialling.decide_all(now)
        return self.floor.take_outbox()

    def next_deadline(self) -> float | None:
        """The monotonic second at which `expire` must be called at the latest; None: nothing is waited for."""
        return self.floor.deadlines.next()

    def expire(self, now: Moment) -> list[Command]:
        """Act on every wait whose deadline has passed."""
        self._watch_wall_clock(now)
        self._expire(now)
        return self.floor.take_outbox()

    def _expire(self, now: Moment) -> None:
        due = self.floor.deadlines.pop_due(now.mono)
        for wait, of in due:
            self._overdue(wait, of, now)
        self.dialling.decide_some([of for wait, of in due if wait is Wait.DECIDE], now)
        self.verdicts.serve_waiting(now)

    def _overdue(self, wait: Wait, of: int, now: Moment) -> None:
        match wait:
            case Wait.DIAL:
                self.calls.dial_overdue(of, now)
            case Wait.LIMIT:
                self.verdicts.limit_overdue(of, now)
            case Wait.CONNECT:
                self.verdicts.connect_overdue(of, now)
            case Wait.ENDING:
                self.calls.ending_overdue(of, now)
            case Wait.LEG:
                self.agents.leg_overdue(of, now)
            case Wait.WRAP_UP:
                self.agents.wrap_up_overdue(of, now)
            case Wait.PREVIEW:
                self.previews.overdue(of, now)
            case Wait.DECIDE:
                pass  # decided together, after everything that frees agents
            case Wait.CLAIM:
                self.leads.claim_overdue(of)
            case Wait.COMMIT:
                self.dialling.commit_overdue(of)

    def _watch_wall_clock(self, now: Moment) -> None:
        """After a step of the wall clock the ledgers are read anew: what they hold stands at the times of before."""
        step_s = self.wall_clock.step_s(now)
        if not step_s:
            return
        self.floor.log(
            "warning",
            f"the wall clock was {'put forward' if step_s > 0 else 'set back'} by {abs(step_s):.0f} s (NTP, or the "
            "machine was suspended): the abandon ledgers are read again",
        )
        for run in self.floor.campaigns.values():
            self.floor.renew_ledger(run)

    @property
    def answer(self) -> Any:
        """What the last handled order gave back."""
        return self._answer

    @property
    def drained(self) -> bool:
        """True when nobody would be left in silence if dialerd went away now."""
        return all(call.attempt.state in SETTLED or call.elsewhere for call in self.floor.calls.values())

    # -- start and restart

    def restore(self, restored: Restored, now: Moment) -> list[Command]:
        """Take over what the store knows from before: nothing is dialled until Asterisk's channels are compared."""
        self.wall_clock.step_s(now)
        for campaign in restored.campaigns:
            run = self.floor.put_campaign(campaign)
            run.ledger.take_over(restored.ledger.get(campaign.id, LedgerHistory()))
            if campaign.id in restored.remembered:
                teach(run.pacer, restored.remembered[campaign.id])
                run.verdicts.remember(restored.remembered[campaign.id].verdicts)
        for agent in restored.agents:
            seat = self.floor.roster.put(agent.profile, now)
            if agent.state is not AgentState.LOGGED_OUT:
                seat.restored, seat.leg_id = (agent.state, agent.reason), agent.leg_id
        for attempt in restored.open_attempts:
            self._restore_call(attempt, restored.promises.get(attempt.id))
        for attempt in restored.unfinished_attempts:
            call = self._restore_call(attempt)
            if call is not None:
                attempt.status = attempt.status or self.calls.last_seen(call)
                call.enter(AttemptState.ENDED)
                close_call(self.floor, call, now)
        return self.floor.take_outbox()

    def _restore_call(self, attempt: Attempt, promised_to: int | None = None) -> LiveCall | None:
        run = self.floor.campaigns.get(attempt.campaign_id)
        if run is None:
            return None
        if attempt.state is AttemptState.INTENDED:  # it may have been sent: the progress write is not durable
            attempt.state = AttemptState.DIALING
        given = attempt.state is AttemptState.CONNECTING or attempt.state is AttemptState.TALKING
        if attempt.state in (AttemptState.WAITING, AttemptState.CONNECTING):
            attempt.state = AttemptState.ANSWERED
        if not given and attempt.bridged_at is None:  # it met nobody
            attempt.agent_id, attempt.agent_channel = None, ""
        is_test = attempt.dial_mode == TEST_MODE
        talks_with = attempt.agent_id if attempt.bridged_at is not None else None
        call = LiveCall(
            attempt=attempt,
            campaign=run.campaign,
            is_test=is_test,
            agent_id=talks_with,
            promised_to=promised_to,
            no_drop=no_drop_after_restart(run.campaign),
        )
        self.floor.put_call(call)
        self.floor.count(call)  # the store counts finished records only
        return call

    # -- store, campaigns, shutdown

    def _store_failed(self, event: StoreFailed, now: Moment) -> None:
        if not self.floor.store_fault:
            self.floor.log("error", f"the store does not accept writes: {event.what}")
        self.floor.store_fault = event.what
        self.calls.not_committed(event, now)

    def _store_recovered(self, event: StoreRecovered, now: Moment) -> None:
        self.floor.store_fault = ""
        self.floor.log("info", "the store accepts writes again")

    def _campaign_saved(self, event: CampaignSaved, now: Moment) -> None:
        known = event.campaign.id in self.floor.campaigns
        run = self.floor.put_campaign(event.campaign)
        # a campaign that was left out at the start, because its row was broken, may have a past
        if not known or run.counts_another_window:
            self.floor.renew_ledger(run)
        if event.campaign.dial_mode is not DialMode.PREVIEW:
            self.previews.withdraw(event.campaign.id, "the campaign is not in preview mode any more", now)
        self.floor.decide_soon([event.campaign.id], now)

    def _campaign_order(self, event: CampaignOrder, now: Moment) -> None:
        run = self.floor.run(event.campaign_id)
        state = next_campaign_state(run.campaign.name, run.campaign.state, event.verb)
        if state is CampaignState.ACTIVE:
            problems = self.dialling.may_not_start(run)
            if problems:
                raise Conflict(f"campaign {run.campaign.name} cannot start: " + "; ".join(problems))
            run.claim_not_before = now.mono
            self.floor.decide_soon([event.campaign_id], now)
        else:
            self.dialling.release(run, f"campaign {run.campaign.name} is {state.value}", now)
        run.campaign = replace(run.campaign, state=state)
        run.fault, run.alarm, run.decision = "", "", None
        self.floor.emit(SaveCampaignState(campaign_id=event.campaign_id, state=state.value))

    def _sounds_changed(self, event: SoundsChanged, now: Moment) -> None:
        """A campaign that cannot play what it must stops dialling by itself (DiallingFlow.obstacle), and says so."""
        self.floor.sounds = event.sounds
        self.floor.decide_soon(list(self.floor.campaigns), now)

    def _agent_saved(self, event: AgentSaved, now: Moment) -> None:
        self.floor.roster.put(event.profile, now)

    def _accept(self, event: AgentAccept, now: Moment) -> int:
        """Refused while no call could leave; the lead stays shown. Returns the lead's id."""
        seat, shown = self.previews.require(event.agent_id)
        obstacle = self.dialling.obstacle(self.floor.run(shown.lead.campaign_id), now)
        if obstacle:
            raise Unavailable(f"{shown.lead.number} cannot be called now: {obstacle}")
        self.previews.accept(seat, shown, now)
        return shown.lead.id

    def _hangup_attempt(self, event: HangupAttempt, now: Moment) -> None:
        call = self.floor.calls.get(event.attempt_id)
        if call is None:
            raise NotFound(f"call {event.attempt_id} is not in progress")
        if call.attempt.state not in ON_LINE:
            raise Conflict(f"call {event.attempt_id} is over already")
        if call.attempt.state is AttemptState.INTENDED:
            raise Conflict(f"call {event.attempt_id} has not been placed yet: try again")
        self.calls.cancel(call, HungUpBy.AGENT if event.by_agent else HungUpBy.DIALER, now)

    def _shutdown(self, event: ShutdownBegan, now: Moment) -> None:
        self.floor.stopping = True
        for run in self.floor.campaigns.values():
            self.dialling.release(run, "dialerd is stopping", now)
        self.calls.cancel_unanswered(now)
        self.dialling.told.save(now)
