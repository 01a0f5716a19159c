"""Owns the facts the gate is asked with: what the store knows of a number at this instant. Knows no rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from dialerd.core.compliance import CallingRules, Facts, GateVerdict, may_dial
from dialerd.core.lead import Lead
from dialerd.store.mapping import RULE_COLUMNS, calling_rules
from dialerd.store.session import Session
from dialerd.store.units import instant, micros

DAY = timedelta(hours=24)


class NumberFacts:
    """The facts about a set of numbers, over all campaigns, read in three queries inside the caller's transaction."""

    def __init__(self, session: Session, numbers: Sequence[str], now: datetime) -> None:
        wanted = list(dict.fromkeys(numbers))
        since = micros(now - DAY)
        self._forbidden = {
            (number, campaign_id): name
            for number, campaign_id, name in session.where_in(
                "SELECT number, campaign_id, list_name FROM do_not_call WHERE number IN ({in})", wanted
            )
        }
        self._open = {
            row[0]
            for row in session.where_in(
                "SELECT number FROM call_log WHERE number IN ({in}) AND ended_at IS NULL", wanted
            )
        }
        # An attempt that dialerd gave up before it was sent to Asterisk rang nowhere; every other one counts.
        self._recent = {
            number: (count, instant(oldest))
            for number, count, oldest in session.where_in(
                "SELECT number, COUNT(*), MIN(created_at) FROM call_log WHERE number IN ({in}) AND created_at > ?"
                " AND NOT (COALESCE(status, '') = 'cancelled' AND dialed_at IS NULL) GROUP BY number",
                wanted,
                since,
            )
        }

    def about(self, lead: Lead) -> Facts:
        """The facts about one lead's number, as its campaign sees them."""
        number = lead.number
        forbidden = self._forbidden.get((number, None)) or self._forbidden.get((number, lead.campaign_id), "")
        count, oldest = self._recent.get(number, (0, None))
        return Facts(
            do_not_call=forbidden,
            open_attempt=number in self._open,
            number_attempts_24h=count,
            oldest_attempt_24h=oldest,
        )

    def opened(self, number: str, now: datetime) -> None:
        """An attempt to this number was just opened in the same transaction."""
        self._open.add(number)
        count, oldest = self._recent.get(number, (0, now))
        self._recent[number] = (count + 1, oldest)


class Gate:
    """The rules of one campaign as stored now; broken settings forbid every call and say why."""

    def __init__(self, session: Session, campaign_id: int) -> None:
        rows = session.dicts(f"SELECT {RULE_COLUMNS} FROM campaign WHERE id = ?", (campaign_id,))
        self.known = bool(rows)
        self.rules: CallingRules | None = None
        self.fault = "no such campaign"
        if rows:
            try:
                self.rules = calling_rules(rows[0])
            except (ValueError, TypeError) as error:
                self.fault = str(error)

    def ask(self, lead: Lead, facts: Facts, now: datetime) -> GateVerdict:
        """The core's verdict on one lead."""
        if self.rules is None:
            return GateVerdict(allowed=False, rule="broken_rule", detail=self.fault)
        return may_dial(lead, facts, self.rules, now)


def with_attempts(lead: Lead, attempts: int) -> Lead:
    """The lead with the number of attempts the store has counted."""
    return lead if lead.attempts == attempts else replace(lead, attempts=attempts)
