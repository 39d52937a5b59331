"""The market of one run: prices, vendors, venues, institutions, export papers and demand, by name."""

from __future__ import annotations

from collections.abc import Callable

from twin.clock import Clock
from twin.events import VenueTraded
from twin.market.bank import make_banks
from twin.market.custody import make_custodians
from twin.market.customs import Customs
from twin.market.demand import Demand
from twin.market.exports import make_export_feeds
from twin.market.index import make_indices
from twin.market.paths import make_paths
from twin.market.reports import ReportBoard
from twin.market.sources import make_sources
from twin.market.venues import make_venues
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
        self.venue_specs = spec.venues
        self.venues = make_venues(spec.venues, clock, streams=streams, on_trade=on_trade)
        self.fx = make_paths(spec.fx, streams=streams, start=start, end=end, family="fx")
        self.rates = make_indices(spec.index, self.fx, streams)
        self.banks = make_banks(spec.banks, clock)
        self.custodians = make_custodians(
            spec.custodians, clock, banks=self.banks, prices=self.paths
        )
        self.customs = Customs(streams, common_mode_ppm=spec.exports.common_mode)
        self.export_feeds = make_export_feeds(
            spec.exports.feeds, clock, customs=self.customs, seed=streams.seed,
            common_mode=spec.exports.common_mode,
        )  # fmt: skip
        self.demand = Demand(clock, elasticity_ppm=spec.elasticity_ppm)
        self.reports = ReportBoard()

    def start(self) -> None:
        """Let the venues' makers quote."""
        for venue in self.venues.values():
            venue.start()
