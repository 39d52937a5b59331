"""The liquidity pool: price, reserves, depth, and what was traded since deployment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["PoolCollector"]

UNIT = 10**6
LEVELS = (1, 5, 10)
"""Percentages of price at which depth is measured."""


class PoolCollector(Collector):
    """Reads reserves and counters of `LiquidityPool`."""

    name = "pool"
    calls = tuple(
        ("LiquidityPool", function, ())
        for function in ("reserves", "volume", "feesPaid", "swapCount")
    )

    def __init__(self, registry: Registry) -> None:
        """Take the handles."""
        super().__init__(registry)
        self._price = registry.series("fictra_pool_price_ratio", {})
        self._pt = registry.series("fictra_pool_reserve_pt", {})
        self._stable = registry.series("fictra_pool_reserve_stable", {})
        # Adding stable moves the price by p when the reserve grows by sqrt(1 + p).
        self._depths = [
            (
                registry.series("fictra_pool_depth_stable", {"level": str(level)}),
                math.sqrt(1 + level / 100) - 1,
            )
            for level in LEVELS
        ]
        self._counters = (
            (registry.series("fictra_pool_volume_stable_total", {}), UNIT),
            (registry.series("fictra_pool_fees_stable_total", {}), UNIT),
            (registry.series("fictra_pool_swaps_total", {}), 1),
        )

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what answered; an empty pool has reserves but no price."""
        reserves, *totals = answers
        if self.known(reserves):
            self._reserves(reserves[0], reserves[1])
        for (handle, unit), total in zip(self._counters, totals, strict=True):
            if self.known(total):
                handle.set(total / unit)

    def _reserves(self, pt: int, stable: int) -> None:
        self._pt.set(pt / UNIT)
        self._stable.set(stable / UNIT)
        if pt:
            self._price.set(stable / pt)
        else:
            self.missing()
        for handle, growth in self._depths:
            handle.set(stable / UNIT * growth)
