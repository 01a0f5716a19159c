"""Owns the corpus as files: wav beside labels.json, made once and cached. Knows nothing of how a greeting is made."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import wave
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
from tests.end_to_end.pbx.host import cache_folder, locked

from . import tones
from .greetings import KINDS, Greeting, greeting

RECIPE = 1  # raise when the greetings change: an older cache is then made anew
LABELS = "labels.json"


def ready_corpus(count: int, *, seed: int = 1) -> list[Greeting]:
    """Return `count` greetings, as many of each kind as of the others (one more of the first kinds at most).

    They come from the cache or are made (about 0.1 s each). Raises HarnessUnavailable when espeak-ng, sox or the cache
    folder cannot be had.
    """
    home = cache_folder() / "amd-corpus"
    home.mkdir(exist_ok=True)
    target = home / f"{RECIPE}-{seed}-{count}"
    with locked(home / "lock"):
        if not target.exists():
            building = Path(tempfile.mkdtemp(prefix="building-", dir=home))
            try:
                write(building, count, seed=seed)
                os.replace(building, target)
            finally:
                shutil.rmtree(building, ignore_errors=True)
    return read(target)


def write(folder: Path, count: int, *, seed: int) -> None:
    """Make greetings and write them: NAME.wav (8 kHz, 16 bit, mono) and labels.json."""
    labels: list[dict[str, Any]] = []
    numbered = product(range(-(-count // len(KINDS))), KINDS)
    for number, kind in islice(numbered, count):
        made = greeting(kind, number, seed)
        with wave.open(str(folder / f"{made.name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(tones.RATE_HZ)
            file.writeframes(made.samples.astype("<i2").tobytes())
        labels.append({"name": made.name, "kind": made.kind, "party": made.party})
    (folder / LABELS).write_text(json.dumps({"recipe": RECIPE, "seed": seed, "greetings": labels}, indent=1) + "\n")


def read(folder: Path) -> list[Greeting]:
    """Read what `write` wrote; ValueError for a file that is no telephone sound."""
    found: list[Greeting] = []
    for label in json.loads((folder / LABELS).read_text())["greetings"]:
        with wave.open(str(folder / f"{label['name']}.wav"), "rb") as file:
            form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            if form != (1, 2, tones.RATE_HZ):
                raise ValueError(f"{label['name']}.wav is not 8 kHz 16-bit mono but {form}")
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)
        found.append(Greeting(label["name"], label["kind"], label["party"], samples))
    return found
