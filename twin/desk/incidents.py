"""The incident store: what the team has opened, and in which state each incident stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.desk.port import Incident
from twin.errors import IncidentEnded, UnknownName

__all__ = ["STATES", "IncidentStore"]

STATES = ("open", "classified", "contained", "recovering", "closed", "dismissed")
"""The states of an incident, in the order of its life; the last two end it."""

_ENDED = frozenset(STATES[-2:])


class IncidentStore:
    """Incidents by id, in the order they were opened."""

    __slots__ = ("_by_id",)

    def __init__(self) -> None:
        """Start empty."""
        self._by_id: dict[str, Incident] = {}

    def open(self) -> list[Incident]:
        """Return the incidents that have not ended, oldest first."""
        return [item for item in self._by_id.values() if item.state not in _ENDED]

    def all(self) -> list[Incident]:
        """Return every incident, oldest first."""
        return list(self._by_id.values())

    def get(self, incident: str) -> Incident:
        """Return one by id; UnknownName where there is none."""
        try:
            return self._by_id[incident]
        except KeyError:
            raise UnknownName("incident", incident, self._by_id) from None

    def create(
        self,
        now: int,
        *,
        summary: str,
        severity: str,
        family: str,
        alerts: Sequence[str],
        notes: Mapping[str, Any] | None = None,
    ) -> Incident:
        """Open an incident at unix second *now*."""
        made = Incident(
            id=f"INC-{len(self._by_id) + 1:03d}",
            opened=now,
            state="open",
            severity=severity,
            family=family,
            summary=summary,
            alerts=list(alerts),
            history=[("open", now)],
            notes=dict(notes or {}),
        )
        self._by_id[made.id] = made
        return made

    def change(
        self,
        incident: str,
        now: int,
        *,
        state: str | None = None,
        severity: str | None = None,
        family: str | None = None,
        summary: str | None = None,
        alerts: Sequence[str] = (),
        notes: Mapping[str, Any] | None = None,
    ) -> Incident:
        """Change what is given, *notes* by name; an ended incident stays ended."""
        item = self.get(incident)
        if item.state in _ENDED:
            raise IncidentEnded(incident, item.state)
        if state is not None:
            if state not in STATES:
                raise UnknownName("incident state", state, STATES)
            if state != item.state:
                item.history.append((state, now))
            item.state = state
            if state in _ENDED:
                item.closed = now
        item.severity = severity or item.severity
        item.family = family or item.family
        item.summary = summary or item.summary
        item.alerts.extend(alert for alert in alerts if alert not in item.alerts)
        item.notes.update(notes or {})
        return item
