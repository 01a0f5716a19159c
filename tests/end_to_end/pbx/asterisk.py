"""Starts, stops and questions one private Asterisk. Knows nothing of dialerd and of what the tests prove."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.metadata
import os
import secrets
import shutil
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from .chroot import asterisk_version, ready_chroot
from .configuration import PbxConfiguration, Ports, free_port, free_rtp_range, write_configuration
from .host import cache_folder, locked
from .namespace import ChrootProcess

_BOOT_LIMIT_S = 40.0
# Without the root servers' names each new channel blocks in a DNS look-up.
_HOSTS = "127.0.0.1 localhost {hostname}\n127.0.0.2 A.ROOT-SERVERS.NET a.root-servers.net\n"


class Asterisk:
    """One Asterisk with an /etc/asterisk, spool, AstDB and logs of its own, on free ports of 127.0.0.1.

    Everything lies in `folder`, which has the same absolute path inside and outside the chroot:
    `folder`/sounds for prompts (name them by absolute path), `folder`/verdict is /run/dialerd/verdict inside,
    `folder`/agi-bin holds the shipped AGI script, `folder`/log/full is the log.
    The folder stays after `stop()` for reading and is removed by the next instance's start.
    """

    def __init__(self, configuration: PbxConfiguration, *, shares: dict[Path, str] | None = None) -> None:
        """Prepare an instance (nothing runs yet); `shares` are further host folders to mount, host → inside.

        Raises HarnessUnavailable when this machine cannot run a real Asterisk.
        """
        self._chroot = ready_chroot()
        self.configuration = configuration
        self.ports: Ports = configuration.ports
        instances = cache_folder() / "instances"
        instances.mkdir(exist_ok=True)
        self.folder = instances / secrets.token_hex(4)
        with locked(cache_folder() / "instances.lock"):
            _remove_leftovers(instances)
            self.folder.mkdir()
            self._lock = os.open(self.folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._shares = dict(shares or {})
        self._process: ChrootProcess | None = None
        write_configuration(self.folder, configuration)
        (self.folder / "hosts").write_text(_HOSTS.format(hostname=socket.gethostname()))
        _copy_pyst2(self.folder / "python")

    @classmethod
    def for_farend(cls, farend_sip_port: int, *, extra_dialplan: str = "", extra_manager: str = "") -> Asterisk:
        """Return an instance on free ports whose trunk and phones are the far end on this SIP port."""
        rtp_first, rtp_last = free_rtp_range()
        ports = Ports(
            ami=free_port(socket.SOCK_STREAM),
            sip=free_port(socket.SOCK_DGRAM),
            rtp_first=rtp_first,
            rtp_last=rtp_last,
            farend_sip=farend_sip_port,
        )
        return cls(PbxConfiguration(ports, extra_dialplan=extra_dialplan, extra_manager=extra_manager))

    def __enter__(self) -> Asterisk:
        """Start on entering a with block."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop on leaving a with block."""
        self.close()

    @property
    def version(self) -> str:
        """The version line, e.g. `Asterisk 22.10.0~…`."""
        return asterisk_version(self._chroot)

    def start(self) -> None:
        """Start and wait until it is fully booted; RuntimeError with the log's tail when it is not in 40 s."""
        folder = self.folder
        binds = {
            folder: str(folder),
            folder / "hosts": "/etc/hosts",
            folder / "verdict": "/run/dialerd/verdict",
            **self._shares,
        }
        self._process = ChrootProcess(
            self._chroot,
            ["/usr/sbin/asterisk", "-f", "-C", str(folder / "etc/asterisk.conf")],
            binds=binds,
            log=folder / "log/console",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(folder / "python"), "LC_ALL": "C.UTF-8"},
        )
        deadline = time.monotonic() + _BOOT_LIMIT_S
        while time.monotonic() < deadline and self._process.alive():
            if (folder / "run/asterisk.ctl").exists():
                try:
                    if "fully booted" in self.cli("core waitfullybooted").lower():
                        return
                except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
                    pass
            time.sleep(0.1)
        self.kill()
        raise RuntimeError(f"Asterisk did not boot; last lines of its log:\n{self.log_tail()}")

    def running(self) -> bool:
        """Return whether the process runs."""
        return self._process is not None and self._process.alive()

    def stop(self) -> None:
        """Stop at once, calls and all, in Asterisk's own way (AstDB is written); kill when that takes 10 s."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.SubprocessError, RuntimeError, OSError):
            self.cli("core stop now")
        if not self._process.wait(10):
            self._process.kill()
        self._process = None
        (self.folder / "run/asterisk.ctl").unlink(missing_ok=True)

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process = None
        (self.folder / "run/asterisk.ctl").unlink(missing_ok=True)

    def restart(self) -> None:
        """Stop and start again with the same folder (AstDB, spool) and ports."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop and give the folder up for removal by a later instance."""
        self.stop()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def cli(self, command: str, timeout_s: float = 20.0) -> str:
        """Run a CLI command, e.g. `core show channels`, and return what it printed."""
        if self._process is None:
            raise RuntimeError("Asterisk is not running")
        config = str(self.folder / "etc/asterisk.conf")
        return self._process.run_inside(["/usr/sbin/asterisk", "-C", config, "-rx", command], timeout_s)

    def reload_dialplan(self) -> str:
        """Reload the dialplan as an operator would and return Asterisk's answer."""
        return self.cli("dialplan reload")

    def write_test_dialplan(self, text: str) -> None:
        """Replace the test's own dialplan (contexts from-trunk etc.) after the shipped one; reload when running."""
        self.configuration = replace(self.configuration, extra_dialplan=text)
        write_configuration(self.folder, self.configuration)
        if self.running():
            self.reload_dialplan()

    def database(self, family: str = "dialerd") -> dict[str, str]:
        """Return AstDB's keys under a family with their values, e.g. {"/dialerd/unattended/7": "…"}."""
        found: dict[str, str] = {}
        for line in self.cli(f"database show {family}").splitlines():
            key, separator, value = line.partition(": ")
            if separator and key.startswith("/"):
                found[key.strip()] = value.strip()
        return found

    def log(self) -> str:
        """Return the whole log (`full`) so far."""
        path = self.folder / "log/full"
        return path.read_text(errors="replace") if path.exists() else ""

    def log_tail(self, lines: int = 40) -> str:
        """Return the last lines of the log and of the console's output."""
        console = self.folder / "log/console"
        said = console.read_text(errors="replace") if console.exists() else ""
        return "\n".join([*self.log().splitlines()[-lines:], *said.splitlines()[-10:]])


def _copy_pyst2(target: Path) -> None:
    """Copy pyst2 and six from the running interpreter's packages: the AGI script in the chroot needs them.

    Found by distribution, not by module name: under pytest `asterisk` may mean a folder of our own tests.
    """
    target.mkdir()
    for distribution, name in (("pyst2", "asterisk"), ("six", "six.py")):
        origin = Path(str(importlib.metadata.distribution(distribution).locate_file(name)))
        if origin.is_dir():
            shutil.copytree(origin, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(origin, target / name)


def _remove_leftovers(instances: Path) -> None:
    """Remove folders of instances whose test run is gone (their lock is free)."""
    for folder in instances.iterdir():
        descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(descriptor)
