"""The order book: price, then time; nothing is made, lost or crossed."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from twin.errors import UsageError
from twin.market.orderbook import OrderBook, SideName, Trade


def test_the_best_price_trades_first_and_the_oldest_at_one_price() -> None:
    book = OrderBook()
    for owner, price in (("late", 102), ("first", 101), ("second", 101)):
        book.limit(owner, "sell", 10, price)
    placed = book.limit("taker", "buy", 25, 102)
    log = [(trade.maker, trade.price, trade.quantity) for trade in placed.trades]
    assert log == [("first", 101, 10), ("second", 101, 10), ("late", 102, 5)]
    assert placed.left == 0
    assert placed.id is None


def test_what_is_left_of_a_limit_order_rests_at_its_price() -> None:
    book = OrderBook()
    book.limit("maker", "sell", 10, 100)
    placed = book.limit("taker", "buy", 25, 101)
    assert (placed.left, book.best_bid, book.best_ask) == (15, 101, None)
    assert placed.id is not None
    assert book.cancel(placed.id) == 15
    assert book.cancel(placed.id) == 0
    assert book.best_bid is None


def test_an_immediate_order_stops_at_its_limit_and_never_rests() -> None:
    book = OrderBook()
    for price in (100, 101, 102):
        book.limit("maker", "buy", 10, price)
    placed = book.market("sell", 100, 101)
    assert [trade.price for trade in placed.trades] == [102, 101]
    assert (placed.left, placed.id, book.best_bid, book.best_ask) == (80, None, 100, None)


def test_depth_is_best_first_on_both_sides() -> None:
    book = OrderBook()
    for price in (98, 99, 98):
        book.limit("b", "buy", 1, price)
    for price in (103, 101):
        book.limit("a", "sell", 2, price)
    assert list(book.depth("buy")) == [(99, 1), (98, 2)]
    assert list(book.depth("sell")) == [(101, 2), (103, 2)]


@pytest.mark.parametrize(("quantity", "price"), [(0, 1), (-1, 1), (1, 0), (1, -5)])
def test_an_order_for_nothing_is_refused(quantity: int, price: int) -> None:
    with pytest.raises(UsageError, match="both must be 1 or more"):
        OrderBook().limit("a", "buy", quantity, price)


def test_quotes_that_wander_leave_no_prices_behind() -> None:
    book = OrderBook()
    for price in range(1, 20_000):
        placed = book.limit("maker", "sell", 1, 100_000 - price)
        assert placed.id is not None
        book.cancel(placed.id)
    book.limit("maker", "sell", 1, 200_000)
    assert len(book._sides["sell"]._heap) < 200
    assert book.best_ask == 200_000


class _Model(RuleBasedStateMachine):
    """A book beside a plain list that is searched from end to end for each order."""

    def __init__(self) -> None:
        super().__init__()
        self.book = OrderBook()
        self.standing: list[list[int | str]] = []
        self.entered = self.traded = self.cancelled = self.lapsed = 0

    def _expect(self, side: SideName, quantity: int, limit: int) -> list[tuple[int, int, int]]:
        sign = 1 if side == "buy" else -1
        other = [item for item in self.standing if item[1] != side]
        other.sort(key=lambda item: (sign * int(item[2]), int(item[0])))
        done: list[tuple[int, int, int]] = []
        for item in other:
            if not quantity or sign * int(item[2]) > sign * limit:
                break
            taken = min(quantity, int(item[3]))
            done.append((int(item[0]), int(item[2]), taken))
            item[3] = int(item[3]) - taken
            quantity -= taken
        self.standing = [item for item in self.standing if item[3]]
        return done

    def _check(self, trades: tuple[Trade, ...], expected: list[tuple[int, int, int]]) -> None:
        got = [(trade.maker_order, trade.price, trade.quantity) for trade in trades]
        assert got == expected
        self.traded += 2 * sum(item[2] for item in expected)

    @rule(
        side=st.sampled_from(["buy", "sell"]),
        quantity=st.integers(1, 50),
        price=st.integers(95, 105),
    )
    def limit(self, side: SideName, quantity: int, price: int) -> None:
        expected = self._expect(side, quantity, price)
        placed = self.book.limit("x", side, quantity, price)
        self._check(placed.trades, expected)
        self.entered += quantity
        if placed.id is not None:
            self.standing.append([placed.id, side, price, placed.left])

    @rule(
        side=st.sampled_from(["buy", "sell"]),
        quantity=st.integers(1, 80),
        limit=st.integers(95, 105),
    )
    def market(self, side: SideName, quantity: int, limit: int) -> None:
        expected = self._expect(side, quantity, limit)
        placed = self.book.market(side, quantity, limit)
        self._check(placed.trades, expected)
        self.entered += quantity
        self.lapsed += placed.left

    @rule(chosen=st.integers(0, 30))
    def cancel(self, chosen: int) -> None:
        if chosen < len(self.standing):
            order, _side, _price, left = self.standing.pop(chosen)
            assert self.book.cancel(int(order)) == left
            self.cancelled += int(left)

    @invariant()
    def never_crossed(self) -> None:
        bid, ask = self.book.best_bid, self.book.best_ask
        assert bid is None or ask is None or bid < ask

    @invariant()
    def nothing_is_lost(self) -> None:
        sides: tuple[SideName, SideName] = ("buy", "sell")
        standing = sum(left for side in sides for _price, left in self.book.depth(side))
        assert standing == sum(int(item[3]) for item in self.standing)
        assert self.entered == self.traded + self.cancelled + self.lapsed + standing


TestBook = _Model.TestCase
