"""Owns reading and editing what operators set up: campaigns and agents. Knows no threads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dialerd.core.agent import AgentProfile, LegMode
from dialerd.core.campaign import Campaign
from dialerd.core.errors import Conflict, Invalid, NotFound, hint
from dialerd.store.campaign_settings import checked_settings
from dialerd.store.mapping import CALLING_RULES, DUE_STATES_SQL, agent_profile, campaign_value, standing, window_of
from dialerd.store.readable import readable
from dialerd.store.session import Session, marks
from dialerd.store.setting_checks import NAME, NAME_RULE, Check, checked_by, matching, one_of
from dialerd.store.tables import Campaign as CampaignTable
from dialerd.store.units import micros

Row = dict[str, Any]


def not_found(session: Session, kind: str, name: str) -> NotFound:
    """The error for an unknown name, with the nearest known one. `kind` is the table: `campaign` or `agent`."""
    names = [row[0] for row in session.rows(f"SELECT name FROM {kind}")]
    return NotFound(f"no {kind} {name[:80]!r}{hint(name, names)}")


def campaign_row(session: Session, name: str) -> Row:
    """A campaign's row as stored."""
    rows = session.dicts("SELECT * FROM campaign WHERE name = ?", (name,))
    if not rows:
        raise not_found(session, "campaign", name)
    return rows[0]


def campaign(session: Session, name: str) -> Row:
    """A campaign with every column, and the legal window of its abandon rate: which one counts, and who says so."""
    row = campaign_row(session, name)
    window, said_by = window_of(row, session.rule_sets)
    return readable(row) | {"abandon_window_used": window.value, "abandon_window_from": said_by}


def campaigns(session: Session, now: datetime) -> list[Row]:
    """All campaigns by name, with counts of their leads (those of hidden lists left out)."""
    counts: dict[int, dict[str, int]] = {}
    for campaign_id, state, later, count in session.rows(
        "SELECT lead.campaign_id, state, CASE WHEN next_attempt_at > ? THEN 1 ELSE 0 END, COUNT(*) FROM lead"
        " WHERE list_id NOT IN (SELECT id FROM lead_list WHERE hidden) GROUP BY 1, 2, 3",
        (micros(now),),
    ):
        of_campaign, kind = counts.setdefault(campaign_id, {}), standing(state, later)
        of_campaign[kind] = of_campaign.get(kind, 0) + count
    result = []
    for row in session.dicts("SELECT * FROM campaign ORDER BY name"):
        found = counts.get(row["id"], {})
        result.append(
            readable(row)
            | {f"leads_{kind}": found.get(kind, 0) for kind in ("due", "waiting", "claimed", "finished")}
            | {"leads_total": sum(found.values())}
        )
    return result


def add_campaign(session: Session, settings: Mapping[str, Any], now: datetime) -> Campaign:
    """Check and insert a campaign."""
    defaults = {
        field.column_name: field.default for field in CampaignTable._meta.sorted_fields if field.default is not None
    }
    if "name" not in settings:
        raise Invalid("name: a campaign needs a name")
    columns = checked_settings(settings, defaults)
    _check_references(session, columns, None)
    columns |= {"created_at": micros(now), "updated_at": micros(now)}
    session.run(f"INSERT INTO campaign ({', '.join(columns)}) VALUES ({marks(len(columns))})", list(columns.values()))
    return campaign_value(campaign_row(session, columns["name"]), session.rule_sets)


def edit_campaign(session: Session, name: str, changes: Mapping[str, Any], now: datetime) -> Campaign:
    """Check and write changes of a campaign; leads that its old calling rules put off are due again."""
    row = campaign_row(session, name)
    columns = checked_settings(changes, row)
    _check_references(session, columns, row["id"])
    columns["updated_at"] = micros(now)
    session.run(
        f"UPDATE campaign SET {', '.join(f'{column} = ?' for column in columns)} WHERE id = ?",
        [*columns.values(), row["id"]],
    )
    if CALLING_RULES & columns.keys():
        # what the old rules put off is due again: the gate asks the new ones, instead of waiting until tomorrow
        again = "UPDATE lead SET next_attempt_at = ? WHERE campaign_id = ? AND next_attempt_at > ?"
        again += f" AND state IN {DUE_STATES_SQL} AND blocked_rule <> ''"
        session.run(again, (micros(now), row["id"], micros(now)))
    if "max_attempts" in columns:
        session.run(
            "UPDATE lead SET state = 'retry', next_attempt_at = ?, blocked_rule = ''"
            " WHERE campaign_id = ? AND state = 'exhausted' AND call_count < ?",
            (micros(now), row["id"], columns["max_attempts"]),
        )
    return campaign_value(campaign_row(session, columns.get("name", name)), session.rule_sets)


def _check_references(session: Session, columns: Mapping[str, Any], campaign_id: int | None) -> None:
    code = columns.get("default_disposition")
    if code is not None and not session.one("SELECT 1 FROM disposition WHERE code = ?", (code,)):
        known = ", ".join(row[0] for row in session.rows("SELECT code FROM disposition ORDER BY code"))
        raise Invalid(f"default_disposition: {code!r} is not a disposition (known: {known})")
    law = columns.get("rule_set")
    if law and law not in session.rule_sets:
        meant = hint(law, session.rule_sets, f"known: {', '.join(sorted(session.rule_sets))}")
        raise Invalid(f"rule_set: there is no rule set {law!r}{meant}")
    name = columns.get("name")
    if name is not None:
        taken = session.one("SELECT id FROM campaign WHERE name = ?", (name,))
        if taken is not None and taken[0] != campaign_id:
            raise Conflict(f"there is a campaign {name} already")


def _names(value: Any) -> list[str]:
    if not isinstance(value or (), str | list | tuple):
        raise ValueError("must name campaigns")
    parts = re.split(r"[,\s]+", value) if isinstance(value, str) else [str(name) for name in value or ()]
    return [part for part in dict.fromkeys(parts) if part]


_ENDPOINT = r"[A-Za-z][A-Za-z0-9]{0,15}/[A-Za-z0-9_.@:/+-]{1,80}"
_AGENT_CHECKS: Mapping[str, Check] = {
    "name": matching(NAME.pattern, NAME_RULE, may_be_empty=False),
    "full_name": matching(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,100}", "up to 100 characters, no control characters"),
    "endpoint": matching(_ENDPOINT, "a dial string like PJSIP/1001", may_be_empty=False),
    "leg_mode": one_of(LegMode),
    "node": matching(NAME.pattern, NAME_RULE),
    "campaigns": _names,
}


def add_agent(session: Session, settings: Mapping[str, Any], now: datetime) -> AgentProfile:
    """Check and insert an agent with the campaigns worked for."""
    columns, problems = checked_by(_AGENT_CHECKS, settings)
    problems += [f"{name}: is missing" for name in ("name", "endpoint") if name not in settings]
    wanted = columns.pop("campaigns", [])
    ids = dict(session.rows("SELECT name, id FROM campaign"))
    problems += [f"campaigns: no campaign {name[:80]!r}{hint(name, ids)}" for name in wanted if name not in ids]
    if problems:
        raise Invalid("; ".join(problems))
    if session.one("SELECT 1 FROM agent WHERE name = ?", (columns["name"],)):
        raise Conflict(f"there is an agent {columns['name']} already")
    columns["created_at"] = micros(now)
    session.run(f"INSERT INTO agent ({', '.join(columns)}) VALUES ({marks(len(columns))})", list(columns.values()))
    row = session.dicts("SELECT * FROM agent WHERE name = ?", (columns["name"],))[0]
    campaign_ids = sorted({ids[name] for name in wanted})
    session.many(
        "INSERT INTO agent_campaign (agent_id, campaign_id) VALUES (?, ?)",
        [(row["id"], campaign_id) for campaign_id in campaign_ids],
    )
    return agent_profile(row, campaign_ids)


def agents(session: Session, name: str | None = None) -> list[Row]:
    """Agents by name, each with `campaigns`, the last saved `state`, its reason and since when."""
    works_for: dict[int, list[str]] = {}
    for agent_id, campaign in session.rows(
        "SELECT agent_id, campaign.name FROM agent_campaign JOIN campaign ON campaign.id = campaign_id ORDER BY 2"
    ):
        works_for.setdefault(agent_id, []).append(campaign)
    where, params = ("WHERE name = ?", [name]) if name is not None else ("", [])
    rows = session.dicts(
        "SELECT id, name, full_name, endpoint, leg_mode, node, active, state, state_reason AS reason,"
        f" state_since AS since, leg_id AS leg, created_at FROM agent {where} ORDER BY name",
        params,
    )
    if name is not None and not rows:
        raise not_found(session, "agent", name)
    return [readable(row) | {"campaigns": works_for.get(row["id"], [])} for row in rows]
