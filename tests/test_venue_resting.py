"""Orders of accounts that stand at a venue: paid for in advance, met in price-time priority."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.clock import DAY, HOUR, Clock
from twin.errors import NoData
from twin.market.orderbook import SideName
from twin.market.venue import MAKERS, Venue
from twin.market.venues import make_venues
from twin.random import Streams
from twin.scenario.market import VenueSpec

START = 1_700_006_400
PT = 10**6
SPEC = VenueSpec.model_construct(
    mid=1_000_000, half_life=6 * HOUR, volatility=0.002, spread=1_000, depth=50_000 * PT,
    levels=10, level_step=500, fee=1_000, requote=60, refill=0.5,
)  # fmt: skip
RICH = 1_000_000 * PT


def venue(clock: Clock | None = None, **changes: object) -> Venue:
    made = make_venues(
        {"meridian": SPEC.model_copy(update=changes)}, clock or Clock(START), streams=Streams(1),
        on_trade=lambda _trade: None,
    )["meridian"]  # fmt: skip
    made.deposit("alice", RICH, RICH)
    made.deposit("mia", RICH, RICH)
    return made


def test_a_quote_inside_the_spread_becomes_the_best_and_is_met_first() -> None:
    made = venue()
    heard: list[tuple[int, int, int]] = []
    made.on_fill("mia", lambda *met: heard.append(met))
    order = made.rest("mia", "sell", 1_000 * PT, 1_000_100).id
    assert order is not None
    assert made.best() == (999_500, 1_000_100)
    assert made.balance("mia") == (RICH - 1_000 * PT, RICH)
    fills = made.place("alice", "buy", 3_000 * PT, 1_000_500)
    assert [(trade.maker, trade.price, trade.quantity // PT) for trade in fills.trades] == [
        ("mia", 1_000_100, 1_000), (MAKERS, 1_000_500, 2_000),
    ]  # fmt: skip
    assert heard == [(order, 1_000 * PT, 1_000_100)]
    assert made.balance("mia") == (RICH - 1_000 * PT, RICH + 1_000_100_000)
    assert made.resting("mia") == []
    assert made.best() == (999_500, 1_000_500)


def test_a_bid_holds_its_stable_and_gives_back_what_is_cancelled() -> None:
    made = venue()
    order = made.rest("mia", "buy", 1_000 * PT, 999_900).id
    assert order is not None
    assert made.balance("mia") == (RICH, RICH - 999_900_000)
    made.place("alice", "sell", 400 * PT, 999_900)
    assert made.resting("mia") == [(order, "buy", 999_900, 600 * PT)]
    assert made.cancel("alice", order) == 0  # somebody else's
    assert made.cancel("mia", order) == 600 * PT
    assert made.cancel("mia", order) == 0
    assert made.balance("mia") == (RICH + 400 * PT, RICH - 399_960_000)


def test_what_crosses_trades_at_once_and_the_rest_stands() -> None:
    made = venue(levels=1)
    resting = made.rest("mia", "buy", 60_000 * PT, 1_000_600)
    assert resting.fills.filled == 50_000 * PT
    assert [(side, price, left) for _, side, price, left in made.resting("mia")] == [
        ("buy", 1_000_600, 10_000 * PT)
    ]
    assert made.rest("mia", "sell", 1, 1_000_600).id is None  # it met its own


def test_an_order_beyond_the_balance_is_cut() -> None:
    made = venue()
    made.deposit("poor", 5 * PT, 7 * PT)
    made.rest("poor", "sell", 100 * PT, 2_000_000)
    made.rest("poor", "buy", 100 * PT, 500_000)
    assert [(side, left) for _, side, _, left in made.resting("poor")] == [
        ("sell", 5 * PT), ("buy", 14 * PT),
    ]  # fmt: skip
    assert made.balance("poor") == (0, 0)
    assert made.rest("poor", "buy", 1 * PT, 400_000).id is None


def test_the_makers_meet_a_stale_quote_when_their_value_moves_over_it() -> None:
    clock = Clock(START)
    made = venue(clock, volatility=0.05)
    made.rest("mia", "sell", 1_000 * PT, 1_000_300)
    made.rest("mia", "buy", 1_000 * PT, 999_700)
    made.start()
    clock.run(START + DAY)
    assert made.resting("mia") == []
    assert made.balance("mia") == (RICH, RICH + 600_000)


def test_nobody_moves_a_quote_at_a_venue_that_is_down() -> None:
    made = venue()
    order = made.rest("mia", "sell", 1_000 * PT, 1_000_100).id
    assert order is not None
    made.halt()
    for act in (lambda: made.cancel("mia", order), lambda: made.resting("mia")):
        with pytest.raises(NoData):
            act()


ACTION = st.tuples(
    st.sampled_from(["rest", "place", "cancel", "wait"]), st.sampled_from(["alice", "mia"]),
    st.sampled_from(["buy", "sell"]), st.integers(1, 80_000), st.integers(990_000, 1_010_000),
)  # fmt: skip


@given(st.lists(ACTION, max_size=25))
def test_no_money_is_made_or_lost(
    actions: list[tuple[str, str, SideName, int, int]],
) -> None:
    clock = Clock(START)
    made = venue(clock, volatility=0.02)
    made.start()
    orders: list[tuple[str, int]] = []
    for act, account, side, quantity, price in actions:
        if act == "rest":
            order = made.rest(account, side, quantity * PT, price).id
            orders += [] if order is None else [(account, order)]
        elif act == "place":
            made.place(account, side, quantity * PT, price)
        elif act == "cancel" and orders:
            made.cancel(*orders[quantity % len(orders)])
        else:
            clock.run(clock.now + quantity)
        bid, ask = made._top()
        assert bid is None or ask is None or bid < ask
    for account, order in orders:
        made.cancel(account, order)
    held = [made.balance(name) for name in ("alice", "mia", MAKERS)]
    assert all(pt >= 0 and stable >= 0 for pt, stable in held[:2])
    assert sum(pt for pt, _ in held) == 2 * RICH
    assert sum(stable for _, stable in held) == 2 * RICH - made.fees_collected
