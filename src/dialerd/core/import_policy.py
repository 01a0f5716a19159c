"""Owns the words for what an import does with numbers that are leads already. Knows no file and no table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Unique(Enum):
    """Where a number may be a lead only once."""

    LIST = "list"
    CAMPAIGN = "campaign"
    STORE = "store"


class OnDuplicate(Enum):
    """What happens to a row whose number is a lead there: its values are left, replaced, or the row is rejected."""

    SKIP = "skip"
    UPDATE = "update"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPolicy:
    """How rows are added. `hold`: a new list is not dialled from until somebody makes it active."""

    unique: Unique = Unique.CAMPAIGN
    on_duplicate: OnDuplicate = OnDuplicate.SKIP
    hold: bool = False
