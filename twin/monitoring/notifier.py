"""The notifier: what Alertmanager does between an alert and the person who hears of it.

Alerts of a route that share its `group_by` labels are one group. A group is told of after
`group_wait`, again every `group_interval` if it changed, and every `repeat_interval` if it did
not. Inhibited and silenced alerts, and those of a route that is mute, wait. A delivery that
fails is tried again, later each time.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

from twin.clock import Clock
from twin.desk.port import Alert
from twin.monitoring.registry import Held, Registry
from twin.monitoring.routing import Route, Routing
from twin.monitoring.series import Matcher

__all__ = ["Notification", "Notifier", "Silence"]

BACKOFF = (10, 20, 40, 80, 160, 300)
"""Seconds before a failed delivery is tried again; the last one from then on."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What a *receiver* gets: the *firing* alerts of a group, of which *news* are new to it.

    *resolved* are the keys of those that ended; a *repeat* brings nothing new.
    """

    receiver: str
    group: tuple[tuple[str, str], ...]
    firing: tuple[Alert, ...]
    news: tuple[Alert, ...]
    resolved: tuple[str, ...]

    @property
    def repeat(self) -> bool:
        """Whether it only reminds."""
        return not self.news and not self.resolved


@dataclass(frozen=True, slots=True)
class Silence:
    """Alerts that *matchers* accept notify nobody from *start* to *end*; *by* says whose word it is."""

    matchers: tuple[Matcher, ...]
    start: int
    end: int
    by: str
    comment: str

    def covers(self, labels: Mapping[str, str], now: int) -> bool:
        """Say whether an alert with *labels* is silent at unix second *now*."""
        return self.start <= now < self.end and all(one.accepts(labels) for one in self.matchers)


Deliver = Callable[[Notification], object]


@dataclass(slots=True)
class _Group:
    """The alerts of one notification, and what its receiver was told of them last."""

    route: Route
    labels: tuple[tuple[str, str], ...]
    alerts: dict[str, Alert] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    told_at: int = 0
    first: int | None = None
    due: int | None = None
    failed: int = 0


class Notifier:
    """Groups alerts on *clock* by *routing* and hands each notification to *deliver*.

    *unreachable* holds the receivers whose way is down now; *registry* counts what was told.
    """

    def __init__(
        self,
        clock: Clock,
        routing: Routing,
        *,
        registry: Registry,
        deliver: Deliver,
        unreachable: Container[str] = (),
    ) -> None:
        """Start without alerts."""
        self._clock, self.routing, self._deliver = clock, routing, deliver
        self._unreachable = unreachable
        self.silences: list[Silence] = []
        self._groups: dict[tuple[str, tuple[tuple[str, str], ...]], _Group] = {}
        self._firing: dict[str, Mapping[str, str]] = {}
        self._counts: dict[str, tuple[Held, Held]] = {
            name: (
                registry.held("fictra_notifications_total", {"receiver": name}),
                registry.held("fictra_notifications_failed_total", {"receiver": name}),
            )
            for name in routing.receivers
        }

    def fire(self, alert: Alert) -> None:
        """Take an alert that began to fire."""
        labels = _routed(alert)
        self._firing[alert.key] = labels
        for route in self.routing.root.match(labels):
            key = (route.name, route.group(labels))
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = _Group(route, key[1])
            group.alerts[alert.key] = alert
            self._wake(group)

    def resolve(self, alert: Alert) -> None:
        """Take an alert that no longer fires."""
        self._firing.pop(alert.key, None)
        for group in list(self._groups.values()):
            if group.alerts.pop(alert.key, None) is not None:
                self._wake(group)

    def _wake(self, group: _Group) -> None:
        """Have a changed group looked at: after its wait, then at its next interval."""
        now, route = self._clock.now, group.route
        if group.first is None:
            group.first = now + route.group_wait
        late = max(0, now - group.first)
        self._at(group, group.first + -(-late // route.group_interval) * route.group_interval)

    def _at(self, group: _Group, when: int) -> None:
        """Look at *group* at unix second *when*, unless that is done before."""
        if group.due is not None and group.due <= when:
            return
        group.due = when
        if when <= self._clock.now:
            self._flush(group)
        else:
            self._clock.call_at(when, lambda: self._due(group, when))

    def _due(self, group: _Group, when: int) -> None:
        if group.due == when:  # otherwise it has been looked at meanwhile
            self._flush(group)

    def _flush(self, group: _Group) -> None:
        """Tell the receiver what it does not know yet, or remind it."""
        now, route = self._clock.now, group.route
        group.due = None
        open_ = {} if self.routing.muted(route, now) else {
            key: alert for key, alert in group.alerts.items() if not self._quiet(alert, now)
        }  # fmt: skip
        news = tuple(alert for key, alert in open_.items() if key not in group.told)
        resolved = tuple(key for key in group.told if key not in group.alerts)
        reminds = bool(open_) and now - group.told_at >= route.repeat_interval
        if news or resolved or reminds:
            self._tell(group, Notification(
                route.receiver, group.labels, tuple(open_.values()), news, resolved))  # fmt: skip
        if group.alerts:
            waiting = len(open_) < len(group.alerts)
            ahead = route.group_interval if waiting else route.repeat_interval
            self._at(group, now + ahead)
        elif not group.told:
            self._groups.pop((route.name, group.labels), None)

    def _tell(self, group: _Group, made: Notification) -> None:
        told, failed = self._counts[made.receiver]
        now = self._clock.now
        if made.receiver in self._unreachable:
            failed.add()
            wait = BACKOFF[min(group.failed, len(BACKOFF) - 1)]
            group.failed += 1
            self._at(group, now + wait)
            return
        told.add()
        group.failed = 0
        group.told = {alert.key: now for alert in made.firing}
        group.told_at = now
        self._deliver(made)

    def _quiet(self, alert: Alert, now: int) -> bool:
        """Say whether an inhibition or a silence holds *alert* back."""
        labels = _routed(alert)
        if any(silence.covers(labels, now) for silence in self.silences):
            return True
        others = [other for key, other in self._firing.items() if key != alert.key]
        return any(rule.mutes(labels, others) for rule in self.routing.inhibitions)


def _routed(alert: Alert) -> dict[str, str]:
    """The labels that routing goes by."""
    return {**alert.labels, "alertname": alert.rule}
