"""Owns what is known after a crash run: the PBX's truth, the store's rows, the PBX's last state. Judges nothing."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crashes.pbx_glance import Glance
from tests.crashes.staff import Given
from tests.crashes.worksite import Death, Worksite

from dialerd.store.chain import ChainReport, verify_chain
from dialerd.store.database import connect, disconnect, reader_database
from dialerd.store.session import Session

Row = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Evidence:
    """Everything that the findings are taken from."""

    truth: list[Row]
    calls: dict[int, Row]
    leads: list[Row]
    agents: list[Row]
    ledger: dict[int, Row]
    do_not_call: set[str]
    chain: ChainReport
    glance: Glance
    live_agents: list[Row]
    given: list[Given] = field(default_factory=list)
    deaths: list[Death] = field(default_factory=list)


def rows(database: Path, sql: str, *params: Any) -> list[Row]:
    """Rows of the store, read beside a running (or dead) daemon."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10) as db:
        db.row_factory = sqlite3.Row
        found = [dict(row) for row in db.execute(sql, params)]
    db.close()
    return found


def collect(site: Worksite, glance: Glance, live_agents: list[Row], given: list[Given]) -> Evidence:
    """Read everything; the floor must be quiet."""
    with site.truth.open() as file:
        truth = [json.loads(line) for line in file]
    reader = reader_database(f"sqlite:///{site.database}")
    connect(reader)
    chain = verify_chain(Session(reader))
    disconnect(reader)
    return Evidence(
        truth=truth,
        calls={row["id"]: row for row in rows(site.database, "SELECT * FROM call_log")},
        leads=rows(site.database, "SELECT * FROM lead"),
        agents=rows(site.database, "SELECT * FROM agent"),
        ledger={row["attempt_id"]: row for row in rows(site.database, "SELECT * FROM abandon_ledger")},
        do_not_call={row["number"] for row in rows(site.database, "SELECT number FROM do_not_call")},
        chain=chain,
        glance=glance,
        live_agents=live_agents,
        given=list(given),
        deaths=list(site.deaths),
    )
