"""The indexer: follows the chain and publishes aggregates that dashboards and partners read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["DayVolume", "Indexer", "IndexerStatus"]


@dataclass(frozen=True, slots=True)
class IndexerStatus:
    """How far it is: its last *block*, of unix second *timestamp*, and *events* counted so far."""

    block: int
    hash: str
    timestamp: int
    events: int


@dataclass(frozen=True, slots=True)
class DayVolume:
    """The pool on the UTC day that starts at unix second *day*: *stable* units and *swaps*."""

    day: int
    stable: int
    swaps: int


class Indexer(Protocol):
    """All answers are as of the indexer's last block. All raise NoData while it does not answer."""

    def status(self) -> IndexerStatus:
        """Return how far it is."""

    def count(self, contract: str, event: str) -> int:
        """Return how many events called *event* of *contract* it has seen since the genesis."""

    def volumes(self) -> list[DayVolume]:
        """Return the pool's volume by day, oldest first; a day without a swap is left out."""

    def balance(self, token: str, holder: bytes) -> int:
        """Return what *holder* has of *token* by the transfers seen, in the token's units."""
