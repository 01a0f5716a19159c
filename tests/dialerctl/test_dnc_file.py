"""`dnc import`: a number on a list is read exactly as the same number of a lead, or the line is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_daemon import FakeDaemon, Run
from hypothesis import example, given, strategies as st

from dialerctl.importing import dnc_lines
from dialerctl.importing.dnc_lines import Layout, LayoutError, digits_of
from dialerctl.importing.numbers import e164, parse

REGIONS = ("US", "CA", "GB", "DE", "FR", "ES", "IT", "AU", "RU", "HU", "BR", "AR", "MX", "NL", "KZ")
WRITTEN = [
    ("US", "2025550123"), ("US", "12025550123"), ("US", "1 (202) 555-0123"), ("US", "011442079460018"),
    ("CA", "202.456.1414"), ("GB", "020 7946 0018"), ("GB", "442079460018"), ("GB", "+44 (0)20 7946 0018"),
    ("DE", "030/231250"), ("DE", "4930231250"), ("DE", "0049 30 231250"), ("DE", "30231250.0"),
    ("FR", "01 23 45 67 89"), ("FR", "33123456789"), ("ES", "34612345678"), ("IT", "06 6982 0000"),
    ("IT", "+39 06 6982 0000"), ("RU", "8 495 123 45 67"), ("HU", "06 1 234 5678"), ("AU", "0412 345 678"),
    ("MX", "55 1234 5678"),
]  # fmt: skip


@pytest.mark.parametrize(("region", "written"), WRITTEN)
def test_a_number_is_read_as_a_leads(region: str, written: str) -> None:
    assert f"+{digits_of(written, region)}" == e164(parse(written, region))


@given(st.sampled_from(REGIONS), st.sampled_from(["", "+", "0", "00", "011", "1", "39", "44", "49", "7", "8", "06"]),
       st.from_regex(r"\A[0-9]{4,12}\Z"))  # fmt: skip
@example("DE", "49", "30231250")
@example("IT", "", "0669820000")
@example("RU", "8", "4951234567")
@example("HU", "06", "12345678")
@example("KZ", "+", "77011234567")
def test_the_short_way_leads_where_phonenumbers_does(region: str, front: str, digits: str) -> None:
    asked = dnc_lines._asked(front + digits, region)
    assert digits_of(front + digits, region) == (int(asked) if 5 <= len(asked) <= 15 else 0)


@pytest.mark.parametrize("text", ["", "n/a", "2025550123", "4930231250", "+12", "4.93023E+10", "+" + "9" * 40])
def test_what_is_no_number_without_a_country(text: str) -> None:
    assert digits_of(text, None) == 0


def test_large_lists_seldom_ask_phonenumbers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(dnc_lines, "_asked", lambda text, region: asked.append(text) or "")
    for region, text in [("US", "2025550123"), ("US", "12025550123"), ("DE", "030231250"), ("GB", "02079460018"),
                         ("FR", "0123456789"), ("AU", "0412345678"), ("IT", "0669820000")]:  # fmt: skip
        assert digits_of(text, region)
    assert digits_of("+4930231250", None)
    assert asked == []


def test_layouts() -> None:
    assert Layout.of("+4930231250") == Layout()
    assert Layout.of("Telefon").heading
    assert Layout.of("202,5550123") == Layout(",", joined=True)
    assert Layout.of("area code;number").joined
    named = Layout.of("customer_id,name,number")
    assert named == Layout(",", 2, heading=True)
    assert named.number('100234,"Bell, Ada",+4930231250') == "+4930231250"
    assert Layout.of("1;+4930231250").number("2;+4930231251") == "+4930231251"
    assert Layout().number("100234,+4930231250") == ""


@pytest.mark.parametrize("line", ["100234,+4930231250", "customer,since"])
def test_a_column_is_never_guessed(line: str) -> None:
    with pytest.raises(LayoutError, match="`number`"):
        Layout.of(line)


def run_import(run: Run, daemon: FakeDaemon, *more: str, exit_code: int = 0) -> str:
    result = run("dnc", "import", "optouts.csv", *more, socket=daemon.path)
    assert result.exit_code == exit_code, result.output
    return result.stdout if exit_code == 0 else result.output


def test_the_headed_column_goes_to_our_list(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    (tmp_path / "optouts.csv").write_text("customer_id,phone1\n100234,030 231251\n100235,+4930231250\n100236,none\n")
    values = json.loads(run_import(run, daemon, "--region", "DE", "-o", "json"))
    assert daemon.asked("dnc.add")[0]["numbers"] == ["+4930231250", "+4930231251"]
    assert (values["lines"], values["rejected"]) == (4, 1)


@pytest.mark.parametrize("content", [b"PK\x03\x04\x14\x00\x06", "number\n+4930231250\n".encode("utf-16")])
def test_what_is_no_text_is_refused_with_one_sentence(
    content: bytes, run: Run, daemon: FakeDaemon, tmp_path: Path
) -> None:
    (tmp_path / "list.xlsx").write_bytes(content)
    result = run("dnc", "import", "list.xlsx", socket=daemon.path)
    assert result.exit_code == 1
    assert result.stderr.strip() == "dialerctl: the list is no text file (a workbook?): save it as CSV"
    assert not daemon.asked("dnc.add")


def test_an_ambiguous_file_adds_nothing(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    (tmp_path / "optouts.csv").write_text("100234,+4930231250\n")
    assert "line 1: more than one column" in run_import(run, daemon, "--region", "DE", exit_code=1)
    assert not daemon.asked("dnc.add")


def test_numbers_without_a_country_are_told_not_guessed(run: Run, daemon: FakeDaemon, tmp_path: Path) -> None:
    (tmp_path / "optouts.csv").write_text("2025550123\n")
    assert "numbers without + need --region" in run_import(run, daemon, exit_code=1)
    assert not daemon.asked("dnc.add")
