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
