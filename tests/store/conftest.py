"""Owns the fixtures of the store's tests: each test runs on SQLite and on PostgreSQL. Knows nothing of the engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.store.postgres_server import NoServer, PostgresServer
from tests.store.world import World


def private_server() -> PostgresServer:
    """A new server; without PostgreSQL the test is skipped, but in CI it fails."""
    try:
        return PostgresServer()
    except NoServer as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"PostgreSQL tests cannot be left out in CI: {error}")
        pytest.skip(str(error))


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server for one test, which may stop it."""
    server = private_server()
    try:
        yield server
    finally:
        server.destroy()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server of all other tests."""
    server = private_server()
    try:
        yield server
    finally:
        server.destroy()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Gives the URL of a new empty store, on each of the two databases."""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        return server.database
    names = iter(range(1000))
    return lambda: f"sqlite:///{tmp_path}/store{next(names)}.sqlite3"


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    """The URL of a new empty store."""
    return new_url()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a new empty SQLite store, for what only SQLite does."""
    return f"sqlite:///{tmp_path}/store.sqlite3"


@pytest.fixture
def world(url: str) -> Iterator[World]:
    """An open store with a clock the test moves and a list of the events that came out."""
    made = World(url)
    made.open()
    try:
        yield made
    finally:
        made.close()
