"""`lead import` from files as they come: formats, encodings, duplicates, rejects, hostile files."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest
from fake_daemon import FakeDaemon, Refusal, Run

from dialerctl.importing.csv_file import guess_delimiter
from dialerd.control.protocol import ErrorCode

GERMAN = "Telefon;Name;Ort\n030 231250;Müller;Köln\n030 231251;Weiß;München\n"


def import_file(run: Run, daemon: FakeDaemon, file: str, *more: str, exit_code: int = 0) -> dict[str, object]:
    result = run("lead", "import", file, "--campaign", "spring", "--json", *more, socket=daemon.path)
    assert result.exit_code == exit_code, result.output
    values: dict[str, object] = json.loads(result.stdout)
    return values


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings_and_delimiter_are_found(encoding: str, run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_bytes(GERMAN.encode(encoding))
    values = import_file(run, daemon, "leads.csv", "--region", "DE")
    assert (values["rows"], values["added"]) == (2, 2)
    rows = daemon.asked("lead.import")[0]["rows"]
    assert rows[0] == {
        "number": "+4930231250", "name": "Müller", "zones": ["Europe/Berlin"], "regions": ["DE"],
        "attributes": {"Ort": "Köln"},
    }  # fmt: skip
    assert daemon.asked("lead.import")[0]["list"] == "leads"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(delimiter: str) -> None:
    text = "\n".join(delimiter.join([f"+4930{i}", '"Bell, Ada; x"', "a b"]) for i in range(20))
    assert guess_delimiter(text) == delimiter


def test_workbook(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Kunde", "Telefon", "Nr"])
    sheet.append(["Ada", 30231250, 7])
    sheet.append([None, None, None])
    sheet.append(["Bob", "+49 30 231251", 8.5])
    sheet.append(["Eve", "n/a", 9])
    book.save(tmp_path / "leads.xlsx")
    values = import_file(run, daemon, "leads.xlsx", "--region", "DE")
    assert (values["rows"], values["added"], values["rejected"]) == (3, 2, 1)
    rows = daemon.asked("lead.import")[0]["rows"]
    assert [row["attributes"]["Nr"] for row in rows] == ["7", "8.5"]
    assert values["first_rejected"] == [{"row": 5, "reason": "'n/a' is not a number"}]
    assert import_file(run, daemon, "leads.xlsx", "--region", "DE", "--sheet", "Sheet")["duplicates"] == 2


def test_duplicates_rejects_and_summary(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    lines = ["number,name", "+4930231250,Ada", "+49 30 231250,Ada again", '=HYPERLINK("x"),Eve', "+4930231251,Bob"]
    (tmp_path / "leads.csv").write_text("\n".join(lines))
    result = run("lead", "import", "leads.csv", "--campaign", "spring", socket=daemon.path)
    assert result.exit_code == 0, result.output
    assert result.stdout == "4 rows: 2 added, 1 duplicate, 1 rejected → leads.csv.rejected.csv\n"
    rejected = (tmp_path / "leads.csv.rejected.csv").read_text("utf-8-sig").splitlines()
    assert rejected[0] == "row,reason,number,name"
    assert rejected[1].startswith("4,") and "'=HYPERLINK" in rejected[1]
    again = run("lead", "import", "leads.csv", "--campaign", "spring", socket=daemon.path)
    assert again.exit_code == 0 and "0 added, 3 duplicates" in again.stdout


def test_dry_run_needs_no_daemon_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("number\n+4930231250\nxyz\n")
    result = run("lead", "import", "leads.csv", "--campaign", "spring", "--dry-run")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "2 rows: 1 could be added, 0 duplicates, 1 rejected",
        "  row 3: 'xyz' is not a number",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["leads.csv"]


def test_chunks_of_a_thousand_and_of_a_mebibyte(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    lines = [f"+4930231{i:04},{'x' * 900}" for i in range(2500)]
    (tmp_path / "leads.csv").write_text("number,note\n" + "\n".join(lines))
    values = import_file(run, daemon, "leads.csv")
    assert values["added"] == 2500
    chunks = daemon.asked("lead.import")
    assert len(chunks) >= 3
    assert all(len(chunk["rows"]) <= 1000 and len(json.dumps(chunk)) < 1 << 20 for chunk in chunks)


def test_rejects_of_the_daemon_get_their_row_number(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("number\nbad\n+4930231250\n+4930231251\n")
    daemon.methods["lead.import"] = lambda _: {
        "added": 1, "duplicates": 0, "rejected": [{"index": 1, "reason": "on a list"}],
    }  # fmt: skip
    values = import_file(run, daemon, "leads.csv")
    assert values["first_rejected"] == [
        {"row": 2, "reason": "'bad' is not a number"}, {"row": 4, "reason": "on a list"},
    ]  # fmt: skip


def test_stopped_half_way_says_what_is_in(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("number\n" + "\n".join(f"+4930231{i:04}" for i in range(1500)))
    first = daemon.methods["lead.import"]

    def busy(params: dict[str, object]) -> object:
        if len(daemon.asked("lead.import")) > 1:
            raise Refusal(ErrorCode.UNAVAILABLE, "the store is busy")
        return first(params)

    daemon.methods["lead.import"] = busy
    result = run("lead", "import", "leads.csv", "--campaign", "spring", socket=daemon.path)
    assert result.exit_code == 75
    assert "1000 leads are in" in result.stderr and "stopped before row 1002" in result.stderr


def test_no_header_map_and_standard_input(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("Ada;030231250\nBob;030231251\n")
    values = import_file(
        run, daemon, "leads.csv", "--no-header", "--map", "number=2", "--map", "name=1", "--region", "DE"
    )
    assert values["added"] == 2
    result = run("lead", "import", "-", "--campaign", "spring", socket=daemon.path, stdin="phone\n+4930231299\n")
    assert result.exit_code == 0, result.output
    assert daemon.asked("lead.import")[-1]["list"] == "stdin"


def test_nothing_importable_is_1(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("number\nfoo\nbar\n")
    result = run("lead", "import", "leads.csv", "--campaign", "spring", socket=daemon.path)
    assert result.exit_code == 1
    assert "row 2: 'foo' is not a number" in result.stdout


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (100 << 20))
    return packed.getvalue()


def zip_of(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, "not xml")
    return packed.getvalue()


HOSTILE = {
    "empty.csv": (b"", "is empty"),
    "blank.csv": (b"\n\n \n", "is empty"),
    "bom.csv": (b"\xef\xbb\xbf", "is empty"),
    "nul.csv": (b"number,name\n+4930231250,A\x00da\n", "line 2 has a NUL character"),
    "line.csv": (b"number\n" + b"x" * (2 << 20), "line 2 is longer than 1 MiB"),
    "quote.csv": (b'number,name\n+4930231250,"Ada\n' + b"+4930231251,Bob\n" * 200, "line 2: a quote is opened"),
    "encoding.csv": (b"number,name\n+4930231250,M\x81ller\n", "neither UTF-8"),
    "double.csv": (b"number,name,Name\n+4930231250,a,b\n", "more than one column"),
    "none.csv": (b"foo,bar\n1,2\n", "no column looks like the telephone number"),
    "old.xls": (b"\xd0\xcf\x11\xe0" + b"x" * 100, "old .xls or a password-protected"),
    "page.csv": (b"%PDF-1.7 ...", "neither CSV nor xlsx"),
    "fake.xlsx": (b"number,name\n", "is not an xlsx workbook"),
    "other.xlsx": (zip_of("readme.txt"), "no xlsx workbook"),
    "damaged.xlsx": (zip_of("[Content_Types].xml", "xl/workbook.xml"), "is a damaged workbook"),
    "bomb.xlsx": (bomb(), "more than is safe"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_get_one_sentence(name: str, run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    content, told = HOSTILE[name]
    (tmp_path / name).write_bytes(content)
    result = run("lead", "import", name, "--campaign", "spring", "-q", socket=daemon.path)
    assert result.exit_code == 1, result.output
    assert told in result.stderr and name in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not daemon.asked("lead.import")


def test_paths_that_are_no_files(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name, told in (("folder.csv", "is a folder"), ("nosuch.csv", "there is no file"), ("/dev/null", "not a file")):
        result = run("lead", "import", name, "--campaign", "spring", socket=daemon.path)
        assert result.exit_code == 2
        assert told in result.stderr


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--region", "Germany", "is no country code"),
        ("--encoding", "utf-9", "there is no text encoding"),
        ("--delimiter", "ab", "cannot be a delimiter"),
        ("--map", "number=Phon", "did you mean 'phone'?"),
    ],
)
def test_wrong_options_are_2(option: str, value: str, told: str, run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("phone,x\n+4930231250,1\n")
    result = run("lead", "import", "leads.csv", "--campaign", "spring", option, value, socket=daemon.path)
    assert result.exit_code == 2, result.output
    assert told in result.stderr
