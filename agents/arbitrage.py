"""The arithmetic of arbitrage between the pool and a price outside it (A6), in the contract's integers.

Sources: Milionis, Moallemi, Roughgarden and Zhang 2022 (loss-versus-rebalancing), Nezlobin and
Tassy 2025. The amount is the closed form for a constant product with a fee on the input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isqrt

from twin.crate import maker

__all__ = ["Trade", "best_trade", "decide", "deep_limit", "left_the_band"]

PIPS = 1_000_000


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
def left_the_band(pt: int, stable: int, *, fee: int, bid: int, ask: int, venue_fee: int) -> bool:
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
