"""Owns the managed sounds of a running dialerd: one change at a time, each told to the dialer; a look every minute.

Must not know the socket nor the store: who uses a sound is the caller's business.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dialerd.audio.folder import Sound, SoundFolder, checked_name
from dialerd.audio.preparing import Prepared, prepared
from dialerd.audio.uploads import Uploads
from dialerd.core.errors import DialerError
from dialerd.core.sounds import Sounds

log = logging.getLogger(__name__)
LOOK_EVERY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A sound that was added, and what was done to it."""

    sound: Sound
    done: Prepared
    replaced: bool


class SoundShelf:
    """The sounds in one folder. `changed` is told each time they are others than before."""

    def __init__(self, folder: SoundFolder, prefix: str, changed: Callable[[Sounds], object]) -> None:
        """`prefix`: how campaigns name a sound (`prefix/NAME`)."""
        self.folder = folder
        self.uploads = Uploads()
        self.sounds = Sounds(prefix=prefix)
        self._changed = changed
        self._one_at_a_time = asyncio.Lock()

    async def look(self, *, fresh: bool = False) -> list[Sound]:
        """Every managed sound; Unavailable when the folder cannot be read: then none is relied on."""
        async with self._one_at_a_time:
            return await self._look(fresh=fresh)

    async def add(
        self,
        name: str,
        data: bytes,
        about: Mapping[str, Any],
        *,
        replaces: bool,
        keep_level: bool,
        keep_silence: bool,
    ) -> Added:
        """Check a WAV file and make it a sound; Invalid, Conflict, Unavailable."""
        checked_name(name)
        done = await asyncio.to_thread(prepared, data, keep_level=keep_level, keep_silence=keep_silence)
        async with self._one_at_a_time:
            before = {sound.name for sound in await self._look()}
            sound = await asyncio.to_thread(self.folder.add, name, done, about, replaces=replaces)
            await self._look()
        return Added(sound=sound, done=done, replaced=name in before)

    async def remove(self, name: str) -> Sound:
        """Remove a sound; NotFound, Unavailable."""
        async with self._one_at_a_time:
            sound = await asyncio.to_thread(self.folder.remove, name)
            await self._look()
        return sound

    async def watch(self, every_s: float = LOOK_EVERY_S) -> None:
        """Look again and again, for ever: somebody may change files behind our back."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.look()
            except DialerError:
                pass  # told when it was found out
            except Exception:
                log.exception("looking at the sounds failed")

    async def _look(self, *, fresh: bool = False) -> list[Sound]:
        try:
            found = await asyncio.to_thread(self.folder.look, fresh=fresh)
        except DialerError as error:
            if self._take({}):
                log.error("%s", error)
            raise
        self._take({sound.name: sound.problem for sound in found})
        return found

    def _take(self, found: dict[str, str]) -> bool:
        if found == self.sounds.found:
            return False
        self.sounds = replace(self.sounds, found=found)
        self._changed(self.sounds)
        return True
