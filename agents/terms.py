"""The terms of the reserve: what a PT brings and costs there, and how many it still takes today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .dealing import PIPS

__all__ = ["PAR", "Terms", "rooms"]

PAR = 10**8
"""The oracle's answer for one USD, 8 decimals."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the reserve offers now.

    *price* of the stable asset (8 decimals), *fee* in pips, *limit* PT units that this redeemer may
    still redeem today, *room* of them by (haircut pips, PT units), best first.
    """

    price: int
    fee: int
    limit: int
    room: tuple[tuple[int, int], ...]

    def pays(self, haircut: int) -> int:
        """Return what a PT brings at *haircut*, millionths of the stable asset."""
        return PAR * (PIPS - haircut) * (PIPS - self.fee) // (self.price * PIPS)

    @property
    def costs(self) -> int:
        """What it costs to mint a PT, millionths of the stable asset, rounded up."""
        return -(-PAR * PIPS // min(self.price, PAR))


def rooms(tiers: Sequence[Sequence[int]], redeemed: int, supply: int) -> Iterator[tuple[int, int]]:
    """Yield (haircut pips, PT units that fit) of what is left of a day.

    *tiers* are (from, haircut) in pips, *redeemed* PT units were redeemed today out of *supply*.
    The contract's haircut counts the redemption itself, and is of all of it: what fits into a tier
    ends just before the next one.
    """
    edges = [(0, 0), *((int(tier[0]), int(tier[1])) for tier in tiers)]
    for (_, haircut), following in zip(edges, [*edges[1:], None], strict=True):
        if following is None:
            yield haircut, supply
        elif (fits := -(-following[0] * supply // PIPS) - 1 - redeemed) > 0:
            yield haircut, fits
