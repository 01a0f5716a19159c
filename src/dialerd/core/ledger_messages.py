"""Owns how the dialer asks the store what a campaign's legal window holds, and the answer. Knows no table."""

from __future__ import annotations

from dataclasses import dataclass

from dialerd.core.abandon_window import WindowClock
from dialerd.core.pacing.ledger import LedgerHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLedger:
    """Read what a campaign's legal window holds, after every record finished before. Answered by LedgerLoaded."""

    campaign_id: int
    request: int
    clock: WindowClock


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLoaded:
    """Answer to LoadLedger: everything finished before it was asked, nothing that was finished later."""

    campaign_id: int
    request: int
    history: LedgerHistory
