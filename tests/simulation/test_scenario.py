"""Scenarios: defaults, TOML, and errors that name file, table and key."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from dialerd.core.errors import Invalid
from dialerd.simulation import scenario as scenario_module
from dialerd.simulation.durations import Duration, Shape
from dialerd.simulation.scenario import Outcome, Scenario, load_scenario, parse_scenario

WHOLE = """
name = "evening"
message_s = 9

[outcomes]
person = 0.5
machine = 0.1
busy = 0.1
no_answer = 0.2
congestion = 0.05
invalid = 0.05
rejected = 0
failed = 0

[people.talk]
shape = "lognormal"
mean_s = 120
cv = 1.6
long_share = 0.22
long_mean_s = 400

[agents]
sale = 0.2
no_disposition_share = 0.1

[[shifts]]
after_s = 1800
person_factor = 0.5

[numbers]
"390550000001" = "busy"
"""


def test_empty_text_is_the_ordinary_world() -> None:
    assert parse_scenario("", "x.toml") == Scenario()


def test_everything_can_be_set() -> None:
    scenario = parse_scenario(WHOLE, "x.toml")
    assert scenario.name == "evening" and scenario.message_s == 9
    assert scenario.outcomes.person == 0.5
    assert scenario.people.talk == Duration(shape=Shape.LOGNORMAL, mean_s=120, cv=1.6, long_share=0.22, long_mean_s=400)
    assert scenario.agents.sale == 0.2 and scenario.agents.callback == 0.10
    assert scenario.shifts[0].person_factor == 0.5
    assert scenario.numbers["390550000001"] is Outcome.BUSY


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[outcomes]\npersn = 0.3\n", ("[outcomes] persn", "did you mean person?")),
        ("[outcomes]\nperson = 0.9\n", ("[outcomes]", "add up to 1")),
        ("[people.talk]\nmean_s = -3\n", ("[people.talk] mean_s",)),
        ("[people]\ntalk = { mean_s = 5 }\n", ("[people.talk] shape", "missing", "lognormal")),
        ("[people.talk]\nshape = 'gauss'\n", ("[people.talk] shape", "lognormal")),
        ("[people]\ntalk = 3\n", ("[people.talk]", "table")),
        ("[people]\nends_call_share = 1.5\n", ("[people] ends_call_share", "0 to 1")),
        ("[agents]\nsale = 'many'\n", ("[agents] sale", "number")),
        ("[agents]\nsale = true\n", ("[agents] sale", "number")),
        ("[agents]\nsale = 0.9\ncallback = 0.9\n", ("[agents]", "sale + callback + dnc")),
        ("[[shifts]]\nperson_factor = -1\n", ("[shifts[0]]", "person_factor")),
        ("shifts = 3\n", ("[shifts]", "list of tables")),
        ("[numbers]\n'39055' = 'perhaps'\n", ("[numbers] 39055", "no_answer")),
        ("name = 3\n", ("name", "text")),
        ("message_s = inf\n", ("message_s", "finite")),
        (f"message_s = 1{'0' * 400}\n", ("message_s", "finite")),
        (f"message_s = 1{'0' * 5000}\n", ("not TOML", "too many digits")),
        (f"x = {'[' * 5000}{']' * 5000}\n", ("nested too deeply",)),
        ("[agents]\nsale = -2\n", ("[agents] sale", "0 to 1")),
        ("[detection]\nperson_human = -1\n", ("[detection] person_human", "0 to 1")),
        ("bogus = 1\n", ("bogus", "known:")),
        ("not toml", ("not TOML",)),
    ],
)
def test_mistakes_are_named(text: str, named: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as caught:
        parse_scenario(text, "odd.toml")
    assert str(caught.value).startswith("odd.toml: ")
    for part in named:
        assert part in str(caught.value)


def test_all_mistakes_come_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        parse_scenario("[outcomes]\npersn = 1\n[agents]\nsale = 'x'\n[people]\nopt_out_share = 3\n", "odd.toml")
    assert len(str(caught.value).splitlines()) == 3
    with pytest.raises(Invalid, match="and 980 more mistakes") as caught:
        parse_scenario("\n".join(f"k{n} = 1" for n in range(1000)), "odd.toml")
    assert len(str(caught.value).splitlines()) == 21


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"gone\.toml: no such file$"):
        load_scenario(tmp_path / "gone.toml")
    with pytest.raises(Invalid, match="cannot be read: Is a directory"):
        load_scenario(tmp_path)
    odd = tmp_path / "odd.toml"
    odd.write_bytes(b"name = '\xff\xfe'")
    with pytest.raises(Invalid, match=r"odd\.toml: is not UTF-8 text \(byte 8\)"):
        load_scenario(odd)
    with pytest.raises(Invalid, match="larger than 1 MiB"):
        load_scenario(Path("/dev/zero"))
    good = tmp_path / "good.toml"
    good.write_text(WHOLE)
    assert load_scenario(good).name == "evening"
    good.write_bytes(b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode())
    assert load_scenario(good).name == "evening", "as an editor on Windows writes it"


SCALAR = st.one_of(st.booleans(), st.integers(-5, 5), st.floats(), st.text("abc\u0142'\"\\", max_size=4))
FIELDS = [f.name for f in dataclasses.fields(Scenario)] + ["bogus"]


def toml_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return {"inf": "inf", "-inf": "-inf", "nan": "nan"}.get(str(value), repr(value))
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("'", "") + "'"


@given(
    st.dictionaries(
        st.sampled_from(FIELDS), st.dictionaries(st.sampled_from(["person", "talk", "sale", "x"]), SCALAR, max_size=3)
    )
)
def test_any_tables_give_a_scenario_or_a_sentence(tables: dict[str, dict[str, object]]) -> None:
    text = "".join(
        f"[{name}]\n" + "".join(f"{k} = {toml_value(v)}\n" for k, v in t.items()) for name, t in tables.items()
    )
    try:
        assert isinstance(parse_scenario(text, "any.toml"), Scenario)
    except Invalid as error:
        assert all(line.startswith("any.toml: ") for line in str(error).splitlines())


@given(st.text(max_size=60))
def test_any_text_gives_a_scenario_or_a_sentence(text: str) -> None:
    try:
        parse_scenario(text, "any.toml")
    except Invalid as error:
        assert "any.toml: " in str(error)


def test_the_shipped_file_is_the_ordinary_world_with_every_key() -> None:
    path = Path(scenario_module.__file__).parent / "scenarios" / "ordinary.toml"
    assert load_scenario(path) == Scenario()
    data = tomllib.loads(path.read_text())
    for table in dataclasses.fields(Scenario):
        if dataclasses.is_dataclass(getattr(Scenario(), table.name)):
            assert data[table.name].keys() == {f.name for f in dataclasses.fields(getattr(Scenario(), table.name))}
