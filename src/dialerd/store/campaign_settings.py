"""Owns the check of campaign settings: which columns there are, what each may hold. Knows nothing of SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from enum import Enum
from typing import Any
from zoneinfo import available_timezones

from dialerd.core.campaign import AmdAction, DialMode, MeasuredFrom
from dialerd.core.errors import Invalid
from dialerd.core.lead_filter import checked_filter
from dialerd.core.list_mix import LeadOrder
from dialerd.store.units import call_days, micro_units, time_of_day

Check = Callable[[Any], Any]
"""Given a value as it came (text, number, boolean), return what the column holds; ValueError says what is wrong."""

MONEY_COLUMNS = frozenset({"cost_per_minute", "revenue_per_sale", "agent_hourly_cost"})
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
NAME_RULE = "1 to 64 letters, digits, _ . - beginning with a letter or digit"
_YES, _NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("is not a text")
    return str(value)


def matching(pattern: str, rule: str, *, may_be_empty: bool = True) -> Check:
    """A text that matches as a whole; `rule` says what is allowed."""
    compiled = re.compile(pattern)

    def check(value: Any) -> str:
        text = _text(value)
        if (text or not may_be_empty) and not compiled.fullmatch(text):
            raise ValueError(f"may only hold {rule}")
        return text

    return check


def one_of(kind: type[Enum]) -> Check:
    """One of an enumeration's values."""
    names = [str(member.value) for member in kind]

    def check(value: Any) -> str:
        text = _text(value).lower()
        if text not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return text

    return check


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal) or len(str(value)) > 40:
        raise ValueError("is not a number")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError("is not a number") from None
    if not number.is_finite():
        raise ValueError("is not a number")
    return number


def _between(number: Decimal, low: float, high: float) -> Decimal:
    if not Decimal(str(low)) <= number <= Decimal(str(high)):
        raise ValueError(f"must be between {low:g} and {high:g}")
    return number


def whole(low: int, high: int) -> Check:
    """A whole number within limits."""

    def check(value: Any) -> int:
        number = _decimal(value)
        if number != number.to_integral_value():
            raise ValueError("must be a whole number")
        return int(_between(number, low, high))

    return check


def real(low: float, high: float) -> Check:
    """A number within limits."""
    return lambda value: float(_between(_decimal(value), low, high))


def yes_or_no(value: Any) -> bool:
    """A boolean, also as text."""
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text not in _YES | _NO:
        raise ValueError("must be yes or no")
    return text in _YES


def amount(value: Any) -> int:
    """An amount of money, returned in micro-units."""
    number = _between(_decimal(value), 0, 99_999_999)
    try:
        return micro_units(number)
    except ValueError:
        raise ValueError("has more than six decimals") from None


def _time(value: Any) -> str:
    text = _text(value)
    try:
        time_of_day(text)
    except ValueError:  # its sentence names the value, ours has it before it already
        raise ValueError("is not a time of day like 09:00") from None
    return text


def _days(value: Any) -> str:
    text = _text(value).lower().replace(" ", "")
    try:
        call_days(text)
    except ValueError:
        raise ValueError("is not a list of days like mon-sat or mon,wed,fri") from None
    return text


def _zone(value: Any) -> str:
    text = _text(value)
    if text not in available_timezones():
        near = get_close_matches(text, available_timezones(), 1)
        raise ValueError("is not a time zone like Europe/Berlin" + (f" (did you mean {near[0]}?)" if near else ""))
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
    names = [" ".join(part.split()) for part in _text(value).split(",")]
    names = list(dict.fromkeys(name for name in names if name))
    if len(names) > 10 or any(len(name) > 64 or not name.isprintable() for name in names):
        raise ValueError("may name up to 10 attributes of leads, joined by commas")
    return ",".join(names)


_MS = whole(0, 60_000)

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
    "abandon_after": real(0.1, 60),
    "abandon_measured_from": one_of(MeasuredFrom),
    "abandon_message": _SOUND,
    "abandon_message_version": matching(r"[A-Za-z0-9_.:+-]{1,64}", "up to 64 letters, digits, _ . : + -"),
    "opt_out_key": matching(r"[0-9]", "one key of 0-9, or nothing"),
    "amd_enabled": yes_or_no,
    "amd_initial_silence": _MS,
    "amd_greeting": _MS,
    "amd_after_greeting_silence": _MS,
    "amd_total_analysis_time": _MS,
    "amd_min_word_length": _MS,
    "amd_between_words_silence": _MS,
    "amd_max_words": whole(0, 100),
    "amd_silence_threshold": whole(0, 32_767),
    "amd_max_word_length": _MS,
    "amd_action": one_of(AmdAction),
    "voicemail_file": _SOUND,
    "amd_transfer_extension": matching(r"[A-Za-z0-9_*#+-]{1,20}", "up to 20 letters, digits, _ * # + -"),
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
    "lead_filter": lambda value: checked_filter(_text(value)),
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
    if len(settings) > 2 * len(COLUMNS):
        raise Invalid(f"{len(settings)} settings are too many: a campaign has {len(COLUMNS)} columns")
    problems: list[str] = []
    columns: dict[str, Any] = {}
    for name, value in settings.items():
        check = COLUMNS.get(name)
        if check is None:
            near = get_close_matches(str(name)[:100], COLUMNS, 1)
            problems.append(f"{str(name)[:80]}: no such column" + (f" (did you mean {near[0]}?)" if near else ""))
            continue
        try:
            columns[name] = check(value)
        except (ValueError, ArithmeticError) as error:
            problems.append(f"{name}: {_shown(value)} {error}")
    if not problems:
        problems = _contradictions({**present, **columns})
    if problems:
        raise Invalid("; ".join(problems))
    return columns


def _shown(value: Any) -> str:
    text = str(value)
    return repr(text if len(text) <= 40 else text[:40] + "…")


def _contradictions(row: Mapping[str, Any]) -> list[str]:
    problems = [f"{low}: {row[low]:g} is above {high} {row[high]:g}" for low, high in _ORDERED if row[low] > row[high]]
    if time_of_day(row["daily_start"]) >= time_of_day(row["daily_end"]):
        problems.append(f"daily_start: {row['daily_start']} is not before daily_end {row['daily_end']}")
    return problems
