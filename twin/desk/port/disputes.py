"""Dispute forms about allocations, and the exhibits that the parties hand in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["DisputeForm", "Disputes", "Exhibit"]


@dataclass(frozen=True, slots=True)
class DisputeForm:
    """*by* disputes the export with *document_hash* of *sovereign*, both by name.

    It was filed at unix second *at*; exhibits count until *exchange_until*, and the parties are
    owed a ruling by *deadline*.
    """

    id: str
    at: int
    document_hash: bytes
    by: str
    sovereign: str
    reason: str
    exchange_until: int
    deadline: int


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What *party* handed in at unix second *at*: a document of *kind* that shows *quantity*."""

    form: str
    at: int
    party: str
    kind: str
    quantity: int


class Disputes(Protocol):
    """The registry of disputes."""

    def forms(self, *, since: int = 0) -> list[DisputeForm]:
        """Return the forms filed from unix second *since* on, oldest first."""

    def exhibits(self, form: str) -> list[Exhibit]:
        """Return what has been handed in about the form of this id by now."""
