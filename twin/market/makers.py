"""The background makers of a venue: a value of their own, and a ladder of quotes around it.

The logarithm of the value follows an Ornstein-Uhlenbeck process around that of `mid`,
discretised exactly: dx = -k (x - ln mid) dt + s dW with k = ln 2 / half_life and s the declared
`volatility` per square root of a day. Takers leave two marks. Depth that was taken comes back by
the share `refill` at each requote (the temporary impact). And of the distance by which takers
pushed the middle of the book, the makers believe the share 1 - `refill`: their value moves there
(the permanent impact, which then reverts with the half-life).
"""

from __future__ import annotations

import math

import numpy as np

from twin.clock import DAY
from twin.market.chance import PIPS, settle
from twin.market.orderbook import SideName
from twin.scenario.market import VenueSpec

__all__ = ["SIDES", "Makers"]

SIDES: tuple[SideName, SideName] = ("buy", "sell")


class Makers:
    """The makers of one venue, drawing from *chance*: the ladder as prices and quantities.

    *quantities* holds, by side, what each level of the ladder has at present (PT units).
    """

    __slots__ = (
        "_chance", "_depth", "_log_mid", "_quoted", "_spec", "_widening", "_x", "quantities", "value",
    )  # fmt: skip

    def __init__(self, spec: VenueSpec, chance: np.random.Generator) -> None:
        """Stand at the middle with full depth."""
        self._spec, self._chance = spec, chance
        self._log_mid = self._x = settle(math.log(spec.mid / PIPS))
        self.value = self._quoted = spec.mid
        self._depth, self._widening = spec.depth, 0
        self.quantities: dict[SideName, list[int]] = {
            side: [spec.depth] * spec.levels for side in SIDES
        }

    def wait(self) -> int:
        """Draw the seconds to the next requote: exponential, at least one."""
        return max(1, round(self._spec.requote * float(self._chance.standard_exponential())))

    def move(self, seconds: int) -> None:
        """Let *seconds* pass since the last requote, weigh what takers did, and quote anew."""
        spec = self._spec
        rate = math.log(2) / spec.half_life
        decay = settle(math.exp(-rate * seconds))
        # expm1 keeps the digits that 1 - exp(-x) loses when the half-life is long
        variance = -math.expm1(-2 * rate * seconds) / (2 * rate * DAY)
        spread = settle(spec.volatility * math.sqrt(variance))
        pushed = 0.0
        middle = self._middle()
        if middle != self._quoted and spec.refill < 1:
            pushed = settle((1 - spec.refill) * math.log(middle / self._quoted))
        ahead = self._log_mid + (self._x - self._log_mid) * decay
        self._x = ahead + pushed + spread * float(self._chance.standard_normal())
        self.value = max(1, round(math.exp(self._x) * PIPS))
        for levels in self.quantities.values():
            if min(levels) == self._depth:  # nobody took anything
                continue
            for index, quantity in enumerate(levels):
                if quantity < self._depth:
                    back = math.ceil((self._depth - quantity) * spec.refill)
                    levels[index] = quantity + back
        self._quoted = self._middle()

    def withdraw(self, share_ppm: int, widening: int) -> None:
        """Quote the share *share_ppm* of the depth from now on, each side *widening* pips further out.

        What stands is cut at once; what comes back (a share of a million, no widening) refills.
        """
        self._depth, self._widening = self._spec.depth * share_ppm // PIPS, widening
        for levels in self.quantities.values():
            levels[:] = [min(quantity, self._depth) for quantity in levels]
        self._quoted = self._middle()

    def price(self, side: SideName, level: int) -> int:
        """Return the price of *level* (0 is the best), rounded away from the value; 0 is none."""
        away = self._spec.spread // 2 + self._widening + level * self._spec.level_step
        if side == "sell":
            return max(self.value + 1, -(-self.value * (PIPS + away) // PIPS))
        return max(0, min(self.value - 1, self.value * (PIPS - away) // PIPS))

    def best(self, side: SideName) -> int | None:
        """Return the best price with depth on *side*, or None where all of it was taken."""
        for level, quantity in enumerate(self.quantities[side]):
            if quantity:
                return self.price(side, level) or None
        return None

    def _middle(self) -> int:
        """Return the middle of the ladder; a side that was taken whole counts one level on."""
        bid, ask = (self.best(side) for side in SIDES)
        bid = self.price("buy", self._spec.levels) if bid is None else bid
        ask = self.price("sell", self._spec.levels) if ask is None else ask
        return max(1, (bid + ask) // 2)
