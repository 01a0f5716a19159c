"""Owns the reading of any sound file by way of sox: to 8 kHz, mono, 16 bits. Must not know what dialerd makes of it."""

from __future__ import annotations

import re
import stat
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

from dialerctl.failure import Failure

INSTALL = "sudo apt-get install sox libsox-fmt-mp3"
LONGEST_READ_S = 600
"""Of a file: dialerd takes five minutes, and a film need not be converted to find that out."""
TIMEOUT_S = 120
_MISSING_S, _MISSING_SHARE = 0.1, 0.01
"""A length in a header may be rounded, and a resampler keeps a little back: less is no cut."""
_QUIET = ("-V1", "--no-glob")
_FULL_SCALE_DBFS = -0.05
_FLAT = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A WAV file of 8 kHz, mono, 16 bits; `clipped`: its source was, and no conversion mends that."""

    wav: bytes
    clipped: bool


def converted(file: str) -> Converted:
    """Given the path of a sound file, return it converted; Failure says what is wrong with it."""
    path = Path(file).absolute()  # sox takes a name that begins with | or - for something else than a file
    _readable(file, path)
    with tempfile.TemporaryDirectory(prefix="dialerctl-") as folder:
        target = Path(folder, "sound.wav")
        form = ["-t", "wav", "-r", "8000", "-c", "1", "-b", "16", "-e", "signed-integer"]
        # -G: resampling must not clip; -R: the same file gives the same sound each time
        done = _sox([*_QUIET, "-G", "-R", str(path), *form, str(target), "trim", "0", str(LONGEST_READ_S)])
        if done.returncode or not target.exists():
            raise Failure(
                f"{file}: sox cannot read it ({_reason(done.stderr)}): give a sound file like WAV, FLAC, OGG or MP3 "
                f"(for MP3: {INSTALL})"
            )
        # sox succeeds with half a file: FLAC's decoder fails on the way, of others the header promised more
        if " FAIL " in done.stderr or _cut_off(_length_s(target), _sox(["--info", "-D", str(path)]).stdout):
            raise Failure(f"{file}: the file is cut off: it has less sound than its header says; copy it anew")
        return Converted(wav=target.read_bytes(), clipped=_clipped(_sox([*_QUIET, str(path), "-n", "stats"]).stderr))


def _readable(file: str, path: Path) -> None:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # a pipe nobody writes to would be waited for
            raise Failure(f"{file}: is no regular file; save the sound to a file first", 2)
        with path.open("rb") as opened:
            if not opened.read(1):
                raise Failure(f"{file}: the file is empty")
    except FileNotFoundError:
        raise Failure(f"{file}: there is no such file", 2) from None
    except IsADirectoryError:
        raise Failure(f"{file}: is a folder; name a sound file", 2) from None
    except OSError as error:
        raise Failure(f"{file}: cannot be read: {error.strerror}") from None


def _sox(words: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["sox", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT_S,
        )
    except FileNotFoundError:
        raise Failure(f"sox is not installed, and it converts sound files: {INSTALL}") from None
    except subprocess.TimeoutExpired:
        raise Failure(f"sox did not convert the file within {TIMEOUT_S} s: give a shorter one") from None


def _length_s(target: Path) -> float:
    with wave.open(str(target)) as file:
        length_s: float = file.getnframes() / file.getframerate()
    return length_s


def _cut_off(length_s: float, told: str) -> bool:
    """Whether a file has less than its header says. What was written to a pipe says 0, or hours: then nobody knows."""
    try:
        promised_s = float(told)
    except ValueError:
        return False
    return promised_s <= LONGEST_READ_S and promised_s - length_s > _MISSING_S + _MISSING_SHARE * promised_s


def _reason(told: str) -> str:
    """The last line that sox says, without its own name and the file's, which stands before it already."""
    lines = [line for line in told.splitlines() if line.strip()]
    last = re.sub(r"\Asox \w+ \w+: (can't open input file `[^']*': )?", "", lines[-1]) if lines else "no reason given"
    return last.rstrip(".")[:200]


def _clipped(stats: str) -> bool:
    """Whether many samples in a row stand at full scale, by sox's own statistics."""
    found = dict(re.findall(r"^(Pk lev dB|Flat factor)\s+(-?[0-9.]+)", stats, re.MULTILINE))
    peak, flat = float(found.get("Pk lev dB", "-99")), float(found.get("Flat factor", "0"))
    return peak >= _FULL_SCALE_DBFS and flat >= _FLAT
