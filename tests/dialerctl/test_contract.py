"""What dialerctl asks and the real daemon's table of methods: every request must bind there, every method be used."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from fake_daemon import FakeDaemon, Run
from sound_files import write_tone
from test_exit_codes import GOOD, GOOD_CONFIG

from dialerctl.commands import agent, call, disposition, lead
from dialerd.control.methods.table import METHODS
from dialerd.core.abandon_window import AbandonWindow
from dialerd.core.amd.presets import PRESETS
from dialerd.core.call import Status
from dialerd.core.campaign import AbandonAction, AmdAction, AmdPolicy, DialMode, MeasuredFrom, OnTimeout
from dialerd.core.dispositions import BUILT_IN
from dialerd.core.lead import LeadState


@pytest.fixture
def asked(run: Run, daemon: FakeDaemon, tmp_path: Path) -> list[tuple[str, dict[str, object]]]:
    """Every request of one good call of each command, and of some with all their options."""
    (tmp_path / "leads.csv").write_text("number,name,plz,consent_date\n+4930231250,Ada,10115,2026-01-01\n")
    (tmp_path / "good.toml").write_text(GOOD_CONFIG)
    (tmp_path / "numbers.txt").write_text("+4930231250\n")
    write_tone(tmp_path / "recorded.wav")
    more = (
        "call list --campaign spring --agent 1001 --status abandoned --since today --until today --offset 5",
        "lead list --campaign spring --state callback --offset 1",
        "campaign ledger spring --since yesterday --until today --calls --limit 3",
        "agent logout 1001 --force",
        "agent add 1 --endpoint PJSIP/1 --full-name Ada --leg-mode on_hook --campaign a --campaign b",
        "agent dispose 1001 -d callback --callback-at 2h --own --note x",
        "callback list --agent 1001 --state all",
        "retry set spring busy --growth 2 --max-delay 90 --max-attempts 3 --next-number --no-stop",
        "list recycle first --campaign spring --state completed --state dnc --disposition machine --yes",
        "dnc add --prefix +4932 --campaign spring --source letter",
        "dnc remove --list de-robinson --yes",
        "dnc remove --prefix +4932 --campaign spring --yes",
        "lead add +4930231250 --campaign spring --consent-class written --consent-date 2026-01-01 --person p --rank 3",
        "pacing show spring --since today --until now --points 7",
        "call review 4711 --person --note x",
        "call review --campaign spring --since 7d --until now --limit 3",
        "amd report spring --since 7d --until now --by parameters --calls --offset 2",
        "amd report spring --calls --by hour --key 09 --said machine --got machine --heard unknown --limit 5",
        "amd samples spring --since 7d --until now --limit 5 --offset 2",
        "simulate --campaign spring --replay yesterday --hours 0.05",
        "campaign add x --amd-enabled --cost-per-minute 0.03 --abandon-after 1.5 --call-days mon-sat",
    )
    for words in (*GOOD.values(), *more):
        run(*shlex.split(words), socket=daemon.path)
    return daemon.requests


def test_every_request_binds_and_every_method_is_asked(asked: list[tuple[str, dict[str, object]]]) -> None:
    for method, params in asked:
        METHODS[method].bind(params)
    assert {method for method, _ in asked} == set(METHODS)


def test_choices_are_the_cores() -> None:
    from dialerctl.campaign_columns import (
        ABANDON_ACTIONS,
        ABANDON_WINDOWS,
        AMD_ACTIONS,
        AMD_POLICIES,
        AMD_PRESETS,
        DIAL_MODES,
        MEASURED_FROM,
        ON_TIMEOUT,
    )

    assert list(DIAL_MODES.choices) == [mode.value for mode in DialMode]
    assert list(ON_TIMEOUT.choices) == [what.value for what in OnTimeout]
    assert list(MEASURED_FROM.choices) == [place.value for place in MeasuredFrom]
    assert list(ABANDON_WINDOWS.choices) == ["rule_set", *(window.value for window in AbandonWindow)]
    assert list(ABANDON_ACTIONS.choices) == [action.value for action in AbandonAction]
    assert list(AMD_ACTIONS.choices) == [action.value for action in AmdAction]
    assert list(AMD_POLICIES.choices) == [policy.value for policy in AmdPolicy]
    assert list(AMD_PRESETS.choices) == list(PRESETS)
    assert list(call.STATUSES) == [status.value for status in Status]
    assert list(lead.STATES) == [state.value for state in LeadState]


def test_lists_show_keys_that_exist() -> None:
    from dialerd.store.tables import Agent, Lead
    from dialerd.store.tables_calls import CallLog

    joined = {"campaign", "agent", "list", "reason", "since", "attempt_id", "campaigns"}
    calls = set(CallLog._meta.fields) | joined
    for columns, known in (
        (call.LIST, calls),
        (lead.CALLS, calls),
        (lead.LIST, set(Lead._meta.fields) | joined),
        (agent.LIST, set(Agent._meta.fields) | joined),
        (disposition.LIST, set(BUILT_IN[0].__dataclass_fields__)),
    ):
        assert {key for column in columns for key in column.key.split("|")} <= known


def test_reports_know_the_columns_of_the_store() -> None:
    from dialerctl.reports.calls_table import CALL_COLUMNS
    from dialerd.store.tables_calls import CallLog

    assert {column.key for column in CALL_COLUMNS} <= set(CallLog._meta.fields) | {"campaign", "agent"}


def test_import_rows_are_what_the_store_takes() -> None:
    from dialerctl.importing.cleaning import CleanLead, clean_row
    from dialerctl.importing.headings import find_columns
    from dialerd.store.lead_rows import KEYS, checked_lead

    columns = find_columns(
        [
            "number",
            "name",
            "priority",
            "rank",
            "person",
            "plz",
            "consent_id",
            "consent_class",
            "consent_date",
            "x",
            "phone2",
        ]
    )
    row = clean_row(
        ["+4930231250", "Ada", "60", "3", "p-1", "10115", "c1", "express", "2026-01-01", "\u2028y", "+4930231251"],
        columns,
    )
    assert isinstance(row, CleanLead)
    assert set(row.as_row(changes_leads=True)) == KEYS
    checked_lead(row.as_row())
