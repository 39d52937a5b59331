"""An external venue for PT against the stable asset: an order book, its makers, and accounts.

Accounts hold PT and stable at the venue, paid in by the scenario. `place` is immediate: it takes
what the book offers down to its limit, and the rest lapses. `rest` leaves what did not trade in the
book, paid for in advance, until it is filled or cancelled: that is how market makers among the
agents quote. The background makers' ladder goes into the book when somebody trades, looks below
the top or could be met by it; in between, a requote costs the top alone. A venue that is down
answers nothing, while its makers' value moves on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from twin.clock import Clock
from twin.crate import maker
from twin.errors import NoData, UsageError
from twin.events import VenueTraded
from twin.market.chance import PIPS
from twin.market.dealt import Fills, Levels, Print, Published, Resting
from twin.market.makers import SIDES, Makers
from twin.market.orderbook import OrderBook, SideName, Trade
from twin.quotes import Ticker
from twin.random import Streams
from twin.scenario.market import VenueSpec

__all__ = ["MAKERS", "Fills", "OnFill", "Published", "Resting", "Venue"]

MAKERS = "makers"
"""The owner of the background quotes; its balance may go below zero, being the outside world."""


TAPE = 500
"""Trades that a venue publishes: the newest."""

_traded = maker(VenueTraded)

_AGAINST: Mapping[SideName, SideName] = {"buy": "sell", "sell": "buy"}


@dataclass(slots=True)
class _Reserved:
    """A standing order of *account* at *price*, and what is still *held* for it: PT or stable."""

    account: str
    side: SideName
    price: int
    held: int


_fills = maker(Fills)

OnFill = Callable[[int, int, int], object]
"""Called with (order id, PT units, price) when a standing order of an account is met."""


class Venue:
    """The venue called *name*, as *spec* describes it; *on_trade* hears of every trade."""

    __slots__ = (
        "_balances", "_best", "_book", "_clock", "_frozen", "_last", "_listeners", "_makers", "_on",
        "_on_fill", "_on_trade", "_placed", "_quoted_at", "_resting", "_stale", "_tape", "_volume",
        "deposit_time", "fee", "fees_collected", "name", "up", "withdrawal_time",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        spec: VenueSpec,
        *,
        clock: Clock,
        streams: Streams,
        on_trade: Callable[[VenueTraded], object],
    ) -> None:
        """Open with a full ladder around the middle; `start` lets it move."""
        self.name, self.fee, self.up = name, spec.fee, True
        self.deposit_time, self.withdrawal_time = spec.deposit_time, spec.withdrawal_time
        self.fees_collected = 0
        self._clock, self._on_trade = clock, on_trade
        self._makers = Makers(spec, streams.stream("venue", name))
        self._book = OrderBook()
        # The makers' orders in the book: their levels by id. A side is stale once they requoted.
        self._placed: dict[SideName, dict[int, int]] = {side: {} for side in SIDES}
        self._stale: dict[SideName, bool] = dict.fromkeys(SIDES, True)
        # Orders of accounts that stand, by id: side, price, and what is paid in for them.
        self._resting: dict[int, _Reserved] = {}
        self._on_fill: dict[str, OnFill] = {}
        self._balances: dict[str, list[int]] = {}
        self._listeners: list[Callable[[], object]] = []
        self._last, self._volume = self._makers.value, 0
        self._tape: deque[Print] = deque(maxlen=TAPE)
        self._frozen: Published | None = None
        self._quoted_at, self._on = clock.now, False
        self._best = self._top()

    # -- what anybody sees ---------------------------------------------------------------------

    def best(self, *, without: str | None = None) -> tuple[int, int]:
        """Return the best bid and ask, 1e-6 stable per PT. Raises NoData while there is none.

        The orders of the account *without* are left out: a maker must not quote around itself.
        """
        self._answer()
        bid, ask = self._best if without is None else self._top(without)
        if bid is None or ask is None:
            side = "bids" if bid is None else "asks"
            raise NoData(f"the book of {self.name} has no {side}")
        return bid, ask

    @property
    def mid(self) -> int:
        """The middle of the best bid and ask. Raises NoData while there is none."""
        bid, ask = self.best()
        return (bid + ask) // 2

    def ticker(self) -> Ticker:
        """Return the ticker. Raises NoData while the venue is down or a side of it is empty."""
        if self._frozen is not None and self._frozen.ticker is not None:
            self._answer()
            return replace(self._frozen.ticker, at=self._clock.now)
        bid, ask = self.best()
        return Ticker(self.name, bid, ask, self._last, self._volume, self._clock.now)

    def published(self) -> Published:
        """Return ticker, book and last trades as anybody is shown them. Raises NoData.

        It looks and lays nothing: what it costs is a walk over the ladder and the standing orders.
        """
        self._answer()
        if self._frozen is not None:
            return self._frozen
        bids, asks = (self._levels(side) for side in SIDES)
        ticker = self.ticker() if bids and asks else None
        return Published(ticker, bids, asks, tuple(self._tape))

    def trades(self) -> tuple[Print, ...]:
        """Return the last trades as anybody is shown them, oldest first. Raises NoData."""
        self._answer()
        return tuple(self._tape) if self._frozen is None else self._frozen.trades

    def quotes(self, account: str) -> tuple[Levels, Levels]:
        """Return the bids and asks of *account* alone (`MAKERS` for the ladder), best first."""
        self._answer()
        if account == MAKERS:
            bids, asks = (tuple(self._ladder(side)) for side in SIDES)
            return bids, asks
        own = self.resting(account)
        buys, sells = (
            [(price, left) for _, held, price, left in own if held == side] for side in SIDES
        )
        return tuple(sorted(buys, reverse=True)), tuple(sorted(sells))

    def _ladder(self, side: SideName) -> Iterator[tuple[int, int]]:
        """Yield price and depth of the makers' levels on *side* that hold anything, best first."""
        for level, quantity in enumerate(self._makers.quantities[side]):
            price = self._makers.price(side, level)
            if quantity and price:
                yield price, quantity

    def _levels(self, side: SideName) -> Levels:
        """Return (price, PT units) of everything that stands on *side*, best first."""
        levels: dict[int, int] = {}
        for price, quantity in self._ladder(side):
            levels[price] = levels.get(price, 0) + quantity
        for number, held in self._resting.items():
            order = self._book.order(number)
            if held.side == side and order is not None:
                levels[held.price] = levels.get(held.price, 0) + order.quantity
        return tuple(sorted(levels.items(), reverse=side == "buy"))

    def depth(self, side: SideName) -> list[tuple[int, int]]:
        """Return (price, PT units) that stand to *side* ("buy" for the bids), best first."""
        self._answer()
        self._lay_ladder(side)
        return list(self._book.depth(side))

    def quote_cost(self, side: SideName, quantity: int) -> int:
        """Return the stable units that a taker would pay for (buy) or get for (sell) *quantity*.

        The fee is included. Raises NoData where the book does not hold as much.
        """
        value, left = 0, quantity
        for price, standing in self.depth("sell" if side == "buy" else "buy"):
            taken = min(left, standing)
            value, left = value + price * taken, left - taken
        if left:
            raise NoData(f"the book of {self.name} is {left} PT units short of {quantity}")
        paid, fee = self._priced(side, value)
        return paid + fee if side == "buy" else paid - fee

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call *callback* when the best bid or ask changed, and when the venue comes or goes."""
        self._listeners.append(callback)

    # -- accounts and orders -------------------------------------------------------------------

    def deposit(self, account: str, pt: int, stable: int) -> None:
        """Credit *account* with *pt* and *stable* units."""
        if pt < 0 or stable < 0:
            raise UsageError(f"{account} pays in {pt} PT and {stable} stable: 0 or more of each")
        self._credit(account, pt, stable)

    def withdraw(self, account: str, pt: int, stable: int) -> bool:
        """Take *pt* and *stable* units out of *account*; False, and nothing, where less is free.

        Raises NoData while the venue is down.
        """
        self._answer()
        if pt < 0 or stable < 0:
            raise UsageError(f"{account} takes out {pt} PT and {stable} stable: 0 or more of each")
        held = self.balance(account)
        if pt > held[0] or stable > held[1]:
            return False
        self._credit(account, -pt, -stable)
        return True

    def balance(self, account: str) -> tuple[int, int]:
        """Return the PT and stable units of *account*: zeros where it never paid in."""
        pt, stable = self._balances.get(account, (0, 0))
        return pt, stable

    def place(self, account: str, side: SideName, quantity: int, limit: int) -> Fills:
        """Take up to *quantity* PT units at *limit* (1e-6 stable) or better, at once.

        An order for more than the account can pay is cut to what it can. Raises NoData while
        the venue is down.
        """
        self._answer()
        if side not in SIDES or quantity < 1 or limit < 1:
            told = "the side is buy or sell, quantity and limit 1 or more"
            raise UsageError(f"{account} places {side} {quantity} at {limit}: {told}")
        self._lay_ladder(_AGAINST[side])
        quantity = self._affordable(account, side, quantity, limit)
        if not quantity:
            return Fills(side, 0, 0, 0, 0, 0, ())
        return self._settle(account, side, self._book.market(side, quantity, limit).trades)

    def rest(self, account: str, side: SideName, quantity: int, price: int) -> Resting:
        """Take what is no worse than *price* (1e-6 stable), and let the rest stand there.

        What stands is taken out of the balance until it is filled or cancelled; an order for
        more than the account can pay is cut to what it can. Raises NoData while the venue is down.
        """
        self._answer()
        self._lay_ladder(*SIDES)  # whoever quotes its price already came before
        fills = self.place(account, side, quantity, price)
        left = self._affordable(account, side, quantity - fills.filled, price, standing=True)
        if left < 1:
            return Resting(None, fills)
        placed = self._book.limit(account, side, left, price)
        assert placed.id is not None  # noqa: S101 - what it could meet is taken above
        held = left if side == "sell" else -(-left * price // PIPS)
        self._resting[placed.id] = _Reserved(account, side, price, held)
        self._credit(account, *((-held, 0) if side == "sell" else (0, -held)))
        self._compare()
        return Resting(placed.id, fills)

    def cancel(self, account: str, order: int) -> int:
        """Take back a standing order of *account*; return what was left of it, 0 if nothing.

        Raises NoData while the venue is down: whoever quotes then is stuck with the quote.
        """
        self._answer()
        reserved = self._resting.get(order)
        if reserved is None or reserved.account != account:
            return 0
        left = self._book.cancel(order)
        self._release(order)
        self._compare()
        return left

    def resting(self, account: str) -> list[tuple[int, SideName, int, int]]:
        """Return the standing orders of *account*: id, side, price, PT units left."""
        self._answer()
        found = []
        for number, reserved in self._resting.items():
            order = self._book.order(number)
            if reserved.account == account and order is not None:
                found.append((number, order.side, order.price, order.quantity))
        return found

    def on_fill(self, account: str, callback: OnFill) -> None:
        """Call *callback* whenever a standing order of *account* is met, in part or whole."""
        self._on_fill[account] = callback

    def _release(self, order: int) -> None:
        """Give back what is paid in for an order that no longer stands."""
        reserved = self._resting.pop(order)
        held = reserved.held
        self._credit(reserved.account, *((held, 0) if reserved.side == "sell" else (0, held)))

    def _affordable(
        self, account: str, side: SideName, quantity: int, limit: int, *, standing: bool = False
    ) -> int:
        """Return how much of *quantity* the account can pay for: now, or *standing* at *limit*."""
        pt, stable = self.balance(account)
        if side == "sell":
            return min(quantity, pt)
        if standing:
            return min(quantity, stable * PIPS // limit)
        # 3 units are kept back for the rounding up of the cost and of the fee
        budget = max(0, stable - 3) * PIPS * PIPS // (PIPS + self.fee)
        taken = 0
        for price, offered in self._book.depth("sell"):
            amount = min(quantity - taken, offered, budget // price)
            if price > limit or not amount:
                break
            taken, budget = taken + amount, budget - amount * price
        return taken

    def _priced(self, side: SideName, value: int) -> tuple[int, int]:
        """Return cost or proceeds, and the fee, for trades worth *value* (1e-12 stable).

        Both round against the taker.
        """
        paid = -(-value // PIPS) if side == "buy" else value // PIPS
        return paid, -(-paid * self.fee // PIPS)

    def _settle(self, account: str, side: SideName, trades: tuple[Trade, ...]) -> Fills:
        """Move the balances, remember the levels taken, and tell the log and the listeners."""
        filled = sum(trade.quantity for trade in trades)
        value = sum(trade.quantity * trade.price for trade in trades)
        if not filled:
            return Fills(side, 0, 0, 0, 0, 0, ())
        paid, fee = self._priced(side, value)
        signed = 1 if side == "buy" else -1
        self._credit(account, signed * filled, -signed * paid - fee)
        # What accounts did not take the other side of, the makers did: dust of rounding included.
        met, worth = 0, 0
        for trade in trades:
            if trade.maker_order in self._resting:
                met += trade.quantity
                worth += self._meet(trade)
            else:
                level = self._placed[_AGAINST[side]][trade.maker_order]
                self._makers.quantities[_AGAINST[side]][level] -= trade.quantity
            self._print(account, side, trade.price, trade.quantity)
        self._credit(MAKERS, -signed * (filled - met), signed * (paid - worth))
        self.fees_collected += fee
        self._volume += filled
        self._compare()
        spent, received = (paid + fee, filled) if side == "buy" else (filled, paid - fee)
        return _fills(side, filled, spent, received, fee, value // filled, trades)

    def _meet(self, trade: Trade) -> int:
        """Fill a standing order of an account; return the stable units that it got or gave."""
        reserved = self._resting[trade.maker_order]
        if reserved.side == "sell":
            worth = trade.quantity * trade.price // PIPS
            reserved.held -= trade.quantity
            self._credit(reserved.account, 0, worth)
        else:
            worth = -(-trade.quantity * trade.price // PIPS)
            worth = min(worth, reserved.held)
            reserved.held -= worth
            self._credit(reserved.account, trade.quantity, 0)
        if self._book.order(trade.maker_order) is None:
            self._release(trade.maker_order)
        heard = self._on_fill.get(reserved.account)
        if heard is not None:
            heard(trade.maker_order, trade.quantity, trade.price)
        return worth

    def _print(self, taker: str, side: SideName, price: int, quantity: int) -> None:
        """Put a trade on the tape and into the log."""
        self._last = price
        self._tape.append((self._clock.now, side, price, quantity))
        self._on_trade(_traded(self.name, taker, side, price, quantity))

    def _credit(self, account: str, pt: int, stable: int) -> None:
        held = self._balances.setdefault(account, [0, 0])
        held[0] += pt
        held[1] += stable

    # -- the makers ----------------------------------------------------------------------------

    def start(self) -> None:
        """Let the makers requote from now on."""
        if not self._on:
            self._on = True
            self._clock.call_at(self._clock.now + self._makers.wait(), self._requote)

    def _requote(self) -> None:
        now = self._clock.now
        self._makers.move(now - self._quoted_at)
        self._quoted_at = now
        self._stale = dict.fromkeys(SIDES, True)
        self._clock.call_at(now + self._makers.wait(), self._requote)
        if self._resting and self._crossed():
            self._lay_ladder(*SIDES)
        self._compare()

    def _crossed(self) -> bool:
        """Say whether the makers' new quotes meet an order of an account."""
        bid, ask = self._standing("buy"), self._standing("sell")
        makers_bid, makers_ask = self._makers.best("buy"), self._makers.best("sell")
        return (bid is not None and makers_ask is not None and makers_ask <= bid) or (
            ask is not None and makers_bid is not None and makers_bid >= ask
        )

    def _lay_ladder(self, *sides: SideName) -> None:
        """Put the makers' present quotes on *sides* into the book.

        All of the last ones go: what is quoted now must not meet them.
        """
        for side in SIDES:
            if self._stale[side]:
                for order in self._placed[side]:
                    self._book.cancel(order)
                self._placed[side] = {}
        for side in [side for side in sides if self._stale[side]]:
            self._stale[side] = False
            for level, quantity in enumerate(self._makers.quantities[side]):
                price = self._makers.price(side, level)
                if quantity and price:
                    self._lay(side, level, quantity, price)

    def _lay(self, side: SideName, level: int, quantity: int, price: int) -> None:
        """Put one level into the book, and settle what it meets of the accounts' orders."""
        placed = self._book.limit(MAKERS, side, quantity, price)
        if placed.id is not None:
            self._placed[side][placed.id] = level
        for trade in placed.trades:
            worth = self._meet(trade)
            signed = 1 if side == "buy" else -1
            self._credit(MAKERS, signed * trade.quantity, -signed * worth)
            self._makers.quantities[side][level] -= trade.quantity
            self._volume += trade.quantity
            self._print(MAKERS, side, trade.price, trade.quantity)

    def _standing(self, side: SideName, without: str | None = None) -> int | None:
        """Return the best price at which an account's order stands on *side*, or None."""
        prices = [
            held.price
            for held in self._resting.values()
            if held.side == side and held.account != without
        ]
        if not prices:
            return None
        return max(prices) if side == "buy" else min(prices)

    def _top(self, without: str | None = None) -> tuple[int | None, int | None]:
        bid, ask = self._makers.best("buy"), self._makers.best("sell")
        if not self._resting:
            return bid, ask
        bids = [price for price in (bid, self._standing("buy", without)) if price is not None]
        asks = [price for price in (ask, self._standing("sell", without)) if price is not None]
        return max(bids, default=None), min(asks, default=None)

    def _compare(self) -> None:
        """Tell the listeners where the best bid or ask is another than before."""
        best = self._top()
        if best != self._best:
            self._best = best
            if self.up:
                self._tell()

    # -- troubles: the injector's alone --------------------------------------------------------

    def freeze(self) -> None:
        """Show from now on what is shown now, under ever new times, while the matching goes on."""
        self._frozen = self.published()

    def thaw(self) -> None:
        """Show what there is."""
        self._frozen = None

    def thin(self, share_ppm: int, widening: int) -> None:
        """Let the makers quote the share *share_ppm* of their depth, *widening* pips further out."""
        self._makers.withdraw(share_ppm, widening)
        self._stale = dict.fromkeys(SIDES, True)
        self._compare()

    def misprint(self, price: int, quantity: int) -> None:
        """Publish a trade at *price* that nobody else's book would have given."""
        self._last = price
        self._volume += quantity
        self._tape.append((self._clock.now, "buy", price, quantity))

    def halt(self) -> None:
        """Stop answering."""
        self.up = False
        self._tell()

    def resume(self) -> None:
        """Answer again."""
        self.up = True
        self._tell()

    def _answer(self) -> None:
        if not self.up:
            raise NoData(f"the venue {self.name} does not answer")

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()
