"""Owns a look into the simulated PBX over a second AMI connection: its channels and its AstDB. Changes nothing."""

from __future__ import annotations

import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glance:
    """What lives in the PBX now."""

    channels: dict[str, str]  # unique id → bridge id
    database: dict[str, str]

    @property
    def calls(self) -> set[str]:
        """Customers' channels."""
        return {channel for channel in self.channels if channel.startswith("dlr-")}

    @property
    def legs(self) -> set[str]:
        """Agents' legs."""
        return {channel for channel in self.channels if channel.startswith("agt-")}


def glance(port: int) -> Glance:
    """Log in, ask for channels and traces, log off."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        lines = link.makefile("r", encoding="utf-8", newline="\r\n")
        lines.readline()  # banner
        for action in (
            "Login\r\nUsername: dialerd\r\nSecret: simulated\r\nEvents: off",
            "CoreShowChannels\r\nActionID: c",
            "DBGetTree\r\nActionID: d",
            "Logoff",
        ):
            link.sendall(f"Action: {action}\r\n\r\n".encode())
        messages: list[dict[str, str]] = [{}]
        for line in lines:
            name, found, value = line.rstrip("\r\n").partition(": ")
            if found:
                messages[-1].setdefault(name, value)
            elif messages[-1]:
                messages.append({})
            if messages[-1].get("Response") == "Goodbye":
                break
        lines.close()
    events = [message.get("Event") for message in messages]
    assert "CoreShowChannelsComplete" in events and "DBGetTreeComplete" in events, messages
    return Glance(
        {m["Uniqueid"]: m.get("BridgeId", "") for m in messages if m.get("Event") == "CoreShowChannel"},
        {m["Key"]: m.get("Val", "") for m in messages if m.get("Event") == "DBGetTreeResponse"},
    )
