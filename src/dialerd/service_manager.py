"""Owns talking to systemd (sd_notify, watchdog). Must not read os.environ: the environment is handed in."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping


class ServiceManager:
    """The service manager that started us, if there is one; without it every message goes nowhere."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Given the environment; $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID matter."""
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        usec = environ.get("WATCHDOG_USEC", "")
        ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog_s: float | None = int(usec) / 1e6 if usec.isdigit() and int(usec) > 0 and ours else None
        """Seconds within which the watchdog wants to hear from us; None: there is no watchdog."""

    def notify(self, *lines: str) -> bool:
        """Send assignments such as `READY=1`; False when nobody listens. A dead service manager stops nobody."""
        if not self._address:
            return False
        message = "\n".join(line.replace("\n", " ") for line in lines).encode()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.setblocking(False)
                channel.sendto(message, self._address)
        except OSError:
            return False
        return True

    def ready(self, status: str) -> bool:
        """Configuration, store and sockets stand. Asterisk may still be away."""
        return self.notify("READY=1", f"STATUS={status}")

    def alive(self, status: str = "") -> bool:
        """Feed the watchdog. Only the pacing tick may call this: a side task would hide a dead loop."""
        return self.notify("WATCHDOG=1", *([f"STATUS={status}"] if status else []))

    def stopping(self, status: str = "") -> bool:
        """The stop has begun."""
        return self.notify("STOPPING=1", *([f"STATUS={status}"] if status else []))
