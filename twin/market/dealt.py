"""What dealing at a venue leaves: fills, standing orders, and what anybody is shown of it."""

from __future__ import annotations

from dataclasses import dataclass

from twin.market.orderbook import SideName, Trade
from twin.quotes import Ticker

__all__ = ["Fills", "Levels", "Print", "Published", "Resting"]

Levels = tuple[tuple[int, int], ...]
"""(price in 1e-6 stable, PT units) of each level of a side, best first."""

Print = tuple[int, SideName, int, int]
"""A published trade: unix second, the taker's side, price, PT units."""


@dataclass(frozen=True, slots=True)
class Fills:
    """What an order did: *filled* PT units at the average *price* (1e-6 stable; 0 where none).

    *spent* and *received* are what left and entered the account, fee included: stable and PT
    for a buy, PT and stable for a sell. *fee* is in stable units.
    """

    side: SideName
    filled: int
    spent: int
    received: int
    fee: int
    price: int
    trades: tuple[Trade, ...]


@dataclass(frozen=True, slots=True)
class Resting:
    """An order that stands: its *id* (None where all of it traded at once) and what did trade."""

    id: int | None
    fills: Fills


@dataclass(frozen=True, slots=True)
class Published:
    """What a venue shows: *bids* and *asks* best first, *trades* oldest first.

    There is no *ticker* while a side of the book is empty.
    """

    ticker: Ticker | None
    bids: Levels
    asks: Levels
    trades: tuple[Print, ...]
