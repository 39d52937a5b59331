"""The desk: all that a procedure receives. What changes the world is not here: a runbook yields steps."""

from __future__ import annotations

from typing import Protocol

from twin.desk.port.chain import View
from twin.desk.port.lab import Lab
from twin.desk.port.outside import Banks, Custody, Customs, Feeds, Venues
from twin.desk.port.services import ServiceDesk
from twin.desk.port.team import Evidences, Incidents, Notices, Register, Stores
from twin.desk.port.watch import Alerts, Metrics

__all__ = [
    "Desk",
]


class Desk(Protocol):
    """All of it. A procedure receives one of these and can reach nothing else."""

    @property
    def now(self) -> int:
        """The present, in unix seconds."""

    @property
    def feeds(self) -> Feeds:
        """Outside prices."""

    @property
    def venues(self) -> Venues:
        """Venue tickers."""

    @property
    def customs(self) -> Customs:
        """Export documents."""

    @property
    def banks(self) -> Banks:
        """Bank statements."""

    @property
    def custody(self) -> Custody:
        """Custody statements."""

    @property
    def metrics(self) -> Metrics:
        """The metrics store."""

    @property
    def alerts(self) -> Alerts:
        """What fires."""

    @property
    def incidents(self) -> Incidents:
        """What is open."""

    @property
    def evidence(self) -> Evidences:
        """What procedures found."""

    @property
    def notices(self) -> Notices:
        """What was told to whom."""

    @property
    def services(self) -> ServiceDesk:
        """What else the team deals with, one client a service."""

    @property
    def stores(self) -> Stores:
        """What the team keeps: changes, risks, decisions, actions, tickets."""

    @property
    def lab(self) -> Lab:
        """Where something is tried out."""

    @property
    def register(self) -> Register:
        """What should be."""

    def at(self, block: int | None = None) -> View:
        """Return the chain at *block*, or at the latest."""
