"""Owns which calls are sampled: of these the sound that AMD hears is kept. Pure; knows no files and no Asterisk."""

from __future__ import annotations

from datetime import datetime

DRAWN_FROM = 8
"""So many hexadecimal digits at the token's start draw the lot. The order in which samples are listened to comes from
others (`store/amd_reviews.py`): it must not depend on how few were drawn."""


def is_sampled(token: str, share: float) -> bool:
    """Given an attempt's token (random hexadecimal digits) and the share of calls to sample (0–1), draw its lot.

    The same token gives the same answer, and a greater share only ever adds calls.
    """
    return int(token[:DRAWN_FROM], 16) / (1 << 4 * DRAWN_FROM) < share


def sample_file(folder: str, channel_id: str, day: datetime) -> str:
    """Where Asterisk writes a call's sample: by day in the folder of recordings; empty without such a folder."""
    return f"{folder}/amd/{day:%Y%m%d}/{channel_id}.wav" if folder else ""
