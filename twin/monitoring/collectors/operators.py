"""Oracle operators: what the metrics endpoint of each node says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.errors import NoData
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["OperatorCollector"]

WEI = 10**18


class OperatorCollector(Collector):
    """Reads every node's endpoint; one that is silent is down, which is no missing answer."""

    name = "operators"

    def __init__(self, registry: Registry, nodes: Sequence[str]) -> None:
        """Take the handles."""
        super().__init__(registry)
        self._nodes = {
            node: (
                registry.series("fictra_operator_up", {"node": node}),
                registry.series("fictra_operator_latency_seconds", {"node": node}),
                registry.series("fictra_operator_gas_ether", {"node": node}),
            )
            for node in nodes
        }

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what each endpoint says."""
        for node, (up, latency, gas) in self._nodes.items():
            try:
                status = desk.services.operators.status(node)
            except NoData:
                up.set(0)
                continue
            up.set(1)
            latency.set(status.latency_ms / 1000)
            gas.set(status.gas_wei / WEI)
