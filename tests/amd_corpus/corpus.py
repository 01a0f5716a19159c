"""Owns the corpus as files: wav beside labels.json, made once and cached. Knows nothing of how a greeting is made."""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
import wave
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
from tests.end_to_end.pbx.host import cache_folder, locked

from . import tones
from .greetings import KINDS, Greeting, greeting

RECIPE = 2  # raise when the greetings change: an older cache is then made anew
LABELS = "labels.json"
TUNING_LABELS = "labels.csv"
"""For `dialerctl amd tune`: people, and whoever it makes no sense to talk to; signals and dead air are left out."""
TUNED = {"person": "person", "machine": "machine", "carrier": "machine", "fax": "machine"}


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
    """Make greetings and write them: NAME.wav (8 kHz, 16 bit, mono), labels.json and labels.csv."""
    labels: list[dict[str, Any]] = []
    numbered = islice(product(range(-(-count // len(KINDS))), KINDS), count)
    # the synthesizers are processes of their own: threads that wait for them make more of two cores
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        every = threads.map(lambda each: greeting(each[1], each[0], seed), numbered)
        for made in every:
            labels.append(_written(folder, made))
    (folder / LABELS).write_text(json.dumps({"recipe": RECIPE, "seed": seed, "greetings": labels}, indent=1) + "\n")
    with (folder / TUNING_LABELS).open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "label", "held_out"])
        for label in labels:
            if label["party"] in TUNED:
                rows.writerow([f"{label['name']}.wav", TUNED[label["party"]], "no" if label["half"] == 0 else "yes"])


def _written(folder: Path, made: Greeting) -> dict[str, Any]:
    """Write one greeting's sound; return its label."""
    with wave.open(str(folder / f"{made.name}.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(tones.RATE_HZ)
        file.writeframes(made.samples.astype("<i2").tobytes())
    return {"name": made.name, "kind": made.kind, "party": made.party, "half": made.half}


def read(folder: Path) -> list[Greeting]:
    """Read what `write` wrote; ValueError for a file that is no telephone sound."""
    found: list[Greeting] = []
    for label in json.loads((folder / LABELS).read_text())["greetings"]:
        with wave.open(str(folder / f"{label['name']}.wav"), "rb") as file:
            form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            if form != (1, 2, tones.RATE_HZ):
                raise ValueError(f"{label['name']}.wav is not 8 kHz 16-bit mono but {form}")
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)
        found.append(Greeting(label["name"], label["kind"], label["party"], label["half"], samples))
    return found
