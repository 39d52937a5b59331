"""The mail gateway: carries notices to their audience, and keeps a receipt of each."""

from __future__ import annotations

from twin.clock import Clock
from twin.desk.port.deliveries import NoticeReceipt
from twin.desk.port.team import Notice
from twin.scenario.services_papers import DeliveriesSpec
from twin.services.chance import Latency

__all__ = ["DeliveryClient", "MailGateway"]


class MailGateway:
    """Hears the notice board; the fault handles are `lose` and `find`."""

    def __init__(self, spec: DeliveriesSpec, clock: Clock, *, seed: int) -> None:
        """Nothing was sent yet."""
        self._clock = clock
        self._latency = Latency(seed, "deliveries", median=spec.median_ms, p95=spec.p95_ms)
        self._lost: set[str] = set()
        self._sent: list[NoticeReceipt] = []

    def hear(self, notice: Notice) -> None:
        """Carry *notice*, unless its audience is lost now."""
        arrives: int | None = None
        if not any(notice.audience == one for one in self._lost):
            arrives = notice.at + 1 + self._latency.at(notice.at, notice.audience) // 1000
        self._sent.append(NoticeReceipt(notice.audience, notice.subject, notice.at, arrives))

    def log(self) -> list[NoticeReceipt]:
        """Return everything, with the receipts that have come by now."""
        now = self._clock.now
        return [
            item
            if item.delivered is None or item.delivered <= now
            else NoticeReceipt(item.audience, item.subject, item.sent, None)
            for item in self._sent
        ]

    def lose(self, audience: str) -> None:
        """Lose what goes to *audience*."""
        self._lost.add(audience)

    def find(self, audience: str) -> None:
        """Carry it again."""
        self._lost.discard(audience)


class DeliveryClient:
    """The port `Deliveries`."""

    __slots__ = ("_gateway",)

    def __init__(self, gateway: MailGateway) -> None:
        """Read this one."""
        self._gateway = gateway

    def log(self, *, since: int = 0) -> list[NoticeReceipt]:
        """Return what was sent from unix second *since* on."""
        return [item for item in self._gateway.log() if item.sent >= since]
