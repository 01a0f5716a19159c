"""What the fake dialerd answers about answering-machine detection."""

from __future__ import annotations

from typing import Any

QUEUE = {
    "waiting": 31,
    "calls": [
        {
            "call": 4711, "campaign": "spring", "at": "2026-11-22T10:00:00+00:00", "amd_cause": "MAXWORDS-4-3",
            "file": "/nonexistent/amd/20261122/dlr-4711-0badcafe.wav", "seen": False,
        },
        {
            "call": 4690, "campaign": "spring", "at": "2026-11-21T10:00:00+00:00",
            "amd_cause": "INITIALSILENCE-2500-2500",
            "file": "/nonexistent/amd/20261121/dlr-4690-0badcafe.wav", "seen": True,
        },
    ],
}  # fmt: skip
SAMPLES = {
    "campaign": "spring", "total": 3, "unseen": 1,
    "samples": [
        {
            "attempt_id": 4711, "file": "/nonexistent/amd/20261122/dlr-4711-0badcafe.wav", "heard": "person",
            "told_by": "review", "parameters": "2500,1500,800,5000,100,50,3,256,5000", "amd_status": "MACHINE",
            "amd_cause": "MAXWORDS-4-3", "at": "2026-11-22T10:00:00+00:00",
        },
    ],
}  # fmt: skip


def reviewed(params: dict[str, Any]) -> dict[str, Any]:
    """The answer to a review."""
    return {
        "call": params["call"], "heard": params["heard"], "reviewed_by": "root", "note": params.get("note", ""),
        "amd_status": "MACHINE", "amd_cause": "MAXWORDS-4-3", "before": {"heard": "machine", "reviewed_by": "sue"},
    }  # fmt: skip


def _range(value: float | None, low: float, high: float) -> dict[str, float | None]:
    return {"value": value, "low": low, "high": high}


_DELAY = {"calls": 900, "median_s": 1.42, "p95_s": 1.98, "max_s": 5.02}
_FIGURES: dict[str, Any] = {
    "calls": 1234,
    "people_lost": {"number": _range(12.4, 3.14, 30.2), "share": _range(1.5, 0.4, 3.6)},
    "machines_leaked": {"number": _range(43.0, 43.0, 43.0), "share": _range(11.3, 10.8, 11.9)},
    "as_machines": {"calls": 367, "person": 2, "machine": 58, "unknown": 307, "people": _range(3.4, 0.9, 8.2)},
    "to_agents": {"calls": 860, "person": 817, "machine": 43, "unknown": 0, "people": _range(95.0, 95.0, 95.0)},
    "delay": {"human": _DELAY, "machine": {**_DELAY, "calls": 367}, "to_people": _DELAY},
}
REPORT: dict[str, Any] = {
    "campaign": "spring", "since": None, "until": None, "by": "", **_FIGURES,
    "matrix": [
        {"said": "human", "got": "agent", "calls": 860, "person": 817, "machine": 43, "unknown": 0,
         "people": _range(95.0, 95.0, 95.0)},
        {"said": "machine", "got": "machine", "calls": 367, "person": 2, "machine": 58, "unknown": 307,
         "people": _range(3.4, 0.9, 8.2)},
        {"said": "none", "got": "nobody", "calls": 7, "person": 0, "machine": 0, "unknown": 7,
         "people": _range(None, 0.0, 100.0)},
    ],
    "estimate": {"amd_false_positive_rate": 0.0412, "enough": False, "heard": 60, "of": 367, "wanted": 100},
    "voicemail": {"started": 12, "to_the_end": 10, "cues": {"beep": 9, "silence": 3}},
    "waiting": 40, "amd_false_positive_rate": 0.02, "parts": [],
}  # fmt: skip
PARTED = {**REPORT, "by": "hour", "parts": [{"key": "09", **_FIGURES}, {"key": "10", **_FIGURES}]}
CALLS = {
    "campaign": "spring", "total": 367,
    "calls": [
        {"call": 4711, "at": "2026-11-22T10:00:00+00:00", "said": "machine", "got": "machine", "heard": "person",
         "told_by": "review", "amd_cause": "MAXWORDS-4-3", "disposition": "machine", "delay_s": 1.241,
         "file": "/nonexistent/amd/20261122/dlr-4711-0badcafe.wav"},
    ],
}  # fmt: skip
