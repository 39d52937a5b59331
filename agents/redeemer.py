"""Redeemers: the authorised few, or many, who tie PT to its reserve by trading the pool against it.

Model: primary-market arbitrage as of Ma, Zeng and Zhang (Stablecoin Runs and the Centralization of
Arbitrage). Below what the reserve pays (par at the oracle's price, less the day's haircut and the
redemption fee) a redeemer buys PT in the pool, and where it has an account there at a venue, and
redeems it; above what minting costs it sells PT to the pool and mints what it sold. Each trade goes
to the edge of the pool's fee band (A6 of Milionis et al. with the reserve in the place of the
venue), within the limits of the day. Redeemers do not coordinate: whoever is served first has the
better tier. How many there are, how fast and how rich is scenario data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from pydantic import Field

from twin.clock import HOUR, Process
from twin.errors import NoData, UnknownName
from twin.habitat import GWEI
from twin.protocol.parameters import Endowment
from twin.scenario.values import Pips, Seconds, Tokens6

from .arbitrage import Trade, best_trade
from .base import ETHER, Params, TwinAgent
from .dealing import PIPS, Dealings
from .terms import PAR, Terms, rooms

__all__ = ["Redeemer", "RedeemerParams"]

REDEEM_GAS = 350_000
USED = 300_000
"""Gas of a swap and a redemption together, for the estimate of their cost."""
REDEMPTION = 3
"""The kind of the redemption fee in `FeeSchedule`."""
STABLE = 0


class RedeemerParams(Params):
    """*capital* in stable units, half of it in each token on chain.

    The redeemer acts *latency* seconds (mean of an exponential) after a price moved, and looks
    every *look* seconds where none does. *coin_price* is stable units per gas coin, *min_profit*
    in stable units is what a trade must leave after gas. With a *venue*, *venue_capital* in stable
    lies there and buys PT too cheap; the PT redeemed for it comes from the chain.
    """

    capital: Tokens6 = 2_000_000 * 10**6
    latency: Seconds = 60
    look: Seconds = Field(default=HOUR, ge=1)
    coin_price: Tokens6 = 100 * 10**6
    min_profit: Tokens6 = 10 * 10**6
    tip_gwei: int = Field(default=2, ge=0)
    slippage: Pips = Field(default=2_000, lt=PIPS)
    mints: bool = True
    venue: str | None = None
    venue_capital: Tokens6 = 0


class Redeemer(TwinAgent):
    """Wakes when the pool's price moved, and trades it against the reserve."""

    family: ClassVar[str] = "redeemer"
    Params: ClassVar[type[Params]] = RedeemerParams
    roles: ClassVar[tuple[str, ...]] = ("redeemer",)
    params: RedeemerParams
    redeemed = minted = refused = 0
    """PT units redeemed and minted; redemptions that the reserve would not take in the end."""

    def endowment(self) -> Endowment:
        """Half of the capital in each token, with leave for pool and reserve."""
        half = self.params.capital // 2
        spenders = ("LiquidityPool", "Reserve")
        return Endowment(
            pt=half, stable=half, wei=1000 * ETHER,
            approvals=tuple((t, s) for t in ("PaymentToken", "StableAsset") for s in spenders),
        )  # fmt: skip

    def venue_deposits(self) -> Iterable[tuple[str, int, int]]:
        """The stable asset at the venue, where there is one."""
        params = self.params
        return () if params.venue is None else [(params.venue, 0, params.venue_capital)]

    def live(self) -> Process:
        """Sleep until a price moves or it is time; wait as long as it takes to react; trade."""
        habitat, params = self.habitat, self.params
        if params.venue is not None and params.venue not in habitat.venues:
            raise UnknownName("venue", params.venue, habitat.venues)
        self._deal = Dealings(habitat, self.name)
        self._moved = habitat.clock.event()
        self._priced = habitat.read("Reserve", "holding", STABLE)[5] != bytes(32)
        habitat.on_log("Reserve", "AssetFeedSet", self._feed_set)
        habitat.on_log("LiquidityPool", "Synced", lambda _block, _args: self._rouse())
        if params.venue is not None:
            habitat.venues[params.venue].on_change(self._rouse)
        while True:
            yield self._moved | habitat.clock.after(params.look)
            self._moved = habitat.clock.event()
            draw = float(self.chance.standard_exponential())
            yield habitat.clock.after(1 + round(params.latency * draw))
            terms = self._terms() if self._worth_a_look() else None
            if terms is None:
                continue
            trade = self._look(terms)
            if trade is not None:
                yield from self._carry_out(trade)
            elif params.venue is not None:
                yield from self._take_venue(params.venue, terms)

    def _rouse(self) -> None:
        if not self._moved.triggered:
            self._moved.succeed()

    def _feed_set(self, _block: int, _args: Mapping[str, Any]) -> None:
        self._priced = True

    # -- what is offered ------------------------------------------------------------------------

    def _worth_a_look(self) -> bool:
        """Say whether terms could pay at all: what the reserve does at par is known in advance."""
        if self._priced or self.params.venue is not None:
            return True
        pt, stable = self.habitat.reserves()
        keep = PIPS - self.habitat.swap_fee()
        return pt * keep > stable * PIPS or stable * keep > pt * PIPS

    def _terms(self) -> Terms | None:
        """Return what the reserve offers; None while it is closed, paused, or cannot price."""
        ask, account = self._deal.ask, self._deal.account
        if self.habitat.paused("Reserve") or not ask("Reserve", "isOpen"):
            return None
        held, *_, feed, _document = ask("Reserve", "holding", STABLE)
        price = PAR if feed == bytes(32) else ask("OracleNetwork", "fresh", feed)
        if price is None or price <= 0:
            return None
        used = ask("Reserve", "redeemedToday")
        own = ask("Reserve", "redeemerLimit") - ask("Reserve", "redeemedTodayBy", account)
        limit = max(0, min(ask("Reserve", "dailyLimit") - used, own, held * price // PAR))
        supply = ask("PaymentToken", "totalSupply")
        room = tuple(rooms(ask("Reserve", "tiers"), used, supply))
        return Terms(price, ask("FeeSchedule", "fee", REDEMPTION), limit, room)

    def _cost(self) -> int:
        """Return the gas of a round trip in stable units, and the least profit on top."""
        price = self.habitat.chain.next_base_fee + self.params.tip_gwei * GWEI
        return USED * price * self.params.coin_price // ETHER + self.params.min_profit

    def _look(self, terms: Terms) -> Trade | None:
        """Return the pool's side of the best round trip that pays for its gas, or None."""
        pt, stable = self.habitat.reserves()
        mine = self.habitat.balances(self._deal.account)
        best: Trade | None = None
        if not pt or not stable:
            return None
        for haircut, fits in terms.room:
            redeemable = min(fits, terms.limit)
            trade = best_trade(
                pt, stable, fee=self.habitat.swap_fee(), bid=terms.pays(haircut), ask=terms.costs,
                venue_fee=0, limit=(mine[0] if self.params.mints else 0, mine[1]),
            )  # fmt: skip
            if trade is not None and not trade.sell and trade.out > redeemable:
                trade = self._cut(trade, redeemable, terms.pays(haircut))
            if trade is not None and (best is None or trade.profit > best.profit):
                best = trade
        return best if best is not None and best.profit >= self._cost() else None

    def _cut(self, trade: Trade, redeemable: int, pays: int) -> Trade | None:
        """Return *trade* with no more PT bought than is *redeemable*, at *pays* (1e-6) for each."""
        pt, stable = self.habitat.reserves()
        if redeemable <= 0:
            return None
        keep = PIPS - self.habitat.swap_fee()
        amount = min(-(-stable * redeemable * PIPS // ((pt - redeemable) * keep)), trade.amount)
        profit = redeemable * pays // PIPS - amount
        return Trade(sell=False, amount=amount, out=redeemable, profit=profit)

    # -- trading --------------------------------------------------------------------------------

    def _carry_out(self, trade: Trade) -> Process:
        """Trade with the pool, then with the reserve what came of it."""
        swapped = self._deal.swap(trade.amount, sell=trade.sell, slippage=self.params.slippage)
        receipt = (yield swapped) if swapped is not None else None
        if receipt is None or not receipt.success:
            return
        if trade.sell:
            yield from self._mint(trade.amount)
        else:
            yield from self._redeem(trade.out)

    def _redeem(self, amount: int) -> Process:
        """Redeem *amount* PT units for what was reckoned with, less the slippage, or keep them."""
        terms = self._terms()
        amount = min(amount, terms.limit if terms else 0)
        haircut = next((cut for cut, fits in terms.room if amount <= fits), 0) if terms else 0
        floor = amount * terms.pays(haircut) // PIPS if terms else 0
        floor = floor * (PIPS - self.params.slippage) // PIPS
        if amount <= 0 or not self.habitat.works(self.name, "Reserve", "redeem", amount, floor):
            self.refused += 1
            return
        receipt = yield self._send("redeem", amount, floor)
        if receipt.success:
            self.redeemed += amount
        else:
            self.refused += 1

    def _mint(self, amount: int) -> Process:
        """Mint *amount* PT units again for the stable asset that selling them brought."""
        terms = self._terms()
        stable = min(amount * terms.costs // PIPS if terms else 0,
                     self.habitat.balances(self._deal.account)[1])  # fmt: skip
        floor = amount * (PIPS - self.params.slippage) // PIPS
        if stable <= 0 or not self.habitat.works(self.name, "Reserve", "mint", stable, floor):
            return
        receipt = yield self._send("mint", stable, floor)
        if receipt.success:
            self.minted += self._deal.event(receipt, "Reserve", "MintedAgainst")["ptAmount"]

    def _send(self, function: str, *args: Any) -> Any:
        tip = self.params.tip_gwei * GWEI
        return self.habitat.send(self.name, "Reserve", function, *args, gas=REDEEM_GAS, tip=tip)

    def _take_venue(self, name: str, terms: Terms) -> Process:
        """Buy at the venue what is offered below the reserve's price, and redeem as much."""
        venue = self.habitat.venues[name]
        haircut, fits = terms.room[0]
        limit = terms.pays(haircut) * PIPS // (PIPS + venue.fee)
        try:
            ask = venue.best()[1]
        except NoData:
            return
        mine = self.habitat.balances(self._deal.account)[0]
        most = venue.balance(self.name)[1] * PIPS // (ask * (PIPS + venue.fee) // PIPS + 1)
        quantity = min(fits, terms.limit, mine, most)
        if quantity <= 0 or quantity * (limit - ask) // PIPS < self._cost():
            return
        filled = venue.place(self.name, "buy", quantity, limit).filled
        if filled:
            yield from self._redeem(filled)
