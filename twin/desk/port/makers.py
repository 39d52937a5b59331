"""The market makers under contract: what they owe, and what they quote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from twin.desk.port.exchanges import Level

__all__ = ["MakerContract", "MakerQuotes", "Makers"]


@dataclass(frozen=True, slots=True)
class MakerContract:
    """*maker* owes on *venue*: a spread of at most *max_spread* pips, and *min_depth* PT units.

    The depth counts on either side within *within* pips of the middle; both hold for *uptime* ppm of
    the time. *replacement* is who would be asked next, or "".
    """

    maker: str
    venue: str
    max_spread: int
    min_depth: int
    within: int
    uptime: int
    replacement: str

    @property
    def name(self) -> str:
        """What the contract goes by: `maker@venue`."""
        return f"{self.maker}@{self.venue}"


@dataclass(frozen=True, slots=True)
class MakerQuotes:
    """What a maker has in the book at unix second *at*, best first."""

    at: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]

    @property
    def spread(self) -> int | None:
        """The maker's own spread in pips of its middle; None where it is not on both sides."""
        if not self.bids or not self.asks:
            return None
        bid, ask = self.bids[0][0], self.asks[0][0]
        return (ask - bid) * 2_000_000 // (ask + bid)

    def depth(self, within: int) -> int:
        """Return the lesser side's PT units within *within* pips of the maker's middle."""
        if not self.bids or not self.asks:
            return 0
        middle = (self.bids[0][0] + self.asks[0][0]) // 2
        low = middle * (1_000_000 - within) // 1_000_000
        high = middle * (1_000_000 + within) // 1_000_000
        bid = ask = 0
        for price, quantity in self.bids:
            bid += quantity if price >= low else 0
        for price, quantity in self.asks:
            ask += quantity if price <= high else 0
        return min(bid, ask)

    def honours(self, contract: MakerContract) -> bool:
        """Say whether these quotes are what *contract* asks for."""
        spread = self.spread
        return (
            spread is not None
            and spread <= contract.max_spread
            and self.depth(contract.within) >= contract.min_depth
        )


class Makers(Protocol):
    """The contracts, and the exchanges' reports on makers under contract."""

    def contracts(self) -> list[MakerContract]:
        """Return every contract."""

    def quotes(self, contract: MakerContract) -> MakerQuotes:
        """Return what the maker has in the book now. Raises NoData while the venue is down."""
