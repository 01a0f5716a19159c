"""Tells at the end of the run how many hostile requests there were and what they did to the daemon."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.hostile.counting import FIGURES, SENT


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a short path: a Unix socket's has 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="dlrh"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The table."""
    if SENT:
        terminalreporter.section("hostile requests")
        for target, count in sorted(SENT.items()):
            terminalreporter.line(f"{count:>9} {target}")
        terminalreporter.line(f"{sum(SENT.values()):>9} in all")
        for line in FIGURES:
            terminalreporter.line(line)
