"""The independent index, against which the oracle is held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.errors import DeskError
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["IndexCollector"]

USD = 10**8


class IndexCollector(Collector):
    """Asks for the index of each of *commodities*."""

    name = "index"

    def __init__(self, registry: Registry, commodities: Sequence[str]) -> None:
        """Take the handles."""
        super().__init__(registry)
        self._handles = [
            (
                name,
                registry.series("fictra_index_usd", {"commodity": name}),
                registry.series("fictra_index_timestamp_seconds", {"commodity": name}),
            )
            for name in commodities
        ]

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what answered."""
        for name, price, time in self._handles:
            try:
                quote = desk.feeds.index(name)
            except DeskError:
                self.missing()
                continue
            price.set(quote.price / USD)
            time.set(quote.at)
