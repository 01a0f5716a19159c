"""Owns the metrics registry that every part counts in, and its Prometheus text form. No HTTP, no asyncio.

Names start with `dialerd_`, in base units, counters end in `_total`. Labels are few and bounded by design
(campaign, mode, disposition, outcome), never a lead, a number or an agent; the registry enforces a limit all the same.
"""

from __future__ import annotations

import math
import os
import re
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

_NAME = re.compile(r"\A[a-z][a-z0-9_]*\Z")
MOST_SERIES = 500
"""Series of one metric; further label values are counted under `other`."""

DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds; 0.15 is the promise for answer → agent's bridge."""

Labels = tuple[str, ...]


class Metric(ABC):
    """Name, help and label names of one metric; the subclasses hold the values."""

    kind = ""

    def __init__(self, name: str, help: str, labels: Sequence[str] = ()) -> None:
        """Given names in lower case; raise ValueError for others."""
        for word in (name, *labels):
            if not _NAME.match(word):
                raise ValueError(f"metric or label name {word!r}: lower case letters, digits and _ only")
        self.name, self.help, self.label_names = name, help, tuple(labels)
        self._seen: set[Labels] = set()

    def _labels(self, values: tuple[object, ...]) -> Labels:
        if len(values) != len(self.label_names):
            raise ValueError(f"{self.name} takes the labels {self.label_names}, got {len(values)}")
        texts = tuple(str(value) for value in values)
        if texts in self._seen:
            return texts
        if len(self._seen) >= MOST_SERIES:
            return ("other",) * len(texts)
        self._seen.add(texts)
        return texts

    def _series(self, suffix: str, labels: Labels, value: float, extra: str = "") -> str:
        pairs = [f'{key}="{_escaped(text)}"' for key, text in zip(self.label_names, labels, strict=True)]
        inside = ",".join(pairs + ([extra] if extra else []))
        return (
            f"{self.name}{suffix}{{{inside}}} {_number(value)}" if inside else f"{self.name}{suffix} {_number(value)}"
        )

    @abstractmethod
    def lines(self) -> list[str]:
        """The series in Prometheus' text form."""


class Counter(Metric):
    """Only ever grows."""

    kind = "counter"

    def __init__(self, name: str, help: str, labels: Sequence[str] = ()) -> None:
        """See Metric."""
        super().__init__(name, help, labels)
        self._values: dict[Labels, float] = {}

    def inc(self, *labels: object, by: float = 1.0) -> None:
        """Add `by` (not negative) to the series of these label values."""
        if not by >= 0:
            raise ValueError(f"{self.name} cannot shrink")
        key = self._labels(labels)
        self._values[key] = self._values.get(key, 0.0) + by

    def value(self, *labels: object) -> float:
        """The present count; 0 if never counted."""
        return self._values.get(tuple(str(label) for label in labels), 0.0)

    def lines(self) -> list[str]:
        """See Metric."""
        return [self._series("", labels, value) for labels, value in sorted(self._values.items())]


class Gauge(Counter):
    """A value that is set."""

    kind = "gauge"

    def set(self, value: float, *labels: object) -> None:
        """Set the series of these label values."""
        self._values[self._labels(labels)] = float(value)


class Histogram(Metric):
    """How often a quantity fell below each bound, and its sum."""

    kind = "histogram"

    def __init__(
        self, name: str, help: str, labels: Sequence[str] = (), buckets: Sequence[float] = DEFAULT_BUCKETS
    ) -> None:
        """Given rising upper bounds; +Inf is added."""
        super().__init__(name, help, labels)
        if list(buckets) != sorted(set(buckets)):
            raise ValueError(f"{name}: bucket bounds must rise")
        self._bounds = (*buckets, math.inf)
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}

    def observe(self, value: float, *labels: object) -> None:
        """Count one observation."""
        key = self._labels(labels)
        counts = self._counts.setdefault(key, [0] * len(self._bounds))
        self._sums[key] = self._sums.get(key, 0.0) + value
        counts[bisect_left(self._bounds, value)] += 1

    def lines(self) -> list[str]:
        """See Metric."""
        found = []
        for labels, single in sorted(self._counts.items()):
            counts = list(accumulate(single))
            for bound, count in zip(self._bounds, counts, strict=True):
                found.append(self._series("_bucket", labels, count, f'le="{_number(bound)}"'))
            found.append(self._series("_sum", labels, self._sums[labels]))
            found.append(self._series("_count", labels, counts[-1]))
        return found


M = TypeVar("M", bound=Metric)


class Registry:
    """All metrics of a daemon. Asking for a known name returns the metric that is there."""

    def __init__(self) -> None:
        """Start empty."""
        self._metrics: dict[str, Metric] = {}

    def counter(self, name: str, help: str, labels: Sequence[str] = ()) -> Counter:
        """A counter; its name ends in `_total`."""
        if not name.endswith("_total"):
            raise ValueError(f"counter {name!r}: the name must end in _total")
        return self._add(Counter(name, help, labels))

    def gauge(self, name: str, help: str, labels: Sequence[str] = ()) -> Gauge:
        """A gauge."""
        return self._add(Gauge(name, help, labels))

    def histogram(
        self, name: str, help: str, labels: Sequence[str] = (), buckets: Sequence[float] = DEFAULT_BUCKETS
    ) -> Histogram:
        """A histogram."""
        return self._add(Histogram(name, help, labels, buckets))

    def render(self) -> str:
        """Everything in Prometheus' text form (version 0.0.4)."""
        found: list[str] = []
        for name, metric in sorted(self._metrics.items()):
            text = metric.help.replace("\\", "\\\\").replace("\n", "\\n")
            found += [f"# HELP {name} {text}", f"# TYPE {name} {metric.kind}", *metric.lines()]
        return "\n".join(found) + "\n" if found else ""

    def write_textfile(self, path: Path) -> None:
        """Write the text form for node_exporter: whole or not at all. Raise OSError when the folder forbids it."""
        new = path.with_name(f".{path.name}.new")
        new.write_text(self.render(), encoding="utf-8")
        os.replace(new, path)

    def _add(self, metric: M) -> M:
        known = self._metrics.setdefault(metric.name, metric)
        if type(known) is not type(metric) or known.label_names != metric.label_names:
            raise ValueError(f"{metric.name} is there already as {known.kind} with labels {known.label_names}")
        assert isinstance(known, type(metric))
        return known


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
