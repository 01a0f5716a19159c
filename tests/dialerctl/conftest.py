"""Fixtures of dialerctl's tests: a fake daemon, and running a command against it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode puts no test folder on the path

from fake_daemon import FakeDaemon, Run

from dialerctl.main import cli


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    """A fake dialerd on a socket of its own (in a short folder: a socket's path has 107 bytes)."""
    with tempfile.TemporaryDirectory(prefix="dlr") as folder:
        fake = FakeDaemon(Path(folder) / "control.sock")
        yield fake
        fake.close()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run dialerctl in an empty folder with no settings of the caller's; `socket=` names a daemon."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("DIALERCTL", "_DIALERCTL", "NO_COLOR"))]:
        monkeypatch.delenv(name)

    def run_command(*arguments: str, socket: Path | str = "/nonexistent/control.sock", stdin: str = "") -> Result:
        return CliRunner().invoke(cli, ["--socket", str(socket), *arguments], input=stdin, prog_name="dialerctl")

    return run_command
