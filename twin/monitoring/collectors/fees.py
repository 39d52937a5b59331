"""The fee schedule: each fee, the bounds it may move in, and when it last moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["FeeCollector"]

KINDS = ("swap", "settlement", "conversion", "redemption")
"""The kinds of `FeeSchedule`, by their number."""
PIPS = 1_000_000


class FeeCollector(Collector):
    """Reads `FeeSchedule.schedule` of every kind."""

    name = "fees"
    calls = tuple(("FeeSchedule", "schedule", (kind,)) for kind in range(len(KINDS)))

    def __init__(self, registry: Registry) -> None:
        """Take the handles."""
        super().__init__(registry)
        self._kinds = [
            [
                registry.series(f"fictra_fee_{metric}", {"kind": kind})
                for metric in ("ratio", "min_ratio", "max_ratio", "changed_timestamp_seconds")
            ]
            for kind in KINDS
        ]

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what answered; a fee that never changed has no time of change."""
        for (fee, lowest, highest, changed), answer in zip(self._kinds, answers, strict=True):
            if not self.known(answer):
                continue
            now, low, high, _max_step, _min_delay, changed_at, _expiry = answer
            fee.set(now / PIPS)
            lowest.set(low / PIPS)
            highest.set(high / PIPS)
            if changed_at:
                changed.set(changed_at)
