"""Owns the shape of AMI events: names, headers and their order as Asterisk 22 sends them. Knows no call flow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from dialerd.simulation.pbx.channels import Bridge, Channel

Headers: TypeAlias = list[tuple[str, str]]

STATE_NAMES = {0: "Down", 4: "Ring", 5: "Ringing", 6: "Up"}
CAUSE_TEXTS = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    16: "Normal Clearing",
    17: "User busy",
    18: "No user responding",
    19: "User alerting, no answer",
    21: "Call Rejected",
    28: "Invalid number format",
    34: "Circuit/channel congestion",
    38: "Network out of order",
    58: "Bearer capability not available",
    127: "Interworking, unspecified",
}
# Authorisation class of each event: what `read =` in manager.conf and the Events action select by.
CLASSES = {
    "FullyBooted": "system",
    "Shutdown": "system",
    "UserEvent": "user",
    "VarSet": "dialplan",
    "DTMFBegin": "dtmf",
    "DTMFEnd": "dtmf",
}


def encode(headers: Iterable[tuple[str, str]]) -> bytes:
    """One AMI message as it goes over the wire."""
    return ("".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n").encode()


def event_class(name: str) -> str:
    """The authorisation class of the event called `name`."""
    return CLASSES.get(name, "call")


def event(name: str, *parts: Headers) -> Headers:
    """An event of this name with its privilege line and the given headers."""
    headers: Headers = [("Event", name), ("Privilege", f"{event_class(name)},all")]
    for part in parts:
        headers += part
    return headers


def snapshot(channel: Channel, prefix: str = "") -> Headers:
    """The fourteen headers that describe a channel in every event about it."""
    return [
        (f"{prefix}Channel", channel.name),
        (f"{prefix}ChannelState", str(channel.state)),
        (f"{prefix}ChannelStateDesc", STATE_NAMES[channel.state]),
        (f"{prefix}CallerIDNum", channel.caller_number or "<unknown>"),
        (f"{prefix}CallerIDName", channel.caller_name or "<unknown>"),
        (f"{prefix}ConnectedLineNum", channel.connected_number or "<unknown>"),
        (f"{prefix}ConnectedLineName", channel.connected_name or "<unknown>"),
        (f"{prefix}Language", "en"),
        (f"{prefix}AccountCode", ""),
        (f"{prefix}Context", channel.context),
        (f"{prefix}Exten", channel.exten),
        (f"{prefix}Priority", str(channel.priority)),
        (f"{prefix}Uniqueid", channel.unique_id),
        (f"{prefix}Linkedid", channel.linked_id),
    ]


def dial(name: str, channel: Channel, *, status: str = "", dial_string: str = "") -> Headers:
    """DialBegin, DialState or DialEnd of an originated channel: there is no calling channel, only a destination."""
    extra: Headers = [("DialString", dial_string)] if name == "DialBegin" else [("DialStatus", status)]
    return event(name, snapshot(channel, "Dest"), extra)


def bridge(name: str, which: Bridge, channel: Channel) -> Headers:
    """BridgeEnter or BridgeLeave; the number of channels is the one after the move."""
    return event(
        name,
        [
            ("BridgeUniqueid", which.unique_id),
            ("BridgeType", which.kind),
            ("BridgeTechnology", which.technology),
            ("BridgeCreator", which.creator),
            ("BridgeName", which.name),
            ("BridgeNumChannels", str(len(which.channels))),
            ("BridgeVideoSourceMode", "none"),
        ],
        snapshot(channel),
    )


def hangup(channel: Channel, cause: int, tech_cause: int) -> Headers:
    """Hangup; TechCause (Asterisk 22) is there when the far end sent a final response or a reason."""
    headers = event(
        "Hangup", snapshot(channel), [("Cause", str(cause)), ("Cause-txt", CAUSE_TEXTS.get(cause, "Unknown"))]
    )
    if tech_cause:
        headers.append(("TechCause", str(tech_cause)))
    return headers


def originate_response(action_id: str, channel: Channel, *, success: bool, reason: int) -> Headers:
    """The late answer to an asynchronous Originate; a failed one names what was asked for, not a channel."""
    extra: Headers = [("ActionID", action_id)] if action_id else []
    return event(
        "OriginateResponse",
        extra,
        [
            ("Response", "Success" if success else "Failure"),
            ("Channel", channel.name if success else channel.dial_string),
            ("Context", channel.context),
            ("Exten", channel.exten),
            ("Reason", str(reason)),
            ("Uniqueid", channel.unique_id),
            ("CallerIDNum", channel.caller_number or "<unknown>"),
            ("CallerIDName", channel.caller_name or "<unknown>"),
        ],
    )
