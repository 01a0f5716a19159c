"""Owns the FastAGI client: what Asterisk's AGI() application does with an agi:// address. Knows nothing of verdicts."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from dialerd.simulation.pbx.channels import Channel

CONNECT_TIMEOUT_S = 2.0  # MAX_AGI_CONNECT in res_agi.c
_WORDS = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')


@dataclass(frozen=True, slots=True)
class AgiAddress:
    """Where an AGI() call connects to."""

    host: str
    port: int
    script: str
    url: str


def parse_address(text: str) -> AgiAddress | None:
    """Given DLR_AGI, return the address; None when it is no agi:// address."""
    try:
        parts = urlsplit(text)
        port = parts.port or 4573
    except ValueError:
        return None
    if parts.scheme != "agi" or not parts.hostname:
        return None
    return AgiAddress(parts.hostname, port, parts.path.lstrip("/"), text)


def environment(address: AgiAddress, channel: Channel, arguments: tuple[str, ...]) -> str:
    """The block of agi_ lines that opens the conversation, with its empty last line."""
    lines = ["agi_network: yes"]
    if address.script:
        lines.append(f"agi_network_script: {address.script}")
    lines += [
        f"agi_request: {address.url}",
        f"agi_channel: {channel.name}",
        "agi_language: en",
        f"agi_type: {channel.name.partition('/')[0]}",
        f"agi_uniqueid: {channel.unique_id}",
        "agi_version: 22.10.1",
        f"agi_callerid: {channel.caller_number or 'unknown'}",
        f"agi_calleridname: {channel.caller_name or 'unknown'}",
        "agi_callingpres: 0",
        "agi_callingani2: 0",
        "agi_callington: 0",
        "agi_callingtns: 0",
        "agi_dnid: unknown",
        "agi_rdnis: unknown",
        f"agi_context: {channel.context}",
        f"agi_extension: {channel.exten}",
        f"agi_priority: {channel.priority}",
        "agi_enhanced: 0.0",
        "agi_accountcode: ",
        "agi_threadid: 140000000000000",
    ]
    lines += [f"agi_arg_{number}: {value}" for number, value in enumerate(arguments, 1)]
    return "\n".join(lines) + "\n\n"


async def run_agi(
    text: str,
    channel: Channel,
    arguments: tuple[str, ...],
    guard_s: float | None,
    set_variable: Callable[[str, str], None],
) -> str:
    """Run AGI(text, arguments); return AGISTATUS: SUCCESS, FAILURE (refused) or HANGUP (hung up or guard expired).

    `guard_s` are the real seconds left of TIMEOUT(absolute), None when it is off.
    """
    address = parse_address(text)
    if address is None:
        return "FAILURE"
    loop = asyncio.get_running_loop()
    ends_at = None if guard_s is None else loop.time() + guard_s
    connecting = loop.create_task(asyncio.open_connection(address.host, address.port, limit=8192))
    wait_s = CONNECT_TIMEOUT_S if guard_s is None else min(CONNECT_TIMEOUT_S, guard_s)
    awaited: set[asyncio.Future[Any]] = {connecting, channel.ended}
    await asyncio.wait(awaited, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
    if not connecting.done():
        connecting.cancel()
        return "HANGUP" if channel.ended.done() else "FAILURE"
    try:
        reader, writer = connecting.result()
    except OSError:
        return "FAILURE"
    opening = environment(address, channel, arguments)
    talking = loop.create_task(_converse(reader, writer, opening, channel, set_variable))
    try:
        left = None if ends_at is None else max(0.0, ends_at - loop.time())
        await asyncio.wait({talking, channel.ended}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if talking.done() and not channel.ended.done():
            return talking.result()
        # AGIEXITONHANGUP: the script is told once and left.
        with contextlib.suppress(OSError):
            writer.write(b"HANGUP\nHANGUP\n")  # twice, as Asterisk 22 does
        return "HANGUP"
    finally:
        talking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await talking
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _converse(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    opening: str,
    channel: Channel,
    set_variable: Callable[[str, str], None],
) -> str:
    """Answer the script's commands until it closes the connection; return AGISTATUS."""
    try:
        writer.write(opening.encode())
        while True:
            line = await reader.readline()
            if not line:
                return "SUCCESS"
            writer.write(_answer(line.decode("utf-8", "replace").strip(), channel, set_variable).encode())
            await writer.drain()
    except (OSError, ValueError):  # ValueError: a line longer than the limit
        return "SUCCESS"


def _answer(command: str, channel: Channel, set_variable: Callable[[str, str], None]) -> str:
    words = [re.sub(r"\\(.)", r"\1", quoted) or plain for quoted, plain in _WORDS.findall(command)]
    verb = " ".join(words[:2]).upper()
    if verb == "GET VARIABLE" and len(words) == 3:
        value = channel.variables.get(words[2])
        return "200 result=0\n" if value is None else f"200 result=1 ({value})\n"
    if verb == "SET VARIABLE" and len(words) in (3, 4):
        set_variable(words[2], words[3] if len(words) == 4 else "")
        return "200 result=1\n"
    first = words[0].upper() if words else ""
    if first in ("VERBOSE", "NOOP"):
        return f"200 result={1 if first == 'VERBOSE' else 0}\n"
    if first == "HANGUP":
        channel.hang_up("dialer")
        return "200 result=1\n"
    return "510 Invalid or unknown command\n"
