"""Noise traders (A4): Poisson arrivals of heavy-tailed sizes, on the pool and on a venue.

Sources: Gode and Sunder 1993 (zero intelligence), Farmer, Patelli and Zovko 2005 (Poisson order
flow). Volume answers the fee: arrivals go as base x (fee / fee0)^-elasticity.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field

from twin.clock import DAY, Process
from twin.errors import NoData
from twin.habitat import GWEI
from twin.protocol.parameters import Endowment
from twin.scenario.values import Pips, Tokens6

from .base import ETHER, Params, TwinAgent
from .dealing import PIPS, Dealings

__all__ = ["NoiseParams", "NoiseTrader"]

CENT = 10_000
"""People trade whole cents; the log-normal's last digits, which differ by CPU, go with the rest."""


class NoiseParams(Params):
    """*trades_per_day* at the starting fee; sizes in stable units, log-normal around the median.

    All are scenario parameters, to be set to the volume that a scenario wants. *sigma* is the
    log-normal's; *size_cap* truncates it. *venue_share* of the trades go to *venue*. *slippage*
    is what a trader tolerates against the price it saw. *reversion* is how strongly a trader
    turns back toward the inventory it started with (0 is a fair coin).
    """

    trades_per_day: float = Field(default=12.0, gt=0)
    size_median: Tokens6 = 400 * 10**6
    sigma: float = Field(default=1.0, ge=0, le=3)
    size_cap: Tokens6 = 20_000 * 10**6
    capital: Tokens6 = 100_000 * 10**6
    venue: str = "meridian"
    venue_share: float = Field(default=0.25, ge=0, le=1)
    slippage: Pips = Field(default=10_000, lt=PIPS)
    reversion: float = Field(default=0.3, ge=0, le=1)


class NoiseTrader(TwinAgent):
    """Trades for reasons of its own."""

    family: ClassVar[str] = "noise"
    Params: ClassVar[type[Params]] = NoiseParams
    params: NoiseParams

    def endowment(self) -> Endowment:
        """Half of the capital in each token, and leave for the pool to take them."""
        half = self.params.capital // 2
        pool = "LiquidityPool"
        return Endowment(
            pt=half, stable=half, wei=100 * ETHER,
            approvals=(("PaymentToken", pool), ("StableAsset", pool)),
        )  # fmt: skip

    def venue_deposits(self) -> Iterable[tuple[str, int, int]]:
        """A quarter of the capital in each token at the venue."""
        quarter = self.params.capital // 4
        return [(self.params.venue, quarter, quarter)]

    def live(self) -> Process:
        """Arrive, trade, and wait for the next arrival.

        The wait is drawn as a unit exponential of integrated rate, so that a change of fee or
        demand in the middle of it counts from that second on, exactly. What an arrival, rounded up
        to whole seconds, came too late is taken off the next wait.
        """
        self._dealings = Dealings(self.habitat, self.name)
        fee0 = self.habitat.swap_fee()
        demand, clock = self.habitat.demand, self.habitat.clock
        hazard = 0.0
        while True:
            hazard += float(self.chance.standard_exponential())
            while hazard > 0:
                rate = (
                    self.params.trades_per_day * demand.level(self.habitat.swap_fee(), fee0) / DAY
                )
                wait = max(1, math.ceil(hazard / rate))
                since = clock.now
                yield demand.wait(wait)
                hazard -= (clock.now - since) * rate
            self._trade()

    def _trade(self) -> None:
        """Draw a trade; every draw is made every time, so that outcomes move no later draw."""
        normal, side, where, tip = (
            float(self.chance.standard_normal()), float(self.chance.random()),
            float(self.chance.random()), float(self.chance.random()),
        )  # fmt: skip
        cents = round(self.params.size_median / CENT * math.exp(self.params.sigma * normal))
        size = min(cents * CENT, self.params.size_cap)
        pt, stable = self.habitat.balances(self._dealings.account)
        lean = self.params.reversion * (pt - stable) / max(1, pt + stable)
        sell = side < (1 + lean) / 2
        if where < self.params.venue_share:
            self._on_venue(size, sell=sell)
            return
        size = min(size, pt if sell else stable)
        if size <= 0 or self.habitat.paused("LiquidityPool"):
            return
        self._dealings.order(
            size, sell=sell, slippage=self.params.slippage, tip=GWEI + round(tip * GWEI)
        )

    def _on_venue(self, size: int, *, sell: bool) -> None:
        """Take what the venue's book offers within the slippage."""
        venue = self.habitat.venues[self.params.venue]
        try:
            bid, ask = venue.best()
        except NoData:
            return
        held: Any = venue.balance(self.name)
        if sell:
            limit = max(1, bid * (PIPS - self.params.slippage) // PIPS)
            quantity = min(size, held[0])
        else:
            limit = ask * (PIPS + self.params.slippage) // PIPS
            quantity = min(size, held[1]) * PIPS // limit
        if quantity > 0:
            venue.place(self.name, "sell" if sell else "buy", quantity, limit)
