"""All exchanges, our prober of them, and the client that the desk shows.

The prober is ours, as a blackbox exporter is: it places an order far from the market and takes it
back every few minutes, and withdraws a little now and then, since a status page says what its
author believes. What it saw is kept for the desk.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

from twin.clock import Clock, Process
from twin.desk import exchange_answers as answers
from twin.desk.port.exchanges import (
    Balance,
    BookSnapshot,
    OrderProbe,
    Pair,
    PublicTrade,
    Release,
    StatusPage,
    VenueIndex,
    VenueKey,
    WithdrawalProbe,
)
from twin.errors import NoData, UnknownName
from twin.market.venue import Venue
from twin.random import Streams
from twin.scenario.services_exchanges import ExchangeSpec
from twin.services.exchange import Exchange

__all__ = ["ExchangeClient", "ExchangeHouse"]

KEPT = 5_000
"""Probes that are kept for each venue."""


class ExchangeHouse:
    """The exchanges of *venues* by name, as *specs* has them, and what our prober saw."""

    def __init__(
        self,
        venues: Mapping[str, Venue],
        specs: Mapping[str, ExchangeSpec],
        *,
        clock: Clock,
        streams: Streams,
    ) -> None:
        """Make one for each venue; a spec for another name raises UnknownName."""
        for name in specs:
            if name not in venues:
                raise UnknownName("venue", name, venues)
        self._clock, self._venues = clock, venues
        self.by_name = {
            name: Exchange(
                venue,
                specs.get(name, ExchangeSpec()),
                clock=clock,
                streams=streams,
                prices=self._middles,
            )
            for name, venue in venues.items()
        }
        self.orders: dict[str, list[OrderProbe]] = {name: [] for name in venues}
        self.refused: dict[str, list[WithdrawalProbe]] = {name: [] for name in venues}

    def _middles(self) -> Mapping[str, int]:
        """Return the middle of every venue that has one."""
        found = {}
        for name, venue in self._venues.items():
            try:
                found[name] = venue.mid
            except NoData:
                continue
        return found

    def start(self) -> None:
        """Let the prober begin."""
        for name, exchange in self.by_name.items():
            self._clock.spawn(self._order(name, exchange))
            self._clock.spawn(self._withdraw(name, exchange))

    def _order(self, name: str, exchange: Exchange) -> Process:
        probes = self.orders[name]
        while True:
            ok, seen, rtt, error = exchange.probe_order()
            probes.append(OrderProbe(self._clock.now, ok, seen, rtt, error))
            if len(probes) > 2 * KEPT:
                del probes[:KEPT]
            yield self._clock.after(exchange.spec.probe_every)

    def _withdraw(self, name: str, exchange: Exchange) -> Process:
        while True:
            error = exchange.withdraw()
            if error:
                self.refused[name].append(WithdrawalProbe(self._clock.now, None, error))
            yield self._clock.after(exchange.spec.withdraw_every)


class ExchangeClient:
    """The port `Exchanges` over a house."""

    __slots__ = ("_clock", "_house")

    def __init__(self, house: ExchangeHouse, clock: Clock) -> None:
        """Show this house at the present of *clock*."""
        self._house, self._clock = house, clock

    def _exchange(self, venue: str) -> Exchange:
        if venue not in self._house.by_name:
            raise UnknownName("venue", venue, self._house.by_name)
        return self._house.by_name[venue]

    def names(self) -> list[str]:
        """The venues there are."""
        return list(self._house.by_name)

    def get(
        self, venue: str, endpoint: str, *, sandbox: bool = False, since: int = 0
    ) -> Mapping[str, Any]:
        """Return the raw JSON of *endpoint*."""
        return self._exchange(venue).answer(endpoint, sandbox=sandbox, since=since)

    def time(self, venue: str) -> int:
        """Return the venue's own unix second."""
        return answers.read_answer(venue, "time", self.get(venue, "time"), answers.time_of)

    def pair(self, venue: str) -> Pair:
        """Return the metadata of our pair."""
        return answers.read_answer(venue, "pair", self.get(venue, "pair"), answers.pair_of)

    def book(self, venue: str) -> BookSnapshot:
        """Return the order book."""
        return answers.read_answer(venue, "book", self.get(venue, "book"), answers.book_of)

    def trades(self, venue: str, *, since: int = 0) -> list[PublicTrade]:
        """Return the last published trades."""
        raw = self.get(venue, "trades", since=since)
        return answers.read_answer(venue, "trades", raw, answers.trades_of)

    def status(self, venue: str) -> StatusPage:
        """Return the status page."""
        return answers.read_answer(venue, "status", self.get(venue, "status"), answers.status_of)

    def key(self, venue: str) -> VenueKey:
        """Return what the venue knows of our key."""
        return answers.read_answer(venue, "key", self.get(venue, "key"), answers.key_of)

    def balance(self, venue: str) -> Balance:
        """Return what is ours there."""
        raw = self.get(venue, "balances")
        return answers.read_answer(venue, "balances", raw, answers.balance_of)

    def index(self, venue: str) -> VenueIndex:
        """Return the index that the venue marks by."""
        return answers.read_answer(venue, "index", self.get(venue, "index"), answers.index_of)

    def changelog(self, venue: str) -> list[Release]:
        """Return the announcements on the API."""
        raw = self.get(venue, "changelog")
        return answers.read_answer(venue, "changelog", raw, answers.changelog_of)

    def sandbox_order(self, venue: str) -> str:
        """Place, find and cancel an order in the sandbox."""
        return self._exchange(venue).sandbox_order()

    def listing(self, venue: str) -> Pair:
        """Return the pair as we agreed on it."""
        exchange = self._exchange(venue)
        spec = exchange.spec
        return Pair(
            symbol=spec.symbol, api=spec.api, status="trading", tick=spec.tick, lot=spec.lot,
            fee=exchange.agreed_fee, decimals=spec.decimals, band_low=spec.band_low,
            band_high=spec.band_high,
        )  # fmt: skip

    def orders(self, venue: str, *, since: int = 0) -> list[OrderProbe]:
        """Return our order probes."""
        self._exchange(venue)
        probes = self._house.orders[venue]
        return probes[bisect_left(probes, since, key=lambda item: item.at) :]

    def withdrawals(self, venue: str, *, since: int = 0) -> list[WithdrawalProbe]:
        """Return our withdrawal probes; what will be done later is still pending now."""
        now = self._clock.now
        sent = self._exchange(venue).withdrawals
        made = [
            WithdrawalProbe(
                item.sent, item.done if item.done is not None and item.done <= now else None
            )
            for item in sent[bisect_left(sent, since, key=lambda item: item.sent) :]
        ]
        refused = [item for item in self._house.refused[venue] if item.sent >= since]
        return sorted([*made, *refused], key=lambda item: item.sent)
