"""Owns the knowledge which campaigns have many leads: what is chosen or counted at once, and what by another thread."""

from __future__ import annotations

from dialerd.store.session import Session

SMALL = 5_000  # leads that may become due: chosen from and counted in some milliseconds


class CampaignSizes:
    """A campaign that was found large stays so until `review`: counting up to 5,000 leads costs PostgreSQL 5-20 ms."""

    def __init__(self, small: int = SMALL) -> None:
        """`small`: the most leads of a small campaign."""
        self.small = small
        self._large: set[int] = set()

    def is_small(self, session: Session, campaign_id: int) -> bool:
        """Whether choosing and counting among this campaign's leads takes no time."""
        return campaign_id not in self._large and self.review(session, campaign_id)

    def review(self, session: Session, campaign_id: int) -> bool:
        """The same, counted now."""
        row = session.one(
            "SELECT COUNT(*) FROM (SELECT 1 FROM lead WHERE campaign_id = ? LIMIT ?) AS few",
            (campaign_id, self.small + 1),
        )
        small = row is None or row[0] <= self.small
        (self._large.discard if small else self._large.add)(campaign_id)
        return small

    def forget(self, campaign_id: int) -> None:
        """Leads have been added or removed."""
        self._large.discard(campaign_id)
