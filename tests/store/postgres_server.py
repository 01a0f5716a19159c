"""Owns a private PostgreSQL server for the tests: started from Debian's packages, on a Unix socket, thrown away."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg


class NoServer(Exception):
    """PostgreSQL's programs are not installed, or there is no user to run them as."""


class PostgresServer:
    """A server that lives for one test session; `database()` gives the URL of a new empty database."""

    def __init__(self) -> None:
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        if not found:
            raise NoServer("no /usr/lib/postgresql/*/bin/initdb: install the package postgresql")
        self._bin = Path(found[-1]).parent
        self._dir = Path(tempfile.mkdtemp(prefix="dialerd-pg-"))
        self._databases = 0
        self._run: list[str] = []
        self._user = "postgres"
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            try:
                shutil.chown(self._dir, "postgres", "postgres")
            except LookupError as error:
                raise NoServer("no user postgres to run the server as") from error
            self._run = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
        try:
            self._do("initdb", "-D", str(self._data), "-U", self._user, "-A", "trust", "-E", "UTF8", "--no-sync")
            self.start()
        except BaseException:
            shutil.rmtree(self._dir, ignore_errors=True)
            raise

    @property
    def _data(self) -> Path:
        return self._dir / "data"

    def _do(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self._run, str(self._bin / program), *arguments],
            cwd=self._dir,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
            timeout=60,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stdout}")

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        options = f"-k {self._dir} -c listen_addresses='' -c fsync=off -c synchronous_commit=off -c max_connections=60"
        self._do("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._dir / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Stop the server at once, cutting every connection."""
        self._do("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def database(self) -> str:
        """Make a new empty database and return its URL."""
        self._databases += 1
        name = f"test{self._databases}"
        with psycopg.connect(f"postgresql://{self._user}@/postgres?host={self._dir}", autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]  # a name of our own
        return f"postgresql://{self._user}@/{name}?host={self._dir}"

    def destroy(self) -> None:
        """Stop the server and remove its files."""
        try:
            if (self._data / "postmaster.pid").exists():
                self.stop()
        finally:
            shutil.rmtree(self._dir, ignore_errors=True)
