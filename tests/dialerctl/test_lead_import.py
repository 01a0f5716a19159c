"""`lead import` from files as they come: formats, encodings, duplicates, rejects, hostile files."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

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


# ---------------------------------------------------------------- all or nothing, and damage far down


class Lists:
    """What dialerd has of lists and their leads, for an import that watches them."""

    def __init__(self, daemon: FakeDaemon, **leads: int) -> None:
        self.leads: dict[str, int] = dict(leads)
        self.active = dict.fromkeys(leads, True)
        self._import = daemon.methods["lead.import"]
        daemon.methods |= {
            "lead.import": self.add, "list.list": self.show, "list.edit": self.edit, "list.remove": self.remove,
        }  # fmt: skip

    def add(self, params: dict[str, Any]) -> Any:
        done = self._import(params)
        self.leads[params["list"]] = self.leads.get(params["list"], 0) + done["added"]
        self.active.setdefault(params["list"], not params.get("hold", False))
        return done

    def show(self, params: dict[str, Any]) -> Any:
        return [{"list": name, "leads": count, "active": self.active[name]} for name, count in self.leads.items()]

    def edit(self, params: dict[str, Any]) -> Any:
        name = params["changes"].get("name", params["list"])
        self.leads[name] = self.leads.pop(params["list"])
        self.active[name] = self.active.pop(params["list"]) or params["changes"]["active"]
        return {}

    def remove(self, params: dict[str, Any]) -> Any:
        if params["list"] not in self.leads:
            raise Refusal(ErrorCode.NOT_FOUND, "no such list")
        del self.leads[params["list"]], self.active[params["list"]]
        return {}


def numbers(count: int) -> str:
    return "number\n" + "".join(f"+4930231{i:04}\n" for i in range(count))


def test_all_or_nothing_takes_a_list_of_its_own_and_gives_it_its_name_in_the_end(
    run: Run, daemon: FakeDaemon, tmp_path: Path
) -> None:
    lists = Lists(daemon, other=3)
    (tmp_path / "leads.csv").write_text(numbers(1500))
    assert import_file(run, daemon, "leads.csv", "--all-or-nothing")["added"] == 1500
    assert lists.leads == {"other": 3, "leads": 1500} and lists.active["leads"]
    sent = daemon.asked("lead.import")
    assert {(chunk["list"], chunk["hold"]) for chunk in sent} == {("leads.importing", True)}


def test_all_or_nothing_with_a_bad_row_sends_nothing_and_writes_down_why(
    run: Run, daemon: FakeDaemon, tmp_path: Path
) -> None:
    lists = Lists(daemon)
    (tmp_path / "leads.csv").write_text(numbers(3) + "bad\n")
    values = import_file(run, daemon, "leads.csv", "--all-or-nothing", exit_code=1)
    assert (values["added"], values["rejected"], values["dry_run"]) == (0, 1, False)
    assert not daemon.asked("lead.import") and lists.leads == {}
    assert (tmp_path / "leads.csv.rejected.csv").read_text("utf-8-sig").splitlines()[1].startswith("5,'bad'")


@pytest.mark.parametrize("end", ["refused", "store fails"])
def test_all_or_nothing_that_ends_half_way_removes_what_is_in(
    end: str, run: Run, daemon: FakeDaemon, tmp_path: Path
) -> None:
    lists = Lists(daemon, other=3)

    def ending(params: dict[str, Any]) -> Any:
        done = lists.add(params)
        if len(daemon.asked("lead.import")) == 1:
            return done
        if end == "store fails":
            raise Refusal(ErrorCode.UNAVAILABLE, "the store is busy")
        return {**done, "rejected": [{"index": 7, "reason": "is a lead already"}]}

    daemon.methods["lead.import"] = ending
    (tmp_path / "leads.csv").write_text(numbers(1500))
    result = run("lead", "import", "leads.csv", "--campaign", "spring", "--all-or-nothing", socket=daemon.path)
    assert result.exit_code == (75 if end == "store fails" else 1), result.output
    assert lists.leads == {"other": 3}
    if end == "refused":
        assert "1 500 rows: 0 added" in result.stdout and "nothing was imported" in result.stderr


def test_all_or_nothing_never_touches_a_list_that_is_there(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    lists = Lists(daemon, leads=3)
    lists.active["leads"] = False  # paused: its leads are worth as much
    (tmp_path / "leads.csv").write_text(numbers(3))
    result = run("lead", "import", "leads.csv", "--campaign", "spring", "--all-or-nothing", socket=daemon.path)
    assert result.exit_code == 6 and "has a list leads already" in result.stderr
    assert lists.leads == {"leads": 3} and not lists.active["leads"]


def test_what_a_killed_import_left_is_removed_by_the_next(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    lists = Lists(daemon)
    lists.leads["leads.importing"], lists.active["leads.importing"] = 700, False
    (tmp_path / "leads.csv").write_text(numbers(3))
    import_file(run, daemon, "leads.csv", "--all-or-nothing")
    assert lists.leads == {"leads": 3}


def test_two_imports_of_one_list_do_not_mix(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    lists = Lists(daemon)

    def other_one_too(params: dict[str, Any]) -> Any:
        done = lists.add(params)
        lists.leads[params["list"]] += 5
        return done

    daemon.methods["lead.import"] = other_one_too
    (tmp_path / "leads.csv").write_text(numbers(3))
    result = run("lead", "import", "leads.csv", "--campaign", "spring", "--all-or-nothing", socket=daemon.path)
    assert result.exit_code == 1 and "holds 8 leads, not the 3 of this import" in result.stderr
    assert lists.leads == {}


def test_all_or_nothing_leaves_no_empty_list_and_changes_no_leads(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    lists = Lists(daemon)
    (tmp_path / "leads.csv").write_text(numbers(3))
    import_file(run, daemon, "leads.csv")
    assert import_file(run, daemon, "leads.csv", "--list", "new", "--all-or-nothing")["duplicates"] == 3
    assert lists.leads == {"leads": 3}
    options = ("--all-or-nothing", "--on-duplicate", "update")
    result = run("lead", "import", "leads.csv", "--campaign", "spring", *options, socket=daemon.path)
    assert result.exit_code == 2 and "cannot take back" in result.stderr


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (b"+4930239999,\x00\n", "line 2502 has a NUL"),
        (b"x" * (2 << 20), "line 2502 is longer than 1 MiB"),
        (b'+4930239999,"Ada\n' + b"+4930231251,Bob\n" * 200, "line 2502: a quote is opened"),
    ],
)
def test_damage_far_down_leaves_the_store_as_it_was(
    end: bytes, told: str, run: Run, daemon: FakeDaemon, tmp_path: Path
) -> None:
    lines = b"".join(b"+4930231%04d,Ada\n" % i for i in range(2500))
    (tmp_path / "leads.csv").write_bytes(b"number,name\n" + lines + end)
    result = run("lead", "import", "leads.csv", "--campaign", "spring", "-q", socket=daemon.path)
    assert result.exit_code == 1 and told in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not daemon.asked("lead.import")


def test_a_number_twice_in_the_file_is_rejected_where_duplicates_are(
    run: Run, daemon: FakeDaemon, tmp_path: Path
) -> None:
    (tmp_path / "leads.csv").write_text("number\n+4930231250\n+49 30 231250\n")
    values = import_file(run, daemon, "leads.csv", "--on-duplicate", "reject")
    assert (values["added"], values["duplicates"], values["rejected"]) == (1, 0, 1)
    assert values["first_rejected"] == [{"row": 3, "reason": "+4930231250 stands in the file already"}]
