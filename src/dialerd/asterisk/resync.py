"""Owns what is read from Asterisk after a (re)connect: version, our channels, durable traces. Decides nothing."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from dialerd.asterisk.actions import AGENT_CHANNEL, ATTEMPT_CHANNEL, NUMBER, read_trace, resync_actions
from dialerd.asterisk.ami_headers import Headers
from dialerd.core.messages import ChannelSeen, OptOutTrace, UnattendedTrace

_UNATTENDED_KEY = re.compile(r"\A/?dialerd/unattended/([1-9][0-9]{0,18})\Z")
_ABANDON_KEY = re.compile(r"\A/?dialerd/optout/a([1-9][0-9]{0,18})\Z")
_CALLBACK_KEY = re.compile(r"\A/?dialerd/optout/(.+)\Z")
_DURATION = re.compile(r"\A([0-9]{1,6}):([0-9]{2}):([0-9]{2})\Z")


class PictureRefused(Exception):
    """Asterisk does not show what dialerd must see before it may place calls; the sentence says what to do."""


class Ask(Protocol):
    """How an action is sent: `AmiLink.ask`."""

    def __call__(self, action: Headers, *, as_list: bool | None = False) -> Awaitable[Any]:
        """Send and return the awaitable answer; its deadline is the link's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxPicture:
    """What Asterisk is and holds for us right now."""

    version: str
    channels: tuple[ChannelSeen, ...]
    unattended: tuple[UnattendedTrace, ...]
    opt_outs: tuple[OptOutTrace, ...]


async def read_picture(ask: Ask) -> PbxPicture:
    """Ask Asterisk for everything; raises AmiClosed or TimeoutError without an answer, PictureRefused for a refusal.

    Every event from before the channels' list has arrived when this returns (the traces' answer comes after them).
    """
    answers: dict[str, list[Mapping[str, Any]]] = {}
    for name, action, as_list in resync_actions():
        answer = await ask(action, as_list=as_list)
        rows = answer if isinstance(answer, list) else [answer]
        if rows[0].get("Response") != "Success":
            # To take a refusal for "no channels" would declare every call dead that is up.
            raise PictureRefused(
                f"Asterisk refuses {action['Action']} ({rows[0].get('Message', 'no reason given')}):"
                " its AMI user needs `write = originate,call,reporting`"
            )
        answers[name] = rows
    version = str(answers["settings"][0].get("AsteriskVersion", ""))
    listed = (row for row in answers["channels"] if row.get("Event") == "CoreShowChannel")
    channels = tuple(seen for row in listed if (seen := channel_seen(row)) is not None)
    unattended, opt_outs = read_traces(answers["traces"])
    return PbxPicture(version=version, channels=channels, unattended=unattended, opt_outs=opt_outs)


async def read_one_trace(ask: Ask, attempt_id: int) -> UnattendedTrace | None:
    """The trace the dialplan left for this attempt, or None."""
    answer = await ask(read_trace(attempt_id), as_list=None)
    unattended, _ = read_traces(answer if isinstance(answer, list) else [answer])
    return unattended[0] if unattended else None


def channel_seen(row: Mapping[str, Any]) -> ChannelSeen | None:
    """A row of CoreShowChannels as ChannelSeen; None when the channel is not ours (second halves are not)."""
    unique_id = str(row.get("Uniqueid", ""))
    if not ATTEMPT_CHANNEL.match(unique_id) and not AGENT_CHANNEL.match(unique_id):
        return None
    return ChannelSeen(
        unique_id=unique_id,
        name=str(row.get("Channel", "")),
        up=row.get("ChannelState") == "6",
        context=str(row.get("Context", "")),
        application=str(row.get("Application", "")),
        bridge_id=str(row.get("BridgeId", "")),
        duration_s=_seconds(str(row.get("Duration", ""))),
    )


def _seconds(text: str) -> float:
    match = _DURATION.match(text)
    return int(match[1]) * 3600.0 + int(match[2]) * 60.0 + int(match[3]) if match else 0.0


def read_traces(
    rows: Iterable[Mapping[str, Any]],
) -> tuple[tuple[UnattendedTrace, ...], tuple[OptOutTrace, ...]]:
    """The traces in a list of AstDB entries (answer to DBGetTree or DBGet). Foreign entries are passed over.

    A damaged value still gives a trace, with what can be read of it: an ending may be approximate, never missing.
    """
    unattended: list[UnattendedTrace] = []
    opt_outs: list[OptOutTrace] = []
    for row in rows:
        key, value = _entry(row)
        if match := _UNATTENDED_KEY.match(key):
            unattended.append(unattended_trace(int(match[1]), value))
        elif match := _ABANDON_KEY.match(key):
            attempt_id = int(match[1])
            at = _epoch(value.partition("|")[0]) or datetime.now(UTC)
            trace_key = f"optout-a{attempt_id}"
            opt_outs.append(OptOutTrace(number="", at=at, source="abandon", attempt_id=attempt_id, key=trace_key))
        elif (match := _CALLBACK_KEY.match(key)) and NUMBER.match(match[1]):
            at = _epoch(value.partition("|")[0]) or datetime.now(UTC)
            opt_outs.append(OptOutTrace(number=match[1], at=at, source="callback", key=f"optout-{match[1]}"))
    return tuple(unattended), tuple(opt_outs)


def _entry(row: Mapping[str, Any]) -> tuple[str, str]:
    """Key with family and value of one entry: DBGetTreeResponse has the whole key, DBGetResponse a family too."""
    key, value = str(row.get("Key", "")), str(row.get("Val", "") or "")
    family = str(row.get("Family", ""))
    return (f"{family}/{key}" if family and not key.startswith("/") else key), value


def unattended_trace(attempt_id: int, value: str) -> UnattendedTrace:
    """Parse `<token>|<epoch answered>|<epoch message start>|<epoch message end>|<reason>`."""
    token, answered, started, ended, reason = ([*value.split("|", 4), "", "", "", "", ""])[:5]
    return UnattendedTrace(
        attempt_id=attempt_id,
        token=token,
        answered_at=_epoch(answered),
        message_started_at=_epoch(started),
        message_ended_at=_epoch(ended),
        reason=reason,
        key=f"unattended-{attempt_id}",
    )


def _epoch(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None
