"""The registry and its Prometheus text."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialerd.control.metrics import MOST_SERIES, Registry


def test_text_form(tmp_path: Path) -> None:
    registry = Registry()
    calls = registry.counter("dialerd_calls_total", "Calls\nmade.", ("campaign",))
    calls.inc('a"b\\c\nd')
    calls.inc("x", by=2.5)
    registry.gauge("dialerd_agents", "Agents.", ("state",)).set(3, "ready")
    waits = registry.histogram("dialerd_wait_seconds", "Wait.", buckets=(0.1, 1))
    waits.observe(0.05)
    waits.observe(5)
    text = registry.render()
    assert text.splitlines() == [
        "# HELP dialerd_agents Agents.",
        "# TYPE dialerd_agents gauge",
        'dialerd_agents{state="ready"} 3',
        "# HELP dialerd_calls_total Calls\\nmade.",
        "# TYPE dialerd_calls_total counter",
        'dialerd_calls_total{campaign="a\\"b\\\\c\\nd"} 1',
        'dialerd_calls_total{campaign="x"} 2.5',
        "# HELP dialerd_wait_seconds Wait.",
        "# TYPE dialerd_wait_seconds histogram",
        'dialerd_wait_seconds_bucket{le="0.1"} 1',
        'dialerd_wait_seconds_bucket{le="1"} 1',
        'dialerd_wait_seconds_bucket{le="+Inf"} 2',
        "dialerd_wait_seconds_sum 5.05",
        "dialerd_wait_seconds_count 2",
    ]
    file = tmp_path / "dialerd.prom"
    registry.write_textfile(file)
    assert file.read_text() == text and [p.name for p in tmp_path.iterdir()] == ["dialerd.prom"]


def test_label_values_are_bounded() -> None:
    counter = Registry().counter("dialerd_x_total", "x", ("campaign",))
    for number in range(MOST_SERIES * 2):
        counter.inc(f"c{number}")
    assert len(counter.lines()) == MOST_SERIES + 1
    assert counter.value("other") == MOST_SERIES


def test_misuse() -> None:
    registry = Registry()
    counter = registry.counter("dialerd_x_total", "x")
    assert registry.counter("dialerd_x_total", "x") is counter
    with pytest.raises(ValueError, match="already"):
        registry.gauge("dialerd_x_total", "x")
    with pytest.raises(ValueError, match="_total"):
        registry.counter("dialerd_x", "x")
    with pytest.raises(ValueError, match="shrink"):
        counter.inc(by=-1)
    with pytest.raises(ValueError, match="labels"):
        counter.inc("a")
    with pytest.raises(ValueError, match="lower case"):
        registry.gauge("Dialerd", "x")
    with pytest.raises(ValueError, match="rise"):
        registry.histogram("dialerd_h", "x", buckets=(2, 1))
