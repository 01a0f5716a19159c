"""Owns the one table of campaign columns: option, type, unit, help. Must not know the daemon or how results look.

The columns are docs/control-protocol.md's; a test keeps the two in step. dialerd validates; here only what a person
mistypes (a choice, a number, a time of day) is caught before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from dialerctl.numbers_list import NumberRange


class TimeOfDay(click.ParamType):  # type: ignore[type-arg]  # not generic before click 8.4
    """`HH:MM`, 00:00 to 24:00."""

    name = "HH:MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return `HH:MM` with two digits each; fail with a sentence."""
        match = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", str(value))
        if match:
            hour, minute = int(match[1]), int(match[2])
            if (hour < 24 and minute < 60) or (hour, minute) == (24, 0):
                return f"{hour:02}:{minute:02}"
        self.fail(f"{value!r} is no time of day; write it like 09:30", param, ctx)


class Amount(click.ParamType):  # type: ignore[type-arg]
    """An amount of money as text: no binary fraction touches it."""

    name = "AMOUNT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text with a decimal point; fail with a sentence."""
        text = str(value).replace(",", ".")
        if re.fullmatch(r"[0-9]{1,8}(\.[0-9]{1,6})?", text):
            return text
        self.fail(f"{value!r} is no amount; write it like 0.035", param, ctx)


PERCENT = NumberRange(0, 100)
SECONDS = click.IntRange(min=0)
SHORT_TIME = NumberRange(min=0)
MILLISECONDS = click.IntRange(min=1)


@dataclass(frozen=True, slots=True)
class CampaignColumn:
    """One column: `type` None is a yes/no switch; `unit` is shown after values and as the option's placeholder."""

    name: str
    group: str
    type: click.ParamType[Any] | type | None
    unit: str
    help: str

    @property
    def option(self) -> str:
        """The option on the command line."""
        return "--" + self.name.replace("_", "-")


def _group(
    group: str, *columns: tuple[str, click.ParamType[Any] | type | None, str, str]
) -> tuple[CampaignColumn, ...]:
    return tuple(CampaignColumn(name, group, type_, unit, text) for name, type_, unit, text in columns)


DIAL_MODES = click.Choice(["predictive", "progressive", "power", "preview"])
ON_TIMEOUT = click.Choice(["skip", "dial"])
MEASURED_FROM = click.Choice(["answer", "greeting_end"])
ABANDON_WINDOWS = click.Choice(
    ["rule_set", "successive_30_days", "rolling_30_days", "rolling_24_hours", "day", "month"]
)
LEAD_ORDERS = click.Choice(["down", "up", "random", "oldest", "newest", "rank"])
ABANDON_ACTIONS = click.Choice(["hangup", "transfer"])
AMD_PRESETS = click.Choice(["asterisk-default", "original", "vicidial", "human-first"])
PRESET = "amd_preset"
"""No column of a campaign: it sets nine of them."""
AMD_POLICIES = click.Choice(["agent", "machine"])
AMD_ACTIONS = click.Choice(["hangup", "voicemail", "transfer"])

CAMPAIGN_COLUMNS: tuple[CampaignColumn, ...] = (
    *_group(
        "Dialling",
        ("dial_mode", DIAL_MODES, "", "How calls are paced."),
        ("rule_set", str, "NAME", "Law to keep: dialerctl rules list; none: no law."),
        ("priority", click.IntRange(1, 99), "1-99", "Who comes first when lines are short; higher wins."),
        ("trunk", str, "NAME", "Trunk from dialerd.toml that carries the calls."),
        ("caller_id", str, "NUMBER", "Number shown to the called person."),
        ("caller_name", str, "TEXT", "Name shown to the called person."),
        ("dial_ratio", NumberRange(min=0), "RATIO", "Calls for each free agent (power mode)."),
        ("min_dial_ratio", NumberRange(min=0), "RATIO", "Least calls for each free agent (predictive)."),
        (
            "max_dial_ratio",
            NumberRange(min=0),
            "RATIO",
            "Most calls in flight per staffed agent (predictive).",
        ),
        ("safety_factor", NumberRange(0, 1), "0-1", "Caution of predictive pacing; lower is safer."),
        ("target_abandon_rate", PERCENT, "PERCENT", "Abandoned of calls answered by a person: the aim."),
        ("max_abandon_rate", PERCENT, "PERCENT", "Abandon rate at which dialling ahead ends."),
        ("avg_talk_time", SECONDS, "SECONDS", "Talk time to assume until it is measured."),
        ("wrapup_time", SECONDS, "SECONDS", "Time an agent has after a call."),
        ("max_lines", click.IntRange(min=1), "LINES", "Most calls at once."),
        ("calls_per_second", NumberRange(min=0), "CALLS/S", "Most new calls in a second."),
        ("dial_timeout", SECONDS, "SECONDS", "How long a call rings."),
        ("preview_time", SECONDS, "SECONDS", "Time to accept or skip a lead that is shown (preview)."),
        ("preview_on_timeout", ON_TIMEOUT, "", "What becomes of it when that time runs out (preview)."),
    ),
    *_group(
        "A person without an agent",
        ("abandon_after", SHORT_TIME, "SECONDS", "Longest silence before the abandon message."),
        ("abandon_measured_from", MEASURED_FROM, "", "Where that silence starts."),
        ("abandon_window", ABANDON_WINDOWS, "", "Over what the abandon rate is measured; rule_set: as the law says."),
        ("abandon_message", str, "SOUND", "Sound that says who called and the number (dialerctl audio list)."),
        ("abandon_message_version", str, "TEXT", "Version of that message, kept in each record."),
        ("opt_out_key", str, "KEY", "Key that puts the caller on the do-not-call list."),
        ("abandon_action", ABANDON_ACTIONS, "", "What follows message and key; it counts as abandoned all the same."),
        ("abandon_transfer_extension", str, "EXTENSION", "Where to, in your dialplan's context dialerd-transfer."),
    ),
    *_group(
        "Answering machines",
        ("amd_enabled", None, "", "Run answering-machine detection."),
        ("amd_initial_silence", MILLISECONDS, "MS", "Silence before the greeting that means machine."),
        ("amd_greeting", MILLISECONDS, "MS", "Greeting this long means machine."),
        ("amd_after_greeting_silence", MILLISECONDS, "MS", "Silence after the greeting that means person."),
        ("amd_total_analysis_time", MILLISECONDS, "MS", "Longest analysis."),
        ("amd_min_word_length", MILLISECONDS, "MS", "Shortest sound that counts as a word."),
        ("amd_between_words_silence", MILLISECONDS, "MS", "Shortest silence between two words."),
        ("amd_max_words", click.IntRange(min=1), "WORDS", "More words than this mean machine."),
        ("amd_silence_threshold", click.IntRange(1, 32767), "LEVEL", "Noise level taken for silence (1-32767)."),
        ("amd_max_word_length", MILLISECONDS, "MS", "One word this long means machine."),
        ("amd_action", AMD_ACTIONS, "", "What a machine gets."),
        ("amd_false_positive_rate", NumberRange(0, 1), "0-1", "People among the calls that AMD called machines."),
        ("amd_unsure", AMD_POLICIES, "", "Who gets a call that AMD is not sure of (NOTSURE)."),
        ("amd_not_run", AMD_POLICIES, "", "Who gets a call of which AMD said nothing."),
        ("amd_min_call", SHORT_TIME, "SECONDS", "Hold a machine's call this long from the answer; 0: hang up at once."),
        ("amd_over_limit", None, "", "Dial although AMD takes longer than abandon_after allows."),
        ("amd_sample", PERCENT, "PERCENT", "Calls of which the sound that AMD heard is kept."),
        ("voicemail_file", str, "SOUND", "Sound left on the machine (dialerctl audio list)."),
        ("voicemail_wait", SECONDS, "SECONDS", "Longest wait for the end of the machine's greeting."),
        ("amd_transfer_extension", str, "EXTENSION", "Where a machine is transferred to."),
    ),
    *_group(
        "When",
        ("daily_start", TimeOfDay(), "HH:MM", "Calling starts, in the called person's zone."),
        ("daily_end", TimeOfDay(), "HH:MM", "Calling ends, in the called person's zone."),
        ("call_days", str, "DAYS", "Days to call, like mon-sat or mon,wed,fri."),
        ("timezone", str, "ZONE", "The campaign's own zone, like Europe/Berlin."),
        ("max_attempts", click.IntRange(min=1), "ATTEMPTS", "Most attempts for a lead."),
        ("max_attempts_per_day", click.IntRange(min=1), "ATTEMPTS", "Most attempts to a number in 24 hours."),
        ("max_attempts_per_window", click.IntRange(min=0), "ATTEMPTS", "Most to a number in the window; 0: no limit."),
        ("attempt_window_days", click.IntRange(min=1), "DAYS", "How long that window is; it rolls."),
        ("max_attempts_per_number", click.IntRange(min=0), "ATTEMPTS", "Most to a number ever; 0: no limit."),
        ("retry_delay", SECONDS, "SECONDS", "Wait before the next attempt (without a retry rule)."),
    ),
    *_group(
        "Which lead is next",
        ("lead_order", LEAD_ORDERS, "", "Order within a list: down is as imported."),
        ("closing_zones_first", None, "", "Call first where the calling window closes first."),
        ("abandoned_first", None, "", "Call abandoned people first, where an agent is guaranteed."),
        ("callback_tolerance", SECONDS, "SECONDS", "Later than this, anyone may make an agent's callback."),
        ("channel_variables", str, "NAMES", "Extra columns for the dialplan, as DLR_LEAD_NAME: city,plan."),
        ("lead_filter", str, "EXPRESSION", "Which leads to call, like: city == 'Berlin' and rank > 3."),
    ),
    *_group(
        "Agents, records, money",
        ("default_disposition", str, "CODE", "Disposition when the agent gives none."),
        ("recording_enabled", None, "", "Record the calls."),
        ("on_hook_ring_timeout", SHORT_TIME, "SECONDS", "How long an on-hook agent's phone rings."),
        ("cost_per_minute", Amount(), "AMOUNT", "Telephone cost of a minute."),
        ("revenue_per_sale", Amount(), "AMOUNT", "Revenue of a sale."),
        ("agent_hourly_cost", Amount(), "AMOUNT", "Cost of an agent's hour."),
    ),
)

SHOWN_UNITS: Mapping[str, str] = {"SECONDS": "s", "PERCENT": "%", "MS": "ms", "CALLS/S": "calls/s"}
"""Units worth showing after a value."""


def campaign_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command one option for each column; those not given arrive as None."""
    for column in reversed(CAMPAIGN_COLUMNS):
        if column.type is None:
            declaration = f"{column.option}/--no-{column.option[2:]}"
            command = click.option(declaration, column.name, default=None, help=column.help)(command)
        else:
            metavar = None if isinstance(column.type, click.Choice) else column.unit
            command = click.option(column.option, column.name, type=column.type, metavar=metavar, help=column.help)(
                command
            )
    help_text = "All nine AMD parameters of a named set (dialerctl amd presets); those given beside it win."
    return click.option("--amd-preset", PRESET, type=AMD_PRESETS, help=help_text)(command)


def given_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that were named on the command line."""
    names = [PRESET, *(column.name for column in CAMPAIGN_COLUMNS)]
    return {name: values[name] for name in names if values.get(name) is not None}
