"""Owns the step from a pacing decision to committed intents: shares, limits, faults per campaign."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

from dialerd.core.amd.delay import measured_problem
from dialerd.core.call import Attempt, AttemptState
from dialerd.core.campaign import Campaign, CampaignState, DialMode
from dialerd.core.deadlines import Wait
from dialerd.core.decision_log import DecisionLog
from dialerd.core.errors import Unavailable
from dialerd.core.floor import CampaignRun, Floor
from dialerd.core.lead import Lead
from dialerd.core.lead_supply import LeadSupply, calls_per_agent
from dialerd.core.live_call import LiveCall
from dialerd.core.machine_flow import no_drop
from dialerd.core.messages import OpenAttempts, TestCall
from dialerd.core.moment import Moment
from dialerd.core.pacing import Limit, PacingDecision, PacingInputs, decide
from dialerd.core.pacing.shares import Claimant, share_agents, turn_at
from dialerd.core.predictive_flow import lead_segment, plan
from dialerd.core.preview_flow import PreviewFlow
from dialerd.core.readiness import start_problems

TEST_MODE = "test"


class DiallingFlow:
    """Decides for each active campaign and turns decisions into intents."""

    def __init__(self, floor: Floor, leads: LeadSupply, previews: PreviewFlow) -> None:
        self.floor = floor
        self.leads = leads
        self.previews = previews
        self.told = DecisionLog(floor)

    def decide_all(self, now: Moment) -> None:
        """One decision for every active campaign, higher priority first."""
        runs = [run for run in self.floor.campaigns.values() if run.campaign.state is CampaignState.ACTIVE]
        own = self._shares(runs, now)
        for run in sorted(runs, key=lambda r: (-r.campaign.priority, r.campaign.id)):
            if now.mono < run.decided_at + self.floor.settings.decision_interval_s:
                self.floor.decide_soon([run.campaign.id], now)
            else:
                self._decide_safely(run, own.get(run.campaign.id, ()), now)
        self.told.save(now)

    def decide_some(self, campaign_ids: Collection[int], now: Moment) -> None:
        """Decisions between two ticks, for campaigns whose agents or calls have just changed."""
        if not campaign_ids:
            return
        active = [r for r in self.floor.campaigns.values() if r.campaign.state is CampaignState.ACTIVE]
        own = self._shares(active, now)
        for run in sorted(active, key=lambda r: (-r.campaign.priority, r.campaign.id)):
            if run.campaign.id in campaign_ids:
                self._decide_safely(run, own.get(run.campaign.id, ()), now)

    def _decide_safely(self, run: CampaignRun, own: Sequence[int], now: Moment) -> None:
        """A fault in one campaign never stops another: it is kept, told once and tried again at the next tick."""
        try:
            self._decide(run, own, now)
            run.fault, run.fault_at = "", None
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            if run.fault != text:
                self.floor.log("error", f"campaign {run.campaign.name}: pacing failed: {text}", run.campaign.id)
            run.fault, run.fault_at = text, now
            run.decision = None
            self.told.stopped(run, f"pacing failed: {text}", now, known=True)

    def _shares(self, runs: list[CampaignRun], now: Moment) -> dict[int, list[int]]:
        busy = self.floor.roster.shared_and_busy()
        return share_agents(
            [
                Claimant(
                    campaign_id=run.campaign.id,
                    priority=run.campaign.priority,
                    ready=self.floor.roster.ready_for(run.campaign.id),
                    in_flight=self.floor.in_flight(run.campaign.id),
                    calls_per_agent=calls_per_agent(run.campaign),
                    room=self._room(run, now),
                    spare=None if run.campaign.dial_mode is DialMode.PREDICTIVE else run.standing(now).allowance,
                    forecasts=run.campaign.dial_mode is DialMode.PREDICTIVE,
                    busy=busy[run.campaign.id],
                )
                for run in runs
            ],
            turn_at(now.mono),
        )

    def _room(self, run: CampaignRun, now: Moment) -> int:
        """The most calls a campaign could place within a second: agents it has no use for stay with the others."""
        campaign = run.campaign
        if run.fault or self.obstacle(run, now):
            return 0
        trunk_free = self._trunk_free(campaign.trunk, now)
        lines_free = campaign.max_lines - self.floor.lines_used(campaign.id)
        rate_free = run.rate.free(now.mono) + math.ceil(run.rate.per_second)
        if campaign.dial_mode is DialMode.PREVIEW:  # every lead that is shown may be wanted called
            lines_free = min(lines_free, trunk_free) - len(self.previews.shown(campaign.id))
        room = min(trunk_free, lines_free, rate_free)
        return max(0, room if self._may_claim(run, now) else min(room, len(run.hopper)))

    def _may_claim(self, run: CampaignRun, now: Moment) -> bool:
        """Whether more leads may come than those in the hopper."""
        return run.claim_pending or self.leads.worth_a_claim(run, now)

    def _why_without_agents(self, run: CampaignRun, now: Moment) -> Limit:
        """Agents are ready and left to others: what this campaign could not place a call for, if there is anything."""
        campaign = run.campaign
        if self.floor.lines_used(campaign.id) >= campaign.max_lines:
            return Limit.LINES
        if self._trunk_free(campaign.trunk, now) <= 0:
            return Limit.TRUNK
        return Limit.AGENTS if run.hopper or self._may_claim(run, now) else Limit.LEADS

    def _decide(self, run: CampaignRun, own: Sequence[int], now: Moment) -> None:
        run.decided_at = now.mono
        self.floor.deadlines.cancel(Wait.DECIDE, run.campaign.id)
        self._watch_the_limit(run, now)
        obstacle = self.obstacle(run, now)
        if obstacle:
            run.decision = None
            self.leads.give_back(run)
            self.previews.withdraw(run.campaign.id, obstacle, now, accepted_only=True)
            if obstacle == run.alarm:  # the ledger's word is a decision like others: its limit is the budget
                inputs = self._inputs(run, len(own), now)
                run.decision = PacingDecision(calls=0, limit=Limit.BUDGET, ratio=0.0, inputs=inputs)
                self.told.decided(run, run.decision, 0.0, now)
            else:
                self.told.stopped(run, obstacle, now)
            return
        self.leads.give_back_promised(run)
        decision = decide(self._inputs(run, len(own), now), self.floor.pacers)
        if decision.limit is Limit.AGENTS and not own and self.floor.roster.ready_for(run.campaign.id):
            decision = replace(decision, limit=self._why_without_agents(run, now))
        if run.campaign.dial_mode is DialMode.PREVIEW:
            self._call_and_show(run, own, decision, now)
            self.told.decided(run, run.decision or decision, 0.0, now)
            return
        calls = min(decision.calls, len(run.hopper))
        if calls < decision.calls:
            self.leads.claim(run, decision.calls - calls, now)
            decision = PacingDecision(calls=calls, limit=Limit.LEADS, ratio=decision.ratio, inputs=decision.inputs)
        run.decision = decision
        expected = 0.0
        if calls:
            plan = decision.inputs.plan
            if plan is not None:
                expected = run.pacer.placed(plan, calls)
            text = decision.text()  # a fault here must not cost leads
            self._intend(run, self.leads.take(run, plan.order[:calls] if plan else range(calls)), text, now)
        self.told.decided(run, decision, expected, now)

    def _call_and_show(self, run: CampaignRun, own: Sequence[int], decision: PacingDecision, now: Moment) -> None:
        """Preview: call what agents have accepted, and show leads to those who are ready."""
        run.decision = decision
        for preview in self.previews.accepted(run.campaign.id)[: decision.calls]:
            agent = self.floor.roster.require(preview.lead.agent_id or 0)
            for call in self._intend(run, [preview.lead], f"{decision.text()} agent={agent.name}", now):
                self.previews.opened(call, now)
        missing = self.previews.show(run, own, now)
        if missing:
            self.leads.claim(run, missing, now)
            if not decision.inputs.accepted:
                run.decision = replace(decision, limit=Limit.LEADS)

    def obstacle(self, run: CampaignRun, now: Moment) -> str:
        """What stops this campaign altogether, as a sentence; empty when nothing does."""
        return self._no_way_out(run) or "; ".join(self.start_problems(run.campaign)) or self._over_the_limit(run, now)

    def start_problems(self, campaign: Campaign) -> list[str]:
        """What forbids a campaign to start (or, edited while it runs, to go on): one sentence each."""
        trunk = self.floor.settings.trunks.get(campaign.trunk)
        allowed = trunk.caller_ids if trunk is not None else ()
        settings = self.floor.settings
        return start_problems(
            campaign,
            settings.trunks,
            allowed_caller_ids=allowed,
            recording_folder=settings.recording_folder,
            sounds=self.floor.sounds,
        )

    def may_not_start(self, run: CampaignRun) -> list[str]:
        """What forbids this campaign to start now: its settings, and verdicts of AMD that were seen to come too late.

        The latter do not stop one that runs: nobody is left in silence, the dialplan plays the message at the limit,
        and whom it is played counts as abandoned, so the ledger stops it where the law does.
        """
        slow = measured_problem(run.campaign, run.verdicts)
        return [*self.start_problems(run.campaign), *([slow] if slow else [])]

    def _watch_the_limit(self, run: CampaignRun, now: Moment) -> None:
        """Alarm once when dialling stops itself over the abandon rate, and tell when it goes on."""
        told, name = self._over_the_limit(run, now), run.campaign.name
        if told and not run.alarm:
            self.floor.log("error", f"campaign {name}: {told} (dialerctl campaign ledger {name})", run.campaign.id)
        elif run.alarm and not told:
            self.floor.log(
                "info", f"campaign {name} dials again: its abandon rate is within the limit", run.campaign.id
            )
        run.alarm = told

    @staticmethod
    def _over_the_limit(run: CampaignRun, now: Moment) -> str:
        """Above max_abandon_rate with 100 or more live answers in the window there is nothing left to risk."""
        most, ledger = run.campaign.max_abandon_rate, run.standing(now)
        if not ledger.breaks(most):
            return ""
        return (
            f"abandon rate {100 * ledger.rate:.1f} % ({ledger.told} of {ledger.live}) is above "
            f"max_abandon_rate {100 * most:g} %: dialling has stopped itself"
        )

    def _no_way_out(self, run: CampaignRun) -> str:
        """Why no call at all can leave, as a sentence; empty when one can."""
        trunk = self.floor.settings.trunks.get(run.campaign.trunk)
        if self.floor.stopping:
            return "dialerd is stopping: no new calls"
        if trunk is None:
            return f"trunk {run.campaign.trunk!r} is not in the configuration"
        link = self.floor.links.get(trunk.node)
        if link is None:
            return f"Asterisk {trunk.node!r} of trunk {trunk.name} is not in the configuration"
        if not link.connected:
            return f"Asterisk {link.node} is not connected: {link.reason}"
        return self.floor.store_problem

    def _inputs(self, run: CampaignRun, ready: int, now: Moment) -> PacingInputs:
        campaign = run.campaign
        rate_free = min(
            run.rate.free(now.mono),
            self.floor.trunk_rates[campaign.trunk].free(now.mono),
            self.floor.rate.free(now.mono),
        )
        ledger = run.standing(now)
        predictive = campaign.dial_mode is DialMode.PREDICTIVE
        return PacingInputs(
            mode=campaign.dial_mode,
            dial_ratio=campaign.dial_ratio,
            ready=ready,
            staffed=self.floor.roster.staffed_for(campaign.id),
            in_flight=self.floor.in_flight(campaign.id),
            lines_used=self.floor.lines_used(campaign.id),
            max_lines=campaign.max_lines,
            trunk_free=self._trunk_free(campaign.trunk, now),
            rate_free=rate_free,
            abandon_allowance=ledger.allowance,
            min_dial_ratio=campaign.min_dial_ratio,
            max_dial_ratio=campaign.max_dial_ratio,
            plan=plan(self.floor, run, ready, ledger.credit, now) if predictive else None,
            accepted=len(self.previews.accepted(campaign.id)) if campaign.dial_mode is DialMode.PREVIEW else 0,
        )

    def _trunk_free(self, name: str, now: Moment) -> int:
        """Channels that may be taken now: none beyond a probe while the trunk, or the way to our AGI, fails."""
        trunk = self.floor.settings.trunks[name]
        free = trunk.max_channels - self.floor.trunk_used(name)
        free = self.floor.breakers[name].free(free, now.mono)
        return self.floor.agi_breakers[trunk.node].free(free, now.mono)

    def release(self, run: CampaignRun, why: str, now: Moment) -> None:
        """Give back the hopper and what agents are shown (pause, stop, shutdown)."""
        self.leads.give_back(run)
        self.previews.withdraw(run.campaign.id, why, now)

    # -- intents

    def _intend(self, run: CampaignRun, leads: list[Lead], decision: str, now: Moment) -> list[LiveCall]:
        calls: list[LiveCall] = []
        attempts = tuple(self._attempt(run, lead, run.campaign.dial_mode.value, decision, now) for lead in leads)
        for attempt, lead in zip(attempts, leads, strict=True):
            call = LiveCall(
                attempt=attempt,
                campaign=run.campaign,
                promised_to=lead.agent_id,
                variables=lead.variables,
                segment=lead_segment(lead, now.wall),
                no_drop=no_drop(run.campaign, lead, now),
            )
            self.floor.put_call(call)
            calls.append(call)
            self._await_commit(attempt.id, now)
        for rate in (run.rate, self.floor.trunk_rates[run.campaign.trunk], self.floor.rate):
            rate.take(len(attempts), now.mono)
        trunk = self.floor.settings.trunks[run.campaign.trunk]
        for breaker in (self.floor.breakers[trunk.name], self.floor.agi_breakers[trunk.node]):
            breaker.took(len(attempts), now.mono)
        run.refused.clear()
        self.floor.emit(OpenAttempts(attempts=tuple(a.snapshot() for a in attempts), leads=tuple(leads)))
        return calls

    def _await_commit(self, attempt_id: int, now: Moment) -> None:
        self.floor.deadlines.set(Wait.COMMIT, attempt_id, now.mono + self.floor.settings.commit_timeout_s)

    def commit_overdue(self, attempt_id: int) -> None:
        """The store neither commits nor fails: no further intents; this one is not sent when it comes too late."""
        call = self.floor.calls.get(attempt_id)
        if call is None or call.attempt.state is not AttemptState.INTENDED:
            return
        if not self.floor.overdue_intents:
            self.floor.overdue_intents.add(attempt_id)
            self.floor.log("error", self.floor.store_problem)
        self.floor.overdue_intents.add(attempt_id)

    def _attempt(self, run: CampaignRun, lead: Lead, mode: str, decision: str, now: Moment) -> Attempt:
        campaign, identity = run.campaign, self.floor.identity
        attempt_id = identity.attempt_id()
        return Attempt(
            id=attempt_id,
            campaign_id=campaign.id,
            list_id=lead.list_id,
            lead_id=lead.id,
            number=lead.number,
            node=self.floor.settings.trunks[campaign.trunk].node,
            trunk=campaign.trunk,
            channel_id=f"dlr-{attempt_id}-{identity.nonce()}",
            token=identity.token(),
            dial_mode=mode,
            created_at=now.wall,
            caller_id=campaign.caller_id,
            caller_name=campaign.caller_name,
            attempt_number=lead.attempts + 1,
            zones=lead.zones,
            consent_id=lead.consent_id,
            pacing_decision=decision,
        )

    def test_call(self, event: TestCall, now: Moment) -> int:
        """One call through the campaign's trunk under the same gate; returns its attempt id."""
        run = self.floor.run(event.campaign_id)
        obstacle = self._no_way_out(run)
        if obstacle:
            raise Unavailable(f"no test call: {obstacle}")
        trunk = self.floor.settings.trunks[run.campaign.trunk]
        if self.floor.trunk_used(trunk.name) >= trunk.max_channels:
            raise Unavailable(f"no test call: all {trunk.max_channels} channels of trunk {trunk.name} are in use")
        attempt = self._attempt(run, event.lead, TEST_MODE, "test call", now)
        self.floor.put_call(LiveCall(attempt=attempt, campaign=run.campaign, is_test=True))
        self._await_commit(attempt.id, now)
        for rate in (self.floor.trunk_rates[trunk.name], self.floor.rate):
            rate.take(1, now.mono)
        self.floor.emit(OpenAttempts(attempts=(attempt.snapshot(),), leads=(event.lead,)))
        return attempt.id
