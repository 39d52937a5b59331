"""External venues, as their public tickers show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.errors import DeskError
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["VenueCollector"]

UNIT = 10**6


class VenueCollector(Collector):
    """Asks each of *venues* for its ticker."""

    name = "venues"

    def __init__(self, registry: Registry, venues: Sequence[str]) -> None:
        """Take the handles."""
        super().__init__(registry)
        self._venues = [
            (
                venue,
                [
                    registry.series(f"fictra_venue_{metric}", {"venue": venue})
                    for metric in ("up", "mid_ratio", "spread_ratio", "volume_pt_total")
                ],
            )
            for venue in venues
        ]

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what answered: silence is `up` 0 and an error, a one-sided book has no middle."""
        for venue, (up, mid, spread, volume) in self._venues:
            try:
                ticker = desk.venues.ticker(venue)
            except DeskError:
                up.set(0)
                self.missing()
                continue
            up.set(1)
            volume.set(ticker.volume / UNIT)
            if ticker.bid <= 0 or ticker.ask <= 0:
                self.missing()
                continue
            twice = ticker.bid + ticker.ask
            mid.set(twice / 2 / UNIT)
            spread.set((ticker.ask - ticker.bid) * 2 / twice)
