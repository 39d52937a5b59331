"""Whom we call: the contact tree, and the receipts of calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["CALL", "Contact", "Contacts", "Receipt"]

CALL = "contact:"
"""A notice to the audience `contact:NAME` is a call to that contact."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody at *party* in *role*, reached by *channel*; *backup* is the name of who is next."""

    name: str
    party: str
    role: str
    channel: str
    backup: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A call to *contact*, *sent* and *answered* in unix seconds."""

    contact: str
    sent: int
    answered: int


class Contacts(Protocol):
    """The contact tree (a runbook calls by a `Notify` step to `contact:NAME`)."""

    def tree(self) -> list[Contact]:
        """Return every contact."""

    def receipts(self, *, since: int = 0) -> list[Receipt]:
        """Return the answers so far to calls sent from unix second *since* on."""
