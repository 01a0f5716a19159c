"""Owns what a starting dialerd must know: campaigns, agents as they were, attempts left open. Decides nothing."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dialerd.core.agent import AgentProfile, AgentState
from dialerd.core.call import Attempt
from dialerd.core.campaign import Campaign, DialMode
from dialerd.core.dispositions import BUILT_IN, Disposition
from dialerd.core.pacing.ledger import LedgerHistory
from dialerd.core.remembered import Remembered
from dialerd.core.restored import Restored, RestoredAgent
from dialerd.store.attempt_rows import attempt_value
from dialerd.store.claims import release
from dialerd.store.ledger_records import ledger_history
from dialerd.store.mapping import agent_profile, campaign_value, disposition_value
from dialerd.store.remembered import remembered
from dialerd.store.session import Session
from dialerd.store.units import instant_or_none

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAtRestart:
    """An agent and the state that was last saved."""

    profile: AgentProfile
    state: AgentState = AgentState.LOGGED_OUT
    reason: str = ""
    since: datetime | None = None
    campaign_id: int | None = None
    attempt_id: int | None = None
    leg_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartState:
    """Everything to begin with. `problems` are sentences about rows that could not be understood."""

    campaigns: tuple[Campaign, ...] = ()
    agents: tuple[AgentAtRestart, ...] = ()
    open_attempts: tuple[Attempt, ...] = ()  # ended_at is None: the channel may still live in Asterisk
    unfinished_attempts: tuple[Attempt, ...] = ()  # ended, but no final record: to be closed
    next_attempt_id: int = 1
    dispositions: tuple[Disposition, ...] = ()
    # campaign → what its legal window holds
    ledger: Mapping[int, LedgerHistory] = field(default_factory=dict)
    remembered: Mapping[int, Remembered] = field(default_factory=dict)  # campaign → its last calls
    promises: Mapping[int, int] = field(default_factory=dict)  # open attempt → the agent who promised it or wants it
    problems: tuple[str, ...] = ()

    def restored(self) -> Restored:
        """The same as the core's value."""
        return Restored(
            campaigns=self.campaigns,
            agents=tuple(
                RestoredAgent(profile=agent.profile, state=agent.state, reason=agent.reason, leg_id=agent.leg_id)
                for agent in self.agents
            ),
            open_attempts=self.open_attempts,
            unfinished_attempts=self.unfinished_attempts,
            ledger=self.ledger,
            remembered=self.remembered,
            promises=self.promises,
        )


def prepare_start(session: Session) -> int:
    """Seed the built-in dispositions and give back claims without an unfinished attempt; return how many."""
    with session.db.atomic():
        session.many(
            "INSERT INTO disposition (code, label, is_system, is_contact, is_sale, is_callback, is_dnc, is_refusal,"
            " retry, invalid_number) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (code) DO UPDATE SET"
            " is_system = EXCLUDED.is_system, is_contact = EXCLUDED.is_contact, is_sale = EXCLUDED.is_sale,"
            " is_callback = EXCLUDED.is_callback, is_dnc = EXCLUDED.is_dnc, is_refusal = EXCLUDED.is_refusal,"
            " retry = EXCLUDED.retry,"
            " invalid_number = EXCLUDED.invalid_number",
            [
                (
                    d.code,
                    d.label,
                    d.is_system,
                    d.is_contact,
                    d.is_sale,
                    d.is_callback,
                    d.is_dnc,
                    d.is_refusal,
                    d.retry,
                    d.invalid_number,
                )
                for d in BUILT_IN
            ],
        )
        return release(session)


def load_restart_state(session: Session, now: datetime) -> RestartState:
    """Read the state for a start. A campaign whose row is broken is left out and named in `problems`."""
    problems: list[str] = []
    campaigns: list[Campaign] = []
    for row in session.dicts("SELECT * FROM campaign ORDER BY id"):
        try:
            campaigns.append(campaign_value(row, session.rule_sets))
        except (ValueError, TypeError) as error:
            problems.append(f"campaign {row['name']} cannot be run: {error}")
    unfinished = [
        attempt_value(row) for row in session.dicts("SELECT * FROM call_log WHERE closed_at IS NULL ORDER BY id")
    ]
    last = session.one("SELECT MAX(id) FROM call_log")
    return RestartState(
        campaigns=tuple(campaigns),
        agents=_agents(session),
        open_attempts=tuple(attempt for attempt in unfinished if attempt.ended_at is None),
        unfinished_attempts=tuple(attempt for attempt in unfinished if attempt.ended_at is not None),
        next_attempt_id=(last[0] or 0) + 1 if last else 1,
        dispositions=tuple(disposition_value(row) for row in session.dicts("SELECT * FROM disposition ORDER BY code")),
        ledger={
            campaign.id: ledger_history(session, campaign.id, campaign.window_clock, now) for campaign in campaigns
        },
        remembered={campaign.id: remembered(session, campaign, now) for campaign in campaigns},
        promises=_promises(session),
        problems=tuple(problems),
    )


def _promises(session: Session) -> dict[int, int]:
    """Open attempts by the agent who promised the call, or who asked for it in a preview."""
    promised = session.rows(
        "SELECT call_log.id, lead.callback_agent_id FROM call_log JOIN lead ON lead.id = call_log.lead_id"
        " WHERE call_log.ended_at IS NULL AND lead.callback_agent_id IS NOT NULL"
        " AND lead.claimed_from = 'callback'"
    )
    asked_for = session.rows(
        "SELECT call_log.id, agent.id FROM call_log JOIN agent ON agent.state_attempt_id = call_log.id"
        " WHERE call_log.ended_at IS NULL AND call_log.dial_mode = ?",
        (DialMode.PREVIEW.value,),
    )
    return dict(promised) | dict(asked_for)


def _agents(session: Session) -> tuple[AgentAtRestart, ...]:
    works_for: dict[int, list[int]] = defaultdict(list)
    for agent_id, campaign_id in session.rows("SELECT agent_id, campaign_id FROM agent_campaign"):
        works_for[agent_id].append(campaign_id)
    return tuple(
        AgentAtRestart(
            profile=agent_profile(row, works_for[row["id"]]),
            state=AgentState(row["state"]),
            reason=row["state_reason"],
            since=instant_or_none(row["state_since"]),
            campaign_id=row["state_campaign_id"],
            attempt_id=row["state_attempt_id"],
            leg_id=row["leg_id"],
        )
        for row in session.dicts("SELECT * FROM agent WHERE active ORDER BY id")
    )
