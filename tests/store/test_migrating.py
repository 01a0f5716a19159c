"""Tests of dialerd.store.migrating and of the schema: what is applied, copied, refused, and that models agree."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peewee
import pytest
from tests.store.world import MONDAY_NOON, World

from dialerd.core.dispositions import BUILT_IN
from dialerd.core.errors import Unavailable
from dialerd.store import tables, tables_calls, tables_dnc, tables_logs
from dialerd.store.database import writer_database
from dialerd.store.migrating import MIGRATIONS, migrate

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "store" / "schema_0001.sql"
MODELS = [
    model
    for module in (tables, tables_calls, tables_dnc, tables_logs)
    for model in vars(module).values()
    if isinstance(model, type) and issubclass(model, tables.Table) and model is not tables.Table
]
SINCE_THEN = frozenset(
    ["blocked_class", "retry_rule", "dnc_list", "dnc_number", "dnc_prefix", "lead_skip", "pacing_slot", "amd_review"]
)
"""Tables that the first schema had nothing for."""
INITIAL = (MIGRATIONS / "0001_initial.py").read_text()


@contextmanager
def connected(url: str) -> Iterator[Any]:
    db = writer_database(url)
    db.connect()
    try:
        yield db
    finally:
        db.close()


def folder_with(tmp_path: Path, **migrations: str) -> Path:
    folder = tmp_path / "migrations"
    folder.mkdir(exist_ok=True)
    (folder / "0001_initial.py").write_text(INITIAL)
    for name, body in migrations.items():
        (folder / f"{name.removeprefix('m')}.py").write_text(f"def up(migrator, db):\n    {body}\n")
    return folder


def test_there_are_models_to_compare() -> None:
    assert len({model._meta.table_name for model in MODELS}) == 26


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.table_name)
def test_the_models_and_the_migrated_schema_agree(new_url: Callable[[], str], model: Any) -> None:
    url = new_url()
    with connected(url) as db:
        migrate(db, MONDAY_NOON)
        meta = model._meta
        columns = {column.name: column for column in db.get_columns(meta.table_name)}
        assert set(columns) == {field.column_name for field in meta.sorted_fields}
        for field in meta.sorted_fields:
            column = columns[field.column_name]
            if not field.primary_key:
                assert column.null == field.null, field.column_name
            kind = {"BIGINT": "bigint", "BIGSERIAL": "bigint"}.get(column.data_type.upper(), column.data_type.lower())
            wanted = {
                peewee.TextField: {"text"},
                peewee.IntegerField: {"integer"},
                peewee.BigIntegerField: {"bigint"} | ({"integer"} if field.primary_key else set()),
                peewee.BigAutoField: {"bigint", "integer"},
                peewee.BooleanField: {"boolean"},
                peewee.DoubleField: {"double precision"},
            }[type(field)]
            assert kind in wanted, field.column_name
        indexes = {(tuple(index.columns), index.unique) for index in db.get_indexes(meta.table_name)}
        for fields, unique in meta.indexes:
            assert (tuple(fields), unique) in indexes
        for field in meta.sorted_fields:
            assert not field.unique or ((field.column_name,), True) in indexes


def test_defaults_of_the_schema_are_those_of_the_models(world: World) -> None:
    world.add("campaign", name="bare", created_at=1, updated_at=1)
    (row,) = world.rows("SELECT * FROM campaign")
    for field in tables.Campaign._meta.sorted_fields:
        if field.default is not None:
            assert row[field.column_name] == field.default, field.column_name


def test_one_open_attempt_per_number_is_a_law_of_the_schema(world: World) -> None:
    campaign_id = world.campaign_with_leads(1)
    (attempt,), _ = world.open_attempts(world.claim(campaign_id, 1).leads)
    copy = (
        "INSERT INTO call_log (id, campaign_id, list_id, lead_id, number, created_at, ended_at)"
        " SELECT ?, campaign_id, list_id, lead_id, number, created_at, ? FROM call_log WHERE id = ?"
    )
    with pytest.raises(peewee.IntegrityError):
        world.run(copy, [77, None, attempt.id])
    assert world.run(copy, [78, 5, attempt.id]) == 1


def test_opening_again_changes_nothing(url: str) -> None:
    with connected(url) as db:
        assert migrate(db, MONDAY_NOON) == [
            "0001_initial",
            "0002_leads_and_rules",
            "0003_preview",
            "0004_abandon_window",
            "0005_pacing_slots",
            "0006_answering_machines",
        ]
        assert migrate(db, MONDAY_NOON) == []
        names = [row[0] for row in db.execute_sql("SELECT name FROM schema_migration ORDER BY name").fetchall()]
        assert names == [
            "0001_initial",
            "0002_leads_and_rules",
            "0003_preview",
            "0004_abandon_window",
            "0005_pacing_slots",
            "0006_answering_machines",
        ]


def test_built_in_dispositions_are_seeded_and_an_operators_own_stay(url: str) -> None:
    for _ in range(2):
        world = World(url)
        world.open()
        try:
            rows = world.rows("SELECT * FROM disposition")
            codes = {row["code"] for row in rows}
            assert codes >= {disposition.code for disposition in BUILT_IN}
            if "gone_fishing" not in codes:
                world.run("INSERT INTO disposition (code, label) VALUES ('gone_fishing', 'Gone fishing')")
                world.run("UPDATE disposition SET label = 'Verkauf', is_sale = FALSE WHERE code = 'sale'")
                continue
            (sale,) = [row for row in rows if row["code"] == "sale"]
            assert sale["label"] == "Verkauf" and sale["is_sale"]  # a label may be translated, a meaning not changed
        finally:
            world.close()


def test_a_newer_schema_is_refused_with_one_sentence(url: str) -> None:
    world = World(url)
    world.open()
    world.run("INSERT INTO schema_migration (name, applied) VALUES ('0099_from_the_future', '2030-01-01 00:00:00')")
    world.close()
    again = World(url)
    with pytest.raises(Unavailable, match=r"newer dialerd \(migration 0099_from_the_future") as refused:
        again.open()
    assert "\n" not in str(refused.value)
    again.close()


def test_an_older_store_is_copied_before_it_is_changed(tmp_path: Path, sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    copies = tmp_path / "copies"
    copies.mkdir()
    with connected(sqlite_url) as db:
        migrate(db, MONDAY_NOON, file=file, backup_dir=copies, directory=folder_with(tmp_path))
        assert list(copies.iterdir()) == [], "an empty store needs no copy"
        db.execute_sql("INSERT INTO campaign (name, created_at, updated_at) VALUES ('spring', 0, 0)")
        folder = folder_with(tmp_path, m0002_colour="db.execute_sql('ALTER TABLE campaign ADD colour TEXT')")
        assert migrate(db, MONDAY_NOON, file=file, backup_dir=copies, directory=folder) == ["0002_colour"]
        assert db.execute_sql("SELECT name, colour FROM campaign").fetchall() == [("spring", None)]
    (copy,) = copies.iterdir()
    assert copy.name == "store.sqlite3.20260302T120000Z.before-0002_colour"
    old = sqlite3.connect(copy)
    try:
        assert old.execute("SELECT name FROM campaign").fetchall() == [("spring",)]
        assert old.execute("SELECT name FROM schema_migration").fetchall() == [("0001_initial",)]
    finally:
        old.close()


def test_a_migration_that_fails_leaves_nothing_of_itself(tmp_path: Path, url: str) -> None:
    folder = folder_with(
        tmp_path,
        m0002_fine="db.execute_sql('ALTER TABLE campaign ADD colour TEXT')",
        m0003_broken="db.execute_sql('ALTER TABLE campaign ADD size TEXT'); db.execute_sql('nonsense')",
    )
    with connected(url) as db:
        with pytest.raises(peewee.DatabaseError):
            migrate(db, MONDAY_NOON, directory=folder)
        columns = {column.name for column in db.get_columns("campaign")}
        assert "colour" in columns and "size" not in columns
        names = [row[0] for row in db.execute_sql("SELECT name FROM schema_migration ORDER BY name").fetchall()]
        assert names == ["0001_initial", "0002_fine"]


async def test_a_store_of_the_first_schema_opens_with_everything_in_it(tmp_path: Path) -> None:
    file = tmp_path / "old.sqlite3"
    old = sqlite3.connect(file)
    old.executescript(FIXTURE.read_text())
    old.close()
    world = World(f"sqlite:///{file}")
    world.open()
    try:
        for model in MODELS:
            if model._meta.table_name in SINCE_THEN:
                continue
            assert world.rows(f"SELECT COUNT(*) AS n FROM {model._meta.table_name}")[0]["n"] > 0, model._meta.table_name
        report = await world.store.verify_chain()
        assert report.intact and report.checked == 6
        state = world.store.load_restart_state()
        assert [campaign.name for campaign in state.campaigns] == ["spring", "autumn"] and state.problems == ()
        assert len(state.open_attempts) == 1 and len(state.unfinished_attempts) == 1
        assert [agent.profile.name for agent in state.agents] == ["1001", "1002"]
        assert len(await world.store.records.leads("spring", limit=100)) == 12
    finally:
        world.close()
