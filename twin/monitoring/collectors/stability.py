"""What a run would show first: what is redeemed and minted, at the reserve and at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["StabilityCollector"]

UNIT = 10**6


class StabilityCollector(Collector):
    """Reads the totals of minting, burning and redeeming."""

    name = "stability"
    calls = (
        ("PaymentToken", "totalMinted", ()),
        ("PaymentToken", "totalBurned", ()),
        ("Reserve", "totalMinted", ()),
        ("Reserve", "totalRedeemed", ()),
    )

    def __init__(self, registry: Registry) -> None:
        """Take the handles, in the order of the calls."""
        super().__init__(registry)
        names = ("pt_minted_total", "pt_burned_total", "redemption_minted_pt_total",
                 "redemption_redeemed_pt_total")  # fmt: skip
        self._totals = [registry.series(f"fictra_{name}", {}) for name in names]

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what answered."""
        for handle, answer in zip(self._totals, answers, strict=True):
            if self.known(answer):
                handle.set(answer / UNIT)
