"""APIs, by one synthetic request to each a scrape (a blackbox exporter that looks into the box)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.desk.samples import OK, right
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["EndpointCollector"]

METRICS = ("up", "latency_seconds", "correct")


class EndpointCollector(Collector):
    """Probes each of *endpoints*."""

    name = "endpoints"

    def __init__(self, registry: Registry, endpoints: Sequence[str]) -> None:
        """Take the handles."""
        super().__init__(registry)
        self._endpoints = [
            (
                name,
                [registry.series(f"fictra_endpoint_{one}", {"endpoint": name}) for one in METRICS],
            )
            for name in endpoints
        ]

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what came back. A refusal is what is measured, not an error of the exporter."""
        endpoints = desk.services.endpoints
        for name, (up, latency, correct) in self._endpoints:
            answer = endpoints.probe(name)
            up.set(int(answer.status == OK))
            latency.set(answer.latency / 1000)
            judged = right(desk, endpoints.integration(name), answer)
            if judged is not None:
                correct.set(int(judged))
