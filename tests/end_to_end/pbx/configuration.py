"""The configuration files of a test PBX: SIP ends, modules, and the shipped asterisk-config included unchanged.

Knows nothing of processes and mounts.
"""

from __future__ import annotations

import platform
import re
import socket
from dataclasses import dataclass, field
from pathlib import Path

SHIPPED = Path(__file__).resolve().parents[3] / "asterisk-config"
FIRST_PHONE, LAST_PHONE = 1001, 1020
# What would open ports that no test needs.
_NOT_LOADED = ("chan_iax2", "chan_unistim", "pbx_dundi", "res_snmp", "res_hep", "res_prometheus")


@dataclass(frozen=True)
class Ports:
    """TCP and UDP ports of one test PBX on 127.0.0.1, and the far end's SIP port its calls go to."""

    ami: int
    sip: int
    rtp_first: int
    rtp_last: int
    farend_sip: int


@dataclass(frozen=True)
class PbxConfiguration:
    """Everything that may differ between two test PBXs.

    `extra_dialplan` is put after the shipped dialplan; `extra_manager` after the shipped AMI user.
    `ami_secret` replaces the shipped placeholder.
    """

    ports: Ports
    ami_secret: str = "test-secret"
    extra_dialplan: str = ""
    extra_manager: str = ""
    modules_not_loaded: tuple[str, ...] = field(default=_NOT_LOADED)


def free_port(kind: socket.SocketKind) -> int:
    """Return a port of 127.0.0.1 that nobody uses now (SOCK_STREAM: TCP, SOCK_DGRAM: UDP)."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_rtp_range(first: int = 10_000, last: int = 30_000, size: int = 400) -> tuple[int, int]:
    """Return (first, last) of `size` UDP ports below the ephemeral range of which a sample of ten is free."""
    for start in range(first, last - size, size):
        try:
            for port in range(start, start + size, size // 10):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return start, start + size - 1
    raise RuntimeError("no free range of RTP ports")


def write_configuration(folder: Path, wanted: PbxConfiguration) -> None:
    """Write a complete /etc/asterisk into `folder`/etc, directories relative to `folder` (an absolute path)."""
    etc = folder / "etc"
    shipped = etc / "dialerd"
    for name in ("etc", "etc/dialerd", "run", "log", "spool", "lib", "sounds", "verdict", "agi-bin", "lib/keys"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for source in SHIPPED.glob("*.conf"):
        text = source.read_text()
        if source.name == "manager_dialerd.conf":
            text, count = re.subn(r"(?m)^secret\s*=.*$", f"secret = {wanted.ami_secret}", text)
            if count != 1:
                raise RuntimeError("manager_dialerd.conf has not exactly one secret")
        (shipped / source.name).write_text(text)
    for source in (SHIPPED / "agi-bin").glob("*.agi"):
        target = folder / "agi-bin" / source.name
        target.write_bytes(source.read_bytes())
        target.chmod(0o755)
    for name, text in _files(folder, wanted).items():
        (etc / name).write_text(text)


def _files(folder: Path, wanted: PbxConfiguration) -> dict[str, str]:
    ports = wanted.ports
    directories = {
        "astetcdir": folder / "etc",
        "astmoddir": _module_folder(),
        "astvarlibdir": folder / "lib",
        "astdbdir": folder / "lib",
        "astkeydir": folder / "lib",
        "astdatadir": Path("/usr/share/asterisk"),
        "astagidir": folder / "agi-bin",
        "astspooldir": folder / "spool",
        "astrundir": folder / "run",
        "astlogdir": folder / "log",
    }
    listed = "".join(f"{name} => {path}\n" for name, path in directories.items())
    not_loaded = "".join(f"noload = {name}.so\n" for name in wanted.modules_not_loaded)
    dialplan = (
        "[general]\nstatic=yes\nwriteprotect=yes\n\n"
        "[from-phones]\nexten => _X.,1,Hangup()\n\n"
        f"#include {folder}/etc/dialerd/extensions_dialerd.conf\n{wanted.extra_dialplan}\n"
    )
    manager = (
        f"[general]\nenabled=yes\nwebenabled=no\nbindaddr=127.0.0.1\nport={ports.ami}\n"
        f"#include {folder}/etc/dialerd/manager_dialerd.conf\n{wanted.extra_manager}\n"
    )
    return {
        "asterisk.conf": f"[directories]\n{listed}\n[options]\nverbose=3\nnocolor=yes\n",
        "modules.conf": f"[modules]\nautoload=yes\n{not_loaded}",
        "logger.conf": "[general]\ndateformat=%F %T.%3q\n[logfiles]\nfull => notice,warning,error,verbose,debug\n",
        "extensions.conf": dialplan,
        "manager.conf": manager,
        "rtp.conf": f"[general]\nrtpstart={ports.rtp_first}\nrtpend={ports.rtp_last}\n",
        "pjsip.conf": _pjsip(ports),
        "amd.conf": (SHIPPED / "amd_dialerd.conf").read_text(),
        "http.conf": "[general]\nenabled=no\n",
        "features.conf": "[general]\n[featuremap]\n",
        "musiconhold.conf": "[default]\nmode=files\ndirectory=moh\n",
    }


def _module_folder() -> Path:
    """Return Debian's multi-arch module folder as seen inside the chroot."""
    machine = {"x86_64": "x86_64-linux-gnu", "aarch64": "aarch64-linux-gnu"}
    return Path("/usr/lib") / machine.get(platform.machine(), platform.machine()) / "asterisk/modules"


def _pjsip(ports: Ports) -> str:
    common = (
        "type=endpoint\ntransport=loopback\ndisallow=all\nallow=ulaw\ndirect_media=no\ntimers=no\n"
        "rtp_symmetric=no\nrewrite_contact=no\nsend_connected_line=no\ndtmf_mode=rfc4733\n"
    )
    text = (
        "[global]\ntype=global\nuser_agent=test\nendpoint_identifier_order=username,ip\n\n"
        f"[loopback]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{ports.sip}\n\n"
        f"[trunk]\n{common}context=from-trunk\naors=trunk\n\n"
        f"[trunk]\ntype=aor\ncontact=sip:127.0.0.1:{ports.farend_sip}\nqualify_frequency=0\n\n"
        "[trunk]\ntype=identify\nendpoint=trunk\nmatch=127.0.0.1\n\n"
    )
    for number in range(FIRST_PHONE, LAST_PHONE + 1):
        text += (
            f"[{number}]\n{common}context=from-phones\naors={number}\n\n"
            f"[{number}]\ntype=aor\ncontact=sip:{number}@127.0.0.1:{ports.farend_sip}\nqualify_frequency=0\n\n"
        )
    return text
