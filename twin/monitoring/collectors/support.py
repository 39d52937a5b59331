"""What users write and what the alert path delivers, as their own APIs show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.errors import DeskError
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Held, Registry

__all__ = ["TOPICS", "SupportCollector"]

TOPICS = (
    "transaction-failed", "transaction-pending", "redemption-late", "balance-wrong",
    "funds-missing", "account-frozen", "cannot-trade", "how-to",
)  # fmt: skip
"""The topics of the form."""


class SupportCollector(Collector):
    """Counts tickets by topic and deliveries, from unix second *since* on."""

    name = "support"

    def __init__(self, registry: Registry, *, since: int) -> None:
        """Take the handles."""
        super().__init__(registry)
        self._since = since
        self._tickets: dict[str, Held] = {
            topic: registry.held("fictra_tickets_opened_total", {"topic": topic})
            for topic in TOPICS
        }
        self._delivered = registry.held("fictra_alertpath_delivered_total", {})

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Count what came since the last scrape that got an answer; the present second waits."""
        services, upto = desk.services, desk.now
        try:
            tickets = services.tickets.since(self._since)
            delivered = services.pager.deliveries(since=self._since)
        except DeskError:
            self.missing()
            return
        self._since = upto
        for ticket in tickets:
            if ticket.opened < upto and ticket.topic in self._tickets:
                self._tickets[ticket.topic].add()
        self._delivered.add(len([item for item in delivered if item.at < upto]))
