"""The alert path: how an alert reaches a phone, and the drill that proves that it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Delivery", "Pager"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """*alert* was sent on at unix second *at*, with its *severity*."""

    at: int
    alert: str
    severity: str


class Pager(Protocol):
    """Alertmanager's API on one side, the receiver's log on the other."""

    def drill(self, name: str) -> str:
        """Raise a synthetic alarm called *name* where alerts are raised; return its key.

        It goes the way of every alert and is answered by the receiver's log, by nobody's phone.
        """

    def deliveries(self, *, since: int) -> list[Delivery]:
        """Return what the receiver got from unix second *since* on, oldest first."""
