"""Owns one transaction's worth of commands: the writes each becomes, in order. Knows no threads, no retries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dialerd.core.call import Attempt
from dialerd.core.lead import Lead
from dialerd.core.messages import (
    AddDoNotCall,
    ClaimLeads,
    CloseAttempt,
    Event,
    LedgerLoaded,
    LoadLedger,
    LogEvent,
    OpenAttempts,
    ReleaseLeads,
    SaveAgentState,
    SaveAttempt,
    SaveCampaignState,
    SavePacingSlot,
    SkipLead,
    StoreCommand,
)
from dialerd.store.claims import claim_leads, release_leads
from dialerd.store.closing import close_attempts, save_attempts
from dialerd.store.hopper import Hopper
from dialerd.store.intents import open_attempts
from dialerd.store.journal import add_do_not_call, log_event, save_agent_state, save_campaign_state
from dialerd.store.lead_counts import LeadCounts
from dialerd.store.ledger_records import ledger_history
from dialerd.store.pacing_slots import save_slot
from dialerd.store.session import Session
from dialerd.store.skips import skip_lead
from dialerd.store.units import micros

DEFERRABLE = (
    SaveAttempt,
    CloseAttempt,
    SaveCampaignState,
    SaveAgentState,
    AddDoNotCall,
    LogEvent,
    ReleaseLeads,
    SkipLead,
    SavePacingSlot,
)
"""Commands nobody waits for: they may share a commit with others that come within some milliseconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A submitted command; `name` is unique over all runs and makes repeated log rows recognisable."""

    name: str
    command: StoreCommand


@dataclass(slots=True)
class Batch:
    """Commands carried out inside one transaction of the caller; the answers are for after its commit."""

    session: Session
    now: datetime
    hopper: Hopper
    counts: LeadCounts
    answers: list[Event] = field(default_factory=list)
    claimed: list[Lead] = field(default_factory=list)
    _progress: dict[int, Attempt] = field(default_factory=dict)
    _closing: list[CloseAttempt] = field(default_factory=list)

    def carry_out(self, entries: Sequence[Entry]) -> None:
        """Write everything in order. Of several snapshots of one attempt only the last is written.

        Progress and endings are gathered: they are written before anything that asks what they have changed.
        """
        for entry in entries:
            self._one(entry)
        self._write_gathered()

    def _one(self, entry: Entry) -> None:
        command = entry.command
        session, now = self.session, self.now
        match command:
            case SaveAttempt():
                self._progress[command.attempt.id] = command.attempt
            case OpenAttempts():
                self._write_gathered()  # the gate asks which attempts are still open
                self.answers += open_attempts(session, command, now)
            case ClaimLeads():
                self._write_gathered()
                answer = claim_leads(session, command, now, self.hopper, self.counts)
                self.claimed += answer.leads
                self.answers.append(answer)
            case CloseAttempt():
                self._progress.pop(command.attempt.id, None)  # the final snapshot holds all of it
                self._closing.append(command)
            case LoadLedger():
                self._write_gathered()  # it counts what was finished before it
                history = ledger_history(session, command.campaign_id, command.clock, now)
                loaded = LedgerLoaded(campaign_id=command.campaign_id, request=command.request, history=history)
                self.answers.append(loaded)
            case ReleaseLeads():
                self._write_gathered()
                release_leads(session, command)
            case SkipLead():
                self._write_gathered()
                skip_lead(session, command, entry.name)
            case SaveCampaignState():
                save_campaign_state(session, command, micros(now))
            case SaveAgentState():
                save_agent_state(session, command, entry.name)
            case AddDoNotCall():
                self._write_gathered()
                add_do_not_call(session, command)
            case SavePacingSlot():
                save_slot(session, command, micros(now), entry.name)
            case LogEvent():
                log_event(session, command, micros(now), entry.name)

    def _write_gathered(self) -> None:
        """Endings first: progress that comes after an attempt's end changes nothing any more."""
        if self._closing:
            close_attempts(self.session, self._closing, self.now)
            self._closing.clear()
        if self._progress:
            save_attempts(self.session, self._progress.values())
            self._progress.clear()
