"""The alert path: from the rules to whoever is called.

Alertmanager hands each firing alert to the receiver, which calls people. Where the path is cut
alerts wait unheard, and are sent on together once it is mended. A synthetic alarm goes the same
way and ends in the receiver's log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from twin.clock import Clock
from twin.desk.port import Alert
from twin.desk.port.pager import Delivery
from twin.services.journals import Journals

__all__ = ["AlertPath", "PagerClient", "Told"]


class Told(Protocol):
    """A notification as Alertmanager hands it over; *news* are the alerts that are new in it."""

    @property
    def news(self) -> Sequence[Alert]:
        """The alerts that its receiver does not know yet."""


class AlertPath:
    """The path; *receive* is wired to the dispatcher. The fault handles are `cut` and `mend`."""

    def __init__(self, clock: Clock, journals: Journals) -> None:
        """Be whole, and lead nowhere yet."""
        self._clock, self._journals = clock, journals
        self._cut = False
        self._waiting: list[Any] = []
        self.receive: Callable[[Any], object] = lambda _told: None
        self.log: list[Delivery] = []

    def deliver(self, told: Told) -> None:
        """Take a notification."""
        if self._cut:
            self._waiting.append(told)
            return
        for alert in told.news:
            self._note(alert.key, alert.severity)
        self.receive(told)

    def drill(self, name: str) -> str:
        """Send a synthetic alarm; return its key."""
        key = f"Drill{{name={name}}}"
        if not self._cut:
            self._note(key, "P5")
        return key

    def _note(self, key: str, severity: str) -> None:
        self.log.append(Delivery(self._clock.now, key, severity))
        self._journals.write("alerts", "alertmanager", "deliver", resource=key, source="internal")

    def cut(self) -> None:
        """Let no alert through from now on."""
        self._cut = True

    def mend(self) -> None:
        """Let alerts through again, those that waited first."""
        self._cut = False
        waiting, self._waiting = self._waiting, []
        for told in waiting:
            self.deliver(told)


class PagerClient:
    """Alertmanager's API and the receiver's log."""

    __slots__ = ("_path",)

    def __init__(self, path: AlertPath) -> None:
        """Use *path*."""
        self._path = path

    def drill(self, name: str) -> str:
        """Raise a synthetic alarm."""
        return self._path.drill(name)

    def deliveries(self, *, since: int) -> list[Delivery]:
        """Return what the receiver got from unix second *since* on."""
        return [item for item in self._path.log if item.at >= since]
