"""A laboratory for exchanges: the real counterparts over a real venue, on a clock of their own.

`Lab` is two venues with their exchanges, prober, makers, contacts and news, and a paper desk whose
services are their clients: what a test spoils, it spoils by the handles that faults use.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from paper_desk import NOW, PaperDesk

from twin.clock import Clock
from twin.events import VenueTraded
from twin.market.venue import Venue
from twin.random import Streams
from twin.scenario.market import VenueSpec
from twin.scenario.services_exchanges import ExchangeSpec, MakerSpec, NewsSpec
from twin.services.contacts import ContactBook, ContactClient
from twin.services.exchange import Exchange
from twin.services.exchanges import ExchangeClient, ExchangeHouse
from twin.services.makers import MakerClient, contracts_of
from twin.services.news import NewsClient, NewsFeed

__all__ = ["ADDRESSES", "Lab"]

HOUR = 3_600
STILL = VenueSpec(volatility=0.0, requote=7 * 86_400, depth=40_000)
NAMES = (
    "AllocationBook", "Conversion", "FeeSchedule", "LiquidityPool", "OracleNetwork", "PaymentToken",
    "Reserve", "Settlement", "StableAsset", "treasury",
)  # fmt: skip
ADDRESSES = {name: bytes([200 + number]) * 20 for number, name in enumerate(NAMES)}


class Lab:
    """Exchanges called *venues* after *hours* of probing."""

    def __init__(
        self,
        *venues: str,
        hours: int = 3,
        spec: ExchangeSpec | None = None,
        makers: tuple[MakerSpec, ...] = (),
        **paper: Any,
    ) -> None:
        names = venues or ("meridian", "zephyr")
        self.clock, self.streams = Clock(NOW), Streams(1)
        streams = self.streams
        self.log: list[VenueTraded] = []
        self.venues = {
            name: Venue(name, STILL, clock=self.clock, streams=streams, on_trade=self.log.append)
            for name in names
        }
        specs = {name: spec or ExchangeSpec() for name in names}
        self.house = ExchangeHouse(self.venues, specs, clock=self.clock, streams=streams)
        contracts = contracts_of(makers, dict.fromkeys(names, STILL))
        self.contacts = ContactBook({}, names, clock=self.clock, streams=streams)
        self.news = NewsFeed(NewsSpec(), names, clock=self.clock, streams=streams)
        self.desk = PaperDesk(addresses=dict(ADDRESSES), **paper)
        self.desk.services = SimpleNamespace(
            exchanges=ExchangeClient(self.house, self.clock),
            makers=MakerClient(contracts, self.venues, self.clock),
            contacts=ContactClient(self.contacts, self.clock),
            news=NewsClient(self.news),
        )
        self.desk.notices.on_publish(self.contacts.hear)
        self.house.start()
        self.news.start()
        self.run(hours * HOUR)

    def __getitem__(self, name: str) -> Exchange:
        """Return the exchange called *name*."""
        return self.house.by_name[name]

    def run(self, seconds: int) -> None:
        """Let *seconds* pass, for the exchanges and the desk."""
        self.clock.run(self.clock.now + seconds)
        self.desk.now = self.clock.now
        self.desk.tickers = {}
        for name, venue in self.venues.items():
            self.desk.tickers[name] = venue.mid if venue.up and all(self._sides(venue)) else None

    @staticmethod
    def _sides(venue: Venue) -> tuple[bool, bool]:
        published = venue.published()
        return bool(published.bids), bool(published.asks)
