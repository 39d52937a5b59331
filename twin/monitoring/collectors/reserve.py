"""The reserve: what it holds and is worth, its attestations, what was redeemed of its limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["ReserveCollector"]

UNIT, PIPS = 10**6, 10**6
ASSETS = ("stable", "bills", "gold")
HOLDING = (
    "holding", "attested_timestamp_seconds", "expiry_timestamp_seconds", "policy_weight_ratio",
)  # fmt: skip
TOTALS = ("totalValue", "coverage", "isOpen", "redeemedToday", "dailyLimit", "haircutNow",
          "totalRedeemed", "totalMinted")  # fmt: skip


class ReserveCollector(Collector):
    """Reads `Reserve`; an asset that was never attested has no attestation, an empty one no weight."""

    name = "reserve"
    calls = (
        *(("Reserve", function, ()) for function in TOTALS),
        *(("Reserve", "holding", (number,)) for number in range(len(ASSETS))),
        *(("Reserve", "valueOf", (number,)) for number in range(len(ASSETS))),
    )

    def __init__(self, registry: Registry) -> None:
        """Take the handles, in the order of the calls."""
        super().__init__(registry)
        names = ("value_usd", "contract_coverage_ratio", "open", "redeemed_today_pt", "daily_limit_pt",
                 "haircut_ratio", "redeemed_pt_total", "minted_pt_total")  # fmt: skip
        self._totals = [
            (registry.series(f"fictra_reserve_{name}", {}), 1 if name == "open" else UNIT)
            for name in names
        ]
        self._assets = [
            [registry.series(f"fictra_reserve_{metric}", {"asset": asset}) for metric in HOLDING]
            for asset in ASSETS
        ]
        self._weights = [
            registry.series("fictra_reserve_weight_ratio", {"asset": asset}) for asset in ASSETS
        ]

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what answered; an empty reserve shows nothing but that it is empty."""
        totals, holdings = answers[: len(TOTALS)], answers[len(TOTALS) : -len(ASSETS)]
        for (handle, unit), answer in zip(self._totals, totals, strict=True):
            if self.known(answer):
                handle.set(answer / unit)
        for handles, answer in zip(self._assets, holdings, strict=True):
            if self.known(answer):
                amount, attested, expiry, weight, *_ = answer
                handles[0].set(amount / UNIT)
                if attested:
                    handles[1].set(attested)
                    handles[2].set(expiry)
                handles[3].set(weight / PIPS)
        values = answers[-len(ASSETS) :]
        if all(isinstance(value, int) for value in values) and (whole := sum(values)):
            for handle, value in zip(self._weights, values, strict=True):
                handle.set(value / whole)
