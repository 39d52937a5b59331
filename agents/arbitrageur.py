"""Arbitrageurs between the pool and a venue (A6): to the edge of the fee band, at the next block.

Sources: Milionis, Moallemi, Roughgarden and Zhang 2022 (loss-versus-rebalancing), Nezlobin and
Tassy 2025. The amount is the closed form for a constant product with a fee on the input. `decide` is
the whole of what the agent makes of two prices; `twin validate` runs it block by block against the
deployed pool.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isqrt
from typing import Any, ClassVar

from pydantic import Field

from twin.clock import Process
from twin.crate import maker
from twin.errors import NoData
from twin.habitat import GWEI
from twin.market.venue import Venue
from twin.protocol.parameters import Endowment
from twin.scenario.values import Tokens6

from .base import ETHER, Params, TwinAgent

__all__ = ["Arbitrageur", "ArbitrageurParams", "Trade", "best_trade", "decide", "deep_limit"]

PIPS = 1_000_000
GAS = 250_000
USED = 110_000
"""Gas that a swap takes, for the estimate of its cost."""


class ArbitrageurParams(Params):
    """*capital* in stable value, half of it at the venue; *coin_price* is stable per gas coin.

    *min_profit* is what a trade must leave after gas; all in stable units (6 decimals). With
    *walk_book* a trade is no larger than what the venue's book takes at a profit, level by level;
    without, the best price is taken to hold for all of it.
    """

    capital: Tokens6 = 2_000_000 * 10**6
    venue: str = "meridian"
    coin_price: Tokens6 = 100 * 10**6
    min_profit: Tokens6 = 1 * 10**6
    tip_gwei: int = Field(default=2, ge=0)
    walk_book: bool = False


@dataclass(frozen=True, slots=True)
class Trade:
    """*sell* PT into the pool or buy it there: *amount* goes in, *out* comes out, both units."""

    sell: bool
    amount: int
    out: int
    profit: int


_trade: Callable[[bool, int, int, int], Trade] = maker(Trade)


def best_trade(
    pt: int, stable: int, *, fee: int, bid: int, ask: int, venue_fee: int, limit: tuple[int, int]
) -> Trade | None:
    """Return the trade that brings the pool to the edge of its fee band, or None.

    None is for inside the band, and for where rounding or *limit* leave nothing to gain.

    Reserves *pt* and *stable* in units, *fee* and *venue_fee* in pips, *bid* and *ask* in 1e-6
    stable per PT; *limit* is what can go in, (PT, stable). With input x' = x (1 - fee), the
    marginal price of PT bought is (stable + x')^2 / (pt stable (1 - fee)); it meets the venue's
    bid after its fee. Selling PT into the pool mirrors it at the ask.
    """
    keep, product = PIPS - fee, pt * stable
    buy_at = bid * (PIPS - venue_fee)  # 1e-12 stable per PT
    edge = isqrt(product * buy_at * keep // PIPS**3) - stable
    if edge > 0:
        amount = min(edge * PIPS // keep, limit[1])
        paid = amount * keep // PIPS
        out = pt * paid // (stable + paid)
        profit = out * buy_at // PIPS**2 - amount
        return _trade(False, amount, out, profit) if profit > 0 else None
    sell_at = ask * (PIPS + venue_fee)
    edge = isqrt(product * PIPS * keep // sell_at) - pt
    if edge > 0:
        amount = min(edge * PIPS // keep, limit[0])
        paid = amount * keep // PIPS
        out = stable * paid // (pt + paid)
        profit = out + -amount * sell_at // PIPS**2  # the cost rounds up
        return _trade(True, amount, out, profit) if profit > 0 else None
    return None


@lru_cache(maxsize=64)
def _left_the_band(pt: int, stable: int, *, fee: int, bid: int, ask: int, venue_fee: int) -> bool:
    """Say whether any trade gains: all who watch one pool and one venue ask the same at once."""
    trade = best_trade(
        pt, stable, fee=fee, bid=bid, ask=ask, venue_fee=venue_fee, limit=(pt, stable)
    )  # fmt: skip
    return trade is not None


def decide(
    pt: int,
    stable: int,
    *,
    fee: int,
    bid: int,
    ask: int,
    venue_fee: int,
    limit: tuple[int, int],
    cost: int,
) -> Trade | None:
    """Return the trade to the edge of the fee band where it leaves at least *cost*, or None.

    This is A6: act when the mispricing exceeds fee and gas. *cost* is in stable units, the rest as
    in `best_trade`.
    """
    trade = best_trade(
        pt, stable, fee=fee, bid=bid, ask=ask, venue_fee=venue_fee, limit=limit
    )  # fmt: skip
    return None if trade is None or trade.profit < cost else trade


def deep_limit(
    pt: int,
    stable: int,
    *,
    fee: int,
    venue_fee: int,
    bids: Sequence[tuple[int, int]],
    asks: Sequence[tuple[int, int]],
) -> tuple[int, int]:
    """Return what may go in, (PT, stable), before the book of the venue stops paying for more.

    *bids* and *asks* are (price, PT units), best first. Down each side, the trade to the edge of
    the band is taken at the level's price: what the levels so far hold bounds it from above, and
    a level that no longer wants more than they hold ends the walk.
    """
    sold = bought = held = 0
    for price, standing in bids:  # PT bought in the pool is sold here
        trade = best_trade(pt, stable, fee=fee, bid=price, ask=price * PIPS, venue_fee=venue_fee,
                           limit=(0, stable * PIPS))  # fmt: skip
        if trade is None or trade.out <= held:
            break
        held = min(held + standing, trade.out)
        bought = held
    held = 0
    for price, standing in asks:  # PT sold into the pool is bought here
        trade = best_trade(pt, stable, fee=fee, bid=1, ask=price, venue_fee=venue_fee,
                           limit=(pt * PIPS, 0))  # fmt: skip
        if trade is None or trade.amount <= held:
            break
        held = min(held + standing, trade.amount)
        sold = held
    return sold, _stable_for(pt, stable, bought, fee=fee)


def _stable_for(pt: int, stable: int, out: int, *, fee: int) -> int:
    """Return the stable units that buy at most *out* PT units in the pool; *out* is below *pt*."""
    paid = stable * out // (pt - out)
    return paid * PIPS // (PIPS - fee)


class Arbitrageur(TwinAgent):
    """Wakes when the pool or the venue moved, and trades when that left the fee band."""

    family: ClassVar[str] = "arbitrageur"
    Params: ClassVar[type[Params]] = ArbitrageurParams
    params: ArbitrageurParams
    decide = staticmethod(decide)
    trades = 0
    failed = 0

    def endowment(self) -> Endowment:
        """A quarter of the capital in each token on chain."""
        quarter, pool = self.params.capital // 4, "LiquidityPool"
        return Endowment(
            pt=quarter, stable=quarter, wei=1000 * ETHER,
            approvals=(("PaymentToken", pool), ("StableAsset", pool)),
        )  # fmt: skip

    def venue_deposits(self) -> Iterable[tuple[str, int, int]]:
        """A quarter in each token at the venue."""
        quarter = self.params.capital // 4
        return [(self.params.venue, quarter, quarter)]

    def live(self) -> Process:
        """Sleep until a price moves; look; trade when the band was left.

        A trade moves the pool itself, so the agent looks again after each; one that was refused
        is not repeated before a price moves.
        """
        habitat = self.habitat
        self._moved = habitat.clock.event()
        habitat.venues[self.params.venue].on_change(self._rouse)
        habitat.on_log("LiquidityPool", "Synced", self._synced)
        while True:
            yield self._moved
            self._moved = habitat.clock.event()
            trade = self._look()
            if trade is not None:
                yield from self._carry_out(trade)

    def _rouse(self) -> None:
        if not self._moved.triggered:
            self._moved.succeed()

    def _synced(self, _block: int, _args: Any) -> None:
        self._rouse()

    def _look(self) -> Trade | None:
        """Return a trade that pays for its gas, or None."""
        habitat, venue = self.habitat, self.habitat.venues[self.params.venue]
        try:
            bid, ask = venue.best()
        except NoData:
            return None
        pt, stable = habitat.reserves()
        fee = habitat.swap_fee()
        prices = {"fee": fee, "bid": bid, "ask": ask, "venue_fee": venue.fee}
        if not _left_the_band(pt, stable, fee=fee, bid=bid, ask=ask, venue_fee=venue.fee):
            return None
        at_venue = venue.balance(self.name)
        mine = habitat.balances(habitat.account(self.name))
        limit = min(mine[0], at_venue[1]), min(mine[1], at_venue[0])
        if self.params.walk_book:
            # what stands further than a fee from the best price is not taken afterwards either
            bids = [item for item in venue.depth("buy") if item[0] * PIPS >= bid * (PIPS - fee)]
            asks = [item for item in venue.depth("sell") if item[0] * PIPS <= ask * (PIPS + fee)]
            deep = deep_limit(pt, stable, fee=fee, venue_fee=venue.fee, bids=bids, asks=asks)
            limit = min(limit[0], deep[0]), min(limit[1], deep[1])
        price = habitat.chain.next_base_fee + self.params.tip_gwei * GWEI
        cost = USED * price * self.params.coin_price // ETHER + self.params.min_profit
        trade = self.decide(pt, stable, **prices, limit=limit, cost=cost)
        if trade is None or (self.params.walk_book and self._gain(trade, venue) < cost):
            return None
        works = habitat.works(self.name, "LiquidityPool", "swap", *self._order(trade))
        return trade if works else None

    @staticmethod
    def _gain(trade: Trade, venue: Venue) -> int:
        """Return what *trade* leaves when its other side walks the venue's book (stable units)."""
        if trade.sell:
            return trade.out - venue.quote_cost("buy", trade.amount)
        return venue.quote_cost("sell", trade.out) - trade.amount

    def _order(self, trade: Trade) -> tuple[Any, ...]:
        """Return the arguments of the swap: token, amount, least output, recipient."""
        name = "PaymentToken" if trade.sell else "StableAsset"
        token = self.habitat.deployment.contract(name).address
        return token, trade.amount, trade.out * 999 // 1000, self.habitat.account(self.name)

    def _carry_out(self, trade: Trade) -> Process:
        """Swap at the next block and, for what came out, take the venue's side."""
        habitat, venue = self.habitat, self.habitat.venues[self.params.venue]
        receipt = yield habitat.send(
            self.name, "LiquidityPool", "swap", *self._order(trade),
            gas=GAS, tip=self.params.tip_gwei * GWEI,
        )  # fmt: skip
        if not receipt.success:
            self.failed += 1
            return
        self.trades += 1
        try:
            bid, ask = venue.best()
        except NoData:
            return
        if trade.sell:
            quantity = min(trade.amount, venue.balance(self.name)[1] * PIPS // ask)
            if quantity > 0:
                venue.place(self.name, "buy", quantity, ask * (PIPS + habitat.swap_fee()) // PIPS)
        else:
            quantity = min(trade.out, venue.balance(self.name)[0])
            if quantity > 0:
                limit = max(1, bid * (PIPS - habitat.swap_fee()) // PIPS)
                venue.place(self.name, "sell", quantity, limit)
