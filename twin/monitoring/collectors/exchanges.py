"""Exchanges and makers: what our probes saw, until when the key lasts, what is quoted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, MakerContract, View
from twin.errors import DeskError
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["ExchangeCollector", "MakerCollector"]

UNIT = 10**6
METRICS = (
    "order_ok", "book_live", "order_rtt_seconds", "withdrawal_pending_seconds", "status_healthy",
    "key_expires_timestamp_seconds",
)  # fmt: skip
HOUR, DAY = 3_600, 86_400


class ExchangeCollector(Collector):
    """Reads the probes, the status page and the key of each of *venues*."""

    name = "exchanges"

    def __init__(self, registry: Registry, venues: Sequence[str]) -> None:
        """Take the handles."""
        super().__init__(registry)
        self._venues = {
            venue: [
                registry.series(f"fictra_exchange_{metric}", {"venue": venue})
                for metric in METRICS
            ]
            for venue in venues
        }  # fmt: skip

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what each venue's probes saw; a key that the venue does not show is missing."""
        exchanges, now = desk.services.exchanges, desk.now
        for venue, (ok, live, rtt, pending, healthy, expires) in self._venues.items():
            probes = exchanges.orders(venue, since=now - HOUR)
            if probes:
                last = probes[-1]
                ok.set(int(last.ok))
                if last.ok:
                    live.set(int(last.seen))
                    rtt.set(last.rtt_ms / 1000)
            waiting = [
                now - item.sent
                for item in exchanges.withdrawals(venue, since=now - DAY)
                if item.done is None and not item.error
            ]
            pending.set(max(waiting, default=0))
            try:
                healthy.set(int(exchanges.status(venue).healthy))
            except DeskError:
                self.missing()
            try:
                exchanges.time(venue)
            except DeskError:
                self.missing()  # a venue that is down says nothing of our key
                continue
            try:
                expires.set(exchanges.key(venue).expires)
            except DeskError:
                expires.set(0)  # refused: to the rules it is a key that ended long ago


class MakerCollector(Collector):
    """Holds what each of *contracts* quotes against what it owes."""

    name = "makers"

    def __init__(self, registry: Registry, contracts: Sequence[MakerContract]) -> None:
        """Take the handles."""
        super().__init__(registry)
        self._contracts = [
            (
                contract,
                [
                    registry.series(
                        f"fictra_maker_{metric}",
                        {"maker": contract.maker, "venue": contract.venue},
                    )
                    for metric in ("honoured", "depth_pt", "spread_ratio")
                ],
            )
            for contract in contracts
        ]

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write what is quoted; while a venue is down, its makers quote nothing there."""
        for contract, (honoured, depth, spread) in self._contracts:
            try:
                quotes = desk.services.makers.quotes(contract)
            except DeskError:
                honoured.set(0)
                depth.set(0)
                continue
            honoured.set(int(quotes.honours(contract)))
            depth.set(quotes.depth(contract.within) / UNIT)
            if quotes.spread is not None:
                spread.set(quotes.spread / UNIT)
