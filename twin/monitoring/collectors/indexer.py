"""The indexer, as it speaks of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.errors import NoData
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["IndexerCollector"]


class IndexerCollector(Collector):
    """Asks the indexer how far it is."""

    name = "indexer"

    def __init__(self, registry: Registry) -> None:
        """Take the handles."""
        super().__init__(registry)
        self._up = registry.series("fictra_indexer_up", {})
        self._head = registry.series("fictra_indexer_head_block", {})
        self._time = registry.series("fictra_indexer_head_timestamp_seconds", {})
        self._events = registry.series("fictra_indexer_events", {})

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what it answers; silence is `up` 0."""
        try:
            status = desk.services.indexer.status()
        except NoData:
            self._up.set(0)
            return
        self._up.set(1)
        self._head.set(status.block)
        self._time.set(status.timestamp)
        self._events.set(status.events)
