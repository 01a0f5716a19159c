"""Owns the AMI actions: each built from a core command, each value checked strictly. Sends nothing, keeps no state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dialerd.asterisk.ami_headers import Headers
from dialerd.core.campaign import AmdParameters, MeasuredFrom
from dialerd.core.errors import Invalid
from dialerd.core.machine_messages import MachineOrders
from dialerd.core.messages import Originate, RingAgent

CUSTOMER_CONTEXT = "dialerd-outbound"
AGENT_CONTEXT = "dialerd-agent"
FORGET_CONTEXT = "dialerd-forget"
LONGEST_RING_S = 600.0
LONGEST_GUARD_S = 3600.0
_EARS = re.compile(r"\A[A-Za-z0-9.-]{1,253}:[0-9]{1,5}\Z")
LONGEST_MACHINE_WAIT_S = 300.0
SHORTEST_WAIT_S = 0.1

# \A and \Z, never ^ and $: `$` lets a trailing line feed through. [0-9], never \d: it takes foreign digits.
NUMBER = re.compile(r"\A\+?[0-9*#]{1,24}\Z")
ATTEMPT_CHANNEL = re.compile(r"\Adlr-([1-9][0-9]{0,18})-[0-9a-f]{8}\Z")
AGENT_CHANNEL = re.compile(r"\Aagt-([1-9][0-9]{0,18})-[0-9a-f]{8}\Z")
TOKEN = re.compile(r"\A[0-9a-f]{32}\Z")
TRACE_KEY = re.compile(r"\A(?:unattended-[0-9]{1,19}|optout-a[0-9]{1,19}|optout-\+?[0-9*#]{1,24})\Z")
_DIAL_STRING = re.compile(r"\A[A-Za-z][A-Za-z0-9_]{0,19}/[A-Za-z0-9_.@:+*#/-]{1,120}\Z")
_CALLER_NAME = re.compile(r"\A[\w .,'&()/+-]{0,60}\Z")
_SOUNDS = re.compile(r"\A[A-Za-z0-9_./&-]{0,400}\Z")
_AMD = re.compile(r"\A[0-9]{1,6}(?::[0-9]{1,6}){8}\Z")
# Asterisk cuts the value of a `Variable` header at its first comma.
_VARIABLE_VALUE = re.compile(r"\A[^,]*\Z")
_KEY = re.compile(r"\A[0-9]?\Z")
_EXTENSION = re.compile(r"\A[A-Za-z0-9_*#+-]{0,20}\Z")
LONGEST_LEAD_NAME, LONGEST_LEAD_VALUE = 40, 80
_NO_NAME = re.compile(r"[^A-Z0-9]+")
_NO_VALUE = re.compile(r"[^\w .@+:/-]+")
_RECORDING = re.compile(r"\A(?:/[A-Za-z0-9_.-]{1,100}){1,12}\Z")
_FASTAGI = re.compile(r"\Aagi://[A-Za-z0-9.-]{1,120}(?::[0-9]{1,5})?/verdict\Z")
_SCRIPT = re.compile(r"\A(?:/[A-Za-z0-9_.-]{1,100}){1,12}\.agi\Z")


class ActionRefused(Invalid):
    """A value that may not reach Asterisk. Nothing was sent; the sentence names the field, not the value."""


def _require(pattern: re.Pattern[str], value: str, what: str) -> str:
    if not isinstance(value, str) or not pattern.match(value):
        raise ActionRefused(f"{what} has a form that dialerd does not send to Asterisk")
    return value


def _path(pattern: re.Pattern[str], value: str, what: str) -> str:
    _require(pattern, value, what)
    if any(part in ("..", ".") for part in value.replace("&", "/").split("/")):
        raise ActionRefused(f"{what} may not contain `.` or `..` as a folder")
    return value


def _milliseconds(seconds: float, longest_s: float, what: str) -> str:
    if not SHORTEST_WAIT_S <= seconds <= longest_s:  # also refuses NaN
        raise ActionRefused(f"{what} of {seconds} s is not between {SHORTEST_WAIT_S} and {longest_s:.0f} s")
    return str(round(seconds * 1000))


def check_agi(agi: str) -> str:
    """Return the AGI reference for DLR_AGI (FastAGI URL or absolute script path), or raise ActionRefused."""
    if agi.startswith("agi://"):
        return _require(_FASTAGI, agi, "the FastAGI URL")
    return _path(_SCRIPT, agi, "the path of the AGI script")


@dataclass(frozen=True, slots=True)
class Trunks:
    """The dial string templates by trunk name, each with `{number}` once: `PJSIP/{number}@carrier`."""

    templates: Mapping[str, str]

    def __post_init__(self) -> None:
        """Raise ActionRefused for a template that can never become a dial string."""
        for name, template in self.templates.items():
            if template.count("{number}") != 1:
                raise ActionRefused(f"trunk {name}: the dial string needs {{number}} exactly once")
            _require(_DIAL_STRING, template.replace("{number}", "0"), f"trunk {name}: the dial string")

    def dial_string(self, trunk: str, number: str) -> str:
        """The channel to dial `number` through `trunk`; raises ActionRefused."""
        template = self.templates.get(trunk)
        if template is None:
            raise ActionRefused(f"trunk {trunk!r} is not configured (known: {', '.join(sorted(self.templates))})")
        return _channel(template.replace("{number}", _require(NUMBER, number, "the number")), "the dial string")


def _channel(dial_string: str, what: str) -> str:
    _require(_DIAL_STRING, dial_string, what)
    if dial_string.startswith("Local/") and dial_string.count("/") == 1:
        # Unless told otherwise Asterisk optimises a Local channel away as soon as it is bridged:
        # the channel with our id would then end although the call goes on.
        return dial_string + "/n"
    return dial_string


def _caller_id(number: str, name: str) -> dict[str, str]:
    if number:
        _require(NUMBER, number, "the caller ID")
    if not name.isprintable():  # format characters too: right-to-left marks, zero-width joiners
        raise ActionRefused("the caller name holds characters that cannot be shown")
    _require(_CALLER_NAME, name, "the caller name")
    if number and name:
        return {"CallerID": f'"{name}" <{number}>'}
    return {"CallerID": f"<{number}>"} if number else {}


def _amd(parameters: AmdParameters) -> str:
    return _require(_AMD, parameters.arguments().replace(",", ":"), "the AMD parameters")


def _machine(orders: MachineOrders, ears: str) -> dict[str, str]:
    """What a machine gets: only what is wanted is sent."""
    variables = {}
    if orders.voicemail_file:
        variables["DLR_VOICEMAIL"] = _path(_SOUNDS, orders.voicemail_file, "the voicemail file")
        wait_ms = _milliseconds(orders.voicemail_wait_s, LONGEST_MACHINE_WAIT_S, "the wait for the end of a greeting")
        if ears:
            variables["DLR_EARS"] = _require(_EARS, ears, "the detector's address")
        variables["DLR_VOICEMAIL_S"] = str(int(wait_ms) // 1000)
    if orders.extension:
        variables["DLR_MACHINE_TO"] = _require(_EXTENSION, orders.extension, "the extension to transfer a machine to")
    if orders.min_call_s:
        variables["DLR_MACHINE_MS"] = _milliseconds(orders.min_call_s, LONGEST_MACHINE_WAIT_S, "a machine's least call")
    return variables


def lead_variables(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Attributes of a lead as channel variables: `Date of birth` becomes DLR_LEAD_DATE_OF_BIRTH.

    They come from files, so they are made harmless instead of refused: no character that a dialplan expression, an
    application's arguments or AMI give a meaning to is left in them. Of two that get one name the first counts.
    """
    found: dict[str, str] = {}
    for name, value in pairs:
        plain = _NO_NAME.sub("_", name.upper())[:LONGEST_LEAD_NAME].strip("_")
        if plain:
            found.setdefault(
                f"DLR_LEAD_{plain}", " ".join(_NO_VALUE.sub(" ", value).split())[:LONGEST_LEAD_VALUE].strip()
            )
    return found


def originate_customer(command: Originate, trunks: Trunks, agi: str, ears: str = "") -> Headers:
    """The Originate of an attempt; raises ActionRefused. The channel id serves as ActionID too: an answer names it.

    `ears`: ADDRESS:PORT of the detector, empty without one.
    """
    match = ATTEMPT_CHANNEL.match(command.channel_id)
    if match is None or int(match[1]) != command.attempt_id:
        raise ActionRefused("the channel id does not belong to the attempt")
    channel = trunks.dial_string(command.trunk, command.number)
    guard_from = "answer" if command.guard_from is MeasuredFrom.ANSWER else "verdict"
    guard_ms = _milliseconds(command.guard_s, LONGEST_GUARD_S, "the silence limit")
    variables = {
        "DLR_ATTEMPT": str(command.attempt_id),
        "DLR_TOKEN": _require(TOKEN, command.token, "the token"),
        "DLR_AMD": _amd(command.amd) if command.amd else "",
        "DLR_GUARD_FROM": guard_from,
        "DLR_GUARD_S": f"{int(guard_ms) / 1000:g}",
        "DLR_AGI": check_agi(agi),
        "DLR_MESSAGE": _path(_SOUNDS, command.message, "the abandon message"),
        "DLR_RECORD": _path(_RECORDING, command.recording_file, "the recording file") if command.recording_file else "",
        "DLR_SAMPLE": _path(_RECORDING, command.sample_file, "the sample's file") if command.sample_file else "",
        "DLR_OPTOUT": _require(_KEY, command.opt_out_key, "the opt-out key"),
        "DLR_TRANSFER": _require(_EXTENSION, command.transfer_to, "the extension to transfer to"),
        **(_machine(command.machine, ears) if command.machine else {}),
        **lead_variables(command.lead_variables),
    }
    headers: dict[str, str | list[str]] = {
        "Action": "Originate",
        "ActionID": command.channel_id,
        "Async": "true",
        "Channel": channel,
        "ChannelId": command.channel_id,
        "Context": CUSTOMER_CONTEXT,
        "Exten": "s",
        "Priority": "1",
        "Timeout": _milliseconds(command.ring_timeout_s, LONGEST_RING_S, "the ring time-out"),
        "Variable": [f"{name}={_require(_VARIABLE_VALUE, value, name)}" for name, value in variables.items()],
        **_caller_id(command.caller_id, command.caller_name),
    }
    if channel.startswith("Local/"):
        headers["OtherChannelId"] = f"{command.channel_id}-b"
    return headers


def originate_agent(command: RingAgent) -> Headers:
    """The Originate of an agent's leg; raises ActionRefused."""
    match = AGENT_CHANNEL.match(command.leg_id)
    if match is None or int(match[1]) != command.agent_id:
        raise ActionRefused("the leg's channel id does not belong to the agent")
    channel = _channel(command.endpoint, "the agent's endpoint")
    headers: dict[str, str | list[str]] = {
        "Action": "Originate",
        "ActionID": command.leg_id,
        "Async": "true",
        "Channel": channel,
        "ChannelId": command.leg_id,
        "Context": AGENT_CONTEXT,
        "Exten": "s",
        "Priority": "1",
        "Timeout": _milliseconds(command.ring_timeout_s, LONGEST_RING_S, "the ring time-out"),
        "Variable": [f"DLR_AGENT={command.agent_id}"],
        **_caller_id(command.caller_id, ""),
    }
    if channel.startswith("Local/"):
        headers["OtherChannelId"] = f"{command.leg_id}-b"
    return headers


def hangup(channel_id: str) -> Headers:
    """Hang up one channel of ours by its exact id; raises ActionRefused for anything else (a name, a pattern)."""
    if not ATTEMPT_CHANNEL.match(channel_id) and not AGENT_CHANNEL.match(channel_id):
        raise ActionRefused("dialerd hangs up its own channels only, by their exact id")
    return {"Action": "Hangup", "Channel": channel_id}


def forget_trace(key: str, action_id: str) -> Headers:
    """Remove one durable trace: the dialplan deletes the AstDB key named by the extension; raises ActionRefused."""
    _require(TRACE_KEY, key, "the trace's key")
    return {
        "Action": "Originate",
        "ActionID": action_id,
        "Async": "true",
        "Channel": f"Local/{key}@{FORGET_CONTEXT}",
        "Context": FORGET_CONTEXT,
        "Exten": "s",
        "Priority": "1",
        "Timeout": "5000",
    }


def read_trace(attempt_id: int) -> Headers:
    """Read the trace that the dialplan left for one attempt. Answered by a list of one, or an error: no trace."""
    return {"Action": "DBGet", "Family": "dialerd", "Key": f"unattended/{int(attempt_id)}"}


def resync_actions() -> Iterable[tuple[str, Headers, bool | None]]:
    """(name, action, as_list) of what is asked after a login, in order. The last answer flushes the events before."""
    return (
        ("settings", {"Action": "CoreSettings"}, False),
        ("channels", {"Action": "CoreShowChannels"}, None),
        ("traces", {"Action": "DBGetTree", "Family": "dialerd"}, None),
    )
