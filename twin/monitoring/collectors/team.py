"""The team's own load: open incidents and firing alerts by severity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.errors import DeskError
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["TeamCollector"]

SEVERITIES = ("P1", "P2", "P3", "P4", "P5")


class TeamCollector(Collector):
    """Counts by severity; *firing* is asked for what fired after the last evaluation."""

    name = "team"

    def __init__(self, registry: Registry, *, firing: Callable[[], Mapping[str, int]]) -> None:
        """Take the handles."""
        super().__init__(registry)
        self._count_firing = firing
        self._open = [registry.series("fictra_incidents_open", {"severity": s}) for s in SEVERITIES]
        self._firing = [
            registry.series("fictra_alerts_firing", {"severity": s}) for s in SEVERITIES
        ]

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write both counts for every severity."""
        firing = self._count_firing()
        for severity, handle in zip(SEVERITIES, self._firing, strict=True):
            handle.set(firing.get(severity, 0))
        try:
            severities = [incident.severity for incident in desk.incidents.open()]
        except DeskError:
            self.missing()
            return
        for severity, handle in zip(SEVERITIES, self._open, strict=True):
            handle.set(severities.count(severity))
