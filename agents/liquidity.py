"""Liquidity providers (A7): enter and leave as the fee yield beats or misses what it costs.

Source: Milionis et al. 2022: a provider of a constant-product pool loses sigma^2/8 of its value
per unit of time to rebalancing (LVR). What a provider asks for beyond that is the scenario's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from pydantic import Field

from twin.clock import DAY, Process
from twin.habitat import GWEI
from twin.market.chance import settle
from twin.protocol.parameters import Endowment
from twin.scenario.values import Tokens6

from .base import ETHER, Params, TwinAgent

__all__ = ["LiquidityProvider", "LiquidityProviderParams"]

GAS = 400_000
PPM = 1_000_000
YEAR = 365 * DAY


class LiquidityProviderParams(Params):
    """*capital* in stable value; *initial* of it goes into the pool at the start.

    Once a day the provider moves *elasticity* x (fee yield - LVR - hurdle) / hurdle of its capital
    in or out, at most *step*. *hurdle_per_year* is the return it asks for.
    """

    capital: Tokens6 = 1_000_000 * 10**6
    initial: float = Field(default=0.5, ge=0, le=1)
    hurdle_per_year: float = Field(default=0.05, gt=0)
    elasticity: float = Field(default=0.1, ge=0)
    step: float = Field(default=0.1, ge=0, le=1)


@lru_cache(maxsize=64)
def _squared_return(price: int, before: int) -> float:
    """Return the squared logarithm of *price* over that *before*: all providers see the same."""
    return settle(math.log(price / before) ** 2)


class LiquidityProvider(TwinAgent):
    """Somebody who lends both tokens to the pool."""

    family: ClassVar[str] = "liquidity-provider"
    Params: ClassVar[type[Params]] = LiquidityProviderParams
    params: LiquidityProviderParams

    def endowment(self) -> Endowment:
        """Half of the capital in each token, and leave for the pool to take them."""
        half, pool = self.params.capital // 2, "LiquidityPool"
        return Endowment(
            pt=half, stable=half, wei=100 * ETHER,
            approvals=(("PaymentToken", pool), ("StableAsset", pool)),
        )  # fmt: skip

    def live(self) -> Process:
        """Put the initial share in; then look at the day's yield once a day."""
        habitat, clock = self.habitat, self.habitat.clock
        self._price = 0
        self._variance = 0.0
        habitat.on_log("LiquidityPool", "Synced", self._synced)
        yield clock.after(1 + int(self.chance.integers(0, 300)))
        yield from self._add(round(self.params.capital * self.params.initial))
        fees = habitat.read("LiquidityPool", "feesPaid")
        wait = int(self.chance.integers(DAY // 2, DAY))
        while True:
            self._variance = 0.0
            yield clock.after(wait)
            paid = habitat.read("LiquidityPool", "feesPaid")
            yield from self._review(paid - fees, wait)
            fees, wait = paid, DAY

    def _synced(self, _block: int, args: Mapping[str, Any]) -> None:
        """Add up the realised variance of the pool's price."""
        price = args["stable"] * PPM * PPM // max(1, args["pt"])
        if self._price > 0 and price > 0:
            self._variance += _squared_return(price, self._price)
        self._price = price

    def _review(self, fees: int, seconds: int) -> Process:
        """Hold the fee yield of the last *seconds* against LVR and hurdle, and move."""
        value = 2 * self.habitat.reserves()[1]
        if not value or self.habitat.paused("LiquidityPool"):
            return
        hurdle = self.params.hurdle_per_year * seconds / YEAR
        excess = (fees / value - self._variance / 8 - hurdle) / hurdle
        share = max(-self.params.step, min(self.params.step, self.params.elasticity * excess))
        amount = round(self.params.capital * share)
        if amount > 0:
            yield from self._add(amount)
        elif amount < 0:
            yield from self._remove(-amount)

    def _add(self, value: int) -> Process:
        """Add *value* (stable units, both sides together) at the pool's ratio."""
        account = self.habitat.account(self.name)
        pt, stable = self.habitat.reserves()
        mine = self.habitat.balances(account)
        into_pt = min(value // 2 * pt // max(1, stable), mine[0])
        into_stable = min(value // 2, mine[1])
        if into_pt > 0 and into_stable > 0:
            yield self.habitat.send(
                self.name, "LiquidityPool", "addLiquidity", into_pt, into_stable, 0, account,
                gas=GAS, tip=GWEI,
            )  # fmt: skip

    def _remove(self, value: int) -> Process:
        """Take *value* (stable units, both sides together) out, as far as it is there."""
        account = self.habitat.account(self.name)
        supply = self.habitat.read("LiquidityPool", "totalSupply")
        held = self.habitat.read("LiquidityPool", "balanceOf", account)
        shares = min(held, supply * value // max(1, 2 * self.habitat.reserves()[1]))
        if shares > 0:
            yield self.habitat.send(
                self.name, "LiquidityPool", "removeLiquidity", shares, 0, 0, account,
                gas=GAS, tip=GWEI,
            )  # fmt: skip
