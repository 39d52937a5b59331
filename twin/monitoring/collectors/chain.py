"""The chain: head, base fee, utilisation, what was included and how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.errors import ChainError, DeskError
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["ChainCollector"]

PPM = 1_000_000


class ChainCollector(Collector):
    """Summarises the blocks since the last scrape that succeeded."""

    name = "chain"

    def __init__(self, registry: Registry, *, since: int) -> None:
        """Count from unix second *since*."""
        super().__init__(registry)
        self._since = since
        self._included, self._reverted = 0, 0

        def gauge(name: str) -> Any:
            return registry.series(f"fictra_chain_{name}", {}).set

        self._head, self._time = gauge("head_block"), gauge("head_timestamp_seconds")
        self._base_fee, self._utilisation = gauge("base_fee_wei"), gauge("utilisation_ratio")
        self._pending = gauge("pending_transactions")
        self._transactions = gauge("transactions_total")
        self._failures = gauge("reverted_transactions_total")
        self._confirmation = gauge("confirmation_seconds")

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Ask for the blocks since the last scrape; a chain that cannot be read is one error."""
        if view is None:
            self.missing()
            return
        try:
            head, stats = view.block, view.stats(since=self._since)
        except (ChainError, DeskError):
            self.missing()
            return
        self._since = stats.timestamp
        self._included += stats.transactions
        self._reverted += stats.reverted
        self._head(head)
        self._time(stats.timestamp)
        self._base_fee(stats.base_fee)
        self._utilisation(stats.utilisation_ppm / PPM)
        self._pending(stats.pending)
        self._transactions(self._included)
        self._failures(self._reverted)
        if stats.confirmation_max >= 0:
            self._confirmation(stats.confirmation_max)
