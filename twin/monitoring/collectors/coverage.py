"""What the reserve covers and can pay out, as the last reconciliation and ladder found it.

Coverage rests on statements that come once a day, so that it is taken from the evidence of whoever
reconciles them (TR1, TR5); where nobody did, there is no sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["CoverageCollector"]

PPM, UNIT = 10**6, 10**6
HORIZONS = ("1h", "1d", "1w")


class CoverageCollector(Collector):
    """Reads the newest evidence of TR1 and TR5, each record once."""

    name = "coverage"

    def __init__(self, registry: Registry) -> None:
        """Know no record yet."""
        super().__init__(registry)
        self._registry = registry
        self._records: dict[str, tuple[str, Mapping[str, Any]]] = {}

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what the last records say."""
        coverage = self._newest(desk, "TR1").get("coverage_ppm")
        if coverage is not None:
            self._registry.series("fictra_reserve_coverage_ratio", {}).set(coverage / PPM)
        found = self._newest(desk, "TR5")
        for metric, key in (("ladder", "ladder"), ("demand", "asked")):
            for horizon in HORIZONS if key in found else ():
                name = f"fictra_reserve_{metric}_stable"
                self._registry.series(name, {"horizon": horizon}).set(found[key][horizon] / UNIT)

    def _newest(self, desk: Desk, procedure: str) -> Mapping[str, Any]:
        last = desk.evidence.last(procedure)
        if last is None:
            return {}
        known = self._records.get(procedure)
        if known is None or known[0] != last.ref:
            known = self._records[procedure] = (last.ref, desk.evidence.data(last.ref))
        return known[1]
