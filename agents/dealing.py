"""What the families share that deal with pool, reserve and book: a swap, a worth, an insistence.

What went through can be taken back by a reorg, and a transaction that no longer has a place in the
new blocks is lost. Whoever insists on a call therefore looks again after a reorg (`Afterwards`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import simpy

from twin.clock import DAY, HOUR, MINUTE, Process
from twin.errors import Reverted
from twin.habitat import GWEI, Habitat

__all__ = ["PIPS", "Afterwards", "Dealings", "poisson_wait"]

PIPS = 1_000_000
SWAP_GAS = 250_000
"""Gas limit of a swap; one takes about 100,000."""


def poisson_wait(draw: float, per_day: float) -> int:
    """Return the seconds to the next of *per_day* Poisson arrivals; *draw* is exponential of mean 1."""
    return max(1, round(draw * DAY / per_day))


class Afterwards:
    """The calls of *name* that went through lately, sent again where a reorg took one back for good."""

    WINDOW = HOUR
    """Seconds for which a call is remembered: longer than any reorg is deep."""
    PATIENCE = 5 * MINUTE
    """Seconds left to the new blocks to take up again what waits."""

    def __init__(self, habitat: Habitat, name: str) -> None:
        """Remember nothing yet; listen to reorgs from the first call on."""
        self._habitat, self._name = habitat, name
        self._calls: deque[tuple[int, int, tuple[Any, ...]]] = deque()
        self._listening = False

    def note(self, *call: Any, gas: int) -> None:
        """Remember *call* (contract, function, arguments), which just went through."""
        now = self._habitat.clock.now
        if not self._listening:
            self._habitat.on_reorg(self._undone)
            self._listening = True
        while self._calls and self._calls[0][0] < now - self.WINDOW:
            self._calls.popleft()
        self._calls.append((now, gas, call))

    def _undone(self) -> None:
        since = self._habitat.clock.now - self.WINDOW
        for at, gas, call in tuple(self._calls):
            if at >= since:
                self._habitat.clock.spawn(self._again(call, gas))

    def _again(self, call: tuple[Any, ...], gas: int) -> Process:
        """Send *call* where it would go through once more: it is done no longer."""
        habitat = self._habitat
        yield habitat.clock.after(self.PATIENCE)
        if habitat.works(self._name, *call):
            receipt = yield habitat.send(self._name, *call, gas=gas, tip=GWEI)
            if receipt.success:
                self.note(*call, gas=gas)


class Dealings:
    """What the agent *name* does with contracts and never differently from another family's."""

    def __init__(self, habitat: Habitat, name: str) -> None:
        """Deal in *habitat* from the account of *name*."""
        self._habitat, self._name = habitat, name
        self.account = habitat.account(name)
        self._afterwards = Afterwards(habitat, name)

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

        It is tried every *retry* seconds; None once it is past unix second *until*. Where a reorg
        drops it, it is sent again.
        """
        habitat = self._habitat
        while habitat.clock.now <= until:
            if habitat.works(self._name, contract, function, *args):
                receipt = yield habitat.send(
                    self._name, contract, function, *args, gas=gas, tip=GWEI
                )
                if receipt.success:
                    self._afterwards.note(contract, function, *args, gas=gas)
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
