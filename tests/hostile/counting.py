"""Owns the count of hostile requests of a test run, told at its end."""

from __future__ import annotations

from collections import Counter

SENT: Counter[str] = Counter()
"""By target; a request is one line, one conversation or one message."""

FIGURES: list[str] = []
"""What was measured in a daemon under attack, one line each."""
