"""What markets answer and desks show: quotes, tickers and signed reports, with integers only.

They stand left of both sides, since a procedure that runs live knows the desk and never the
simulated markets.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "BankStatement",
    "CustodyStatement",
    "ExportRecord",
    "HoldingLine",
    "Quote",
    "SignedReport",
    "Ticker",
]


@dataclass(frozen=True, slots=True)
class BankStatement:
    """An *account* as of closing time *as_of*: *balance* and what was *outgoing*, stable units.

    *outgoing* was ordered and had not settled; it is no longer in the balance.
    """

    bank: str
    account: str
    as_of: int
    published: int
    balance: int
    outgoing: int


@dataclass(frozen=True, slots=True)
class HoldingLine:
    """*quantity* thousandths of *asset*, worth *value* stable units at *price* (8 decimals).

    *issuer* owes it (none for a metal) and pays it back *tenor* seconds from now.
    """

    asset: str
    quantity: int
    price: int
    value: int
    issuer: str = ""
    tenor: int = 0


@dataclass(frozen=True, slots=True)
class CustodyStatement:
    """What *custodian* held as of closing time *as_of*, and sales that had not settled.

    *unsettled* is the proceeds of those, stable units; they are no longer in the holdings.
    """

    custodian: str
    as_of: int
    published: int
    holdings: tuple[HoldingLine, ...]
    unsettled: int


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """What *feed* says of an export document: *quantity* thousandths, *published* unix seconds."""

    feed: str
    quantity: int
    published: int


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
