"""Owns a virtual store whose list of leads never ends: a what-if asks how fast is dialled, not how long a list lasts.

Must not know the gate or the dispositions: the virtual store behind it does.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import datetime

from dialerd.core.campaign import Campaign
from dialerd.core.lead import Lead
from dialerd.core.messages import ClaimLeads, StoreEvent
from dialerd.simulation.memory_store import NEW_IS_DUE, MemoryStore, StoredLead

ZONE = "Etc/UTC"


class EndlessStore(MemoryStore):
    """One campaign's store: every claim is met with numbers that were never called. Numbers are invented."""

    def __init__(self, campaigns: Iterable[Campaign]) -> None:
        """Given the campaigns; leads are made when they are claimed."""
        super().__init__(campaigns, ())
        self._ids = itertools.count(1)

    def _claim(self, command: ClaimLeads, now: datetime) -> list[StoreEvent]:
        for number in itertools.islice(self._ids, command.count):
            lead = Lead(id=number, campaign_id=command.campaign_id, list_id=1, number=f"1{number:011d}", zones=(ZONE,))
            stored = self.leads[lead.id] = StoredLead(lead)
            self._put_due(stored, NEW_IS_DUE)
        return super()._claim(command, now)
