"""What the families share that deal with pool, reserve and book: a swap, a worth, an insistence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import simpy

from twin.clock import DAY, MINUTE, Process
from twin.errors import Reverted
from twin.habitat import GWEI, Habitat

__all__ = ["PIPS", "Dealings", "poisson_wait"]

PIPS = 1_000_000
SWAP_GAS = 250_000
"""Gas limit of a swap; one takes about 100,000."""


def poisson_wait(draw: float, per_day: float) -> int:
    """Return the seconds to the next of *per_day* Poisson arrivals; *draw* is exponential of mean 1."""
    return max(1, round(draw * DAY / per_day))


class Dealings:
    """What the agent *name* does with contracts and never differently from another family's."""

    def __init__(self, habitat: Habitat, name: str) -> None:
        """Deal in *habitat* from the account of *name*."""
        self._habitat, self._name = habitat, name
        self.account = habitat.account(name)

    def price(self) -> int:
        """Return the pool's price, millionths of the stable asset per PT; 0 for an empty pool."""
        pt, stable = self._habitat.reserves()
        return stable * PIPS // pt if pt else 0

    def swap(self, size: int, *, sell: bool, slippage: int) -> simpy.Event | None:
        """Swap at most *size* units of what is sold, PT where *sell*, else the stable asset.

        Not below the quote less *slippage* pips; None where there is nothing to swap or the pool
        is paused, else the event of the receipt.
        """
        habitat = self._habitat
        size = min(size, habitat.balances(self.account)[0 if sell else 1])
        if size <= 0 or not all(habitat.reserves()) or habitat.paused("LiquidityPool"):
            return None
        return habitat.fate(self.order(size, sell=sell, slippage=slippage))

    def order(self, size: int, *, sell: bool, slippage: int, tip: int = GWEI) -> bytes:
        """Send a swap of *size* units, which are there, to a pool that is neither empty nor paused.

        *tip* is in wei; the rest is as in `swap`. The hash of the transaction is returned.
        """
        habitat = self._habitat
        pt, stable = habitat.reserves()
        into, out = (pt, stable) if sell else (stable, pt)
        paid = size * (PIPS - habitat.swap_fee()) // PIPS
        floor = out * paid // (into + paid) * (PIPS - slippage) // PIPS
        token = habitat.deployment.contract("PaymentToken" if sell else "StableAsset").address
        return habitat.post(
            self._name, "LiquidityPool", "swap", token, size, floor, self.account,
            gas=SWAP_GAS, tip=tip,
        )  # fmt: skip

    def insist(
        self,
        contract: str,
        function: str,
        *args: Any,
        gas: int,
        until: int,
        retry: int = 5 * MINUTE,
    ) -> Process:
        """Send a call once it would go through, until it has; return its receipt.

        It is tried every *retry* seconds; None once it is past unix second *until*.
        """
        habitat = self._habitat
        while habitat.clock.now <= until:
            if habitat.works(self._name, contract, function, *args):
                receipt = yield habitat.send(
                    self._name, contract, function, *args, gas=gas, tip=GWEI
                )
                if receipt.success:
                    return receipt
            yield habitat.clock.after(retry)
        return None

    def event(self, receipt: Any, contract: str, name: str) -> Mapping[str, Any]:
        """Return the arguments of the *name* event that *contract* left in *receipt*."""
        target = self._habitat.deployment.contract(contract)
        decoded = (target.decode_log(log) for log in receipt.logs)
        return next(found[1] for found in decoded if found is not None and found[0] == name)

    def ask(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view function; None where it reverts, as for a stale price."""
        try:
            return self._habitat.read(contract, function, *args)
        except Reverted:
            return None
