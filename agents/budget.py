"""The budget of a sovereign (A15): when FT are converted to PT, and how fiscal stress moves that.

Model: the treasury needs a sum a day, need x exp(volatility x stress), where stress is an
autoregression of order one with unit variance, stress' = persistence x stress + sqrt(1 -
persistence^2) e, moved once a day. In calm it converts for the need alone, above what it keeps
for its votes, and only while one FT brings at least *floor*. Above the stress threshold it
converts whatever the need asks for, at any price, out of everything that is free. A share of the PT is
sold to the pool: salaries are not paid in PT.

No source is published for how sovereigns convert: all parameters are the scenario's.
"""

from __future__ import annotations

import math

from pydantic import Field

from twin.clock import DAY, HOUR, Process
from twin.habitat import GWEI, Habitat
from twin.market.chance import settle
from twin.scenario.values import Pips, Tokens6, Tokens18

from .base import ETHER, Params
from .dealing import PIPS, Dealings

__all__ = ["Budget", "BudgetParams"]

CONVERT_GAS = 500_000
CONVERSION = 2
"""The kind of the conversion fee in `FeeSchedule`."""


class BudgetParams(Params):
    """*need* in PT units a day; *keep* FT wei stay for votes; *floor* PT units that one FT brings.

    *persistence* and *volatility* of the stress are per day and without unit, as is *threshold*.
    *sold* is the share of the converted PT that the pool takes, at no worse than *slippage*.
    """

    need: Tokens6 = 100_000 * 10**6
    keep: Tokens18 = 10_000 * 10**18
    floor: Tokens6 = 0
    persistence: float = Field(default=0.98, ge=0, lt=1)
    volatility: float = Field(default=0.5, ge=0)
    threshold: float = 1.5
    sold: float = Field(default=0.5, ge=0, le=1)
    slippage: Pips = Field(default=20_000, lt=PIPS)


class Budget:
    """The budget of the sovereign *name*, which exports *commodity*."""

    def __init__(
        self, habitat: Habitat, name: str, *, commodity: str, params: BudgetParams
    ) -> None:
        """Start at the long-run distribution of the stress."""
        self._habitat, self._name, self._params = habitat, name, params
        self._feed = habitat.deployment.feeds[commodity]
        self._deal = Dealings(habitat, name)
        self._chance = habitat.once("sovereign", name, "budget")
        self.stress = float(self._chance.standard_normal())
        self.converted = 0
        """PT units that conversions brought."""

    def live(self) -> Process:
        """Settle the budget once a day, at an hour of its own."""
        yield self._habitat.clock.after(int(self._chance.integers(HOUR, DAY)))
        while True:
            yield from self._settle()
            yield self._habitat.clock.after(DAY)
            rho = self._params.persistence
            normal = float(self._chance.standard_normal())
            self.stress = settle(rho * self.stress + math.sqrt(1 - rho * rho) * normal)

    @property
    def stressed(self) -> bool:
        """Whether the need comes before everything else."""
        return self.stress > self._params.threshold

    def amount(self) -> int:
        """Return the FT wei to convert now: what the need asks for, as far as it is free."""
        ask, params, account = self._deal.ask, self._params, self._deal.account
        per_ft: int = ask("Conversion", "quote", self._feed, ETHER)
        if not per_ft or (not self.stressed and per_ft < params.floor):
            return 0
        need: int = round(params.need * settle(math.exp(params.volatility * self.stress)))
        tied = sum(ask("FoundationToken", what, account) for what in ("locked", "held"))
        tied += 0 if self.stressed else params.keep
        free: int = max(0, ask("FoundationToken", "balanceOf", account) - tied)
        left: int = min(
            ask("Conversion", "dailyLimit") - ask("Conversion", "convertedToday"),
            ask("Conversion", "sovereignLimit") - ask("Conversion", "convertedTodayBy", account),
        )
        net: int = max(0, left) * (PIPS - ask("FeeSchedule", "fee", CONVERSION)) // PIPS
        # one part in a million below the limit: the quote of one FT is itself rounded down
        return min(free, min(need, net * (PIPS - 1) // PIPS) * ETHER // per_ft)

    def _settle(self) -> Process:
        """Convert for the day, and sell what has to be money."""
        amount, habitat = self.amount(), self._habitat
        args = ("Conversion", "convert", self._feed, amount, 0)
        if amount <= 0 or not habitat.works(self._name, *args):
            return
        receipt = yield habitat.send(self._name, *args, gas=CONVERT_GAS, tip=GWEI)
        if not receipt.success:
            return
        brought = self._deal.event(receipt, "Conversion", "Converted")["ptAmount"]
        self.converted += brought
        share = round(self._params.sold * PIPS)
        sale = self._deal.swap(brought * share // PIPS, sell=True, slippage=self._params.slippage)
        if sale is not None:
            yield sale
