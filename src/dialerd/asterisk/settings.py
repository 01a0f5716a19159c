"""Owns what one Asterisk node needs to be told. Reads no file: the composition root fills it in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dialerd.asterisk.actions import check_agi
from dialerd.core.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """One `[[asterisk]]` entry. Every `_s` is seconds."""

    name: str
    host: str = "127.0.0.1"
    port: int = 5038
    username: str = "dialerd"
    secret: str = field(default="", repr=False)
    agi: str = "fastagi"  # which form the dialplan is told to use: fastagi | script
    agi_listen_host: str = "127.0.0.1"
    agi_listen_port: int = 4573  # 0: any free port (then agi_url is made from it)
    agi_url: str = ""  # the FastAGI server as Asterisk sees it; empty: made from agi_listen_*
    agi_script: str = "/usr/share/dialerd/agi-bin/dialerd-amd.agi"
    verdict_socket: Path | None = Path("/run/dialerd/verdict/verdict.sock")  # None: no stand-alone scripts
    verdict_socket_group: str = ""
    verdict_socket_mode: int = 0o660
    connect_timeout_s: float = 5.0
    action_timeout_s: float = 10.0
    ping_interval_s: float = 5.0
    ping_timeout_s: float = 10.0
    first_retry_s: float = 0.5
    longest_retry_s: float = 30.0
    refused_retry_s: float = 60.0
    longest_refused_retry_s: float = 600.0
    longest_verdict_wait_s: float = 120.0
    hangup_grace_s: float = 2.0  # how long after a failed Originate its Hangup may still come

    def __post_init__(self) -> None:
        """Raise Invalid for what can never work."""
        if self.agi not in ("fastagi", "script"):
            raise Invalid(f"asterisk {self.name}: agi is {self.agi!r}, not fastagi or script")
        if self.agi == "script" and self.verdict_socket is None:
            raise Invalid(f"asterisk {self.name}: agi = script needs a verdict_socket")
        check_agi(self.agi_script)
        if self.agi_url:
            check_agi(self.agi_url)
