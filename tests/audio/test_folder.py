"""The folder of sounds: deployed whole, looked at, changed behind our back, removed."""

from __future__ import annotations

import contextlib
import json
import os
import string
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from dialerd.audio.folder import SUFFIXES, Sound, SoundFolder, checked_name
from dialerd.core.errors import Conflict, Invalid, NotFound, Unavailable

from .voices import ready


@pytest.fixture
def folder(tmp_path: Path) -> SoundFolder:
    """Not made yet."""
    return SoundFolder(tmp_path / "sounds")


def add(folder: SoundFolder, name: str = "sorry", *, replaces: bool = False, seconds: float = 1.0) -> Sound:
    return folder.add(name, ready(seconds), {"source": "x.flac", "by": "root"}, replaces=replaces)


def test_a_sound_is_four_files_that_everybody_may_read(folder: SoundFolder) -> None:
    assert folder.look() == []
    before = os.umask(0o077)
    try:
        sound = add(folder)
    finally:
        os.umask(before)
    assert sound.problem == "" and sound.about["source"] == "x.flac" and sound.about["length_s"] == 1.0
    assert sorted(path.name for path in folder.folder.iterdir()) == [
        f"sorry.{s}" for s in ("alaw", "json", "ulaw", "wav")
    ]
    assert {path.stat().st_mode & 0o777 for path in folder.folder.iterdir()} == {0o644}
    assert folder.folder.stat().st_mode & 0o777 == 0o755
    assert folder.look() == [sound]
    sizes = {suffix: (folder.folder / f"sorry.{suffix}").stat().st_size for suffix in SUFFIXES}
    assert sizes == {"wav": 16_044, "ulaw": 8000, "alaw": 8000}
    told = subprocess.run(["soxi", str(folder.folder / "sorry.wav")], capture_output=True, text=True, check=True).stdout
    assert "8000" in told and "16-bit" in told


def test_replaced_only_when_told_and_an_open_file_goes_on(folder: SoundFolder) -> None:
    add(folder)
    old = (folder.folder / "sorry.ulaw").read_bytes()
    with pytest.raises(Conflict, match="use --replace"):
        add(folder, seconds=2.0)
    with (folder.folder / "sorry.ulaw").open("rb") as playing:
        assert add(folder, replaces=True, seconds=2.0).about["length_s"] == 2.0
        assert playing.read() == old, "who hears the old one hears it to its end"
    assert [sound.problem for sound in folder.look()] == [""]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_was_changed_or_is_gone_is_found(folder: SoundFolder, suffix: str) -> None:
    add(folder)
    path = folder.folder / f"sorry.{suffix}"
    with path.open("ab") as file:
        file.write(b"\0")
    assert folder.look()[0].problem == f"sorry.{suffix} has been changed"
    path.unlink()
    (found,) = folder.look()
    assert found.problem == f"sorry.{suffix} is missing" and found.about["by"] == "root"
    path.mkdir()
    assert "cannot be read" in folder.look()[0].problem
    path.rmdir()
    assert add(folder, replaces=True).problem == ""


def test_a_change_that_keeps_size_and_time_is_seen_by_a_fresh_look(folder: SoundFolder) -> None:
    add(folder)
    folder.look()
    path = folder.folder / "sorry.ulaw"
    was = path.stat()
    with path.open("r+b") as file:
        file.write(b"\1\2\3")
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert folder.look()[0].problem == ""
    assert folder.look(fresh=True)[0].problem == "sorry.ulaw has been changed"


def test_what_only_dialerd_may_read_is_no_sound(folder: SoundFolder) -> None:
    """Asterisk is another user."""
    add(folder)
    path = folder.folder / "sorry.ulaw"
    path.chmod(0o600)
    assert folder.look()[0].problem.startswith("sorry.ulaw can be read by its owner alone")
    path.chmod(0o640)
    assert folder.look()[0].problem == "", "its group may be Asterisk's"
    folder.folder.chmod(0o700)
    assert "is open to its owner alone" in folder.look()[0].problem


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sha256": 5}', '{"sha256": {"wav": "x"}}', "\udcff", "[" * 5000])
def test_a_damaged_description_is_one_sentence(folder: SoundFolder, text: str) -> None:
    add(folder)
    (folder.folder / "sorry.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert folder.look()[0].problem == "sorry.json is damaged"


def test_a_crash_between_the_renames_leaves_a_sound_that_is_not_relied_on(folder: SoundFolder) -> None:
    add(folder)
    old = {suffix: (folder.folder / f"sorry.{suffix}").read_bytes() for suffix in (*SUFFIXES, "json")}
    add(folder, replaces=True, seconds=2.0)
    (folder.folder / "sorry.json").write_bytes(old["json"])  # the last rename had not come
    assert "has been changed" in folder.look()[0].problem
    (folder.folder / "sorry.json").unlink()  # the same of a new sound
    assert folder.look()[0].problem == "sorry.json is missing"


def test_other_files_are_nobodys_business(folder: SoundFolder) -> None:
    add(folder)
    for name in ("README.txt", ".new-abc", "a b.wav", ".wav", "x.gsm"):
        (folder.folder / name).write_bytes(b"x")
    assert [sound.name for sound in folder.look()] == ["sorry"]


def test_what_a_killed_dialerd_left_beside_is_cleared_away(folder: SoundFolder) -> None:
    add(folder)
    (folder.folder / ".new-abc").write_bytes(b"half")
    add(folder, "other")
    assert not (folder.folder / ".new-abc").exists()


def test_removed_whole_and_an_unknown_one_is_told(folder: SoundFolder) -> None:
    add(folder)
    with pytest.raises(NotFound, match="did you mean sorry"):
        folder.remove("sory")
    for name in ("../sounds/sorry", "sorry.wav", "", "sorry\0"):
        with pytest.raises(NotFound):
            folder.remove(name)
    assert folder.remove("sorry").name == "sorry"
    assert list(folder.folder.iterdir()) == []


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "no" / "where"):
        with pytest.raises(Unavailable, match=r"cannot be (written|read)"):
            add(SoundFolder(place))
    with pytest.raises(Unavailable, match="cannot be read: Not a directory"):
        SoundFolder(tmp_path / "file").look()


def test_nothing_is_left_when_the_disk_fails(folder: SoundFolder) -> None:
    add(folder)
    target = folder.folder / "other.ulaw"
    target.mkdir()  # the second rename fails
    with pytest.raises(Unavailable, match="the sound other cannot be written"):
        add(folder, "other", replaces=True)
    assert not [path for path in folder.folder.iterdir() if path.name.startswith(".new-")]
    assert folder.look()[0].problem and folder.look()[1].problem == ""


PLAIN = string.ascii_letters + string.digits


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True))
def test_plain_names_are_names(name: str) -> None:
    assert checked_name(name) == name


@given(st.text(max_size=80))
def test_no_name_leaves_the_folder(name: str) -> None:
    try:
        checked_name(name)
    except Invalid as refused:
        assert "is not a sound's name" in str(refused)
    else:
        assert 0 < len(name) <= 64 and name[0] in PLAIN and set(name) <= set(PLAIN + "_-")


def test_the_description_is_readable_by_people(folder: SoundFolder) -> None:
    add(folder)
    told = json.loads((folder.folder / "sorry.json").read_text())
    assert set(told) == {"name", "length_s", "level_dbfs", "source", "by", "sha256"}


@pytest.mark.parametrize("suffix", [*SUFFIXES, "json"])
def test_a_pipe_in_the_place_of_a_file_is_told_and_not_waited_for(folder: SoundFolder, suffix: str) -> None:
    add(folder)
    path = folder.folder / f"sorry.{suffix}"
    path.unlink()
    os.mkfifo(path)
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(folder.look)
        try:
            (sound,) = looking.result(timeout=5)
        finally:
            while not looking.done():  # it waits for a writer: be one, or the test does not end
                with contextlib.suppress(OSError):
                    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
                time.sleep(0.01)
    assert sound.problem == f"sorry.{suffix} cannot be read: it is no regular file"
    assert add(folder, replaces=True).problem == ""


def test_a_folder_in_the_place_of_a_file_is_told_and_leaves_nothing_open(folder: SoundFolder) -> None:
    add(folder)
    (folder.folder / "sorry.wav").unlink()
    (folder.folder / "sorry.wav").mkdir()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        (sound,) = folder.look()
        assert sound.problem == "sorry.wav cannot be read: it is no regular file"
    assert len(os.listdir("/proc/self/fd")) == before
