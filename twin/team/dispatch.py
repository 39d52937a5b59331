"""The dispatcher: what starts a procedure, by the calendar or by an event.

Alerts that page (P1 to P3) go to an operator, one triage per domain at a time: alerts of a
domain that is being triaged wait, and are attached to its incident without another page. P4
and P5 are tickets: they show on the board and page nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from twin.catalog import Procedure
from twin.clock import Clock, Process
from twin.desk.incidents import IncidentStore
from twin.desk.port import Alert
from twin.desk.steps import Case
from twin.monitoring.notifier import Notification
from twin.team.executor import Executor
from twin.team.roster import Person, Roster

__all__ = ["PAGING", "Dispatcher"]

PAGING = ("P1", "P2", "P3")
"""Severities that page somebody."""

DEADLINE = {"P1": 300, "P2": 600, "P3": 1800}
"""Seconds after which a page moves on to the next person."""


class Dispatcher:
    """Starts procedures on *clock* through *executor*."""

    def __init__(
        self, clock: Clock, executor: Executor, *, roster: Roster, incidents: IncidentStore
    ) -> None:
        """Hook into the executor's triggers; `idle` says what has no object in this world."""
        self._clock, self._executor = clock, executor
        self._roster, self._incidents = roster, incidents
        self.idle: dict[str, str] = {}
        self.suspended: set[str] = set()
        self._waiting: dict[str, list[Alert]] = {}
        executor.on_trigger = self.trigger

    def schedule(self) -> None:
        """Put every procedure with an interval or a rota, and an object here, on the calendar."""
        for procedure in self._executor.catalog.values():
            if procedure.cadence.longest:
                reason = self._executor.idle(procedure)
                if reason is None:
                    self._clock.spawn(self._repeat(procedure))
                else:
                    self.idle[procedure.id] = reason

    def _repeat(self, procedure: Procedure) -> Process:
        cadence = procedure.cadence
        case = Case(f"every {cadence.seconds} s" if cadence.seconds else str(cadence))
        due = self._clock.now
        # A run that outlasts its interval skips the ones it missed.
        while (following := cadence.after(self._clock.now, due)) is not None:
            due = following
            yield self._clock.after(due - self._clock.now)
            if procedure.id in self.suspended:
                continue
            if procedure.kind == "check":
                if self._executor.runs(procedure.id):
                    self._executor.check(procedure)
            elif self._executor.policy.begins(procedure.id, case):
                yield from self._executor.start(procedure, case)

    def trigger(self, event: str, case: Case, owner: Person | None = None) -> Sequence[str]:
        """Start what answers *event*; return the ids of what was started.

        What is suspended, as a job that is stuck, is not started.
        """
        started = []
        for procedure in self._executor.catalog.values():
            if procedure.cadence.event != event or procedure.id in self.suspended:
                continue
            if self._executor.policy.begins(procedure.id, case):
                self._clock.spawn(self._executor.start(procedure, case, owner=owner))
                started.append(procedure.id)
        return started

    def notified(self, notification: Notification) -> None:
        """Take what a receiver of alerts got: pages are answered, tickets wait for their owner.

        A reminder calls again only where nobody has the alert's domain.
        """
        if not notification.receiver.startswith("page-"):
            return
        reminded = notification.firing if notification.repeat else notification.news
        for alert in reminded:
            domain = alert.labels.get("domain", "unknown")
            if notification.repeat and (domain in self._waiting or self._known(domain)):
                continue
            self.alert(alert)

    def alert(self, alert: Alert) -> None:
        """Take an alert that began to fire."""
        if alert.severity not in PAGING:
            return
        domain = alert.labels.get("domain", "unknown")
        if domain in self._waiting:
            self._waiting[domain].append(alert)
            return
        self._waiting[domain] = [alert]
        self._clock.spawn(self._triage(domain))

    def _triage(self, domain: str) -> Process:
        """Triage the alerts of *domain* one after the other until none waits."""
        answering = [
            item for item in self._executor.catalog.values() if item.cadence.event == "alert"
        ]
        owner: Person | None = None
        while self._waiting[domain]:
            alert = self._waiting[domain].pop(0)
            case = Case(
                cause=f"{alert.rule} fires",
                alert=alert.key,
                facts={
                    "domain": domain,
                    "severity": alert.severity,
                    "summary": alert.annotations.get("summary", alert.rule),
                },
            )
            for procedure in answering:
                if not self._executor.policy.begins(procedure.id, case):
                    continue
                if owner is None and not self._known(domain):
                    owner = yield from self._roster.page(
                        procedure.role,
                        f"{alert.severity} {alert.rule}",
                        deadline=DEADLINE[alert.severity],
                    )
                yield from self._executor.start(procedure, case, owner=owner)
        del self._waiting[domain]

    def _known(self, domain: str) -> bool:
        return any(item.family == domain for item in self._incidents.open())
