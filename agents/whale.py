"""A large holder that sells, or buys, into the pool at once or in slices when it is woken.

The trader of the swap of 85 million UST of 2022-05-07, or of the pump of a thin market (Mango,
2022-10-11): it does not care for the price. It sleeps until then.
"""

from __future__ import annotations

from typing import ClassVar

import simpy
from pydantic import Field

from twin.clock import Process
from twin.protocol.parameters import Endowment
from twin.scenario.values import Pips, Seconds, Tokens6

from .base import ETHER, Params, TwinAgent
from .dealing import Dealings

__all__ = ["Whale", "WhaleParams"]


class WhaleParams(Params):
    """*amount* of what is given (PT when it sells) in *slices*, *spacing* seconds apart."""

    amount: Tokens6 = Field(default=300_000 * 10**6, ge=1)
    buys: bool = False
    slices: int = Field(default=3, ge=1, le=1_000)
    spacing: Seconds = Field(default=300, ge=1)
    slippage: Pips = Field(default=500_000, lt=1_000_000)


class Whale(TwinAgent):
    """One account with a large position."""

    family: ClassVar[str] = "whale"
    Params: ClassVar[type[Params]] = WhaleParams
    params: WhaleParams
    _awake: simpy.Event | None = None
    resting = False

    def endowment(self) -> Endowment:
        """The position, and leave for the pool to take it."""
        pt, stable = (0, self.params.amount) if self.params.buys else (self.params.amount, 0)
        pool = "LiquidityPool"
        return Endowment(
            pt=pt, stable=stable, wei=100 * ETHER,
            approvals=(("PaymentToken", pool), ("StableAsset", pool)),
        )  # fmt: skip

    def wake(self) -> None:
        """Begin."""
        self.resting = False
        if self._awake is not None and not self._awake.triggered:
            self._awake.succeed()

    def rest(self) -> None:
        """Leave the slices that have not been traded."""
        self.resting = True

    def live(self) -> Process:
        """Wait, then trade the slices."""
        self._awake = self.habitat.clock.event()
        yield self._awake
        deal = Dealings(self.habitat, self.name)
        size = -(-self.params.amount // self.params.slices)
        for _ in range(self.params.slices):
            if self.resting:
                return
            swapped = deal.swap(
                size, sell=not self.params.buys, slippage=self.params.slippage
            )  # fmt: skip
            if swapped is not None:
                yield swapped
            yield self.habitat.clock.after(self.params.spacing)
