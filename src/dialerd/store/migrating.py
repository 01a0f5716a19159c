"""Owns the way from an older schema to this one: what is pending, the copy before it, the refusal of a newer one."""

from __future__ import annotations

import logging
import sqlite3
from datetime import datetime
from pathlib import Path

import peewee
from playhouse.migrations import Runner

from dialerd.core.errors import Unavailable

logger = logging.getLogger(__name__)
MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(
    db: peewee.Database,
    now: datetime,
    *,
    file: Path | None = None,
    backup_dir: Path | None = None,
    directory: Path = MIGRATIONS,
) -> list[str]:
    """Apply every pending migration, each in one transaction recorded with its name; return their names.

    Before the first one a copy of a non-empty SQLite store (`file`) is written to `backup_dir`, by default beside
    it. Unavailable when the store has migrations that this version does not know.
    """
    runner = Runner(db, str(directory))
    known = [migration.name for migration in runner.migrations()]
    applied = runner.applied()
    unknown = sorted(set(applied) - set(known))
    if unknown:
        raise Unavailable(
            f"the store was written by a newer dialerd (migration {unknown[-1]} is not known here): "
            "install that version, or restore the copy made before the upgrade"
        )
    pending = [name for name in known if name not in applied]
    if not pending:
        return []
    if applied and file is not None:
        copy = (backup_dir or file.parent) / f"{file.name}.{now:%Y%m%dT%H%M%SZ}.before-{pending[0]}"
        _copy_sqlite(file, copy)
        logger.info("store copied to %s before the upgrade to %s", copy, pending[-1])
    done: list[str] = runner.up()
    return done


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy a live SQLite file page by page; a half-written copy never has the final name."""
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    read = sqlite3.connect(source)
    try:
        write = sqlite3.connect(part)
        try:
            read.backup(write)
        finally:
            write.close()
    finally:
        read.close()
    part.rename(target)
