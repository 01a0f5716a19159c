"""Owns the check of campaign settings: which columns there are, what each may hold. Knows nothing of SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from dialerd.core.abandon_window import AbandonWindow
from dialerd.core.amd.presets import PRESETS
from dialerd.core.campaign import AbandonAction, AmdAction, AmdPolicy, DialMode, MeasuredFrom, OnTimeout
from dialerd.core.errors import Invalid, hint
from dialerd.core.lead_filter import checked_filter
from dialerd.core.list_mix import LeadOrder
from dialerd.store.setting_checks import (
    NAME,
    NAME_RULE,
    Check,
    between,
    checked_by,
    decimal,
    matching,
    one_of,
    real,
    text_of,
    whole,
    yes_or_no,
)
from dialerd.store.units import call_days, micro_units, time_of_day

RULE_SETS_WINDOW = "rule_set"
"""The value of `abandon_window` that leaves the choice to the campaign's rule set."""
MONEY_COLUMNS = frozenset({"cost_per_minute", "revenue_per_sale", "agent_hourly_cost"})


def amount(value: Any) -> int:
    """An amount of money, returned in micro-units."""
    number = between(decimal(value), 0, 99_999_999)
    try:
        return micro_units(number)
    except ValueError:
        raise ValueError("has more than six decimals") from None


def _time(value: Any) -> str:
    text = text_of(value)
    try:
        time_of_day(text)
    except ValueError:  # its sentence names the value, ours has it before it already
        raise ValueError("is not a time of day like 09:00") from None
    return text


def _days(value: Any) -> str:
    text = text_of(value).lower().replace(" ", "")
    try:
        call_days(text)
    except ValueError:
        raise ValueError("is not a list of days like mon-sat or mon,wed,fri") from None
    return text


def _zone(value: Any) -> str:
    text = text_of(value)
    if text not in available_timezones():
        raise ValueError(f"is not a time zone like Europe/Berlin{hint(text, available_timezones())}")
    return text


# What is accepted here must be what the Asterisk edge can send (a test holds them together): a value that it refuses
# would fail every call of the campaign.
_SOUND = matching(
    r"(?!(.*[/&])?\.\.?([/&]|\Z))[A-Za-z0-9_./&-]{1,400}",
    "sound names of letters, digits, _ . / - joined by &, no .. folder",
)


def _caller_name(value: Any) -> str:
    text = str(matching(r"[\w .,'&()/+-]{1,60}", "up to 60 letters, digits and . , ' & ( ) / + - _")(value))
    if not text.isprintable():
        raise ValueError("holds characters that cannot be shown")
    return text


def _attribute_names(value: Any) -> str:
    names = [" ".join(part.split()) for part in text_of(value).split(",")]
    names = list(dict.fromkeys(name for name in names if name))
    if len(names) > 10 or any(len(name) > 64 or not name.isprintable() for name in names):
        raise ValueError("may name up to 10 attributes of leads, joined by commas")
    return ",".join(names)


def _abandon_window(value: Any) -> str:
    names = [RULE_SETS_WINDOW, *(window.value for window in AbandonWindow)]
    text = text_of(value).lower()
    if text not in names:
        raise ValueError(f"must be one of {', '.join(names)}")
    return text


_EXTENSION = matching(r"[A-Za-z0-9_*#+-]{1,20}", "up to 20 letters, digits, _ * # + -")
_MS = whole(1, 60_000)

COLUMNS: Mapping[str, Check] = {
    "name": matching(NAME.pattern, NAME_RULE, may_be_empty=False),
    "dial_mode": one_of(DialMode),
    "rule_set": matching(r"[a-z0-9][a-z0-9-]{0,39}", "the name of a rule set like us-telemarketing, or none"),
    "priority": whole(1, 99),
    "trunk": matching(NAME.pattern, NAME_RULE),
    "caller_id": matching(r"\+?[0-9]{2,15}", "2 to 15 digits, with or without + before them"),
    "caller_name": _caller_name,
    "dial_ratio": real(1, 10),
    "min_dial_ratio": real(1, 10),
    "max_dial_ratio": real(1, 10),
    "safety_factor": real(0, 1),
    "target_abandon_rate": real(0, 100),
    "max_abandon_rate": real(0, 100),
    "avg_talk_time": whole(1, 86_400),
    "wrapup_time": whole(0, 86_400),
    "max_lines": whole(1, 100_000),
    "calls_per_second": real(0.01, 1000),
    "dial_timeout": whole(1, 300),
    "preview_time": whole(5, 3600),
    "preview_on_timeout": one_of(OnTimeout),
    "abandon_after": real(0.1, 60),
    "abandon_measured_from": one_of(MeasuredFrom),
    "abandon_window": _abandon_window,
    "abandon_message": _SOUND,
    "abandon_message_version": matching(r"[A-Za-z0-9_.:+-]{1,64}", "up to 64 letters, digits, _ . : + -"),
    "opt_out_key": matching(r"[0-9]", "one key of 0-9, or nothing"),
    "abandon_action": one_of(AbandonAction),
    "abandon_transfer_extension": _EXTENSION,
    "amd_enabled": yes_or_no,
    "amd_initial_silence": _MS,
    "amd_greeting": _MS,
    "amd_after_greeting_silence": _MS,
    "amd_total_analysis_time": _MS,
    "amd_min_word_length": _MS,
    "amd_between_words_silence": _MS,
    "amd_max_words": whole(1, 100),
    "amd_silence_threshold": whole(1, 32_767),
    "amd_max_word_length": _MS,
    "amd_action": one_of(AmdAction),
    "amd_false_positive_rate": real(0, 1),
    "amd_unsure": one_of(AmdPolicy),
    "amd_not_run": one_of(AmdPolicy),
    "amd_min_call": real(0, 60),
    "amd_over_limit": yes_or_no,
    "amd_sample": real(0, 100),
    "voicemail_wait": whole(5, 300),
    "voicemail_file": _SOUND,
    "amd_transfer_extension": _EXTENSION,
    "daily_start": _time,
    "daily_end": _time,
    "call_days": _days,
    "timezone": _zone,
    "max_attempts": whole(1, 1000),
    "max_attempts_per_day": whole(1, 1000),
    "max_attempts_per_window": whole(0, 1000),
    "attempt_window_days": whole(1, 366),
    "max_attempts_per_number": whole(0, 1000),
    "retry_delay": whole(0, 31_536_000),
    "lead_order": one_of(LeadOrder),
    "closing_zones_first": yes_or_no,
    "abandoned_first": yes_or_no,
    "callback_tolerance": whole(0, 31_536_000),
    "channel_variables": _attribute_names,
    "lead_filter": lambda value: checked_filter(text_of(value)),
    "default_disposition": matching(NAME.pattern, NAME_RULE, may_be_empty=False),
    "recording_enabled": yes_or_no,
    "on_hook_ring_timeout": real(1, 300),
    "cost_per_minute": amount,
    "revenue_per_sale": amount,
    "agent_hourly_cost": amount,
}

_ORDERED = (
    ("min_dial_ratio", "max_dial_ratio"),
    ("target_abandon_rate", "max_abandon_rate"),
)


def checked_settings(settings: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Any]:
    """Given settings as they came and the row they change, return the columns to write.

    `present` holds the row's columns now (the defaults, for a new campaign): limits between two columns are checked
    on what the row will be. Invalid lists every problem, each with its column.
    """
    columns, problems = checked_by(COLUMNS, _with_preset(settings), "column")
    if not problems:
        problems = _contradictions({**present, **columns})
    if problems:
        raise Invalid("; ".join(problems))
    return columns


PRESET = "amd_preset"
"""No column: the name of a preset that sets AMD()'s nine columns, but for those that are given beside it."""


def _with_preset(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    if PRESET not in settings:
        return settings
    name = str(settings[PRESET]).lower()
    if name not in PRESETS:
        raise Invalid(f"{PRESET}: {name!r} must be one of {', '.join(PRESETS)}{hint(name, PRESETS)}")
    return {**PRESETS[name].columns(), **{column: value for column, value in settings.items() if column != PRESET}}


def _contradictions(row: Mapping[str, Any]) -> list[str]:
    problems = [f"{low}: {row[low]:g} is above {high} {row[high]:g}" for low, high in _ORDERED if row[low] > row[high]]
    if time_of_day(row["daily_start"]) >= time_of_day(row["daily_end"]):
        problems.append(f"daily_start: {row['daily_start']} is not before daily_end {row['daily_end']}")
    return problems + _amd_contradictions(row)


def _amd_contradictions(row: Mapping[str, Any]) -> list[str]:
    """Parameters with which AMD() could never say HUMAN, never MACHINE for a long greeting, or would wait in vain.

    AMD calls a person HUMAN by the silence after the greeting alone, and looks at nothing once its time is over
    (docs/amd.md). An amd_initial_silence beyond the analysis time is no mistake: then silence is NOTSURE.
    """
    problems = [
        f"{name}: {row[name]} ms is not below amd_total_analysis_time {row['amd_total_analysis_time']} ms, so AMD "
        f"would be over before {what}"
        for name, what in (
            ("amd_greeting", "it takes a long greeting for a machine"),
            ("amd_after_greeting_silence", "it knows a person"),
        )
        if row[name] >= row["amd_total_analysis_time"]
    ]
    problems += [
        f"amd_min_word_length: {row['amd_min_word_length']} ms is not below {name} {row[name]} ms, so {what}"
        for name, what in (
            ("amd_greeting", "the first word of everybody would be a long greeting"),
            ("amd_max_word_length", "the first word of everybody would be too long"),
        )
        if row["amd_min_word_length"] >= row[name]
    ]
    if row["amd_between_words_silence"] >= row["amd_after_greeting_silence"]:
        problems.append(
            f"amd_between_words_silence: {row['amd_between_words_silence']} ms is not below amd_after_greeting_silence "
            f"{row['amd_after_greeting_silence']} ms, so no two words would ever be told apart"
        )
    return problems
