"""The oracle network: accepted answers, each node's reports, bounds, and who is behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, Register, View
from twin.errors import DeskError
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Handle, Registry

__all__ = ["OracleCollector"]

USD = 10**8
FUNCTIONS = ("latest", "reports", "feedConfig")


class OracleCollector(Collector):
    """Reads every feed of the register; the label `feed` is the commodity's name."""

    name = "oracle"

    def __init__(self, registry: Registry, register: Register) -> None:
        """Take the feeds that the *register* names now."""
        super().__init__(registry)
        names = register.commodities()
        self.calls = tuple(
            ("OracleNetwork", function, (register.feed_id(name),))
            for name in names
            for function in FUNCTIONS
        )
        self._feeds = [_Feed(self, registry, name) for name in names]

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Write each feed from its three answers and its published reports."""
        size = len(FUNCTIONS)
        for place, feed in enumerate(self._feeds):
            feed.collect(desk, answers[place * size : (place + 1) * size])


class _Feed:
    """The metrics of one feed."""

    def __init__(self, owner: OracleCollector, registry: Registry, name: str) -> None:
        self._owner, self._registry, self._name = owner, registry, name

        def handle(metric: str) -> Handle:
            return registry.series(f"fictra_oracle_{metric}", {"feed": name})

        self._answer = handle("answer_usd")
        self._updated = handle("updated_timestamp_seconds")
        self._reporters = handle("reporters")
        self._spread = handle("spread_ratio")
        self._highest = handle("max_answer_usd")
        self._lowest = handle("min_answer_usd")
        self._heartbeat = handle("heartbeat_seconds")
        self._quorum = handle("quorum")
        self._sources = handle("sources")
        self._nodes: dict[bytes, tuple[Handle, Handle]] = {}

    def collect(self, desk: Desk, answers: Sequence[Any]) -> None:
        """Write what answered."""
        latest, reports, config = answers
        known = self._owner.known
        answer = self._latest(latest) if known(latest) else None
        max_age = self._config(config) if known(config) else None
        if known(reports):
            fresh = self._reports(*reports, oldest=desk.now - (max_age or 0))
            if answer and max_age is not None and fresh:
                self._spread.set((max(fresh) - min(fresh)) / abs(answer))
        if max_age is not None:
            self._published(desk, desk.now - max_age)

    def _latest(self, latest: tuple[int, int, int, int]) -> int | None:
        """Write the accepted answer; a feed that never had one (round 0) is missing."""
        answer, updated, round_id, reporters = latest
        if not round_id:
            self._owner.missing()
            return None
        self._answer.set(answer / USD)
        self._updated.set(updated)
        self._reporters.set(reporters)
        return answer

    def _config(self, config: Sequence[int]) -> int:
        """Write bounds, heartbeat and quorum; return the age in seconds from which a report is old."""
        lowest, highest, heartbeat, _deviation, max_age, quorum = config
        self._lowest.set(lowest / USD)
        self._highest.set(highest / USD)
        self._heartbeat.set(heartbeat)
        self._quorum.set(quorum)
        return max_age

    def _reports(
        self, nodes: Sequence[bytes], answers: Sequence[int], times: Sequence[int], *, oldest: int
    ) -> list[int]:
        """Write each node's report on chain; return the answers that are not too old to count."""
        fresh = []
        for node, answer, time in zip(nodes, answers, times, strict=True):
            if not time:  # a node that has not reported yet
                continue
            usd, stamp = self._nodes.get(node) or self._node(node)
            usd.set(answer / USD)
            stamp.set(time)
            if time >= oldest:
                fresh.append(answer)
        return fresh

    def _node(self, node: bytes) -> tuple[Handle, Handle]:
        labels = {"feed": self._name, "node": "0x" + node.hex()}
        made = (
            self._registry.series("fictra_oracle_report_usd", labels),
            self._registry.series("fictra_oracle_report_timestamp_seconds", labels),
        )
        self._nodes[node] = made
        return made

    def _published(self, desk: Desk, oldest: int) -> None:
        """Count the sources that reports no older than unix second *oldest* name."""
        try:
            reports = desk.feeds.reports(self._name)
        except DeskError:
            self._owner.missing()
            return
        named = {report.source for report in reports if report.observed_at >= oldest}
        self._sources.set(len(named))
