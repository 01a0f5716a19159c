"""The page the benchmark writes: its conclusions follow from the rows, its pictures are whole."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from benchmarks.pacing_lab.page import write

from .test_matching import CELL, runs


def test_the_page_says_what_came_out(tmp_path: Path) -> None:
    rows = [one for law in (CELL | {"dialerd@cisco": runs("dialerd@cisco", 0.77, 12)}).values() for one in law]
    page, *pictures = write(rows, "dialerd", "the command", tmp_path, ["headline-10: too few are busy"])
    text = page.read_text()
    assert "| headline-10 | 3 % | **81.0 %** | 2.50 % | 84 % | 85 % | 100.0 % (oracle-idle, 0.10 %) |" in text
    assert "80.0 % (open-pi" not in text, "it abandons more than 1.1 times the limit"
    assert "| 76.0 % (cisco, 1.20 %) |" in text.replace("| 100.0 % (oracle-idle, 0.10 %) ", "")
    assert "| cisco | 1 | +2.0 |" in text
    assert "- headline-10: too few are busy" in text
    assert [picture.name for picture in pictures] == ["pacing-headline.svg", "pacing-headline-10.svg"]
    for picture in pictures:
        assert ElementTree.parse(picture).getroot().tag.endswith("svg")
        assert f"]({picture.name})" in text


def test_a_page_of_one_law_needs_no_rival(tmp_path: Path) -> None:
    page, *_ = write(runs("dialerd", 0.8, 25), "dialerd", "the command", tmp_path, [])
    assert "### Gates that were missed\n\nNone." in page.read_text()
