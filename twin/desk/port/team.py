"""What the team keeps: incidents, entries of its stores, evidence, notices, and what should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from twin.desk.stores import Entry

__all__ = [
    "Evidence",
    "Evidences",
    "Incident",
    "Incidents",
    "Notice",
    "Notices",
    "Register",
    "Stores",
]


@dataclass(slots=True)
class Incident:
    """An incident as the team keeps it; *history* holds (state, unix second) of every change.

    *notes* are what procedures keep on it for each other, JSON-like, by the name of the note.
    """

    id: str
    opened: int
    state: str
    severity: str
    family: str
    summary: str
    alerts: list[str]
    closed: int | None = None
    history: list[tuple[str, int]] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)


class Incidents(Protocol):
    """The incident store (read side; a runbook changes it by a step)."""

    def all(self) -> list[Incident]:
        """Return every incident, oldest first."""

    def open(self) -> list[Incident]:
        """Return the incidents that are not closed, oldest first."""

    def get(self, incident: str) -> Incident:
        """Return one by id. Raises UnknownName."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One record of what a procedure found, filed at unix second *at*; *hash* is 64 hex digits."""

    ref: str
    procedure: str
    at: int
    verdict: str
    summary: str
    problems: Mapping[str, int]
    hash: str


class Evidences(Protocol):
    """The evidence store (read side; whatever ends a procedure files)."""

    def of(self, procedure: str | None = None, *, since: int = 0) -> list[Evidence]:
        """Return the records of *procedure*, or of all, from unix second *since* on, oldest first."""

    def last(self, procedure: str) -> Evidence | None:
        """Return the newest record of *procedure*, or None."""

    def data(self, ref: str) -> Mapping[str, Any]:
        """Return the data of one record, as filed. Raises UnknownName."""

    def intact(self) -> bool:
        """Prove the chain of hashes over everything filed."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that was told to an *audience* at unix second *at*."""

    at: int
    audience: str
    subject: str
    text: str


class Notices(Protocol):
    """What was published, to whom and when (read side; a runbook publishes by a `Notify` step)."""

    def published(self, audience: str | None = None, *, since: int = 0) -> list[Notice]:
        """Return the notices to *audience*, or to all, from unix second *since* on."""


class Stores(Protocol):
    """The team's stores (read side; a runbook changes them by a `Keep` step)."""

    def entries(self, kind: str, *, unended: bool = False) -> list[Entry]:
        """Return the entries of *kind*, oldest first: change, risk, decision, action or ticket."""

    def get(self, entry: str) -> Entry:
        """Return one by id. Raises UnknownName."""


class Register(Protocol):
    """The signed register: what the configuration should be."""

    def parameter(self, name: str) -> Any:
        """Return the approved value of *name*, such as `feed.WTI.max_answer`. Raises UnknownName."""

    def commodities(self) -> list[str]:
        """The commodities with a feed."""

    def feed_id(self, commodity: str) -> bytes:
        """The on-chain id of the feed of *commodity*."""

    def address(self, name: str) -> bytes:
        """The address of a contract or role account by name."""

    def contracts(self) -> Mapping[str, bytes]:
        """The approved code of every contract: keccaks (32 bytes) by its name."""

    def holders(self) -> Mapping[int, Sequence[bytes]]:
        """Who may hold each role of `Authority`: accounts by the role's id."""

    def nodes(self) -> Mapping[str, bytes]:
        """The accounts of the oracle nodes by their name."""

    def parameters(self) -> Mapping[str, Any]:
        """Every approved parameter by its dotted name."""
