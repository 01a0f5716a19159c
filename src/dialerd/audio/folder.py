"""Owns the folder of managed sounds: four files for each name, written beside and renamed, looked at again and again.

Must not know campaigns, nor the socket. Everything here blocks: audio/shelf.py calls it in a thread.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dialerd.audio.companding import alaw, ulaw
from dialerd.audio.preparing import Prepared, as_wave
from dialerd.core.errors import Conflict, Invalid, NotFound, Unavailable, hint
from dialerd.core.sounds import NAME, NAME_RULE

SUFFIXES = ("wav", "ulaw", "alaw")
"""One file for each way a trunk may send it, so that Asterisk transcodes nothing: wav serves all that are neither."""
_FILE_MODE, _FOLDER_MODE = 0o644, 0o755  # Asterisk is another user; a message that anybody can be played is no secret
_BESIDE = ".new-"
_ANOTHER_MAY_READ, _ANOTHER_MAY_ENTER = 0o044, 0o011
_MOST_ABOUT_BYTES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A managed sound as it stands in the folder. `problem` empty: it can be played. `about`: what NAME.json says."""

    name: str
    problem: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)


def checked_name(name: str) -> str:
    """The name of a managed sound; raise Invalid when it is none."""
    if not NAME.fullmatch(name):
        raise Invalid(f"name: {name[:80]!r} is not a sound's name ({NAME_RULE})")
    return name


class SoundFolder:
    """One folder that dialerd may write and Asterisk may read."""

    def __init__(self, folder: Path) -> None:
        """Given the folder; it is made when the first sound is added."""
        self.folder = folder
        self._digests: dict[Path, tuple[tuple[int, int, int], str]] = {}

    def look(self, *, fresh: bool = False) -> list[Sound]:
        """Every managed sound by name, each with what is wrong; `fresh` reads files that seem unchanged, too.

        A name without NAME.json is no managed sound unless other files of it are left over.
        """
        try:
            files = [entry.name for entry in os.scandir(self.folder)]
            mode = self.folder.stat().st_mode
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Unavailable(f"the folder of sounds {self.folder} cannot be read: {error.strerror}") from None
        if fresh:
            self._digests.clear()
        closed = ""
        if not mode & _ANOTHER_MAY_ENTER:
            closed = f"the folder {self.folder} is open to its owner alone, so Asterisk finds nothing there: chmod 755"
        names = {name for file in files for name, _, suffix in [file.rpartition(".")] if suffix in (*SUFFIXES, "json")}
        found = [self._looked_at(name) for name in sorted(names) if NAME.fullmatch(name)]
        return [replace(sound, problem=closed or sound.problem) for sound in found]

    def add(self, name: str, sound: Prepared, about: Mapping[str, Any], *, replaces: bool) -> Sound:
        """Write a sound's files; Conflict when it has some and not `replaces`. A call that plays those goes on."""
        checked_name(name)
        known = {found.name for found in self.look()}
        if name in known and not replaces:
            raise Conflict(f"there is a sound {name} already: use --replace, or another --name")
        content = {
            "wav": as_wave(sound.samples),
            "ulaw": ulaw(sound.samples),
            "alaw": alaw(sound.samples),
        }
        told = {
            "name": name,
            "length_s": round(sound.length_s, 2),
            "level_dbfs": sound.level_dbfs,
            **about,
            "sha256": {suffix: hashlib.sha256(data).hexdigest() for suffix, data in content.items()},
        }
        # NAME.json comes last: after a crash in between the sums do not fit, and the sound is not relied on
        content["json"] = json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"
        try:
            self._deploy(name, content)
        except OSError as error:
            raise Unavailable(
                f"the sound {name} cannot be written to {self.folder} ({error.strerror}): dialerd must be able to "
                "write there (install systemd/tmpfiles.d/dialerd-sounds.conf, or set folder in [audio] of dialerd.toml)"
            ) from None
        return self._looked_at(name)

    def remove(self, name: str) -> Sound:
        """Remove a sound's files and return what it was; NotFound names the nearest."""
        found = {sound.name: sound for sound in self.look()}
        if name not in found:
            raise NotFound(f"there is no sound {name[:80]}{hint(name, sorted(found))}")
        try:
            for suffix in ("json", *SUFFIXES):
                self._path(name, suffix).unlink(missing_ok=True)
        except OSError as error:
            raise Unavailable(f"the sound {name} cannot be removed from {self.folder}: {error.strerror}") from None
        return found[name]

    def _path(self, name: str, suffix: str) -> Path:
        return self.folder / f"{name}.{suffix}"

    def _deploy(self, name: str, content: Mapping[str, bytes]) -> None:
        if not self.folder.is_dir():
            self.folder.mkdir()
            self.folder.chmod(_FOLDER_MODE)  # mkdir's own mode is cut by the umask
        for dead in self.folder.glob(f"{_BESIDE}*"):  # of a dialerd that was killed: there is one at a time
            dead.unlink(missing_ok=True)
        beside: dict[str, Path] = {}
        try:
            for suffix, data in content.items():
                handle, path = tempfile.mkstemp(dir=self.folder, prefix=_BESIDE)
                beside[suffix] = Path(path)
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    os.fchmod(file.fileno(), _FILE_MODE)
                    os.fsync(file.fileno())
            for suffix in content:
                beside[suffix].rename(self._path(name, suffix))
                del beside[suffix]
        finally:
            for left in beside.values():
                left.unlink(missing_ok=True)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _looked_at(self, name: str) -> Sound:
        try:
            about = self._about(name)
            self._compare(name, about)
        except ValueError as problem:
            with contextlib.suppress(ValueError):
                return Sound(name=name, problem=str(problem), about=self._about(name))
            return Sound(name=name, problem=str(problem))
        return Sound(name=name, about=about)

    def _about(self, name: str) -> dict[str, Any]:
        """What NAME.json says; raise ValueError with what is wrong."""
        path = self._path(name, "json")
        try:
            with _opened(path) as file:
                told = file.read(_MOST_ABOUT_BYTES)
        except FileNotFoundError:
            raise ValueError(f"{path.name} is missing") from None
        except OSError as error:
            raise ValueError(f"{path.name} cannot be read: {error.strerror}") from None
        try:
            about = json.loads(told)
        except (ValueError, RecursionError):
            raise ValueError(f"{path.name} is damaged") from None
        sums = about.get("sha256") if isinstance(about, dict) else None
        if not isinstance(sums, dict) or not all(isinstance(sums.get(suffix), str) for suffix in SUFFIXES):
            raise ValueError(f"{path.name} is damaged")
        return dict(about)

    def _compare(self, name: str, about: Mapping[str, Any]) -> None:
        for suffix in SUFFIXES:
            path = self._path(name, suffix)
            try:
                digest = self._digest(path)
            except FileNotFoundError:
                raise ValueError(f"{path.name} is missing") from None
            except OSError as error:
                raise ValueError(f"{path.name} cannot be read: {error.strerror}") from None
            if digest != about["sha256"][suffix]:
                raise ValueError(f"{path.name} has been changed")

    def _digest(self, path: Path) -> str:
        """Of a file; read again only when its size, time or place on the disk is another."""
        with _opened(path) as file:
            now = os.fstat(file.fileno())
            if not now.st_mode & _ANOTHER_MAY_READ:
                raise ValueError(f"{path.name} can be read by its owner alone, so Asterisk cannot play it: chmod 644")
            mark = (now.st_size, now.st_mtime_ns, now.st_ino)
            known = self._digests.get(path)
            if known is None or known[0] != mark:
                known = (mark, hashlib.file_digest(file, "sha256").hexdigest())
                self._digests[path] = known
        return known[1]


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[io.BufferedReader]:
    """Open a file to read; OSError, and ValueError for a pipe or a device: reading one may wait for ever.

    Waiting would be failing open: nothing in the folder would be looked at any more, and all stay as they were found.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ValueError(f"{path.name} cannot be read: it is no regular file")
    with open(handle, "rb") as file:
        yield file
