"""Speculators (A3): each is a fundamentalist or a chartist, and the crowd's mood pulls.

Source: Franke and Westerhoff 2012, Journal of Economic Dynamics and Control 36(8), model DCA-HPM,
estimated on the S&P 500. With p the log price and p* its fundamental value,

    demand of a fundamentalist  phi (p* - p) + sigma_f e
    demand of a chartist        chi (p - p before) + sigma_c e
    attractiveness              a = alpha_n (n_f - n_c) + alpha_0 + alpha_p (p - p*)^2
    share of fundamentalists    n_f = 1 / (1 + exp(-beta a))

Here every speculator draws its own kind from n_f when it looks at the market, where n_f - n_c is
the mood of the crowd as it stands; the pool's price answers their orders in the place of the
paper's market maker. The fundamental value of PT is its peg.
"""

from __future__ import annotations

import math
from typing import ClassVar

from pydantic import Field

from twin.clock import DAY, Process
from twin.market.chance import settle
from twin.market.herding import Beliefs, fundamentalists
from twin.protocol.parameters import Endowment
from twin.scenario.values import Pips, Tokens6

from .base import ETHER, Params, TwinAgent
from .dealing import PIPS, Dealings

__all__ = ["Crowd", "Speculator", "SpeculatorParams"]

CENT = 10_000


class SpeculatorParams(Beliefs, Params):
    """Beliefs, the paper's by default; *size* is the order in stable units for a demand of 1.

    A speculator looks at the market *looks_per_day* times at Poisson times; the paper's period
    is a day, so one look a day is the calibrated pace. Speculators with one *crowd* herd together.
    """

    looks_per_day: float = Field(default=1.0, gt=0)
    crowd: str = "crowd"
    size: Tokens6 = 1_000 * 10**6
    size_cap: Tokens6 = 20_000 * 10**6
    capital: Tokens6 = 100_000 * 10**6
    slippage: Pips = Field(default=10_000, lt=PIPS)


class Crowd:
    """How many speculators there are, and how many of them are fundamentalists."""

    def __init__(self) -> None:
        """Nobody yet."""
        self.total = self.fundamentalists = 0

    @property
    def mood(self) -> float:
        """n_f - n_c, from -1 (all chartists) to 1."""
        return (2 * self.fundamentalists - self.total) / self.total


class Speculator(TwinAgent):
    """Trades on what it believes of the price."""

    family: ClassVar[str] = "speculator"
    Params: ClassVar[type[Params]] = SpeculatorParams
    params: SpeculatorParams
    fundamentalist = True
    trades = 0

    def endowment(self) -> Endowment:
        """Half of the capital in each token, and leave for the pool to take them."""
        half, pool = self.params.capital // 2, "LiquidityPool"
        return Endowment(
            pt=half, stable=half, wei=100 * ETHER,
            approvals=(("PaymentToken", pool), ("StableAsset", pool)),
        )  # fmt: skip

    def live(self) -> Process:
        """Join the crowd; at Poisson times choose a kind, and trade on it."""
        name = f"speculators of {self.params.crowd}"
        self._crowd: Crowd = self.habitat.commons.setdefault(name, Crowd())
        self._crowd.total += 1
        self._crowd.fundamentalists += 1
        self._dealings = Dealings(self.habitat, self.name)
        self._before = self._log_price()
        while True:
            wait = float(self.chance.standard_exponential()) * DAY / self.params.looks_per_day
            yield self.habitat.clock.after(max(1, math.ceil(wait)))
            self._look()

    def _log_price(self) -> float:
        pt, stable = self.habitat.reserves()
        return settle(math.log(stable / pt)) if pt and stable else 0.0

    def share(self, price: float) -> float:
        """Return n_f for a log *price* off the peg, at the crowd's present mood."""
        return settle(float(fundamentalists(self.params, self._crowd.mood, price)))

    def _look(self) -> None:
        """Choose a kind and trade; all chance is drawn every time, whatever comes of it."""
        params = self.params
        drawn, noise = float(self.chance.random()), float(self.chance.standard_normal())
        price = self._log_price()
        chosen = drawn < self.share(price)
        self._crowd.fundamentalists += int(chosen) - int(self.fundamentalist)
        self.fundamentalist = chosen
        if chosen:
            demand = -params.phi * price + params.sigma_f * noise
        else:
            demand = params.chi * (price - self._before) + params.sigma_c * noise
        self._before = price
        cents = round(abs(settle(demand)) * params.size / CENT)
        size = min(cents * CENT, params.size_cap)
        if self._dealings.swap(size, sell=demand < 0, slippage=params.slippage) is not None:
            self.trades += 1
