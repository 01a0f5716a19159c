"""The sounds of a running dialerd: each change is told once, and a folder that is gone leaves none to rely on."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from dialerd.audio.folder import SoundFolder
from dialerd.audio.shelf import SoundShelf
from dialerd.core.errors import Invalid, Unavailable
from dialerd.core.sounds import Sounds

from .voices import joined, tone


class Shelf:
    """A shelf and what it told."""

    def __init__(self, folder: Path) -> None:
        self.told: list[dict[str, str]] = []
        self.heard = asyncio.Event()
        self.shelf = SoundShelf(SoundFolder(folder), "/sounds", self._changed)

    def _changed(self, sounds: Sounds) -> None:
        assert sounds.prefix == "/sounds"
        self.told.append(dict(sounds.found))
        self.heard.set()

    async def add(self, name: str = "sorry", **more: bool) -> bool:
        options = {"replaces": False, "keep_level": False, "keep_silence": False, **more}
        return (await self.shelf.add(name, joined(tone()), {}, **options)).replaced


async def test_each_change_is_told_once(tmp_path: Path) -> None:
    rig = Shelf(tmp_path / "sounds")
    assert await rig.shelf.look() == [] and rig.told == []
    assert not await rig.add()
    assert await rig.add(replaces=True)
    assert rig.told == [{"sorry": ""}]
    await rig.shelf.remove("sorry")
    assert rig.told[1:] == [{}]


async def test_a_change_behind_our_back_is_seen_by_the_watch(tmp_path: Path) -> None:
    folder = tmp_path / "sounds"
    rig = Shelf(folder)
    await rig.add()
    watch = asyncio.create_task(rig.shelf.watch(0.01))
    rig.heard.clear()
    (folder / "sorry.ulaw").unlink()
    await asyncio.wait_for(rig.heard.wait(), 5)
    assert rig.told[-1] == {"sorry": "sorry.ulaw is missing"}
    rig.heard.clear()
    shutil.rmtree(folder)
    os.mkfifo(folder)  # no folder
    while rig.told[-1]:  # what is half removed may be seen, too
        await asyncio.wait_for(rig.heard.wait(), 5)
        rig.heard.clear()
    assert not watch.done(), "it goes on"
    watch.cancel()
    with pytest.raises(Unavailable):
        await rig.shelf.look()


async def test_what_is_refused_changes_nothing(tmp_path: Path) -> None:
    rig = Shelf(tmp_path)
    for name in ("../x", "a b", "", "x" * 65):
        with pytest.raises(Invalid, match="is not a sound's name"):
            await rig.add(name)
    with pytest.raises(Invalid, match="is no WAV file"):
        await rig.shelf.add("x", b"RIFF", {}, replaces=False, keep_level=False, keep_silence=False)
    assert rig.told == [] and os.listdir(tmp_path) == []
