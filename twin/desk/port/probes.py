"""Probe transactions: small transfers of our own, sent like those of each role and watched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Probe", "Probes"]


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe of *role*, sent at unix second *sent* with *tip* wei above the base fee.

    *included* is the second of its block and *confirmed* that of the n-th block on top of it; both
    are None while that has not come. *dropped* says why it never will.
    """

    role: str
    sent: int
    tip: int
    transaction: str
    block: int | None
    included: int | None
    confirmed: int | None
    dropped: str | None


class Probes(Protocol):
    """The probe service."""

    def roles(self) -> list[str]:
        """The roles that probes stand for; empty where none are sent."""

    def interval(self) -> int:
        """Return the seconds between two probes of one role."""

    def since(self, second: int) -> list[Probe]:
        """Return the probes sent from unix *second* on, oldest first, as they stand now."""
