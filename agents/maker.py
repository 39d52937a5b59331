"""Market makers on an external venue (A5): quotes around a reservation price that leans on stock.

Source: Avellaneda and Stoikov 2008, Quantitative Finance 8(3). With inventory q, risk aversion
gamma, variance sigma^2 and time left T - t, the reservation price is s - q gamma sigma^2 (T - t)
and the spread gamma sigma^2 (T - t) + (2 / gamma) ln(1 + gamma / k). The venue never closes, so
the time left is a constant *horizon*; prices are in basis points of the middle that the other
quotes of the venue make, inventory in lots.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field

from twin.clock import DAY, Process
from twin.errors import NoData
from twin.market.chance import settle
from twin.market.quoting import half_spread
from twin.protocol.parameters import Endowment
from twin.scenario.values import Seconds, Share, Tokens6

from .base import ETHER, Params, TwinAgent

__all__ = ["MarketMaker", "MarketMakerParams", "quotes"]

BPS = 10_000


class MarketMakerParams(Params):
    """*gamma* per basis point and lot, *k* (decay of the fill rate) per basis point.

    *volatility* is the s.d. of the log price over a day, *horizon* the time left that the maker
    reckons with, *lot* what one quote holds (PT units). It quotes anew every *requote* seconds
    and after each fill. *capital* is in stable value, all of it at *venue*.
    """

    venue: str = "meridian"
    capital: Tokens6 = 1_000_000 * 10**6
    lot: Tokens6 = 5_000 * 10**6
    gamma: float = Field(default=0.1, gt=0)
    k: float = Field(default=1.5, gt=0)
    volatility: Share = 0.004
    horizon: Seconds = Field(default=3600, ge=1)
    requote: Seconds = Field(default=60, ge=1)


def quotes(middle: int, lots: float, *, gamma: float, k: float, variance: float) -> tuple[int, int]:
    """Return bid and ask in the unit of *middle*; *variance* is sigma^2 (T - t), squared bp.

    The middle is rounded away from, so that the bid is below the ask by at least two units.
    """
    lean = -lots * gamma * variance
    half = half_spread(gamma, k, risk=variance)
    bid = math.floor(settle(middle * (1 + (lean - half) / BPS)))
    ask = math.ceil(settle(middle * (1 + (lean + half) / BPS)))
    return max(1, bid), max(2, ask)


class MarketMaker(TwinAgent):
    """Stands on both sides of the book, and leans against what it holds too much of."""

    family: ClassVar[str] = "market-maker"
    Params: ClassVar[type[Params]] = MarketMakerParams
    params: MarketMakerParams
    filled = 0

    def endowment(self) -> Endowment:
        """Nothing on chain but a little gas: it lives at the venue."""
        return Endowment(wei=ETHER)

    def venue_deposits(self) -> Iterable[tuple[str, int, int]]:
        """Half of the capital in each token at the venue."""
        half = self.params.capital // 2
        return [(self.params.venue, half, half)]

    def live(self) -> Process:
        """Quote, and quote again when time has passed or somebody traded."""
        habitat, params = self.habitat, self.params
        venue = habitat.venues[params.venue]
        self._start = params.capital // 2
        self._orders: list[int] = []
        self._met = habitat.clock.event()
        venue.on_fill(self.name, self._filled)
        sigma = params.volatility * BPS
        variance = settle(sigma * sigma * params.horizon / DAY)
        yield habitat.clock.after(1 + int(self.chance.integers(params.requote)))
        while True:
            self._met = habitat.clock.event()
            self._quote(venue, variance)
            yield habitat.clock.after(params.requote) | self._met

    def _filled(self, _order: int, quantity: int, _price: int) -> None:
        self.filled += quantity
        if not self._met.triggered:
            self._met.succeed()

    @property
    def inventory(self) -> int:
        """PT units above what it began with, those in standing offers included."""
        venue = self.habitat.venues[self.params.venue]
        offered = sum(left for _, side, _, left in venue.resting(self.name) if side == "sell")
        return venue.balance(self.name)[0] + offered - self._start

    def _quote(self, venue: Any, variance: float) -> None:
        """Replace both quotes; a venue that does not answer is left alone."""
        params = self.params
        try:
            for order in self._orders:
                venue.cancel(self.name, order)
            lots = self.inventory / params.lot
            bid, ask = venue.best(without=self.name)
            buy, sell = quotes(
                (bid + ask) // 2, lots, gamma=params.gamma, k=params.k, variance=variance
            )
            # A maker does not take: it stays a unit behind what stands on the other side.
            placed = (
                venue.rest(self.name, "buy", params.lot, min(buy, ask - 1)),
                venue.rest(self.name, "sell", params.lot, max(sell, bid + 1)),
            )
        except NoData:
            return
        self._orders = [order.id for order in placed if order.id is not None]
