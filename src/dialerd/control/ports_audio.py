"""Owns what the control edge needs for voice files, as protocols. Implemented by `audio/`, which it must not import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from dialerd.core.sounds import Sounds


class Sound(Protocol):
    """A managed sound: `problem` empty, or what is wrong; `about` as it was written down when it was added."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def problem(self) -> str:
        """What is wrong with it; empty: nothing."""

    @property
    def about(self) -> Mapping[str, Any]:
        """`length_s level_dbfs source note by at sha256`; empty when that is lost."""


class Done(Protocol):
    """What was done to a file. Times in seconds."""

    @property
    def trimmed_start_s(self) -> float:
        """Silence taken off before."""

    @property
    def trimmed_end_s(self) -> float:
        """And behind."""

    @property
    def gain_db(self) -> float:
        """How much louder it was made."""

    @property
    def warnings(self) -> Sequence[str]:
        """What the operator should hear."""


class Added(Protocol):
    """A sound that was added."""

    @property
    def sound(self) -> Sound:
        """The sound."""

    @property
    def done(self) -> Done:
        """What was done to it."""

    @property
    def replaced(self) -> bool:
        """There was one of that name."""


class Uploads(Protocol):
    """Files on their way in, by sender (uid) and upload."""

    def receive(self, sender: int, upload: str, offset: int, data: bytes) -> int:
        """Take a part; return how many bytes are there."""

    def take(self, sender: int, upload: str) -> bytes:
        """The whole file, once."""


class SoundShelf(Protocol):
    """The managed sounds. Every method raises a DialerError with a sentence when it refuses."""

    @property
    def sounds(self) -> Sounds:
        """As they were found last."""

    @property
    def uploads(self) -> Uploads:
        """Files on their way in."""

    async def look(self, *, fresh: bool = False) -> Sequence[Sound]:
        """Every managed sound by name."""

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
        """Check a WAV file and make it a sound."""

    async def remove(self, name: str) -> Sound:
        """Remove a sound."""
