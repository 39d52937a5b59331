"""The arbitrageur: the closed form against exact pool arithmetic, and when the agent trades."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import world_lab as lab
from hypothesis import assume, given
from hypothesis import strategies as st

from twin.market.makers import SIDES

PIPS = 1_000_000
ARBITRAGEUR = lab.agents_module("arbitrageur")
AGENTS = [lab.agent("arbitrageur", "arb"), lab.agent("noise", "whale", trades_per_day=1e-9)]

reserves = st.integers(10**8, 10**15)
fees = st.integers(0, 100_000)
venue_fees = st.integers(0, 10_000)
prices = st.integers(10**5, 10**7)


def best(pt: int, stable: int, *, fee: int, bid: int, ask: int, venue_fee: int) -> Any:
    """Return the trade of somebody whose means have no limit."""
    return ARBITRAGEUR.best_trade(
        pt, stable, fee=fee, bid=bid, ask=ask, venue_fee=venue_fee, limit=(2**112, 2**112)
    )


def after(pt: int, stable: int, trade: Any, fee: int) -> tuple[int, int, int]:
    """Swap as the contract does: reserves of PT and stable afterwards, and what came out."""
    into, out = (pt, stable) if trade.sell else (stable, pt)
    net = trade.amount - -(-trade.amount * fee // PIPS)
    paid = net * out // (into + net)
    into, out = into + trade.amount, out - paid
    return (into, out, paid) if trade.sell else (out, into, paid)


def gain(pt: int, stable: int, trade: Any, *, fee: int, bid: int, ask: int, vf: int) -> Fraction:
    """Return the profit of a trade at the venue's best price, without any rounding at the venue."""
    out = after(pt, stable, trade, fee)[2]
    if trade.sell:
        return Fraction(out) - Fraction(trade.amount * ask * (PIPS + vf), PIPS**2)
    amount: int = trade.amount
    return Fraction(out * bid * (PIPS - vf), PIPS**2) - amount


def trade_of(*, sell: bool, amount: int) -> Any:
    return ARBITRAGEUR.Trade(sell=sell, amount=amount, out=0, profit=0)


@given(reserves, reserves, fees, prices, st.integers(1, 10**6), venue_fees)
def test_the_trade_ends_at_the_edge_of_the_band_and_gains_as_much_as_any(
    pt: int, stable: int, fee: int, bid: int, spread: int, venue_fee: int
) -> None:
    market = {"fee": fee, "bid": bid, "ask": bid + spread, "venue_fee": venue_fee}
    trade = best(pt, stable, **market)
    assume(trade is not None)
    pt_after, stable_after, out = after(pt, stable, trade, fee)
    assert trade.out == out
    assert pt_after * stable_after >= pt * stable
    exact = gain(pt, stable, trade, fee=fee, bid=bid, ask=bid + spread, vf=venue_fee)
    assert 0 < trade.profit <= exact
    assert exact - trade.profit < 1
    # Out is whole units, and so are both sides of the closed form: a few units move the gain by
    # at most what some units of output are worth.
    slack = 3 * (1 if trade.sell else -(-bid // PIPS)) + 2
    for away in (-1000, -10, -1, 1, 10, 1000):
        if trade.amount + away > 0:
            other = trade_of(sell=trade.sell, amount=trade.amount + away)
            assert (
                gain(pt, stable, other, fee=fee, bid=bid, ask=bid + spread, vf=venue_fee)
                <= exact + slack
            )


@given(reserves, reserves, fees, prices, st.integers(1, 10**6), venue_fees)
def test_after_the_trade_the_pool_is_inside_the_band(
    pt: int, stable: int, fee: int, bid: int, spread: int, venue_fee: int
) -> None:
    market = {"fee": fee, "bid": bid, "ask": bid + spread, "venue_fee": venue_fee}
    trade = best(pt, stable, **market)
    assume(trade is not None)
    pt_after, stable_after, _ = after(pt, stable, trade, fee)
    again = best(pt_after, stable_after, **market)
    # What rounding left at the edge gains a unit or two at the most, and never on the other side.
    assert again is None or (again.sell == trade.sell and again.profit <= 2 + bid // PIPS)


@given(reserves, reserves, fees, prices, st.integers(1, 10**6), venue_fees)
def test_the_marginal_price_is_at_the_edge_and_not_beyond(
    pt: int, stable: int, fee: int, bid: int, spread: int, venue_fee: int
) -> None:
    ask = bid + spread
    trade = best(pt, stable, fee=fee, bid=bid, ask=ask, venue_fee=venue_fee)
    assume(trade is not None)
    keep = Fraction(PIPS - fee, PIPS)
    moved = trade.amount * (PIPS - fee) // PIPS  # what the curve sees of the input
    into = pt if trade.sell else stable
    # Price of one more unit of input, in output; at the edge it is the venue's.
    marginal = keep * pt * stable / (into + moved) ** 2
    edge = (
        Fraction(ask * (PIPS + venue_fee), PIPS**2)
        if trade.sell
        else 1 / Fraction(bid * (PIPS - venue_fee), PIPS**2)
    )
    assert marginal >= edge  # to go on would still have paid: the edge is not overshot
    one_more = keep * pt * stable / (into + moved + 2) ** 2
    assert one_more < edge


@given(reserves, reserves, fees, venue_fees, st.integers(0, 10_000))
def test_inside_the_band_there_is_no_trade(
    pt: int, stable: int, fee: int, venue_fee: int, half: int
) -> None:
    price = Fraction(stable * PIPS, pt)
    assume(100 < price < 10**12)
    bid, ask = max(1, int(price) - half), int(price) + 1 + half
    assert best(pt, stable, fee=fee, bid=bid, ask=ask, venue_fee=venue_fee) is None


@given(reserves, reserves, fees, st.sampled_from([1, 2, 4, 5, 8, 10, 100]))
def test_the_sides_mirror_each_other(pt: int, stable: int, fee: int, price: int) -> None:
    far = 10**15
    buy = best(pt, stable, fee=fee, bid=price * PIPS, ask=far, venue_fee=0)
    sell = best(stable, pt, fee=fee, bid=1, ask=PIPS // price, venue_fee=0)
    assume(buy is not None and not buy.sell)
    assert sell is not None
    assert (sell.sell, sell.amount, sell.out) == (True, buy.amount, buy.out)


ROWS = [
    # pt, stable, bid, ask, limit of (PT, stable), what comes of it (sell, amount)
    (10**12, 10**12, 1_020_000, 1_021_000, (10**12, 10**12), (False, 7_953_948_707)),
    (10**12, 10**12, 979_000, 980_000, (10**12, 10**12), (True, 8_156_707_562)),
    (10**12, 10**12, 1_020_000, 1_021_000, (10**12, 5_000), (False, 5_000)),
    (10**12, 10**12, 979_000, 980_000, (7_000, 10**12), (True, 7_000)),
    (10**12, 10**12, 1_020_000, 1_021_000, (10**12, 0), None),
    (10**12, 10**12, 1_020_000, 1_021_000, (10**12, 1), None),
    (10**12, 10**12, 999_000, 1_001_000, (10**12, 10**12), None),
]


@pytest.mark.parametrize(("pt", "stable", "bid", "ask", "limit", "expected"), ROWS)
def test_means_limit_the_trade_and_nothing_to_gain_is_no_trade(
    *, pt: int, stable: int, bid: int, ask: int, limit: tuple[int, int], expected: Any
) -> None:
    trade = ARBITRAGEUR.best_trade(
        pt, stable, fee=3000, bid=bid, ask=ask, venue_fee=1000, limit=limit
    )
    assert (trade and (trade.sell, trade.amount)) == expected


DEEP = {"fee": 3000, "venue_fee": 1000}
POOL = (10**12, 10**12)


def limits(bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> tuple[int, int]:
    into: tuple[int, int] = ARBITRAGEUR.deep_limit(*POOL, **DEEP, bids=bids, asks=asks)
    return into


def test_a_deep_book_limits_nothing_and_a_thin_one_to_what_it_holds() -> None:
    deep = limits([(1_020_000, 10**15)], [(1_021_000, 10**15)])
    free = ARBITRAGEUR.best_trade(*POOL, **DEEP, bid=1_020_000, ask=1_021_000, limit=POOL)
    assert deep[0] == 0
    assert abs(deep[1] - free.amount) < 10
    thin = limits([(1_020_000, 10**9)], [(1_021_000, 10**9)])
    out = after(*POOL, trade_of(sell=False, amount=thin[1]), 3000)[2]
    assert 10**9 - 3 <= out <= 10**9
    assert limits([], []) == (0, 0)


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_the_walk_down_the_book_gains_as_much_as_any(side: str) -> None:
    bids = [(1_020_000, 10**9), (1_015_000, 10**9), (1_010_000, 10**12), (1_000_000, 10**12)]
    asks = [(980_000, 10**9), (985_000, 10**9), (990_000, 10**12), (999_000, 10**12)]
    into = limits(bids, []) if side == "buy" else limits([], asks)

    def worth(amount: int) -> Fraction:
        out = after(*POOL, trade_of(sell=side == "sell", amount=amount), 3000)[2]
        left, value = (out, bids) if side == "buy" else (amount, asks)
        total = Fraction(0)
        for price, standing in value:
            taken = min(left, standing)
            total, left = total + Fraction(taken * price, PIPS), left - taken
        fee = Fraction(PIPS - 1000 if side == "buy" else PIPS + 1000, PIPS)
        return total * fee - amount if side == "buy" else out - total * fee

    amount = into[1] if side == "buy" else into[0]
    assert amount > 2 * 10**9  # it goes on to the third level
    assert all(worth(amount + away) <= worth(amount) + 5 for away in (-(10**8), -1000, 1000, 10**8))


def test_gas_is_part_of_the_band() -> None:
    market = {**DEEP, "bid": 1_005_000, "ask": 1_006_000, "limit": POOL}
    gain = ARBITRAGEUR.best_trade(*POOL, **market).profit
    assert ARBITRAGEUR.decide(*POOL, **market, cost=gain).profit == gain
    assert ARBITRAGEUR.decide(*POOL, **market, cost=gain + 1) is None


# -- the agent ---------------------------------------------------------------------------------


def quote(stage: lab.Stage, value: int) -> None:
    """Let the venue's makers quote around *value* (1e-6 stable) from now on."""
    venue = stage.world.market.venues["meridian"]
    venue._makers.value = value
    venue._stale = dict.fromkeys(SIDES, True)
    venue._compare()


def looks(stage: lab.Stage) -> list[int]:
    """Return the list that the seconds go into at which the agent looks at the prices."""
    log: list[int] = []
    agent = stage.world.agents["arb"]
    look = agent._look

    def looked() -> Any:
        log.append(stage.now)
        return look()

    agent._look = looked
    return log


def swaps(stage: lab.Stage) -> list[tuple[int, str, bool]]:
    return [(now, tx.sender, tx.success) for now, tx in stage.of("tx", function="swap")]


def pushed(stage: lab.Stage, amount: int) -> None:
    """Let the whale sell PT into the pool."""
    habitat = stage.world.habitat
    token = habitat.deployment.contract("PaymentToken").address
    habitat.send("whale", "LiquidityPool", "swap", token, amount, 0, habitat.account("whale"),
                 gas=250_000)  # fmt: skip


def test_it_trades_in_the_first_block_after_a_move_and_not_otherwise() -> None:
    stage = lab.stage(agents=AGENTS)
    log = looks(stage)
    stage.at(1000, lambda: quote(stage, 1_020_000))
    stage.at(2000, lambda: quote(stage, 1_021_000))  # inside the band around the new price
    stage.at(3000, lambda: pushed(stage, 40_000 * 10**6))
    stage.at(5000, lambda: quote(stage, 1_000_000))
    stage.run(2 * lab.HOUR)
    assert swaps(stage) == [
        (1008, "arb", True),
        (3012, "whale", True),
        (3024, "arb", True),
        (5004, "arb", True),
    ]
    # at each move of a price, and where its own trade had moved one
    assert log == [1000, 1008, 2000, 3012, 3024, 5000, 5004]
    assert (stage.world.agents["arb"].trades, stage.world.agents["arb"].failed) == (3, 0)


def test_with_the_book_in_view_it_trades_no_more_than_the_venue_takes() -> None:
    sold = {}
    thin = lab.market(venues={"meridian": {**lab.QUIET, "depth": 1_000}})
    for walks in (False, True):
        arb = lab.agent("arbitrageur", "arb", walk_book=walks)
        stage = lab.stage(agents=[arb, AGENTS[1]], market=thin)
        stage.at(1000, lambda: quote(stage, 1_050_000))  # noqa: B023 - it runs within the turn
        stage.run(1050)
        habitat, venue = stage.world.habitat, stage.world.market.venues["meridian"]
        mine = habitat.balances(habitat.account("arb"))
        # what it bought in the pool and did not sell at the venue
        sold[walks] = mine[0] + venue.balance("arb")[0] - 10**12
        assert stage.world.agents["arb"].trades >= 1
    assert sold[False] > 10**9
    assert abs(sold[True]) < 10**3


def test_a_quiet_week_costs_it_nothing() -> None:
    stage = lab.stage(agents=AGENTS[:1])
    log = looks(stage)
    stage.run(lab.DAY)
    assert log == []
    assert swaps(stage) == []


def test_what_it_gains_somebody_else_pays() -> None:
    stage = lab.stage(agents=AGENTS)
    for hour, value in enumerate((1_020_000, 985_000, 1_010_000, 995_000), start=1):
        stage.at(hour * 1000, lambda value=value: quote(stage, value))  # type: ignore[misc]
    stage.run(2 * lab.HOUR)
    habitat, venue = stage.world.habitat, stage.world.market.venues["meridian"]
    holders = [habitat.account(name) for name in ("arb", "whale", "treasury")]
    pool = habitat.deployment.contract("LiquidityPool").address
    for token in ("PaymentToken", "StableAsset"):
        held = [stage.read(token, "balanceOf", one) for one in (*holders, pool)]
        assert sum(held) == stage.read(token, "totalSupply"), token
    ours = 20_000 * 10**6  # what the network itself keeps at an exchange, of either token
    paid_in = [agent.venue_deposits() for agent in stage.world.agents.values()]
    assert ours + sum(pt for ((_, pt, _),) in paid_in) == sum(
        pt for pt, _ in venue._balances.values()
    )
    stable = sum(stable for _, stable in venue._balances.values()) + venue.fees_collected
    assert ours + sum(stable for ((_, _, stable),) in paid_in) == stable
    arb = venue.balance("arb")
    mine = habitat.balances(habitat.account("arb"))
    assert stage.world.agents["arb"].trades == 4
    assert abs(arb[0] + mine[0] - 10**12) < 10**8  # what it bought here it sold there
    assert arb[1] + mine[1] > 10**12  # and it gained


def test_a_swap_that_would_be_refused_is_not_sent() -> None:
    stage = lab.stage(agents=AGENTS)
    stage.at(500, lambda: stage.call("pauser", "PaymentToken", "pause"))
    stage.at(1000, lambda: quote(stage, 1_020_000))
    stage.at(4000, lambda: stage.call("unpauser", "PaymentToken", "unpause"))
    stage.at(5000, lambda: quote(stage, 1_020_100))
    stage.run(2 * lab.HOUR)
    assert swaps(stage) == [(5004, "arb", True)]


def test_a_venue_that_is_down_is_left_alone() -> None:
    stage = lab.stage(agents=AGENTS)
    stage.at(1000, lambda: pushed(stage, 40_000 * 10**6))
    stage.at(999, stage.world.market.venues["meridian"].halt)
    stage.at(5000, stage.world.market.venues["meridian"].resume)
    stage.run(2 * lab.HOUR)
    assert swaps(stage) == [(1008, "whale", True), (5004, "arb", True)]
