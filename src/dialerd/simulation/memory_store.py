"""Owns the virtual store: leads, open and finished attempts in memory, behind the same gate as the real one.

Knows nothing of SQL. Whatever a real store would never accept is kept in `violations`: tests demand that it is empty.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from dialerd.core.call import Attempt
from dialerd.core.campaign import Campaign
from dialerd.core.compliance import NEVER_AGAIN, GateVerdict, may_dial
from dialerd.core.compliance_rules import Facts
from dialerd.core.dispositions import Disposition, definitions, lead_outcome
from dialerd.core.lead import DUE_STATES, Lead, LeadState
from dialerd.core.messages import (
    AddDoNotCall,
    AttemptRefused,
    AttemptsOpened,
    ClaimLeads,
    CloseAttempt,
    LeadsClaimed,
    LedgerLoaded,
    LoadLedger,
    OpenAttempts,
    ReleaseLeads,
    SaveAgentState,
    SaveAttempt,
    Shortage,
    SkipLead,
    StoreCommand,
    StoreEvent,
)
from dialerd.core.pacing.ledger import Counts, LedgerHistory
from dialerd.core.retry import skip_due

ASK_AGAIN = timedelta(minutes=5)
NEW_IS_DUE = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class StoredLead:
    """A lead with what the store alone knows of it."""

    lead: Lead
    state: LeadState = LeadState.NEW
    due: datetime | None = None


@dataclass(slots=True)
class _NumberHistory:
    open: bool = False
    ever: int = 0
    times: deque[datetime] = field(default_factory=deque)  # as far back as the campaign's rules remember


class MemoryStore:
    """Answers store commands at once; the shell decides when the answer arrives."""

    def __init__(
        self,
        campaigns: Iterable[Campaign],
        leads: Iterable[Lead],
        *,
        dispositions: Mapping[str, Disposition] | None = None,
        retry_delay_s: float = 3600.0,
        do_not_call: Iterable[str] = (),
    ) -> None:
        """Given campaigns and leads, all of them new; `retry_delay_s` as the campaigns' setting."""
        self.campaigns = {campaign.id: campaign for campaign in campaigns}
        self.leads = {lead.id: StoredLead(lead) for lead in leads}
        self.open: dict[int, Attempt] = {}
        self.closed: list[Attempt] = []
        self.agent_log: list[SaveAgentState] = []
        self.do_not_call = set(do_not_call)
        self.violations: list[str] = []
        self._dispositions = dict(dispositions or definitions())
        self._retry_delay_s = retry_delay_s
        self._skips: Counter[int] = Counter()
        self._numbers: dict[str, _NumberHistory] = {}
        self._due: dict[int, list[tuple[datetime, int]]] = {}
        self._handlers: dict[type, Callable[..., list[StoreEvent]]] = {
            ClaimLeads: self._claim,
            ReleaseLeads: self._release,
            SkipLead: self._skip,
            OpenAttempts: self._open,
            SaveAttempt: self._save,
            CloseAttempt: self._close,
            LoadLedger: self._load_ledger,
            AddDoNotCall: self._add_do_not_call,
            SaveAgentState: self._save_agent_state,
        }
        for stored in self.leads.values():
            self._put_due(stored, NEW_IS_DUE)

    def carry_out(self, command: StoreCommand, now: datetime) -> list[StoreEvent]:
        """Carry out one command; return the events that answer it (none for those that are not answered)."""
        handler = self._handlers.get(type(command))
        return handler(command, now) if handler else []

    # ------------------------------------------------------------------------------ leads

    def _put_due(self, stored: StoredLead, due: datetime) -> None:
        stored.due = due
        heapq.heappush(self._due.setdefault(stored.lead.campaign_id, []), (due, stored.lead.id))

    def _claim(self, command: ClaimLeads, now: datetime) -> list[StoreEvent]:
        heap = self._due.setdefault(command.campaign_id, [])
        claimed: list[Lead] = []
        blocked: Counter[str] = Counter()
        while heap and heap[0][0] <= now and len(claimed) < command.count:
            due, lead_id = heapq.heappop(heap)
            stored = self.leads[lead_id]
            if stored.state not in DUE_STATES or stored.due != due:
                continue  # claimed, finished or moved since it was put here
            verdict = self._gate(stored.lead, now)
            if verdict.allowed:
                stored.state = LeadState.CLAIMED
                claimed.append(stored.lead)
            else:
                blocked[verdict.rule] += 1
                self._refused(stored, verdict, now)
        shortage = self._shortage(command.campaign_id, blocked, now) if len(claimed) < command.count else None
        return [LeadsClaimed(campaign_id=command.campaign_id, leads=tuple(claimed), shortage=shortage)]

    def _shortage(self, campaign_id: int, blocked: Mapping[str, int], now: datetime) -> Shortage:
        stored = [s for s in self.leads.values() if s.lead.campaign_id == campaign_id and s.state in DUE_STATES]
        later = [s.due for s in stored if s.due is not None and s.due > now]
        return Shortage(
            due=len(stored) - len(later),
            waiting=len(later),
            next_due_at=min(later, default=None),
            blocked=dict(blocked),
        )

    def _refused(self, stored: StoredLead, verdict: GateVerdict, now: datetime) -> None:
        """A lead that the gate forbids: due when the gate says, or never again."""
        if verdict.rule in NEVER_AGAIN:
            stored.state = NEVER_AGAIN[verdict.rule]
        else:
            stored.state = LeadState.RETRY
            self._put_due(stored, max(verdict.next_time or now + ASK_AGAIN, now + timedelta(seconds=1)))

    def _release(self, command: ReleaseLeads, now: datetime) -> list[StoreEvent]:
        for lead_id in command.lead_ids:
            stored = self.leads.get(lead_id)
            if stored is None or stored.state is not LeadState.CLAIMED:
                self.violations.append(f"lead {lead_id} released but not claimed")
            else:
                stored.state = LeadState.RETRY
                self._put_due(stored, now)
        return []

    def _skip(self, command: SkipLead, now: datetime) -> list[StoreEvent]:
        stored = self.leads.get(command.lead_id)
        if stored is None or stored.state is not LeadState.CLAIMED:
            self.violations.append(f"lead {command.lead_id} skipped but not claimed")
            return []
        self._skips[command.lead_id] += 1
        stored.state = LeadState.RETRY
        due = skip_due(now, self._skips[command.lead_id], None, retry_delay_s=self._retry_delay_s)
        self._put_due(stored, due or now)
        return []

    def _gate(self, lead: Lead, now: datetime) -> GateVerdict:
        history = self._numbers.setdefault(lead.number, _NumberHistory())
        rules = self.campaigns[lead.campaign_id].rules
        while history.times and history.times[0] <= now - rules.memory():
            history.times.popleft()
        facts = Facts(
            do_not_call="global" if lead.number in self.do_not_call else "",
            open_attempt=history.open,
            number_attempts=tuple(history.times),
            number_attempts_ever=history.ever,
            person_attempts=tuple(history.times),
        )
        return may_dial(lead, facts, rules, now)

    def _add_do_not_call(self, command: AddDoNotCall, now: datetime) -> list[StoreEvent]:
        self.do_not_call.add(command.number)
        return []

    # ------------------------------------------------------------------------------ attempts

    def _open(self, command: OpenAttempts, now: datetime) -> list[StoreEvent]:
        opened: list[int] = []
        refused: list[StoreEvent] = []
        for attempt, lead in zip(command.attempts, command.leads, strict=True):
            stored = self.leads.get(lead.id)
            verdict = self._gate(stored.lead if stored else lead, now)
            if not verdict.allowed:
                refused.append(AttemptRefused(attempt_id=attempt.id, verdict=verdict))
                if stored is not None:
                    self._refused(stored, verdict, now)
                continue
            history = self._numbers[attempt.number]
            history.open = True
            history.ever += 1
            history.times.append(now)
            self.open[attempt.id] = attempt
            opened.append(attempt.id)
        answers: list[StoreEvent] = [AttemptsOpened(attempt_ids=tuple(opened))] if opened else []
        return answers + refused

    def _save(self, command: SaveAttempt, now: datetime) -> list[StoreEvent]:
        if command.attempt.id in self.open:
            self.open[command.attempt.id] = command.attempt
        else:
            self.violations.append(f"attempt {command.attempt.id} saved but not open")
        return []

    def _close(self, command: CloseAttempt, now: datetime) -> list[StoreEvent]:
        attempt = command.attempt
        if self.open.pop(attempt.id, None) is None:
            self.violations.append(f"attempt {attempt.id} closed but not open")
            return []
        self._numbers[attempt.number].open = False
        self.closed.append(attempt)
        stored = self.leads.get(attempt.lead_id)
        disposition = self._dispositions.get(attempt.disposition)
        if disposition is None:
            self.violations.append(f"attempt {attempt.id} has the unknown disposition {attempt.disposition!r}")
        elif stored is not None and stored.state is LeadState.CLAIMED:
            self._settle(stored, command, disposition)
        return []

    def _load_ledger(self, command: LoadLedger, now: datetime) -> list[StoreEvent]:
        done = [a for a in self.closed if a.campaign_id == command.campaign_id and (a.live_answer or a.machine)]
        told = sorted(
            Counts((a.answered_at or a.created_at).timestamp(), int(a.live_answer), int(a.abandoned), int(a.machine))
            for a in done
        )
        first_s = min((counts.at_s for counts in told if counts.live), default=None)
        since_s = command.clock.since(now.timestamp(), first_s)
        history = LedgerHistory(rows=tuple(c for c in told if c.at_s >= since_s), first_s=first_s)
        return [LedgerLoaded(campaign_id=command.campaign_id, request=command.request, history=history)]

    def _settle(self, stored: StoredLead, command: CloseAttempt, disposition: Disposition) -> None:
        lead, attempt = stored.lead, command.attempt
        outcome = lead_outcome(
            attempt,
            disposition,
            attempts_so_far=lead.attempts + 1,
            max_attempts=self.campaigns[lead.campaign_id].rules.max_attempts,
            retry_delay_s=self._retry_delay_s,
            callback_at=command.callback_at,
        )
        if outcome.counts_as_attempt:
            stored.lead = replace(lead, attempts=lead.attempts + 1, last_attempt_at=attempt.ended_at)
        stored.state = outcome.state
        if outcome.state is LeadState.DNC:
            self.do_not_call.add(lead.number)
        if outcome.next_attempt_at is not None:
            self._put_due(stored, outcome.next_attempt_at)

    def _save_agent_state(self, command: SaveAgentState, now: datetime) -> list[StoreEvent]:
        self.agent_log.append(command)
        return []
