"""`dialerctl pacing show`: the screen, its pictures, and what it says when there is nothing to draw."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import pytest
from fake_daemon import PACING, FakeDaemon, Run
from hypothesis import given, strategies as st

from dialerctl.moments import parse_span
from dialerctl.output import local_time
from dialerctl.pacing_screen import FITS, plotted, screen
from dialerctl.sparkline import ASCII, BLOCKS, sparkline
from dialerctl.terminal import knows_blocks, width
from dialerd.core.pacing import Limit
from dialerd.core.pacing.calibration import Fit

ELEVEN = local_time("2026-11-27T11:00:00+00:00")


def shown(**changes: Any) -> str:
    return screen({**PACING, **changes}, blocks=True)


def row(text: str, name: str) -> str:
    (line,) = [line for line in text.splitlines() if line.startswith(name)]
    return line


def point(second: int, **changes: Any) -> dict[str, Any]:
    at, until = f"2026-11-27T12:00:{second:02}+00:00", f"2026-11-27T12:00:{second + 10:02}+00:00"
    return {**PACING["points"][0], "at": at, "until": until, **changes}  # type: ignore[index, dict-item]


def minute(*points: dict[str, Any]) -> str:
    return shown(points=list(points), until="2026-11-27T12:01:00+00:00", step_s=10)


def test_the_screen_fits_a_terminal() -> None:
    limits = {limit.value: 10 + number for number, limit in enumerate(Limit)}
    total = {**PACING["total"], "limits": limits, "stopped": 40}  # type: ignore[dict-item]
    obstacles = [
        {"obstacle": text, "times": times, "until": "2026-11-27T12:01:00+00:00"}
        for text, times in (("Asterisk pbx1 is away: " + "long " * 40, 9), ("the store is slow", 2), ("a third", 1))
    ]
    text = shown(total=total, obstacles=obstacles, why="dialling: " + "many words " * 12)
    assert all(width(line) <= 100 for line in text.splitlines())
    assert len(shown().splitlines()) <= 20 and len(text.splitlines()) <= 24
    assert "a third" not in text
    assert "stopped" in text and "other" in text, "the longest first, the rest together"


def test_each_picture_has_its_numbers() -> None:
    text = shown()
    assert row(text, "in flight").split()[2:] == ["▁▁▂▂▃▃▄▅▅▆▆▇▇██" * 3, "0.0", "9.2", "14.0"]
    assert row(text, "dial ratio").split()[3:] == ["1.75", "1.75", "1.75"]
    assert row(text, "abandoned").split()[-3:] == ["0", "0.1", "1"]
    assert "20 s a column" in text


def test_limits_by_share_and_the_forecast_as_a_sentence() -> None:
    text = shown()
    assert "of 2250 decisions with 180 calls" in text
    assert row(text, "  agents").split()[:3] == ["agents", "60.0", "%"]
    assert row(text, "  budget").split()[:3] == ["budget", "30.0", "%"]
    assert "135 people, 3 of them abandoned (2.2 %)" in text
    assert "3.6 abandons, 3 happened (1 to 8 is plausible): as forecast" in text


@pytest.mark.parametrize("fit", list(Fit))
def test_every_fit_has_its_words(fit: Fit) -> None:
    calibration: Any = PACING["calibration"]
    assert shown(calibration={**calibration, "fit": fit.value}).endswith(f"plausible): {FITS[fit.value]}")


@pytest.mark.parametrize("limit", list(Limit))
def test_every_limit_has_its_words(limit: Limit) -> None:
    total: Any = PACING["total"]
    name = "nothing" if limit is Limit.NONE else limit.value.replace("_", " ")
    line = row(shown(total={**total, "limits": {limit.value: 3}}), f"  {name}")
    assert line.split("%")[1].strip()


def test_preview_mode_has_words_of_its_own_for_agents() -> None:
    assert "no agent had accepted another lead" in row(shown(dial_mode="preview"), "  agents")


def test_what_was_not_learned_is_called_assumed() -> None:
    pacing: Any = PACING["pacing"]
    assert "24.5 % answer (of 812 calls), talk 182 s" in row(shown(), "learned")
    assert "24.5 % answer (assumed: " in row(shown(pacing={**pacing, "calls_seen": 0}), "learned")


def test_a_campaign_without_forecasts_has_no_line_for_them() -> None:
    points = [{**p, "answer_chance": None} for p in PACING["points"]]  # type: ignore[dict-item, attr-defined]
    text = shown(points=points, calibration=None, dial_mode="power")
    assert "answers %" not in text and "forecast" not in text
    assert "in flight" in text


def test_gaps_are_gaps_and_a_long_quiet_slot_fills_its_columns() -> None:
    text = minute(point(0, in_flight=8.0), point(20, in_flight=4.0, until="2026-11-27T12:00:50+00:00"))
    assert row(text, "in flight")[14:20] == "█ ▄▄▄ ".replace("▄", sparkline([4.0, 8.0])[0])
    text = minute(point(0, in_flight=1.0, until="2026-11-27T12:00:40+00:00"), point(30, in_flight=8.0))
    assert row(text, "in flight")[14:20] == "▂▂▂█  ", "a point of its own comes before one that lasts"


def test_text_of_others_cannot_control_the_terminal() -> None:
    stop = [{"obstacle": "\x1b[2Jboo", "times": 1, "until": "2026-11-27T12:01:00+00:00"}]
    assert "\x1b" not in shown(why="\x1b]0;x\x07y", obstacles=stop)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"state": "paused", "last_at": "2026-11-27T11:00:00+00:00"},
            f"the last one was made {ELEVEN}; none is made while the campaign is paused.",
        ),
        ({"state": "stopped", "last_at": None}, "it has made none yet; none is made while the campaign is stopped."),
        ({"state": "active", "last_at": None}, "They appear after ten seconds, after a minute while nothing is up."),
        ({"state": "active", "last_at": "2026-11-27T11:00:00+00:00"}, f"the last one was made {ELEVEN}."),
    ],
)
def test_nothing_to_draw_says_why(changes: dict[str, Any], sentence: str) -> None:
    text = shown(points=[], **changes)
    assert sentence in " ".join(text.split())
    assert "min" not in text.split() and all(width(line) <= 100 for line in text.splitlines())


def test_an_ascii_terminal_gets_ascii(run: Run, daemon: FakeDaemon) -> None:
    assert not knows_blocks(io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert not knows_blocks(io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    assert knows_blocks(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert screen(PACING, blocks=False).isascii()
    assert BLOCKS[-1] in run("pacing", "show", "spring", socket=daemon.path).stdout


def test_json_and_csv_are_the_points_and_ask_for_all_of_them(run: Run, daemon: FakeDaemon) -> None:
    answer = json.loads(run("pacing", "show", "spring", "--json", socket=daemon.path).stdout)
    assert len(answer["points"]) == 45 and answer["calibration"]["fit"] == "as_forecast"
    lines = run("pacing", "show", "spring", "-o", "csv", socket=daemon.path).stdout.splitlines()
    assert len(lines) == 46 and lines[0].startswith("at,until,mode,decisions")
    run("pacing", "show", "spring", "--last", "2h", socket=daemon.path)
    asked = daemon.asked("pacing.show")
    assert [params["points"] for params in asked] == [500, 500, 60]
    assert [params.get("last") for params in asked] == [None, None, 7200.0]


@pytest.mark.parametrize(("text", "seconds"), [("15m", 900), ("2h", 7200), ("1d", 86400), (" 5 min ", 300)])
def test_spans(text: str, seconds: float) -> None:
    assert parse_span(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "0h", "-5m", "5", "1.5h", "2h ago", "nan", "9999999d"])
def test_nonsense_is_no_span(text: str, run: Run) -> None:
    with pytest.raises(ValueError):
        parse_span(text)
    result = run("pacing", "show", "spring", f"--last={text}")
    assert result.exit_code == 2
    assert "is no length of time; write 15m, 2h or 1d" in result.stderr


@pytest.mark.parametrize(
    ("values", "from_zero", "picture"),
    [
        ([], True, ""),
        ([None, None], True, "  "),
        ([0, 0], True, "▁▁"),
        ([3, None, 3], True, "▄ ▄"),
        ([0, 8], True, "▁█"),
        ([7, 8], True, "██"),
        ([7, 8], False, "▁█"),
        ([-4, 0, 4], True, "▁▅█"),
    ],
)
def test_sparklines(values: list[float | None], from_zero: bool, picture: str) -> None:
    assert sparkline(values, from_zero=from_zero) == picture
    assert sparkline(values, from_zero=from_zero, blocks=False) == picture.translate(str.maketrans(BLOCKS, ASCII))


@given(st.lists(st.none() | st.floats(-1e9, 1e9)), st.booleans())
def test_a_sparkline_has_a_mark_for_each_value_and_keeps_their_order(values: list[float | None], zero: bool) -> None:
    drawn = sparkline(values, from_zero=zero)
    assert len(drawn) == len(values)
    pairs = sorted((value, BLOCKS.index(mark)) for value, mark in zip(values, drawn, strict=True) if value is not None)
    assert [mark for _, mark in pairs] == sorted(mark for _, mark in pairs)
    assert all(mark == " " for value, mark in zip(values, drawn, strict=True) if value is None)


@pytest.mark.parametrize("columns", [80, 100])
def test_every_line_fits_and_no_number_is_cut(columns: int) -> None:
    points = [
        {**p, "at": f"2026-11-27T12:{n // 2:02}:{30 * (n % 2):02}+00:00", "credit": -1234.5}
        for n, p in enumerate(list(PACING["points"])[: plotted(columns)])  # type: ignore[call-overload]
    ]
    limits = {limit.value: 10_000_000 + number for number, limit in enumerate(Limit)}
    total = {**PACING["total"], "limits": limits, "stopped": 40}  # type: ignore[dict-item]
    obstacle = "abandon rate 12.5 % (1125 of 9000) is above max_abandon_rate 5 %: dialling has stopped itself"
    obstacles = [{"obstacle": obstacle, "times": 12345, "until": "2026-11-26T12:01:00+00:00"}]
    step_s = 10 * math.ceil(24.25 * 3600 / plotted(columns) / 10)
    wide = {"since": "2026-11-26T12:00:00+00:00", "step_s": step_s, "obstacles": obstacles, "total": total}
    text = screen({**PACING, **wide, "points": points}, blocks=True, columns=columns)
    assert max(width(line) for line in text.splitlines()) <= columns
    assert row(text, "credit").split()[-3:] == ["-1234.5"] * 3
    assert "12.5 % (1125 of 9000)" in " ".join(text.split())
    assert not [line for line in text.splitlines() if line.strip().startswith("%")]
