"""Owns reading and editing a campaign's retry rules. What a rule does to a lead is `settling`'s and the core's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dialerd.core.call import Status
from dialerd.core.errors import Invalid, NotFound, hint
from dialerd.core.retry import SKIPPED
from dialerd.store.readable import readable
from dialerd.store.session import Session, marks
from dialerd.store.setting_checks import Check, checked_by, real, whole, yes_or_no
from dialerd.store.setup_records import campaign_row

Row = dict[str, Any]
YEAR_S = 31_536_000

_CHECKS: Mapping[str, Check] = {
    "delay": whole(0, YEAR_S),
    "growth": real(1, 100),
    "max_delay": whole(0, YEAR_S),
    "max_attempts": whole(0, 1000),
    "next_number": yes_or_no,
    "stop": yes_or_no,
}


def retry_rules(session: Session, campaign: str | None) -> list[Row]:
    """The rules of one campaign, or of all, by campaign and outcome."""
    where, params = "", []
    if campaign is not None:
        where, params = "WHERE campaign_id = ?", [campaign_row(session, campaign)["id"]]
    return [
        readable(row)
        for row in session.dicts(
            "SELECT campaign.name AS campaign, outcome, delay, growth, max_delay, retry_rule.max_attempts, next_number,"
            f" stop FROM retry_rule JOIN campaign ON campaign.id = campaign_id {where} ORDER BY 1, 2",
            params,
        )
    ]


def set_retry_rule(session: Session, campaign: str, outcome: str, settings: Mapping[str, Any]) -> Row:
    """Add the rule for an outcome (a disposition's code, a status or `skipped`), or change what is given of it.

    Invalid lists every problem.
    """
    campaign_id = campaign_row(session, campaign)["id"]
    columns, problems = checked_by(_CHECKS, settings)
    problems = [*_unknown_outcome(session, outcome), *problems]
    before = [row for row in retry_rules(session, campaign) if row["outcome"] == outcome]
    problems += _contradictions({**(before[0] if before else {}), **columns, "outcome": outcome})
    if problems:
        raise Invalid("; ".join(problems))
    values = {"campaign_id": campaign_id, "outcome": outcome, **columns}
    changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in columns) or "outcome = EXCLUDED.outcome"
    session.run(
        f"INSERT INTO retry_rule ({', '.join(values)}) VALUES ({marks(len(values))})"
        f" ON CONFLICT (campaign_id, outcome) DO UPDATE SET {changes}",
        list(values.values()),
    )
    return next(row for row in retry_rules(session, campaign) if row["outcome"] == outcome)


def remove_retry_rule(session: Session, campaign: str, outcome: str) -> None:
    """Remove a rule: the outcome then follows the campaign's `retry_delay`. NotFound without one."""
    campaign_id = campaign_row(session, campaign)["id"]
    if not session.run("DELETE FROM retry_rule WHERE campaign_id = ? AND outcome = ?", (campaign_id, outcome)):
        raise NotFound(f"campaign {campaign} has no retry rule for {outcome[:64]!r}: dialerctl retry list {campaign}")


def _unknown_outcome(session: Session, outcome: str) -> list[str]:
    known = [row[0] for row in session.rows("SELECT code FROM disposition ORDER BY code")]
    known += [status.value for status in Status if status.value not in known] + [SKIPPED]
    if outcome in known:
        return []
    meant = hint(outcome, known, "dialerctl disposition list")
    return [f"outcome: {outcome[:64]!r} is neither a disposition nor a status{meant}"]


def _contradictions(rule: Row) -> list[str]:
    """What a rule, as it will be, says against itself: also when it was said one after the other."""
    problems = []
    if rule.get("outcome") == SKIPPED and rule.get("next_number"):
        problems.append("next_number: a lead that was skipped has not been called, so it keeps its number")
    if rule.get("stop") and rule.get("next_number"):
        problems.append("stop: a rule that ends a lead cannot go on to its next number")
    if "delay" in rule and "max_delay" in rule and rule["max_delay"] < rule["delay"]:
        problems.append(f"max_delay: {rule['max_delay']} s is shorter than the delay of {rule['delay']} s")
    return problems
