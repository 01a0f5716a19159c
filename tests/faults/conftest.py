"""Fixtures of the fault tests: plants that are closed whatever happens."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.faults.plant import Plant
from tests.faults.telephone_world import People

MakePlant = Callable[..., Plant]


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a short path: a Unix socket's has 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="dlrf"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def make_plant(short_folder: Path) -> Iterator[MakePlant]:
    """Makes a plant that runs."""
    made: list[Plant] = []

    def make(mood: str = "answers", **options: Any) -> Plant:
        plant = Plant(short_folder, People(mood), **options)
        made.append(plant)
        plant.start()
        return plant

    yield make
    for plant in made:
        plant.close()
