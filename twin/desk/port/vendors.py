"""Data vendors: the register of sources, their quotes as we recorded them, and a test symbol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from twin.quotes import Quote

__all__ = ["VendorRecord", "Vendors"]


@dataclass(frozen=True, slots=True)
class VendorRecord:
    """A source as the register has it; *upstream* is where its prices come from, as declared.

    *licence_until* is the unix second to which its data may be used.
    """

    name: str
    commodity: str
    upstream: str
    licence_until: int


class Vendors(Protocol):
    """The vendors' interface, and our own record of what they quoted."""

    def names(self) -> list[str]:
        """The vendors in the register."""

    def vendor(self, name: str) -> VendorRecord:
        """Return the register's entry of *name*. Raises UnknownName."""

    def history(self, name: str, *, since: int) -> Sequence[Quote]:
        """Return what *name* quoted at our samples from unix second *since* on, *at* ours."""

    def reference(self, commodity: str, *, since: int) -> Sequence[Quote]:
        """Return the independent index of *commodity* at the same samples."""

    def canary(self, name: str) -> int:
        """Return what *name* says now of the test symbol. Raises NoData while it is silent."""

    def canary_value(self) -> int:
        """Return what the test symbol is worth by agreement, 8 decimals."""
