"""What the test machine must offer (root, Debian, programs) and where caches lie. Knows nothing of Asterisk."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# program -> Debian package that brings it
PACKAGES: dict[str, str] = {
    "debootstrap": "debootstrap",
    "espeak-ng": "espeak-ng",
    "flite": "flite",
    "sox": "sox",
    "unshare": "util-linux",
    "nsenter": "util-linux",
}


class HarnessUnavailable(RuntimeError):
    """This machine cannot run the real Asterisk; the message says what is missing."""


def cache_folder() -> Path:
    """Return the folder for everything that is expensive to make and is no part of the checkout (created)."""
    folder = Path(os.environ.get("DIALERD_CACHE") or "/var/cache/dialerd-tests")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HarnessUnavailable(f"cache folder {folder} cannot be made: {error}") from error
    return folder


def require_root_on_debian() -> None:
    """Raise HarnessUnavailable unless this is Linux with apt and we are root (chroot and mounts need it)."""
    if platform.system() != "Linux":
        raise HarnessUnavailable("the real Asterisk needs Linux")
    if os.geteuid() != 0:
        raise HarnessUnavailable("the real Asterisk needs root (chroot, mounts)")
    if shutil.which("apt-get") is None:
        raise HarnessUnavailable("the real Asterisk needs Debian or a relative of it (no apt-get found)")


def ensure_programs(*names: str) -> None:
    """Install the Debian packages of the named programs (keys of PACKAGES) where missing.

    Raises HarnessUnavailable with the tail of apt's output when that fails.
    """
    missing = sorted({PACKAGES[name] for name in names if shutil.which(name) is None})
    if not missing:
        return
    run_logged(["apt-get", "update", "-q"])
    run_logged(["apt-get", "install", "-q", "-y", "--no-install-recommends", *missing])


def run_logged(command: list[str], *, env: dict[str, str] | None = None, timeout_s: float = 900.0) -> str:
    """Run a command and return what it printed; raise HarnessUnavailable with its last lines on failure."""
    merged = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C", **(env or {})}
    try:
        done = subprocess.run(
            command,
            env=merged,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
            check=False,
            text=True,
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HarnessUnavailable(f"{command[0]}: {error}") from error
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-15:])
        raise HarnessUnavailable(f"{' '.join(command)} ended with {done.returncode}:\n{tail}")
    return done.stdout


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; the kernel frees it when the process ends in whatever way."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
