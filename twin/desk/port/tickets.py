"""Support tickets: what users write to us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Ticket", "Tickets"]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket: *user* wrote *text* by *channel* at unix second *opened*.

    *topic* is what the user chose in the form: transaction-failed, transaction-pending,
    redemption-late, balance-wrong, funds-missing, account-frozen, cannot-trade or how-to.
    """

    id: str
    opened: int
    user: str
    channel: str
    topic: str
    text: str


class Tickets(Protocol):
    """The help desk."""

    def since(self, at: int) -> list[Ticket]:
        """Return the tickets opened from unix second *at* on, oldest first."""
