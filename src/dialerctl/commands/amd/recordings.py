"""Owns the reading of labelled recordings for tuning: a folder's labels.csv, wav files as 8 kHz sound. Judges nothing.

labels.csv has a header and the columns `file`, `label` (person or machine), and if you like `group` (recordings of one
voice or text: they stay together) and `held_out` (yes: not searched on, but measured on; it decides for every file).
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import wave
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialerctl.failure import Failure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LABELS = "labels.csv"
RATE_HZ, WIDTH_BYTES = 8000, 2
LONGEST_S = 12  # AMD is through after total_analysis_time, 6 s at most here
MOST_TOLD = 10
YES, NO = frozenset({"yes", "true", "1"}), frozenset({"no", "false", "0", ""})


@dataclass(frozen=True, slots=True)
class Labelled:
    """One recording: `held_out` None leaves the choice to the split."""

    name: str
    person: bool
    samples: NDArray[np.int16]
    group: str = ""
    held_out: bool | None = None


def of_folder(folder: Path) -> list[Labelled]:
    """Read a folder with labels.csv; Failure names every file that cannot be used, and why."""
    problems: list[str] = []
    found = list(_each(_rows(folder, problems), folder, problems))
    if problems:
        more = f"; and {len(problems) - MOST_TOLD} more" if len(problems) > MOST_TOLD else ""
        raise Failure("; ".join(problems[:MOST_TOLD]) + more)
    return found


def unlabelled(folder: Path, found: Iterable[Labelled]) -> list[str]:
    """The wav files of the folder that labels.csv does not name."""
    named = {(folder / each.name).resolve() for each in found}
    return sorted(
        path.name for path in folder.iterdir() if path.suffix.lower() == ".wav" and path.resolve() not in named
    )


def told(names: list[str]) -> str:
    """The names joined, the first MOST_TOLD of them."""
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return ", ".join(names[:MOST_TOLD]) + more


def of_samples(samples: list[Mapping[str, Any]]) -> tuple[list[Labelled], list[str]]:
    """Read the recordings of `amd.samples`; return them and a sentence for each that cannot be read."""
    problems: list[str] = []
    rows: list[Row] = [(str(each["file"]), each["heard"] == "person", "", None) for each in samples]
    return list(_each(rows, Path("/"), problems)), problems


Row = tuple[str, bool, str, bool | None]


def _rows(folder: Path, problems: list[str]) -> list[Row]:
    path = folder / LABELS
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            header = [str(name).strip().lower() for name in table.fieldnames or ()]
            table.fieldnames = header
            missing = [name for name in ("file", "label") if name not in header]
            if missing:
                raise Failure(f"{path} has no column {' and no column '.join(missing)}: file,label[,group][,held_out]")
            return [row for line in table if (row := _row(line, f"{path}:{table.line_num}", problems)) is not None]
    except FileNotFoundError:
        raise Failure(
            f"{folder} has no {LABELS}: write one with a line FILE,person or FILE,machine for each recording, "
            "under the header file,label"
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Failure(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _row(line: Mapping[str, Any], where: str, problems: list[str]) -> Row | None:
    name, label = (str(line.get(column) or "").strip() for column in ("file", "label"))
    held_out = str(line.get("held_out") or "").strip().lower()
    if not name:
        problems.append(f"{where}: no file is named")
    elif label.lower() not in ("person", "machine"):
        problems.append(f"{where}: {name} is labelled {label!r}, not person or machine")
    elif held_out not in YES | NO:
        problems.append(f"{where}: held_out of {name} is {held_out!r}, not yes or no")
    else:
        decided = held_out in YES if "held_out" in line else None
        return name, label.lower() == "person", str(line.get("group") or "").strip(), decided
    return None


def _each(rows: list[Row], folder: Path, problems: list[str]) -> Iterator[Labelled]:
    seen: set[str] = set()
    for name, person, group, held_out in rows:
        if name in seen:
            problems.append(f"{name} is labelled twice")
            continue
        seen.add(name)
        try:
            samples = sound(folder / name)
        except ValueError as error:
            problems.append(f"{name} {error}")
        else:
            yield Labelled(name, person, samples, group, held_out)


def sound(path: Path) -> NDArray[np.int16]:
    """The first LONGEST_S seconds of a recording at 8 kHz; ValueError says what is wrong with it, after its name."""
    import numpy as np

    form = ""
    try:
        with wave.open(str(path), "rb") as file:
            form = f"{file.getframerate()} Hz, {8 * file.getsampwidth()} bit, {file.getnchannels()} channels"
            if (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, WIDTH_BYTES, RATE_HZ):
                raw = file.readframes(LONGEST_S * RATE_HZ)
                return _not_empty(np.frombuffer(raw[: len(raw) // 2 * 2], dtype="<i2").astype(np.int16))
    except FileNotFoundError:
        raise ValueError("is not there") from None
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from None
    except (wave.Error, EOFError):
        if not path.stat().st_size:
            raise ValueError("is empty") from None
        form = "no plain wav file"
    return _not_empty(np.frombuffer(_converted(path, form), dtype="<i2").astype(np.int16))


def _converted(path: Path, form: str) -> bytes:
    """What sox makes of it."""
    if shutil.which("sox") is None:
        raise ValueError(f"is {form}, and not 8000 Hz, 16 bit, 1 channel: sox could convert it (apt install sox)")
    wanted = ["-t", "raw", "-r", str(RATE_HZ), "-c", "1", "-b", "16", "-e", "signed-integer", "-"]
    # absolute: sox takes a name that begins with - for an option and one that begins with | for a command to run
    command = ["sox", "-V1", "-R", str(path.absolute()), *wanted, "trim", "0", str(LONGEST_S)]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    except subprocess.TimeoutExpired:
        raise ValueError("takes sox more than a minute") from None
    if done.returncode:
        raise ValueError(f"is {form}, and sox cannot read it")
    return done.stdout[: len(done.stdout) // 2 * 2]


def _not_empty(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    if not len(samples):
        raise ValueError("holds no sound")
    return samples
