"""Rule files: shipped ones, one's own, and whatever else lies in that folder. The page in docs/ is in step."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from dialerd.core.errors import Invalid
from dialerd.core.rule_set import RuleSet
from dialerd.core.rule_set_parsing import parse_rule_set
from dialerd.public_holidays import YEARS_AHEAD, public_holidays
from dialerd.rule_files import LARGEST_FILE, load_rule_sets, read_rule_set
from dialerd.rule_pages import updated

TODAY = date(2026, 11, 27)
PAGE = Path(__file__).resolve().parent.parent / "docs" / "rules.md"
GOOD = 'name = "ours"\nversion = "1"\ntitle = "Ours"\n'


def test_the_page_is_in_step_and_its_example_is_a_rule_set(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == updated(page, TODAY), "run: python -m dialerd.rule_pages docs/rules.md"
    example = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert example is not None
    file = tmp_path / "own.toml"
    file.write_text(example[1], encoding="utf-8")
    law = read_rule_set(file, TODAY)
    assert (law.name, len(law.demands), len(law.hours)) == ("our-surveys", 7, 2)
    assert all(demand.source.startswith("letter of counsel") for demand in law.demands)
    assert date(2027, 1, 6) in law.hours[0].week.holidays, "Epiphany is a holiday in Bavaria"


def test_ones_own_sets_stand_beside_the_shipped_ones(tmp_path: Path) -> None:
    assert "ours" not in load_rule_sets(TODAY, tmp_path / "nothing")
    (tmp_path / "a.toml").write_text(GOOD)
    (tmp_path / "notes.txt").write_text("no rule set")
    assert {"ours", "uk", "none"} <= set(load_rule_sets(TODAY, tmp_path))


def test_every_problem_of_every_file_is_named_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD.replace("ours", "uk"))
    (tmp_path / "b.toml").write_text("name = ")
    (tmp_path / "c.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "d.toml").write_text("x" * (LARGEST_FILE + 1))
    (tmp_path / "e.toml").write_text(GOOD + 'colour = "red"\n[[hours]]\nweek = { mon = "9" }\nsource = "x"\n')
    (tmp_path / "f.toml").mkdir()
    with pytest.raises(Invalid) as refused:
        load_rule_sets(TODAY, tmp_path)
    said = str(refused.value).splitlines()
    for name, words in (
        ("a", "uk is the name of another rule set"), ("b", "is not TOML"), ("c", "is not TOML"), ("d", "larger than"),
        ("e", "colour: no such key"), ("e", "hours 1.week: '9' is not a window"), ("e", "'x' is not among [sources]"),
        ("f", "cannot be read"),
    ):  # fmt: skip
        assert any(f"{name}.toml" in line and words in line for line in said), (name, words, said)


def test_calendars() -> None:
    days, years = public_holidays("US-AL", TODAY)
    assert date(2026, 12, 25) in days and years == frozenset(range(2025, 2026 + YEARS_AHEAD + 1))
    for unknown in ("XX", "US-XX", "", "US-"):
        try:
            assert public_holidays(unknown, TODAY)[0] is not None
        except LookupError:
            continue
    with pytest.raises(LookupError):
        public_holidays("XX", TODAY)


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=True), st.text(max_size=8), st.dates(),
    st.sampled_from(["call", "number", "7 days", "US-FL", "08:00-20:00", "mon-fri", "conversation"]),
)  # fmt: skip
KEYS = st.sampled_from(
    ["name", "version", "title", "countries", "effective_from", "notes", "sources", "hours", "cap", "quiet", "dnc_list",
     "consent", "campaign", "week", "most", "within", "counts", "after", "length", "max_age", "exempt", "purpose",
     "classes", "key", "value", "regions", "source", "note", "mon-fri", "holiday", "nonsense"]
)  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=25,
)


@settings(max_examples=600)
@given(st.dictionaries(KEYS, TREES, max_size=8))
def test_anything_is_a_rule_set_or_refused_by_name(data: dict[str, object]) -> None:
    base = {"name": "ours", "version": "1", "title": "x"}
    for tables in (data, {**data, **base}):
        try:
            law = parse_rule_set(tables, lambda calendar: public_holidays(calendar, TODAY))
        except Invalid as error:
            assert str(error)
        else:
            assert isinstance(law, RuleSet)


def test_did_you_mean() -> None:
    with pytest.raises(Invalid, match=r"cap 1.wihtin: no such key \(did you mean within\?\)"):
        parse_rule_set(
            {"name": "x", "version": "1", "title": "x", "cap": [{"name": "c", "most": 3, "wihtin": "7 days"}]},
            lambda calendar: (frozenset(), frozenset()),
        )
