"""Owns writing a file whole or not at all (`--to FILE`). Knows nothing of what is written."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from dialerctl.failure import Failure


@contextmanager
def whole_file(target: str | Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside `target`; when the block ends well it replaces `target`, else it vanishes.

    Raises Failure with a sentence when the folder is missing, is not writable or the disk is full. Devices and
    pipes (/dev/stdout, a FIFO) are written to directly: replacing them would destroy them.
    """
    path = Path(os.path.realpath(target))
    check_target(path)
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        try:
            with open(path, "wb") as device:
                yield device
        except OSError as error:
            raise _cannot(path, error) from None
        return
    temporary = path.with_name(f".{path.name[:100]}.{os.urandom(4).hex()}.part")
    try:
        # 0666 less the umask, as an ordinary program would; O_EXCL so that nobody's link is followed
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, _mode_of(path))
        with open(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _cannot(path, error) from None
    finally:
        with suppress(OSError):
            temporary.unlink()


def check_target(path: Path) -> None:
    """Raise Failure when `path` cannot be a file to write: its folder is missing, or it is a folder."""
    if path.is_dir():
        raise Failure(f"cannot write {path}: it is a folder; name a file in it", 2)
    if not path.parent.is_dir():
        raise Failure(f"cannot write {path}: there is no folder {path.parent}; create it first", 2)


def _mode_of(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0o666


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # some file systems cannot sync a folder; the file itself is safe
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _cannot(path: Path, error: OSError) -> Failure:
    return Failure(f"cannot write {path}: {error.strerror or error}; nothing was left behind")
