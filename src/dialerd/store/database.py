"""Owns the way from a URL to a connection: SQLite's pragmas, PostgreSQL's session. Knows no table."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any

import peewee

from dialerd.core.errors import Invalid, Unavailable

_SQLITE = "sqlite://"
_POSTGRESQL = ("postgresql://", "postgres://")
_PATIENCE = "-c lock_timeout=2000"
"""A table that somebody else has locked is an outage with a name, as SQLite's busy_timeout makes it, not a wait."""
_WRITER_KEY = 0x6469616C65726400  # "dialerd\0": the advisory lock of the one writer


def sqlite_path(url: str) -> Path | None:
    """Given a store URL, return the file of an SQLite store, or None for PostgreSQL.

    Invalid says in one sentence what is wrong with any other URL.
    """
    if url.startswith(_POSTGRESQL):
        return None
    path = url.removeprefix(_SQLITE)
    if not url.startswith(_SQLITE) or not path.startswith("//"):
        raise Invalid("the store's URL must be sqlite:////absolute/path or postgresql://user@host/database")
    return Path(path[1:])


def writer_database(url: str) -> peewee.Database:
    """The database of the one writer thread: SQLite commits are synced to the disk before they return."""
    path = sqlite_path(url)
    if path is None:
        # Whatever the server's default: an intent that is not on the disk must not be dialled.
        # The writer only ever looks up a few rows by an index: a plan made while tables were empty or without
        # statistics (read them whole) must neither be chosen nor kept.
        settings = "-c synchronous_commit=on -c plan_cache_mode=force_custom_plan -c enable_seqscan=off -c jit=off"
        settings += f" {_PATIENCE}"
        return _postgresql(url, "dialerd writer", options=settings)
    return _sqlite(path, {"synchronous": "full"}, wait_s=1)


def reader_database(url: str) -> peewee.Database:
    """A database that cannot change anything, for a thread that answers questions."""
    path = sqlite_path(url)
    if path is None:
        return _postgresql(url, "dialerd reader", options=f"-c default_transaction_read_only=on {_PATIENCE}")
    return _sqlite(path, {"query_only": 1}, wait_s=5)


def _sqlite(path: Path, pragmas: dict[str, Any], wait_s: int) -> peewee.Database:
    if not path.parent.is_dir():
        raise Unavailable(
            f"the store's folder {path.parent} does not exist: create it for dialerd's user, or see [dialerd] state_dir"
        )
    return peewee.SqliteDatabase(
        str(path),
        lock_type="IMMEDIATE",
        timeout=wait_s,
        pragmas={
            "journal_mode": "wal",
            "foreign_keys": 1,
            "busy_timeout": wait_s * 1000,
            "cache_size": -16000,  # 16 MB: soon full, so that memory stands still; the kernel caches the file anyway
            **pragmas,
        },
    )


def _postgresql(url: str, name: str, **options: Any) -> peewee.Database:
    url = "postgresql://" + url.split("://", 1)[1]
    return peewee.PostgresqlDatabase(
        url,
        prefer_psycopg3=True,
        application_name=name,
        connect_timeout=5,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=15_000,  # ms: keepalives do not watch a connection with unsent data
        **options,
    )


def connect(db: peewee.Database) -> None:
    """Open this thread's connection if it is not open."""
    db.connect(reuse_if_open=True)


def claim_file(file: Path) -> int:
    """Lock an SQLite store for this process: return the lock's descriptor, Unavailable when another dialerd has it.

    Taken before the first connection, because a start gives back the claims of a dead run. The kernel frees it with
    the process. The lock file stays: removing it would be a race.
    """
    descriptor = os.open(file.with_name(file.name + ".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Unavailable(f"another dialerd uses the store {file}: one store has one dialerd") from None
    return descriptor


def claim_writer(db: Any) -> None:
    """Make sure that this is the only writer of a PostgreSQL store; Unavailable when another dialerd holds it.

    The lock belongs to the connection: it ends with it, also when the machine dies. SQLite's is `claim_file`.
    """
    if isinstance(db, peewee.SqliteDatabase):
        return
    taken = db.execute_sql("SELECT pg_try_advisory_lock(%s)", (_WRITER_KEY,)).fetchone()[0]
    if not taken:
        raise Unavailable("another dialerd uses this store: one store has one dialerd")


def disconnect(db: Any) -> None:
    """Close this thread's connection, whatever state it is in."""
    try:
        while db.in_transaction():
            db.pop_transaction()
        db.close()
    except Exception:
        db.dispose()
