"""The market of one run: commodities, vendors, index, venues, customs and demand, by name."""

from __future__ import annotations

from collections.abc import Callable

from twin.clock import Clock
from twin.events import VenueTraded
from twin.market.customs import Customs
from twin.market.demand import Demand
from twin.market.index import make_indices
from twin.market.paths import make_paths
from twin.market.reports import ReportBoard
from twin.market.sources import make_sources
from twin.market.venue import make_venues
from twin.random import Streams
from twin.scenario.market import MarketSpec

__all__ = ["Market"]


class Market:
    """Everything outside the chain that has a price, as *spec* declares it."""

    def __init__(
        self,
        spec: MarketSpec,
        clock: Clock,
        *,
        streams: Streams,
        start: int,
        end: int,
        on_trade: Callable[[VenueTraded], object],
    ) -> None:
        """Make the parts; nothing moves before `start`."""
        self.paths = make_paths(spec.commodities, streams=streams, start=start, end=end)
        self.sources = make_sources(spec.sources, self.paths, streams)
        self.indices = make_indices(spec.index, self.paths, streams)
        self.venues = make_venues(spec.venues, clock, streams=streams, on_trade=on_trade)
        self.customs = Customs(streams)
        self.demand = Demand(clock, elasticity_ppm=spec.elasticity_ppm)
        self.reports = ReportBoard()

    def start(self) -> None:
        """Let the venues' makers quote."""
        for venue in self.venues.values():
            venue.start()
