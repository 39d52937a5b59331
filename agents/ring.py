"""A ring of accounts that trade with each other, to look like a market (wash trading).

Members pass the same money round: one buys PT from the pool and sends it to the next, who sells
it there and sends the stable asset back, so that gross volume grows and nobody's holding does. At
the venue one stands inside the spread and the next takes it. They sleep until they are woken.

Sources: Cong, Li, Tang and Yang 2023 (crypto wash trading: round sizes, no net position); Victor
and Weintraud 2021 (cycles of token transfers between traders of a decentralised exchange).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import simpy
from pydantic import Field

from twin.clock import Process
from twin.errors import NoData
from twin.habitat import GWEI
from twin.protocol.parameters import Endowment
from twin.scenario.values import Pips, Seconds, Tokens6

from .base import ETHER, Params, TwinAgent
from .dealing import Dealings

__all__ = ["RingMember", "RingParams"]

TRANSFER_GAS = 100_000


class RingParams(Params):
    """A round of *size* stable every *every* seconds on average; all are scenario parameters.

    *capital* is in stable value on the pool's side, and as much again at *venue*, where
    *venue_size* PT goes round; 0 leaves the venue alone. *slippage* is what a swap tolerates.
    """

    size: Tokens6 = Field(default=5_000 * 10**6, ge=1)
    every: Seconds = Field(default=600, ge=1)
    capital: Tokens6 = 200_000 * 10**6
    venue: str = "meridian"
    venue_size: Tokens6 = 2_000 * 10**6
    slippage: Pips = 50_000


class RingMember(TwinAgent):
    """One account of a ring; the members of a world are one ring, in declared order."""

    family: ClassVar[str] = "ring"
    Params: ClassVar[type[Params]] = RingParams
    params: RingParams
    awake = False
    rounds = 0

    def endowment(self) -> Endowment:
        """Half of the capital in each token, and leave for the pool to take them."""
        half = self.params.capital // 2
        pool = "LiquidityPool"
        return Endowment(
            pt=half, stable=half, wei=100 * ETHER,
            approvals=(("PaymentToken", pool), ("StableAsset", pool)),
        )  # fmt: skip

    def venue_deposits(self) -> Iterable[tuple[str, int, int]]:
        """Half of the capital in each token at the venue, where it trades there."""
        half = self.params.capital // 2
        return [(self.params.venue, half, half)] if self.params.venue_size else []

    def wake(self) -> None:
        """Begin with the next round."""
        self.awake = True

    def rest(self) -> None:
        """Stop."""
        self.awake = False

    def live(self) -> Process:
        """Join the ring, and go round while awake."""
        ring: list[RingMember] = self.habitat.commons.setdefault("ring", [])
        ring.append(self)
        self._deal = Dealings(self.habitat, self.name)
        while True:
            wait = self.params.every * float(self.chance.standard_exponential())
            yield self.habitat.clock.after(max(1, round(wait)))
            following = ring[(ring.index(self) + 1) % len(ring)]
            if self.awake and following is not self:
                yield from self._round(following)
                if self.params.venue_size:
                    self._cross(following)
                self.rounds += 1

    def _round(self, other: RingMember) -> Process:
        """Buy PT and send it on; the other sells it and sends the money back."""
        bought = self._deal.swap(self.params.size, sell=False, slippage=self.params.slippage)
        receipt = (yield bought) if bought is not None else None
        if receipt is None or not receipt.success:
            return
        amount = self._deal.event(receipt, "LiquidityPool", "Swapped")["amountOut"]
        yield self._pass(self.name, "PaymentToken", other.name, amount)
        sold = Dealings(self.habitat, other.name).swap(
            amount, sell=True, slippage=self.params.slippage
        )
        receipt = (yield sold) if sold is not None else None
        if receipt is None or not receipt.success:
            return
        back = self._deal.event(receipt, "LiquidityPool", "Swapped")["amountOut"]
        yield self._pass(other.name, "StableAsset", self.name, back)

    def _pass(self, sender: str, token: str, receiver: str, amount: int) -> simpy.Event:
        to = self.habitat.account(receiver)
        return self.habitat.send(
            sender, token, "transfer", to, amount, gas=TRANSFER_GAS, tip=GWEI
        )  # fmt: skip

    def _cross(self, other: RingMember) -> None:
        """Stand in the middle of the spread, and let the other take all of it."""
        venue = self.habitat.venues[self.params.venue]
        try:
            bid, ask = venue.best()
            price = (bid + ask) // 2
            if not bid < price < ask:
                return
            placed = venue.rest(self.name, "sell", self.params.venue_size, price)
            venue.place(other.name, "buy", self.params.venue_size, price)
            if placed.id is not None:
                venue.cancel(self.name, placed.id)
        except NoData:
            return
