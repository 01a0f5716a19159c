"""Owns the mapping between rows and the core's campaigns, leads and agents. Knows nothing of SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from dialerd.core.abandon_window import DEFAULT_WINDOW, AbandonWindow
from dialerd.core.agent import AgentProfile, LegMode
from dialerd.core.calling_windows import daily
from dialerd.core.campaign import (
    AbandonAction,
    AmdAction,
    AmdParameters,
    AmdPolicy,
    Campaign,
    CampaignState,
    DialMode,
    MeasuredFrom,
    OnTimeout,
)
from dialerd.core.compliance_rules import CallingRules
from dialerd.core.dispositions import Disposition
from dialerd.core.lead import DUE_STATES, Lead, LeadState
from dialerd.core.retry import RetryRule
from dialerd.core.rule_set import RuleSet
from dialerd.store.campaign_settings import RULE_SETS_WINDOW
from dialerd.store.units import call_days, fraction, instant_or_none, time_of_day

RULE_COLUMNS = (
    "daily_start, daily_end, call_days, max_attempts, max_attempts_per_day,"
    " max_attempts_per_window, attempt_window_days, max_attempts_per_number, rule_set"
)
CALLING_RULES = frozenset(RULE_COLUMNS.replace(",", "").split())


def calling_rules(row: Mapping[str, Any], rule_sets: Mapping[str, RuleSet]) -> CallingRules:
    """Given a campaign's row (at least RULE_COLUMNS), return the rules of its gate; ValueError if it holds none."""
    window = (time_of_day(row["daily_start"]), time_of_day(row["daily_end"]))
    if window[0] >= window[1]:
        raise ValueError(f"daily_start {row['daily_start']} is not before daily_end {row['daily_end']}")
    name = row["rule_set"]
    if name and name not in rule_sets:
        raise ValueError(f"rule set {name} is not there any more (dialerctl rules list)")
    return CallingRules(
        week=daily(*window, days=call_days(row["call_days"])),
        max_attempts=row["max_attempts"],
        max_attempts_per_day=row["max_attempts_per_day"],
        max_attempts_per_window=row["max_attempts_per_window"],
        attempt_window_days=row["attempt_window_days"],
        max_attempts_per_number=row["max_attempts_per_number"],
        law=rule_sets[name] if name else None,
    )


def retry_rule(row: Mapping[str, Any]) -> RetryRule:
    """Given a row of retry_rule, return the value."""
    return RetryRule(
        outcome=row["outcome"],
        delay_s=float(row["delay"]),
        growth=row["growth"],
        max_delay_s=float(row["max_delay"]),
        max_attempts=row["max_attempts"],
        next_number=bool(row["next_number"]),
        stop=bool(row["stop"]),
    )


def window_of(row: Mapping[str, Any], rule_sets: Mapping[str, RuleSet]) -> tuple[AbandonWindow, str]:
    """Given a campaign's row, return the legal window that counts and who says so; ValueError for an unknown one.

    What the campaign sets itself comes first, then its rule set; where neither says anything, DEFAULT_WINDOW.
    """
    if row["abandon_window"] != RULE_SETS_WINDOW:
        return AbandonWindow(row["abandon_window"]), "campaign"
    law = rule_sets.get(row["rule_set"])
    if law is None or law.abandon_window is None:
        return DEFAULT_WINDOW, "default"
    return law.abandon_window, f"rule set {law.name}"


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name != "UTC" else UTC
    except (KeyError, OSError):
        raise ValueError(f"time zone {name} is not known on this machine") from None


def campaign_value(row: Mapping[str, Any], rule_sets: Mapping[str, RuleSet]) -> Campaign:
    """Given a campaign's whole row, return the value the core reads; ValueError if the row cannot be understood."""
    rules = calling_rules(row, rule_sets)
    return Campaign(
        id=row["id"],
        name=row["name"],
        state=CampaignState(row["state"]),
        dial_mode=DialMode(row["dial_mode"]),
        priority=row["priority"],
        trunk=row["trunk"],
        caller_id=row["caller_id"],
        caller_name=row["caller_name"],
        dial_ratio=row["dial_ratio"],
        min_dial_ratio=row["min_dial_ratio"],
        max_dial_ratio=row["max_dial_ratio"],
        safety_factor=row["safety_factor"],
        target_abandon_rate=fraction(row["target_abandon_rate"]),
        max_abandon_rate=fraction(row["max_abandon_rate"]),
        avg_talk_time_s=float(row["avg_talk_time"]),
        wrapup_time_s=float(row["wrapup_time"]),
        max_lines=row["max_lines"],
        calls_per_second=row["calls_per_second"],
        ring_timeout_s=float(row["dial_timeout"]),
        preview_time_s=float(row["preview_time"]),
        preview_on_timeout=OnTimeout(row["preview_on_timeout"]),
        abandon_after_s=row["abandon_after"],
        abandon_measured_from=MeasuredFrom(row["abandon_measured_from"]),
        abandon_window=window_of(row, rule_sets)[0],
        zone=_zone(row["timezone"]),
        abandon_message=row["abandon_message"],
        abandon_message_version=row["abandon_message_version"],
        opt_out_key=row["opt_out_key"],
        abandon_action=AbandonAction(row["abandon_action"]),
        abandon_transfer_extension=row["abandon_transfer_extension"],
        amd_enabled=bool(row["amd_enabled"]),
        amd=AmdParameters.of_columns(row),
        amd_action=AmdAction(row["amd_action"]),
        amd_unsure=AmdPolicy(row["amd_unsure"]),
        amd_not_run=AmdPolicy(row["amd_not_run"]),
        amd_min_call_s=row["amd_min_call"],
        amd_transfer_extension=row["amd_transfer_extension"],
        amd_over_limit=bool(row["amd_over_limit"]),
        amd_sample=fraction(row["amd_sample"]),
        voicemail_file=row["voicemail_file"],
        voicemail_wait_s=float(row["voicemail_wait"]),
        amd_false_positive_rate=row["amd_false_positive_rate"],
        amd_losses_inside=rules.law is not None and rules.law.amd_losses_inside,
        default_disposition=row["default_disposition"],
        recording_enabled=bool(row["recording_enabled"]),
        on_hook_ring_timeout_s=row["on_hook_ring_timeout"],
        rules=rules,
    )


_DUE = tuple(state.value for state in LeadState if state in DUE_STATES)
DUE_STATES_SQL = f"({', '.join(repr(state) for state in _DUE)})"
"""The core's DUE_STATES for `state IN …`."""


def standing(state: str, later: Any) -> str:
    """Given a lead's stored state and whether its time is still to come: `due waiting claimed` or `finished`."""
    if state in _DUE:
        return "waiting" if later else "due"
    return "claimed" if state == LeadState.CLAIMED.value else "finished"


def zones_value(text: str) -> tuple[str, ...]:
    """Given a column of names joined by commas (zones, regions), return the names."""
    return tuple(name for name in text.split(",") if name)


LEAD_COLUMNS = (
    "id, campaign_id, list_id, dial_number, name, zones, call_count, last_attempt_at, consent_id,"
    " regions, consent_class, consent_date, callback_agent_id"
)


def lead_value(row: tuple[Any, ...]) -> Lead:
    """Given a lead's row of LEAD_COLUMNS, return the value the core reads."""
    return Lead(
        id=row[0],
        campaign_id=row[1],
        list_id=row[2],
        number=row[3],
        name=row[4],
        zones=zones_value(row[5]),
        attempts=row[6],
        last_attempt_at=instant_or_none(row[7]),
        consent_id=row[8],
        regions=zones_value(row[9]),
        consent_class=row[10],
        consent_date=date.fromisoformat(row[11]) if row[11] else None,
        agent_id=row[12],
    )


def agent_profile(row: Mapping[str, Any], campaign_ids: Iterable[int]) -> AgentProfile:
    """Given an agent's row and the campaigns worked for, return the profile."""
    return AgentProfile(
        id=row["id"],
        name=row["name"],
        full_name=row["full_name"],
        endpoint=row["endpoint"],
        leg_mode=LegMode(row["leg_mode"]),
        campaign_ids=frozenset(campaign_ids),
        node=row["node"],
    )


def disposition_value(row: Mapping[str, Any]) -> Disposition:
    """Given a disposition's row, return the definition."""
    return Disposition(
        code=row["code"],
        label=row["label"],
        is_system=bool(row["is_system"]),
        is_contact=bool(row["is_contact"]),
        is_sale=bool(row["is_sale"]),
        is_callback=bool(row["is_callback"]),
        is_dnc=bool(row["is_dnc"]),
        is_refusal=bool(row["is_refusal"]),
        retry=bool(row["retry"]),
        invalid_number=bool(row["invalid_number"]),
    )
