"""Receipts of what was published: whether a notice reached those that it was for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Deliveries", "NoticeReceipt"]


@dataclass(frozen=True, slots=True)
class NoticeReceipt:
    """A notice to *audience* that left at unix second *sent* and was *delivered*, or None yet."""

    audience: str
    subject: str
    sent: int
    delivered: int | None


class Deliveries(Protocol):
    """The log of the mail gateway."""

    def log(self, *, since: int = 0) -> list[NoticeReceipt]:
        """Return what was sent from unix second *since* on, oldest first, as it stands now."""
