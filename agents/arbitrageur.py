"""Arbitrageurs between the pool and a venue (A6): to the edge of the fee band, at the next block.

Sources: Milionis, Moallemi, Roughgarden and Zhang 2022 (loss-versus-rebalancing), Nezlobin and
Tassy 2025; the arithmetic is in `arbitrage`. `decide` is the whole of what the agent makes of two
prices; `twin validate` runs it block by block against the deployed pool. Who is first in the block
takes the trade, so that arbitrageurs may bid for it (`bidding`), and their capital is finite: what
a trade moved from pool to venue has to come back (`inventory`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field

from twin.clock import Process
from twin.errors import NoData
from twin.habitat import GWEI
from twin.market.venue import Venue
from twin.protocol.parameters import Endowment
from twin.scenario.values import Pips, Tokens6

from .arbitrage import PIPS, Trade, best_trade, decide, deep_limit, left_the_band
from .base import ETHER, Params, TwinAgent
from .bidding import Bidding
from .inventory import Inventory

__all__ = ["Arbitrageur", "ArbitrageurParams", "Trade", "best_trade", "decide", "deep_limit"]

GAS = 250_000
USED = 110_000
"""Gas that a swap takes, for the estimate of its cost."""


class ArbitrageurParams(Params):
    """*capital* in stable value, half of it at the venue; *coin_price* is stable per gas coin.

    *min_profit* is what a trade must leave after gas; all in stable units (6 decimals). With
    *walk_book* a trade is no larger than what the venue's book takes at a profit, level by level;
    without, the best price is taken to hold for all of it.

    With *bid_share* that share of the gain is offered as the tip, more after a lost race; without,
    the tip is always *tip_gwei*. With *rebalance* a token of which the venue holds less or more than
    half, by that share, is moved between wallet and venue, which takes the venue's time; without,
    nothing is ever moved.
    """

    capital: Tokens6 = 2_000_000 * 10**6
    venue: str = "meridian"
    coin_price: Tokens6 = 100 * 10**6
    min_profit: Tokens6 = 1 * 10**6
    tip_gwei: int = Field(default=2, ge=0)
    walk_book: bool = False
    bid_share: Pips | None = None
    rebalance: Pips | None = None


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

    def backing(self) -> Iterable[tuple[str, int, int]]:
        """What lies at the venue, where it may be called for."""
        return () if self.params.rebalance is None else self.venue_deposits()

    def live(self) -> Process:
        """Sleep until a price moves; look; trade when the band was left.

        A trade moves the pool itself, so the agent looks again after each; one that was refused
        is not repeated before a price moves.
        """
        habitat, params = self.habitat, self.params
        self._moved = habitat.clock.event()
        self.bidding = None if params.bid_share is None else Bidding(params.bid_share)
        self.inventory = None
        if params.rebalance is not None:
            self.inventory = Inventory(
                habitat, self.name, venue=params.venue, slack=params.rebalance
            )
        habitat.venues[params.venue].on_change(self._rouse)
        habitat.on_log("LiquidityPool", "Synced", self._synced)
        while True:
            yield self._moved
            self._moved = habitat.clock.event()
            trade = self._look()
            if trade is not None:
                yield from self._carry_out(trade)
            if self.inventory is not None:
                self.inventory.tend()

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
        if not left_the_band(pt, stable, **prices):
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
        cost = self._gas_cost() + self.params.min_profit
        trade = self.decide(pt, stable, **prices, limit=limit, cost=cost)
        if trade is None or (self.params.walk_book and self._gain(trade, venue) < cost):
            return None
        works = habitat.works(self.name, "LiquidityPool", "swap", *self._order(trade))
        return trade if works else None

    def _gas_cost(self) -> int:
        """Return the stable units that a swap's gas costs at the least tip."""
        price = self.habitat.chain.next_base_fee + self.params.tip_gwei * GWEI
        return USED * price * self.params.coin_price // ETHER

    def _tip(self, trade: Trade) -> int:
        """Return the tip for *trade*, wei a gas unit."""
        floor = self.params.tip_gwei * GWEI
        if self.bidding is None:
            return floor
        gain = trade.profit - self._gas_cost() - self.params.min_profit
        return floor + self.bidding.tip(
            gain, gas=USED, coin_price=self.params.coin_price, floor=0
        )  # fmt: skip

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
            gas=GAS, tip=self._tip(trade),
        )  # fmt: skip
        if self.bidding is not None:
            self.bidding.learn(won=receipt.success)
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
