"""`audio …` on the screen: what is sent, what sox cannot read, what is said of a sound."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import subprocess
import time
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fake_daemon import SOUND, FakeDaemon, Run
from sound_files import write_tone

from dialerctl.failure import Failure
from dialerctl.sox import converted
from dialerd.control.protocol import MAX_SOUND_PART


def sent(daemon: FakeDaemon) -> bytes:
    parts = daemon.asked("audio.send")
    assert len({part["upload"] for part in parts}) == 1
    data = b""
    for part in parts:
        assert part["offset"] == len(data)
        data += base64.b64decode(part["data"], validate=True)
    return data


def test_a_file_goes_in_parts_and_is_8_khz_mono(daemon: FakeDaemon, run: Run, tmp_path: Path) -> None:
    write_tone(tmp_path / "long one.wav", 60)
    done = run("audio", "add", "long one.wav", "--name", "sorry", "--note", "x", "--keep-silence", socket=daemon.path)
    assert done.exit_code == 0, done.output
    assert done.stdout == (
        "Sound sorry is added: 6.2 s at -18.0 dBFS (silence taken off: 0.4 s before, 0 s behind; level changed by "
        "+6.1 dB). Use it as /sounds/sorry, for example: dialerctl campaign edit CAMPAIGN --abandon-message "
        "/sounds/sorry\n"
    )
    data = sent(daemon)
    assert len(data) > MAX_SOUND_PART and len(daemon.asked("audio.send")) == 2
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        assert file.getnframes() == 480_000
    (put,) = daemon.asked("audio.put")
    assert put == {
        "name": "sorry", "note": "x", "replace": False, "keep_level": False, "keep_silence": True,
        "source": "long one.wav", "upload": daemon.asked("audio.send")[0]["upload"],
    }  # fmt: skip


@pytest.mark.parametrize("suffix", ["flac", "ogg", "aiff", "gsm"])
def test_other_formats_are_read(suffix: str, tmp_path: Path) -> None:
    made = tmp_path / f"tone.{suffix}"
    # gsm has one rate
    subprocess.run(["sox", str(write_tone(tmp_path / "tone.wav")), "-r", "8000", str(made)], check=True)
    with wave.open(io.BytesIO(converted(str(made)).wav)) as file:
        assert (file.getframerate(), file.getnchannels()) == (8000, 1)
        assert abs(file.getnframes() - 8000) < 400


@pytest.mark.parametrize("name", ["|touch made", "-n", "a*.wav", "two words.wav"])
def test_a_name_is_a_file_and_nothing_else(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tone.wav").write_bytes(write_tone(tmp_path / "abc.wav", 2).read_bytes())
    with pytest.raises(Failure, match="there is no such file"):
        converted(name)
    write_tone(tmp_path / "x.wav").rename(tmp_path / name)
    with wave.open(io.BytesIO(converted(name).wav)) as file:
        assert file.getnframes() == 8000, "this file, and not what the name could mean to sox"
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "x.wav", "x.wav: the file is empty"),
        (b"hello world\n", "x.wav", "sox cannot read it (WAVE: RIFF header not found)"),
        (b"hello world\n", "x.txt", "no handler for file extension `txt'"),
        (b"RIFF\xff\xff\xff\xffWAVEfmt ", "x.wav", "sox cannot read it"),
        (b"fLaC" + bytes(50), "x.flac", "sox cannot read it"),
    ],
)
def test_what_is_no_sound_is_one_sentence(
    content: bytes, name: str, words: str, daemon: FakeDaemon, run: Run, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    done = run("audio", "add", name, "--name", "x", socket=daemon.path)
    assert done.exit_code == 1 and words in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not daemon.asked("audio.send")


def test_files_that_are_not_there_or_are_folders(run: Run, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name, words in (("nosuch.wav", "there is no such file"), ("folder", "is a folder")):
        done = run("audio", "add", name, "--name", "x")
        assert done.exit_code == 2 and words in done.stderr


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff", "au"])
def test_a_file_that_is_cut_off_is_refused(suffix: str, daemon: FakeDaemon, run: Run, tmp_path: Path) -> None:
    whole, cut = tmp_path / f"whole.{suffix}", tmp_path / f"cut.{suffix}"
    if suffix == "wav":
        write_tone(whole, 4)
    else:
        subprocess.run(["sox", str(write_tone(tmp_path / "tone.wav", 4)), str(whole)], check=True)
    data = whole.read_bytes()
    cut.write_bytes(data[: len(data) // 2])
    done = run("audio", "add", cut.name, "--name", "x", socket=daemon.path)
    assert done.exit_code == 1 and f"{cut.name}: the file is cut off" in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1 and not daemon.asked("audio.send")
    assert run("audio", "add", whole.name, "--name", "x", socket=daemon.path).exit_code == 0


def test_a_length_that_was_never_written_is_no_cut(tmp_path: Path) -> None:
    data = bytearray(write_tone(tmp_path / "x.wav", 2).read_bytes())
    for place in (4, data.index(b"data") + 4):  # as programs leave it that write WAV to a pipe
        data[place : place + 4] = b"\xff\xff\xff\xff"
    (tmp_path / "piped.wav").write_bytes(data)
    with wave.open(io.BytesIO(converted(str(tmp_path / "piped.wav")).wav)) as file:
        assert file.getnframes() == 16_000


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe.wav"
    os.mkfifo(path)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(converted, str(path))
        try:
            with pytest.raises(Failure, match=r"pipe\.wav: is no regular file"):
                reading.result(timeout=5)
        finally:
            while not reading.done():  # it waits for a writer: be one, or the test does not end
                with contextlib.suppress(OSError):
                    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
                time.sleep(0.01)


def test_without_sox_it_is_said_how_to_get_it(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tone(tmp_path / "x.wav")
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("audio", "add", "x.wav", "--name", "x")
    assert done.exit_code == 1 and "apt-get install sox" in done.stderr


def test_a_clipped_source_is_told(daemon: FakeDaemon, run: Run, tmp_path: Path) -> None:
    for name, amplitude, told in (("loud.wav", 60_000, True), ("full.wav", 32_767, False), ("fine.wav", 9000, False)):
        write_tone(tmp_path / name, amplitude=amplitude)
        done = run("audio", "add", name, "--name", "x", socket=daemon.path)
        assert ("is clipped" in done.stderr) == told, (name, done.stderr)


def test_warnings_of_the_daemon_are_remarks(daemon: FakeDaemon, run: Run, tmp_path: Path) -> None:
    write_tone(tmp_path / "x.wav")
    before = daemon.methods["audio.put"]
    daemon.methods["audio.put"] = lambda p: {**before(p), "warnings": ["the sound is very quiet"], "replaced": True}
    done = run("audio", "add", "x.wav", "--name", "x", "--replace", socket=daemon.path)
    assert "Note: the sound is very quiet." in done.stderr and "Sound x is replaced" in done.stdout


def check(daemon: FakeDaemon, run: Run, rows: list[dict[str, Any]], form: str = "table") -> Any:
    daemon.methods["audio.check"] = lambda _: rows
    return run("audio", "check", "-o", form, socket=daemon.path)


def test_a_check_fails_when_a_sound_does(daemon: FakeDaemon, run: Run) -> None:
    done = check(daemon, run, [SOUND, {**SOUND, "name": "spare", "used_by": []}])
    assert done.exit_code == 0 and "spring (abandon_message)" in done.stdout and "good, not used" in done.stdout
    broken = {**SOUND, "problem": "sorry.ulaw is missing"}
    done = check(daemon, run, [broken])
    assert done.exit_code == 1 and "sorry.ulaw is missing" in done.stdout
    missing = {"name": "vm", "use_as": "/sounds/vm", "problem": "there is no such sound", "used_by": SOUND["used_by"]}
    done = check(daemon, run, [missing], "json")
    assert done.exit_code == 1 and json.loads(done.stdout)["sounds"][0]["used_by"] == SOUND["used_by"]
    assert check(daemon, run, []).exit_code == 0


def test_a_list_shows_the_whole_name_to_use(daemon: FakeDaemon, run: Run) -> None:
    long = "/var/lib/dialerd-sounds/" + "x" * 60
    daemon.methods["audio.list"] = lambda _: [{**SOUND, "use_as": long}]
    assert long in run("audio", "list", socket=daemon.path).stdout
    assert "sha256" not in run("audio", "list", "-o", "csv", socket=daemon.path).stdout
