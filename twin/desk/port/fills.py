"""Custodians' settlement instructions, and what came of the slices that they carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Fill", "Fills", "Instruction"]


@dataclass(frozen=True, slots=True)
class Instruction:
    """Where *custodian* says that it is to be paid: *address*, as of unix second *at*."""

    custodian: str
    address: bytes
    at: int


@dataclass(frozen=True, slots=True)
class Fill:
    """A slice of the reserve at its *custodian*: *amount_out* (1e-6 units) was made of it.

    *state* is pending, settled or failed; *due* is the value date, *settled* when assets changed
    hands.
    """

    slice: int
    custodian: str
    amount_in: int
    amount_out: int
    ordered: int
    due: int
    state: str
    settled: int | None = None


class Fills(Protocol):
    """The custodians' trade desk."""

    def instruction(self, custodian: str) -> Instruction:
        """Return the standing settlement instruction of *custodian*. Raises UnknownName."""

    def fills(self, *, since: int = 0) -> list[Fill]:
        """Return the fills ordered from unix second *since* on, oldest first."""

    def estimate(self, custodian: str, *, given: str, bought: str, amount: int) -> int:
        """Return what *amount* (1e-6) of the asset *given* would bring of *bought* now.

        Raises NoData while the custodian does not answer.
        """
