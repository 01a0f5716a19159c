"""Owns the socket's place in the file system: lock, stale socket, permissions, rename. Knows no protocol.

The socket is bound under a temporary name, given its group and mode, and renamed: nobody ever sees it too open,
and a client finds either the old socket or a finished new one.
"""

from __future__ import annotations

import fcntl
import grp
import logging
import os
import socket
import stat
from pathlib import Path

from dialerd.core.errors import Conflict, Invalid

logger = logging.getLogger(__name__)

BACKLOG = 1024
"""Connections the kernel holds until they are accepted; a client beyond them would get EAGAIN."""


class ListeningSocket:
    """A bound, listening Unix socket and the lock that says its name is ours."""

    def __init__(self, path: Path, listening: socket.socket, lock: int) -> None:
        """Use `open_listening`."""
        self.path = path
        self.socket = listening
        self._lock = lock
        self._inode = path.stat().st_ino

    def close(self) -> None:
        """Close, and remove the name if it is still ours. The lock's file stays: removing it would be a race."""
        self.socket.close()
        try:
            if self.path.stat().st_ino == self._inode:
                self.path.unlink()
        except FileNotFoundError:
            pass
        os.close(self._lock)


def open_listening(path: Path, *, group: str, mode: int) -> ListeningSocket:
    """Given the path, group and mode, return the listening socket.

    Raise Conflict when another live process has it, Invalid when the path cannot be used. A socket that a dead
    process left behind is replaced. Where `group` does not exist or may not be set, a warning is logged and the
    socket is for the owner alone.
    """
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        lock = _locked(path)
    except OSError as error:
        raise Invalid(f"the control socket {path} cannot be made: {error.strerror}; see [control] socket") from None
    temporary = path.with_name(f".{path.name[:6]}{os.getpid()}")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _refuse_unusable(path)
        temporary.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            listening.bind(str(temporary))
        finally:
            os.umask(before)
        _give(temporary, group, mode)
        listening.listen(BACKLOG)
        listening.setblocking(False)
        os.replace(temporary, path)
        return ListeningSocket(path, listening, lock)
    except BaseException as error:
        listening.close()
        os.close(lock)
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            what = error.strerror or str(error)
            raise Invalid(f"the control socket {path} cannot be made: {what}; see [control] socket") from None
        raise


def _locked(path: Path) -> int:
    """A lock on `<path>.lock` that the kernel frees when we die, whatever way."""
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Conflict(_other_daemon(path)) from None
    return lock


def _refuse_unusable(path: Path) -> None:
    """Raise when something at `path` must not be replaced."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise Invalid(f"{path} is there and is no socket: remove it, or change [control] socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return  # left behind by a dead process
        except OSError:
            pass  # full backlog or time-out: somebody is there
    raise Conflict(_other_daemon(path))


def _other_daemon(path: Path) -> str:
    return f"another dialerd has {path}: stop it (systemctl stop dialerd), or give this one its own [control] socket"


def _give(path: Path, group: str, mode: int) -> None:
    try:
        os.chown(path, -1, grp.getgrnam(group).gr_gid)
    except KeyError:
        logger.warning("group %s does not exist: only the daemon's user and root can use %s", group, path.parent)
        return
    except PermissionError:
        logger.warning("may not give %s to group %s: only the daemon's user and root can use it", path.parent, group)
        return
    path.chmod(mode)
