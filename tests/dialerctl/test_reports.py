"""`call export`: paging, the three formats, and that nothing from a lead becomes formula or markup."""

from __future__ import annotations

import csv
import gc
import io
import json
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from fake_daemon import CALL, ErrorCode, FakeDaemon, Refusal, Run

from dialerctl.reports.calls_table import CALL_COLUMNS, SHEET_COLUMNS
from dialerctl.reports.summary import Summary

EVIL = '=HYPERLINK("http://x","y")<script>alert(1)</script>\x07'


@pytest.fixture
def many(daemon: FakeDaemon) -> FakeDaemon:
    """A daemon with 620 calls: answered, abandoned and unanswered by turns, hostile texts in them."""
    calls: list[dict[str, Any]] = []
    for i in range(620):
        status = ("answered", "abandoned", "no_answer", "machine")[i % 4]
        person = status in ("answered", "abandoned")
        calls.append(
            {**CALL, "id": 1000 - i, "status": status, "disposition": EVIL if i == 0 else status, "live_answer": person,
             "talk_duration": 180 if status == "answered" else None, "campaign": "=1+1", "note": EVIL}
        )  # fmt: skip
    daemon.methods["call.list"] = lambda p: calls[p.get("offset", 0) :][: p["limit"]]
    return daemon


def export(run: Run, daemon: FakeDaemon, *words: str) -> dict[str, Any]:
    result = run("call", "export", "--json", *words, socket=daemon.path)
    assert result.exit_code == 0, result.output
    values: dict[str, Any] = json.loads(result.stdout)
    return values


def test_csv_has_all_calls_and_stable_columns(run: Run, many: FakeDaemon, tmp_path: Path) -> None:
    values = export(run, many, "--to", "calls.csv", "--campaign", "spring", "--since", "2026-11-01")
    assert (values["calls"], values["live_answers"], values["abandoned"]) == (620, 310, 155)
    assert values["abandon_rate"] == 50.0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "calls.csv").read_text())))
    assert len(rows) == 620 and list(rows[0]) == [column.key for column in CALL_COLUMNS]
    assert rows[0]["campaign"] == "'=1+1" and rows[0]["number"] == "+4930231250"
    assert rows[0]["note"].startswith("'=")
    asked = many.asked("call.list")
    assert [params.get("offset", 0) for params in asked] == [0, 250, 500]
    assert len({params["until"] for params in asked}) == 1, "new calls must not move the pages"
    assert asked[0]["campaign"] == "spring" and asked[0]["since"].endswith("+00:00")


def test_csv_to_standard_output_and_a_limit(run: Run, many: FakeDaemon) -> None:
    result = run("call", "export", "--format", "csv", "--rows", "3", socket=many.path)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 4


def test_workbook(run: Run, many: FakeDaemon, tmp_path: Path) -> None:
    export(run, many, "--format", "xlsx", "--to", "calls.xlsx", "--campaign", "spring")
    book = openpyxl.load_workbook(tmp_path / "calls.xlsx")
    assert book.sheetnames == ["Summary", "Calls", "Definitions"]
    calls = book["Calls"]
    assert calls.freeze_panes == "C2" and calls.auto_filter.ref == "A1:AA621"
    head = [cell.value for cell in calls[1]]
    assert head == [column.heading for column in SHEET_COLUMNS]
    first = dict(zip(head, calls[2], strict=True))
    assert first["Campaign"].value == "=1+1"
    assert first["Campaign"].data_type == "s" and first["Campaign"].quotePrefix
    assert first["Started"].number_format == "yyyy-mm-dd hh:mm:ss" and first["Started"].is_date
    assert first["Talk"].number_format == "[h]:mm:ss" and first["Talk"].value.total_seconds() == 180
    assert "\x07" not in first["Note"].value
    figures = {row[0]: row[1:3] for row in book["Summary"].iter_rows(max_col=3, values_only=True) if row[0]}
    assert figures["Answered by a person"] == (310, 620)
    assert figures["Abandoned"] == (155, 310)
    assert figures["Abandon rate"][0] == 0.5
    assert any(row[0] == "Abandon rate" for row in book["Definitions"].iter_rows(values_only=True))
    with zipfile.ZipFile(tmp_path / "calls.xlsx") as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist())


class Page(HTMLParser):
    """Collects tags and what would load something."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        self.loads += [pair for pair in attrs if pair[0] in ("src", "href") or pair[0].startswith("on")]


def test_page_is_self_contained_escaped_and_capped(run: Run, many: FakeDaemon, tmp_path: Path) -> None:
    export(run, many, "--to", "calls.html", "--campaign", "<b>spring")
    text = (tmp_path / "calls.html").read_text()
    page = Page()
    page.feed(text)
    assert "script" not in page.tags and "b" not in page.tags and not page.loads
    assert "&lt;script&gt;alert(1)" in text and "&lt;b&gt;spring" in text
    assert page.tags.count("h1") == 1 and page.tags.count("svg") == 1
    assert page.tags.count("caption") == page.tags.count("table") == 4
    assert "The newest 500 of 620 calls" in text and "155 of 310 answered by a person" in text
    assert "no answer: 155 calls, 25.0%" in text, "the chart has a text alternative"


@pytest.mark.parametrize("kind", ["csv", "xlsx", "html"])
def test_no_calls_is_a_file_too(kind: str, run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    daemon.methods["call.list"] = lambda _: []
    assert export(run, daemon, "--to", f"calls.{kind}")["abandon_rate"] is None
    assert (tmp_path / f"calls.{kind}").stat().st_size > 100


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")  # openpyxl's traceback
@pytest.mark.parametrize("kind", ["csv", "xlsx", "html"])
def test_a_failure_on_the_way_leaves_no_file(kind: str, run: Run, many: FakeDaemon, tmp_path: Path) -> None:
    answer = many.methods["call.list"]
    many.methods["call.list"] = lambda p: answer(p) if not p.get("offset") else 5
    result = run("call", "export", "--to", f"calls.{kind}", socket=many.path)
    assert result.exit_code == 1
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_summary_of_nothing() -> None:
    summary = Summary()
    assert summary.abandon_rate is None and summary.mean_talk_s() is None


@pytest.mark.parametrize("kind", ["csv", "xlsx", "html"])
def test_what_dialerd_refuses_is_told_before_anything_is_written(
    kind: str, run: Run, daemon: FakeDaemon, tmp_path: Path
) -> None:
    def refuse(_: dict[str, Any]) -> Any:
        raise Refusal(ErrorCode.NOT_FOUND, "no campaign 'nope'")

    daemon.methods["call.list"] = refuse
    result = run("call", "export", "--to", f"calls.{kind}", "--campaign", "nope", socket=daemon.path)
    assert result.exit_code == 5 and "no campaign 'nope'" in result.stderr
    assert not list(tmp_path.glob("calls*"))


def test_a_call_in_progress_is_called_that_everywhere(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    daemon.methods["call.list"] = lambda p: [{**CALL, "status": None, "disposition": None, "state": "talking"}]
    export(run, daemon, "--to", "calls.xlsx")
    export(run, daemon, "--to", "calls.html")
    book = openpyxl.load_workbook(tmp_path / "calls.xlsx")
    assert "in progress" in [cell.value for cell in book["Calls"][2]]
    assert "in progress" in [row[0].value for row in book["Summary"].iter_rows()]
    page = (tmp_path / "calls.html").read_text()
    assert page.count("in progress") >= 3 and "talking" not in page


@pytest.mark.parametrize(("seconds", "note"), [(307, ">minutes : seconds"), (3600, ">hours : minutes : seconds")])
def test_the_talk_figure_says_its_units(seconds: int, note: str, run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    daemon.methods["call.list"] = lambda p: [{**CALL, "talk_duration": seconds}]
    export(run, daemon, "--to", "calls.html")
    assert note in (tmp_path / "calls.html").read_text()


def test_a_machine_that_an_agent_met_is_no_person() -> None:
    summary = Summary()
    summary.add({**CALL, "disposition": "machine", "live_answer": False})
    summary.add(CALL)
    assert (summary.live_answers, summary.connected, summary.total.calls) == (1, 1, 2)
