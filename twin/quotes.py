"""What markets answer and desks show: quotes, tickers and signed reports, with integers only.

They stand left of both sides, since a procedure that runs live knows the desk and never the
simulated markets.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Quote", "SignedReport", "Ticker"]


@dataclass(frozen=True, slots=True)
class Quote:
    """A *price* with 8 decimals, observed at unix second *at*."""

    price: int
    at: int


@dataclass(frozen=True, slots=True)
class SignedReport:
    """What an oracle node published off chain: *feed* is the commodity, *source* the vendor.

    *answer* has 8 decimals; *signature* is 65 bytes: r, s and the recovery id.
    """

    node: str
    feed: str
    source: str
    answer: int
    observed_at: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Ticker:
    """A venue's ticker: prices in 1e-6 stable per PT, *volume* in PT units since the start."""

    venue: str
    bid: int
    ask: int
    last: int
    volume: int
    at: int
