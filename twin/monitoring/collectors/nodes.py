"""RPC nodes, as each speaks of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.errors import NoData
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["NodeCollector"]

METRICS = ("up", "head_block", "head_timestamp_seconds", "peers", "latency_seconds")


class NodeCollector(Collector):
    """Asks each of *nodes* for its status."""

    name = "nodes"

    def __init__(self, registry: Registry, nodes: Sequence[str]) -> None:
        """Take the handles."""
        super().__init__(registry)
        self._nodes = [
            (node, [registry.series(f"fictra_node_{name}", {"node": node}) for name in METRICS])
            for node in nodes
        ]

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what answered: silence is `up` 0, and no error of the exporter, which has asked."""
        for node, (up, head, time, peers, latency) in self._nodes:
            try:
                status = desk.services.nodes.status(node)
            except NoData:
                up.set(0)
                continue
            up.set(1)
            head.set(status.number)
            time.set(status.timestamp)
            peers.set(status.peers)
            latency.set(status.latency / 1000)
