"""A limit order book with price-time priority, in integers.

Prices are 1e-6 stable per PT, quantities PT units. An order first takes what stands against it,
best price first and at one price the oldest first, at the price of the standing order; what is
left rests, unless it was an immediate one. Each side is a heap of prices over queues, so that
taking, resting and cancelling cost O(log n).
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from twin.crate import maker
from twin.errors import UsageError

__all__ = ["Order", "OrderBook", "Placed", "SideName", "Trade"]

SideName = Literal["buy", "sell"]


@dataclass(slots=True)
class Order:
    """A standing order: *quantity* is what is left of it."""

    id: int
    owner: str
    side: SideName
    price: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Trade:
    """A fill of *quantity* against the order *maker_order* of *maker*, at its *price*."""

    maker: str
    maker_order: int
    price: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of an order: its *trades*, what is *left*, and its *id* where that rests."""

    trades: tuple[Trade, ...]
    left: int
    id: int | None


_placed, _trade = maker(Placed), maker(Trade)


class _Queue:
    """The orders at one price, oldest first, and their *total* quantity."""

    __slots__ = ("orders", "total")

    def __init__(self) -> None:
        self.orders: OrderedDict[int, Order] = OrderedDict()
        self.total = 0


class _Side:
    """One side of the book; *sign* is 1 for asks and -1 for bids, so the best key is the least."""

    __slots__ = ("_heap", "_queued", "queues", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.queues: dict[int, _Queue] = {}
        self._heap: list[int] = []
        self._queued: set[int] = set()

    def best(self) -> int | None:
        """Return the best key, and drop from the heap the prices that nobody stands at."""
        while self._heap:
            key = self._heap[0]
            if key in self.queues:
                return key
            heapq.heappop(self._heap)
            self._queued.discard(key)
        return None

    def add(self, order: Order) -> None:
        key = self.sign * order.price
        queue = self.queues.get(key)
        if queue is None:
            queue = self.queues[key] = _Queue()
            if key not in self._queued:
                self._queued.add(key)
                heapq.heappush(self._heap, key)
            if len(self._heap) > 64 + 4 * len(self.queues):
                self._compact()
        queue.orders[order.id] = order
        queue.total += order.quantity

    def _compact(self) -> None:
        """Rebuild the heap: prices left behind by quotes that moved away would pile up."""
        self._heap = sorted(self.queues)
        self._queued = set(self._heap)

    def reduce(self, order: Order, quantity: int) -> None:
        """Take *quantity* off *order*, and remove what is empty."""
        key = self.sign * order.price
        queue = self.queues[key]
        order.quantity -= quantity
        queue.total -= quantity
        if not order.quantity:
            del queue.orders[order.id]
            if not queue.orders:
                del self.queues[key]


class OrderBook:
    """The book; it knows owners by name only, never their balances."""

    __slots__ = ("_next", "_orders", "_sides")

    def __init__(self) -> None:
        """Start empty."""
        self._sides: dict[SideName, _Side] = {"buy": _Side(-1), "sell": _Side(1)}
        self._orders: dict[int, Order] = {}
        self._next = 1

    def limit(self, owner: str, side: SideName, quantity: int, price: int) -> Placed:
        """Take what is no worse than *price*, and let the rest of *quantity* stand there."""
        trades, left = self._take(side, quantity, price)
        if not left:
            return _placed(trades, 0, None)
        order = Order(self._next, owner, side, price, left)
        self._next += 1
        self._orders[order.id] = order
        self._sides[side].add(order)
        return _placed(trades, left, order.id)

    def market(self, side: SideName, quantity: int, limit: int) -> Placed:
        """Take what is no worse than *limit* at once; nothing rests."""
        trades, left = self._take(side, quantity, limit)
        return _placed(trades, left, None)

    def cancel(self, order_id: int) -> int:
        """Remove an order and return what was left of it: 0 where it no longer stands."""
        order = self._orders.pop(order_id, None)
        if order is None:
            return 0
        left = order.quantity
        self._sides[order.side].reduce(order, left)
        return left

    def order(self, order_id: int) -> Order | None:
        """Return a standing order, or None."""
        return self._orders.get(order_id)

    @property
    def best_bid(self) -> int | None:
        """The highest price somebody stands to buy at."""
        key = self._sides["buy"].best()
        return None if key is None else -key

    @property
    def best_ask(self) -> int | None:
        """The lowest price somebody stands to sell at."""
        return self._sides["sell"].best()

    def depth(self, side: SideName) -> Iterator[tuple[int, int]]:
        """Yield (price, quantity) of the orders that stand on *side*, best first."""
        standing = self._sides[side]
        for key in sorted(standing.queues):
            yield standing.sign * key, standing.queues[key].total

    def _take(self, side: SideName, quantity: int, limit: int) -> tuple[tuple[Trade, ...], int]:
        """Trade against the other side down to *limit*; return the trades and what is left."""
        if quantity < 1 or limit < 1:
            raise UsageError(f"an order for {quantity} at {limit}: both must be 1 or more")
        against = self._sides["sell" if side == "buy" else "buy"]
        worst = against.sign * limit
        trades: list[Trade] = []
        while quantity:
            key = against.best()
            if key is None or key > worst:
                break
            order = next(iter(against.queues[key].orders.values()))
            taken = min(quantity, order.quantity)
            trades.append(_trade(order.owner, order.id, order.price, taken))
            quantity -= taken
            against.reduce(order, taken)
            if not order.quantity:
                del self._orders[order.id]
        return tuple(trades), quantity
