"""Owns the facts the gate is asked with: what the store knows of a number and a person at this instant. Knows no rule.

Read inside the caller's transaction, for many leads at once; what no rule of their campaigns looks at is not read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from dialerd.core.campaign import DialMode
from dialerd.core.compliance import GateVerdict, class_may_dial, may_dial, number_may_dial
from dialerd.core.compliance_rules import CallingRules, Facts
from dialerd.core.lead import Lead
from dialerd.core.rule_set import After, Scope
from dialerd.store.dnc_import import counting
from dialerd.store.mapping import RULE_COLUMNS, calling_rules
from dialerd.store.session import Session
from dialerd.store.units import instant, micros

ONE_AGENT_A_CALL = frozenset({DialMode.PROGRESSIVE.value, DialMode.PREVIEW.value})
"""Modes in which no call is placed without an agent for it."""

# An attempt that dialerd gave up before it was sent to Asterisk rang nowhere; every other one counts.
_RANG = "NOT (COALESCE(status, '') = 'cancelled' AND dialed_at IS NULL)"


class Gate:
    """The rules of one campaign as stored now; broken settings forbid every call and say why."""

    def __init__(self, session: Session, campaign_id: int) -> None:
        rows = session.dicts(f"SELECT {RULE_COLUMNS}, dial_mode FROM campaign WHERE id = ?", (campaign_id,))
        self.campaign_id = campaign_id
        self.known = bool(rows)
        self.rules: CallingRules | None = None
        self.fault = "no such campaign"
        self.agent_guaranteed = bool(rows) and rows[0]["dial_mode"] in ONE_AGENT_A_CALL
        self.list_dates: Mapping[str, date] = {}
        if rows:
            try:
                self.rules = calling_rules(rows[0], session.rule_sets)
            except (ValueError, TypeError) as error:
                self.fault = str(error)
        if self.rules is not None and self.rules.law is not None and self.rules.law.lists:
            self.list_dates = {name: one.data_date for name, one in counting(session).items()}

    @property
    def label(self) -> str:
        """Name and version of the rule set, as each attempt keeps them."""
        law = self.rules.law if self.rules is not None else None
        return law.label if law is not None else ""

    def ask(self, lead: Lead, facts: Facts, now: datetime) -> GateVerdict:
        """The core's verdict on one lead."""
        if self.rules is None:
            return GateVerdict(allowed=False, rule="broken_rule", detail=self.fault)
        return may_dial(lead, facts, self.rules, now)

    def ask_class(self, lead: Lead, now: datetime) -> GateVerdict:
        """The core's verdict on all leads with this one's zones, regions and consent, as far as these decide."""
        if self.rules is None:
            return GateVerdict(allowed=False, rule="broken_rule", detail=self.fault)
        return class_may_dial(lead, Facts(list_dates=self.list_dates), self.rules, now)

    def ask_many(self, leads: Sequence[tuple[Lead, Facts]], now: datetime) -> list[GateVerdict]:
        """What `ask` says of each. Leads that the law sees alike share the answer of the rules for all of them."""
        allowed: dict[tuple[object, ...], bool] = {}
        verdicts = []
        for lead, facts in leads:
            alike = (lead.zones, lead.regions, lead.consent_class, lead.consent_date)
            if alike not in allowed:
                allowed[alike] = self.ask_class(lead, now).allowed
            if allowed[alike] and self.rules is not None:
                verdicts.append(number_may_dial(lead, facts, self.rules, now))
            else:
                verdicts.append(self.ask(lead, facts, now))  # with the first objection in the order of the rules
        return verdicts

    @property
    def looks_at_persons(self) -> bool:
        """Whether a rule asks for more than the number's own past."""
        law = self.rules.law if self.rules is not None else None
        return law is not None and (
            any(cap.scope is Scope.PERSON for cap in law.caps)
            or any(quiet.after is not After.ABANDONED for quiet in law.quiets)
        )


class NumberFacts:
    """The facts about some leads, over all campaigns. `gates` by campaign says what must be read."""

    def __init__(self, session: Session, leads: Sequence[Lead], gates: Mapping[int, Gate], now: datetime) -> None:
        self._gates = gates
        rules = [gate.rules for gate in gates.values() if gate.rules is not None]
        numbers = list(dict.fromkeys(lead.number for lead in leads))
        since = micros(now - max((r.memory() for r in rules), default=timedelta(days=1)))
        self._forbidden = {
            (number, campaign_id): name
            for number, campaign_id, name in session.where_in(
                "SELECT number, campaign_id, list_name FROM do_not_call WHERE number IN ({in})", numbers
            )
        }
        self._prefixes = {
            (prefix, campaign_id): f"{prefix}…"
            for prefix, campaign_id in session.rows("SELECT prefix, campaign_id FROM dnc_prefix")
        }
        self._open = {
            row[0]
            for row in session.where_in(
                "SELECT number FROM call_log WHERE number IN ({in}) AND ended_at IS NULL", numbers
            )
        }
        self._recent = _times(
            session.where_in(
                f"SELECT number, created_at FROM call_log WHERE number IN ({{in}}) AND created_at > ? AND {_RANG}",
                numbers,
                since,
            )
        )
        self._ever: dict[str, int] = {}
        if any(r.max_attempts_per_number for r in rules):
            self._ever = dict(
                session.where_in(
                    f"SELECT number, COUNT(*) FROM call_log WHERE number IN ({{in}}) AND {_RANG} GROUP BY number",
                    numbers,
                )
            )
        laws = [r.law for r in rules if r.law is not None]
        self._listed = listed(session, numbers, {wanted.name for law in laws for wanted in law.lists})
        self._abandoned: dict[str, int] = {}
        if any(quiet.after is After.ABANDONED for law in laws for quiet in law.quiets):
            self._abandoned = dict(
                session.where_in(
                    "SELECT number, MAX(ended_at) FROM call_log WHERE number IN ({in}) AND status = 'abandoned'"
                    " GROUP BY number",
                    numbers,
                )
            )
        asked = [lead for lead in leads if lead.campaign_id in gates and gates[lead.campaign_id].looks_at_persons]
        self._persons = _persons(session, [lead.id for lead in asked], since)

    def about(self, lead: Lead) -> Facts:
        """The facts about one lead's number, as its campaign sees them."""
        number, campaign_id = lead.number, lead.campaign_id
        forbidden = self._forbidden.get((number, None)) or self._forbidden.get((number, campaign_id), "")
        if not forbidden and self._prefixes:
            starts = (number[:end] for end in range(2, len(number) + 1))
            of = (self._prefixes.get((s, None)) or self._prefixes.get((s, campaign_id)) for s in starts)
            forbidden = next(filter(None, of), "")
        person, last = self._persons.get(lead.id, ((), {}))
        if number in self._abandoned:
            last = {**last, After.ABANDONED: instant(self._abandoned[number])}
        gate = self._gates.get(campaign_id)
        return Facts(
            do_not_call=forbidden,
            national_lists=self._listed.get(number, frozenset()),
            open_attempt=number in self._open,
            number_attempts=tuple(self._recent.get(number, ())),
            number_attempts_ever=self._ever.get(number, 0),
            person_attempts=person,
            last=last,
            list_dates=gate.list_dates if gate is not None else {},
            agent_guaranteed=gate is not None and gate.agent_guaranteed,
        )

    def opened(self, lead: Lead, now: datetime) -> None:
        """An attempt to this lead was just opened in the same transaction."""
        self._open.add(lead.number)
        self._recent[lead.number].append(now)
        self._ever[lead.number] = self._ever.get(lead.number, 0) + 1
        person, last = self._persons.get(lead.id, ((), {}))
        self._persons[lead.id] = ((*person, now), last)


_Person = tuple[tuple[datetime, ...], Mapping[After, datetime]]


def _times(rows: Iterable[tuple[Any, int]]) -> defaultdict[Any, list[datetime]]:
    """Instants by key, in order."""
    found: defaultdict[Any, list[datetime]] = defaultdict(list)
    for key, at in rows:
        found[key].append(instant(at))
    for times in found.values():
        times.sort()
    return found


def listed(session: Session, numbers: Sequence[str], wanted: Collection[str]) -> dict[str, frozenset[str]]:
    """Which of the lists that some law wants hold which numbers."""
    if not wanted:
        return {}
    names = {one.id: name for name, one in counting(session).items() if name in wanted}
    found: defaultdict[str, set[str]] = defaultdict(set)
    digits = {int(number[1:]): number for number in numbers if number[1:].isdigit()}
    for number, list_id in session.where_in(
        "SELECT number, list_id FROM dnc_number WHERE number IN ({in})", list(digits)
    ):
        if list_id in names:
            found[digits[number]].add(names[list_id])
    return {number: frozenset(lists) for number, lists in found.items()}


def _persons(session: Session, lead_ids: Sequence[int], since: int) -> dict[int, _Person]:
    """What happened to the persons of these leads: attempts at all leads with the same `person`, or at the lead."""
    if not lead_ids:
        return {}
    person_of = dict(session.where_in("SELECT id, person FROM lead WHERE id IN ({in})", list(lead_ids)))
    named = sorted({person for person in person_of.values() if person})
    leads_of: defaultdict[str, list[int]] = defaultdict(list)
    for lead_id, person in session.where_in("SELECT id, person FROM lead WHERE person IN ({in})", named):
        leads_of[person].append(lead_id)
    every = {lead_id for ids in leads_of.values() for lead_id in ids} | set(lead_ids)
    attempts: defaultdict[int, list[int]] = defaultdict(list)
    talked: dict[int, int] = {}
    refused: dict[int, int] = {}
    for lead_id, created_at, ended_at, bridged_at, refusal, rang in session.where_in(
        "SELECT call_log.lead_id, call_log.created_at, call_log.ended_at,"
        # with a machine nobody has talked, whatever agent met it
        " CASE WHEN call_log.disposition = 'machine' THEN NULL ELSE call_log.bridged_at END,"
        f" COALESCE(disposition.is_refusal, FALSE), {_RANG}"
        " FROM call_log LEFT JOIN disposition ON disposition.code = call_log.disposition"
        " WHERE call_log.lead_id IN ({in}) AND (call_log.created_at > ? OR call_log.bridged_at IS NOT NULL"
        " OR COALESCE(disposition.is_refusal, FALSE))",
        sorted(every),
        since,
    ):
        if rang and created_at > since:
            attempts[lead_id].append(created_at)
        if bridged_at is not None:
            talked[lead_id] = max(talked.get(lead_id, 0), ended_at or bridged_at)
        if refusal:
            refused[lead_id] = max(refused.get(lead_id, 0), ended_at or created_at)
    found: dict[int, _Person] = {}
    for lead_id in lead_ids:
        same = leads_of.get(person_of.get(lead_id, ""), [lead_id])
        times = tuple(instant(at) for at in sorted(at for one in same for at in attempts[one]))
        last = {
            after: instant(max(times_of[one] for one in same if one in times_of))
            for after, times_of in ((After.CONVERSATION, talked), (After.REFUSAL, refused))
            if any(one in times_of for one in same)
        }
        found[lead_id] = (times, last)
    return found
