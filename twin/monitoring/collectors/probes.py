"""Probe transactions: how many, how slow, and what still waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, Probe, View
from twin.monitoring.collectors.base import Collector
from twin.monitoring.registry import Registry

__all__ = ["SLOW", "ProbeCollector"]

SLOW = 60
"""Seconds to inclusion that the service level allows: five blocks of twelve seconds."""


class ProbeCollector(Collector):
    """Follows the probes of *roles*, each counted once."""

    name = "probes"

    def __init__(self, registry: Registry, roles: Sequence[str]) -> None:
        """Take the handles and count from 0."""
        super().__init__(registry)
        self._roles: dict[str, _Role] = {role: _Role(registry, role) for role in roles}
        self._since = 0

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:  # noqa: ARG002
        """Look at the probes since the oldest that had no block at the last scrape."""
        if not self._roles:
            return
        now, waiting = desk.now, desk.now
        for probe in desk.services.probes.since(self._since):
            self._roles[probe.role].take(probe, now)
            if probe.included is None and not probe.dropped:
                waiting = min(waiting, probe.sent)
        self._since = waiting
        for role in self._roles.values():
            role.write()


class _Role:
    """The counters of one role."""

    def __init__(self, registry: Registry, role: str) -> None:
        about = {"role": role}
        self._sent = registry.held("fictra_probe_sent_total", about)
        self._slow = registry.held("fictra_probe_slow_total", about)
        self._inclusion = registry.held("fictra_probe_inclusion_seconds", about, value=None)
        self._pending = registry.held("fictra_probe_pending_seconds", about)
        self._counted: set[int] = set()
        self._late: set[int] = set()
        self._oldest = 0

    def take(self, probe: Probe, now: int) -> None:
        if probe.sent not in self._counted:
            self._counted.add(probe.sent)
            self._sent.add()
        took = (now if probe.included is None else probe.included) - probe.sent
        if probe.included is not None:
            self._inclusion.value = took
        elif not probe.dropped:
            self._oldest = max(self._oldest, took)
        if (took > SLOW or probe.dropped) and probe.sent not in self._late:
            self._late.add(probe.sent)
            self._slow.add()

    def write(self) -> None:
        self._pending.value, self._oldest = self._oldest, 0
