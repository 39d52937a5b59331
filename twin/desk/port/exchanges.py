"""The exchanges beyond their ticker: the venue's REST, our account there, our probes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = [
    "Balance",
    "BookSnapshot",
    "Exchanges",
    "IndexPart",
    "Level",
    "OrderProbe",
    "Pair",
    "PublicTrade",
    "Release",
    "StatusPage",
    "VenueIndex",
    "VenueKey",
    "WithdrawalProbe",
]

Level = tuple[int, int]
"""(price in 1e-6 stable, PT units)."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A listed pair: *tick* in 1e-6 stable, *lot* in PT units, *fee* of takers in pips.

    *decimals* are those of quantities. *band_low* and *band_high* (1e-6 stable; 0: none) bound
    orders. *status* is trading, halted or delisting; *delist_at* its unix second, or None.
    """

    symbol: str
    api: str
    status: str
    tick: int
    lot: int
    fee: int
    decimals: int
    band_low: int
    band_high: int
    delist_at: int | None = None


@dataclass(frozen=True, slots=True)
class BookSnapshot:
    """The book as of the venue's unix second *at*: levels best first; *sequence* counts changes."""

    symbol: str
    at: int
    sequence: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class PublicTrade:
    """A published trade at unix second *at*: taker's *side*, *price* 1e-6 stable, PT units."""

    at: int
    side: str
    price: int
    quantity: int


@dataclass(frozen=True, slots=True)
class StatusPage:
    """What the venue says of itself: *claims* by component, as of unix second *updated*."""

    claims: Mapping[str, str]
    updated: int

    @property
    def healthy(self) -> bool:
        """Whether every component is said to be operational."""
        return all(claim == "operational" for claim in self.claims.values())


@dataclass(frozen=True, slots=True)
class VenueKey:
    """Our key: what it may do, and the unix second at which it *expires*."""

    name: str
    scopes: tuple[str, ...]
    expires: int


@dataclass(frozen=True, slots=True)
class Balance:
    """What is ours at a venue: PT units and stable units."""

    pt: int
    stable: int


@dataclass(frozen=True, slots=True)
class IndexPart:
    """A constituent of a venue's index: *weight* in ppm, *price* 1e-6 stable as it was counted."""

    venue: str
    weight: int
    price: int


@dataclass(frozen=True, slots=True)
class VenueIndex:
    """The index that a venue marks by: *value* 1e-6 stable, from *parts*."""

    value: int
    at: int
    parts: tuple[IndexPart, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """An entry of the venue's changelog: *version* of its API, in force from *effective* on."""

    version: str
    published: int
    effective: int
    breaking: bool
    text: str


@dataclass(frozen=True, slots=True)
class OrderProbe:
    """An order of ours far from the market, placed and taken back: *rtt_ms* for both.

    *seen* says whether the public book showed it in between, *error* why there was none.
    """

    at: int
    ok: bool
    seen: bool
    rtt_ms: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawalProbe:
    """A small withdrawal of ours, *sent* and *done* (None: still pending) in unix seconds."""

    sent: int
    done: int | None
    error: str = ""


class Exchanges(Protocol):
    """Clients of all exchanges by the venue's name. All raise NoData where none answers.

    An answer that cannot be read is no data either: `get` shows it raw.
    """

    def names(self) -> list[str]:
        """The venues there are."""

    def get(
        self, venue: str, endpoint: str, *, sandbox: bool = False, since: int = 0
    ) -> Mapping[str, Any]:
        """Return the raw JSON of *endpoint*: time, pair, book, trades, status, key, ...

        *since* is what /trades begins at, in unix seconds.
        """

    def time(self, venue: str) -> int:
        """Return the venue's own unix second."""

    def pair(self, venue: str) -> Pair:
        """Return the metadata of our pair."""

    def book(self, venue: str) -> BookSnapshot:
        """Return the order book."""

    def trades(self, venue: str, *, since: int = 0) -> list[PublicTrade]:
        """Return the last published trades from unix second *since* on, oldest first."""

    def status(self, venue: str) -> StatusPage:
        """Return the status page, which somebody at the venue writes."""

    def key(self, venue: str) -> VenueKey:
        """Return what the venue knows of our key."""

    def balance(self, venue: str) -> Balance:
        """Return what is ours there."""

    def index(self, venue: str) -> VenueIndex:
        """Return the index that the venue marks by."""

    def changelog(self, venue: str) -> list[Release]:
        """Return the venue's announcements on its API, oldest first."""

    def sandbox_order(self, venue: str) -> str:
        """Place, find and cancel an order in the sandbox; return "" or what went wrong."""

    def listing(self, venue: str) -> Pair:
        """Return the pair as we agreed on it: our register, never the venue's."""

    def orders(self, venue: str, *, since: int = 0) -> Sequence[OrderProbe]:
        """Return our order probes from unix second *since* on, oldest first."""

    def withdrawals(self, venue: str, *, since: int = 0) -> Sequence[WithdrawalProbe]:
        """Return our withdrawal probes sent from unix second *since* on, oldest first."""
