"""What reaches a terminal, a pipe, a spreadsheet or a file."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from pathlib import Path

import pytest
from fake_daemon import FakeDaemon, Run
from hypothesis import given, strategies as st

from dialerctl.failure import Failure
from dialerctl.output import Column, as_csv, as_json, clock, csv_cell, show_value, table
from dialerctl.terminal import clean, pad, shorten, width
from dialerctl.whole_file import whole_file

HOSTILE = "\x1b[31mred\x1b[0m\r\n\x9b2J\u202eevil"


@given(st.text())
def test_cleaned_text_cannot_control_a_terminal(text: str) -> None:
    cleaned = clean(text)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", cleaned)
    assert clean(cleaned) == cleaned


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=20)))
def test_json_keeps_every_value_and_no_control(values: dict[str, str]) -> None:
    text = as_json({"data": values})
    assert json.loads(text) == {"schema": 1, "data": values}
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert text.startswith('{"schema": 1')


@given(st.text(max_size=30))
def test_no_csv_cell_is_a_formula(text: str) -> None:
    cell = csv_cell(text)
    assert not cell.strip().startswith(("=", "@", "\t", "\r"))
    if cell[:1] in "+-" and cell:
        assert re.fullmatch(r"\+[0-9]+|-[0-9]+(\.[0-9]+)?", cell)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("+4930231250", "+4930231250"),
        (-3.5, "-3.5"),
        ("-5", "-5"),
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "' =1"),
        (" =1", "' =1"),
        ("\uff1d1", "'\uff1d1"),
        ("plain", "plain"),
        (None, ""),
        (True, "true"),
        (["a", "b"], '["a", "b"]'),
    ],
)
def test_csv_guard(value: object, cell: str) -> None:
    assert csv_cell(value) == cell


def test_csv_has_every_key_once_and_quotes() -> None:
    rows = list(csv.reader(io.StringIO(as_csv([{"a": 'x,"y"'}, {"a": 1, "b": None}]))))
    assert rows == [["a", "b"], ['x,"y"', ""], ["1", ""]]
    assert as_csv([]) == ""


def test_table_is_aligned_and_clean() -> None:
    columns = [Column("name"), Column("n|count", "calls", "number"), Column("at", kind="time")]
    text = table([{"name": HOSTILE, "n": 5}, {"name": "日本", "count": 12345, "at": "not a time"}], columns)
    lines = text.splitlines()
    assert len(lines) == 3 and "\x1b" not in text and "\x9b" not in text
    assert lines[0].split() == ["NAME", "CALLS", "AT"]
    assert width(lines[1].split("5")[0]) == width(lines[2].split("12345")[0]) + 4
    assert lines[1].endswith("-") and lines[2].endswith("not a time")


def test_table_gives_way_on_a_narrow_terminal() -> None:
    rows = [{"a": "x" * 100, "b": "y"}]
    lines = table(rows, [Column("a"), Column("b")], limit=40).splitlines()
    assert all(width(line) <= 40 for line in lines) and "…" in lines[1]


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (None, "text", "-"), ("", "text", "-"), (True, "text", "yes"), (2.50, "text", "2.5"), (65, "duration", "1:05"),
        (3725.4, "duration", "1:02:05"), (-5, "duration", "-0:05"), (3, "rate", "3.0 %"), ([], "text", "-"),
        ({"a": 1}, "text", "a=1"), ("x\ny", "text", "x y"),
    ],
)  # fmt: skip
def test_values(value: object, kind: str, shown: str) -> None:
    assert show_value(value, kind) == shown


def test_widths() -> None:
    assert (width("日本"), width("e\u0301")) == (4, 1)
    assert shorten("abcdef", 4) == "abc…" and pad("a", 3, right=True) == "  a"
    assert clock(59.6) == "1:00"


def test_to_file_is_whole_and_keeps_its_mode(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("old")
    target.chmod(0o640)
    assert run("campaign", "list", "--json", "--to", "out.json", socket=daemon.path).exit_code == 0
    assert json.loads(target.read_text())["campaigns"][0]["name"] == "spring"
    assert target.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_to_file_is_refused_before_anything_is_done(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    for target, told in (("nosuch/x.json", "there is no folder"), (str(tmp_path), "it is a folder")):
        result = run("campaign", "start", "spring", "--to", target, socket=daemon.path)
        assert result.exit_code == 2 and told in result.stderr
    assert daemon.requests == []


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "report.csv"
    target.write_text("old")
    with pytest.raises(ValueError, match="half way"), whole_file(target) as file:
        file.write(b"new")
        raise ValueError("half way")
    assert target.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_is_a_sentence() -> None:
    with pytest.raises(Failure, match="No space left on device"), whole_file("/dev/full") as file:
        file.write(b"x" * 100_000)
    assert Path("/dev/full").is_char_device(), "a device is written to, never replaced"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    with whole_file(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "new"


def test_quiet_and_empty(run: Run, daemon: FakeDaemon) -> None:
    result = run("campaign", "start", "spring", "-q", socket=daemon.path)
    assert (result.exit_code, result.output) == (0, "")
    daemon.methods["campaign.list"] = lambda _: []
    result = run("campaign", "list", socket=daemon.path)
    assert result.stdout == "" and "dialerctl campaign add" in result.stderr


def test_a_hostile_message_of_the_daemon_is_cleaned(run: Run, daemon: FakeDaemon) -> None:
    daemon.methods["lead.list"] = lambda _: [{"id": 1, "number": "+491", "name": HOSTILE}]
    for form in ("table", "csv", "json"):
        result = run("lead", "list", "-o", form, socket=daemon.path)
        assert "\x1b" not in result.stdout and "\x9b" not in result.stdout and "\u202e" not in result.stdout


def test_a_reader_that_goes_away_is_no_error(daemon: FakeDaemon) -> None:
    import subprocess
    import sys

    daemon.methods["lead.list"] = lambda _: [{"id": i, "name": "x" * 100} for i in range(1000)]
    read, write = os.pipe()
    os.close(read)
    command = [
        sys.executable,
        "-c",
        "from dialerctl.main import main; main()",
        "--socket",
        str(daemon.path),
        "lead",
        "list",
    ]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("redirection", "status", "sentence"),
    [
        ("> /dev/full", 1, "dialerctl: cannot write the result: No space left on device\n"),
        (">&-", 0, ""),
    ],
)
def test_a_full_disk_behind_stdout_is_one_sentence_and_a_closed_one_nothing(
    redirection: str, status: int, sentence: str, daemon: FakeDaemon
) -> None:
    import subprocess
    import sys

    command = f"exec {sys.executable} -c 'from dialerctl.main import main; main()' --socket {daemon.path} campaign list"
    done = subprocess.run(["sh", "-c", f"{command} {redirection}"], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, sentence)
