"""Conversions and cargo settlements: what went through, against the limits of the day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.errors import ChainError, DeskError
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["ConversionCollector", "SettlementCollector"]

UNIT, WEI = 10**6, 10**18


class ConversionCollector(Collector):
    """Reads `Conversion`."""

    name = "conversion"
    calls = tuple(
        ("Conversion", function, ())
        for function in ("convertedToday", "dailyLimit", "totalPt", "totalFt")
    )

    def __init__(self, registry: Registry) -> None:
        """Take the handles, in the order of the calls."""
        super().__init__(registry)
        rows = (("today_pt", UNIT), ("daily_limit_pt", UNIT), ("pt_total", UNIT), ("ft_total", WEI))
        self._handles = [
            (registry.series(f"fictra_conversion_{name}", {}), unit) for name, unit in rows
        ]

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what answered."""
        for (handle, unit), answer in zip(self._handles, answers, strict=True):
            if self.known(answer):
                handle.set(answer / unit)


class SettlementCollector(Collector):
    """Reads `Settlement`, and follows its disputes by their events."""

    name = "settlement"
    calls = tuple(
        ("Settlement", function, ())
        for function in ("totalEscrow", "totalReleased", "totalFees", "count", "maxAmount")
    )

    def __init__(self, registry: Registry, *, since: int) -> None:
        """Take the handles; disputes count from unix second *since*."""
        super().__init__(registry)
        rows = (("escrow_pt", UNIT), ("released_pt_total", UNIT), ("fees_pt_total", UNIT),
                ("deals_total", 1), ("max_amount_pt", UNIT))  # fmt: skip
        self._handles = [
            (registry.series(f"fictra_settlement_{name}", {}), unit) for name, unit in rows
        ]
        self._disputes = registry.series("fictra_settlement_disputes_open", {})
        self._since, self._open = since, set[int]()

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what answered, and how many deals are disputed now."""
        for (handle, unit), answer in zip(self._handles, answers, strict=True):
            if self.known(answer):
                handle.set(answer / unit)
        if view is None:
            self.missing()
            return
        try:
            for event in ("DealDisputed", "DealSplit", "DealReleased", "DealRefunded"):
                for log in view.logs("Settlement", event, since=self._since):
                    change = self._open.add if event == "DealDisputed" else self._open.discard
                    change(int(log.args["id"]))
        except (ChainError, DeskError):
            self.missing()
            return
        self._since = view.timestamp + 1
        self._disputes.set(len(self._open))
