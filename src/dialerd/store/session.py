"""Owns one connection as the rest of the store uses it: SQL with `?` marks, rows out. Knows no table.

The hot statements are SQL text, because building the same query with peewee again costs more than running it;
peewee keeps the connections, transactions, models, migrations and error classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import peewee

from dialerd.core.rule_set import RuleSet

_peewee: Any = peewee  # the stubs do not know the wrapper that gives every driver's errors peewee's classes


@lru_cache(maxsize=512)
def _percent_marks(sql: str) -> str:
    return sql.replace("?", "%s")


@lru_cache(maxsize=64)
def marks(count: int) -> str:
    """Return `count` question marks joined by commas, for an IN list or VALUES."""
    return ", ".join("?" * count)


@lru_cache(maxsize=256)
def _values(columns: int, rows: int) -> str:
    return ", ".join([f"({marks(columns)})"] * rows)


def chunks(values: Sequence[Any], size: int = 500) -> Iterable[Sequence[Any]]:
    """Cut a sequence into pieces short enough for one IN list."""
    return (values[start : start + size] for start in range(0, len(values), size))


class Session:
    """One connection of one thread, and the rule sets by which its campaigns are judged.

    Every error comes out as a peewee error class.
    """

    def __init__(self, db: peewee.Database, rule_sets: Mapping[str, RuleSet] = MappingProxyType({})) -> None:
        self.db: Any = db  # peewee's stubs leave execute_sql and cursor untyped
        self.rule_sets = rule_sets
        self._percent: bool = self.db.param == "%s"

    @property
    def is_postgresql(self) -> bool:
        """Whether this is PostgreSQL, for what SQLite has no words for."""
        return self._percent

    def _text(self, sql: str) -> str:
        return _percent_marks(sql) if self._percent else sql

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query and return all its rows."""
        rows: list[tuple[Any, ...]] = self.db.execute_sql(self._text(sql), params).fetchall()
        return rows

    def one(self, sql: str, params: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """Run a query and return its first row, or None."""
        row: tuple[Any, ...] | None = self.db.execute_sql(self._text(sql), params).fetchone()
        return row

    def dicts(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Run a query and return its rows by column name."""
        cursor = self.db.execute_sql(self._text(sql), params)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _in(self, sql: str, chunk: Sequence[Any]) -> tuple[str, Sequence[Any]]:
        """The text with its `IN ({in})`, and the parameters for it.

        PostgreSQL gets one array instead of many marks: less to parse, and always the same text, so it is prepared.
        """
        if self._percent:
            return sql.replace("IN ({in})", "= ANY(?)"), (list(chunk),)
        return sql.replace("{in}", marks(len(chunk))), chunk

    def dicts_in(self, sql: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        """As `dicts`, for a query whose text holds `IN ({in})` where `values` go."""
        found: list[dict[str, Any]] = []
        for chunk in chunks(values):
            found += self.dicts(*self._in(sql, chunk))
        return found

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run a statement and return how many rows it changed."""
        count: int = self.db.execute_sql(self._text(sql), params).rowcount
        return count

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run a statement once for each row of parameters; return how many rows changed in all."""
        if not rows:
            return 0
        with _peewee.__exception_wrapper__:
            cursor = self.db.cursor()
            cursor.executemany(self._text(sql), rows)
            count: int = cursor.rowcount
        return count

    def insert(self, into: str, rows: Sequence[Sequence[Any]], ending: str = "") -> int:
        """Insert rows; `into` is the text before VALUES, `ending` what follows it; return how many were inserted.

        SQLite: one statement for many rows, because sqlite3 lets go of the GIL at every step of a statement, and each
        time the busy event loop may keep it for 5 ms. PostgreSQL: parsing thousands of marks costs more than the
        rows, so they go by COPY, or one by one in a pipeline where `ending` matters.
        """
        if not rows:
            return 0
        if self._percent:
            if not ending and len(rows) > 10:
                return self._copy(into, rows)
            return self.many(f"{into} VALUES {_values(len(rows[0]), 1)} {ending}", rows)
        count = 0
        for chunk in chunks(rows, max(1, 16_000 // len(rows[0]))):
            text = f"{into} VALUES {_values(len(chunk[0]), len(chunk))} {ending}"
            count += self.run(text, [value for row in chunk for value in row])
        return count

    def _copy(self, into: str, rows: Sequence[Sequence[Any]]) -> int:
        with _peewee.__exception_wrapper__:
            text = f"COPY {into.removeprefix('INSERT INTO ')} FROM STDIN"
            with self.db.cursor() as cursor, cursor.copy(text) as copy:
                for row in rows:
                    copy.write_row(row)
        return len(rows)

    def where_in(self, sql: str, values: Sequence[Any], *more: Any) -> list[tuple[Any, ...]]:
        """As `rows`, for a query whose text holds `IN ({in})` where `values` go, and only then other marks."""
        found: list[tuple[Any, ...]] = []
        for chunk in chunks(values):
            text, params = self._in(sql, chunk)
            found += self.rows(text, (*params, *more))
        return found

    def run_in(self, sql: str, values: Sequence[Any], *before: Any) -> int:
        """As `run`, for a statement that ends in `IN ({in})` where `values` go; other marks come before it."""
        count = 0
        for chunk in chunks(values):
            text, params = self._in(sql, chunk)
            count += self.run(text, (*before, *params))
        return count
