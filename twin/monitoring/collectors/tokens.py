"""The tokens: supply, cap, and which contracts are paused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["TokenCollector"]

PAUSABLE = (
    "AllocationBook", "Conversion", "FoundationToken", "LiquidityPool", "OracleNetwork",
    "PaymentToken", "Reserve", "Settlement",
)  # fmt: skip


class TokenCollector(Collector):
    """Reads supplies and the brakes of every contract that has one."""

    name = "tokens"
    calls = (
        ("FoundationToken", "totalSupply", ()),
        ("PaymentToken", "totalSupply", ()),
        ("PaymentToken", "cap", ()),
        *((contract, "paused", ()) for contract in PAUSABLE),
    )

    def __init__(self, registry: Registry) -> None:
        """Take the handles, in the order of the calls."""
        super().__init__(registry)
        self._handles = [
            (registry.series("fictra_ft_supply", {}), 10**18),
            (registry.series("fictra_pt_supply", {}), 10**6),
            (registry.series("fictra_pt_cap", {}), 10**6),
        ] + [
            (registry.series("fictra_contract_paused", {"contract": contract}), 1)
            for contract in PAUSABLE
        ]

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what answered."""
        for (handle, unit), answer in zip(self._handles, answers, strict=True):
            if self.known(answer):
                handle.set(answer / unit)
