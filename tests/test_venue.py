"""An external venue: its makers, its accounts, impact, outages, and who hears of what."""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.clock import DAY, HOUR, Clock
from twin.errors import NoData, UsageError
from twin.events import VenueTraded
from twin.market.makers import Makers
from twin.market.orderbook import SideName
from twin.market.venue import MAKERS, Fills, Venue
from twin.market.venues import make_venues
from twin.random import Streams
from twin.scenario.market import VenueSpec

START = 1_700_006_400
PT = 10**6
SPEC = VenueSpec.model_construct(
    mid=1_000_000, half_life=6 * HOUR, volatility=0.002, spread=1_000, depth=50_000 * PT,
    levels=10, level_step=500, fee=1_000, requote=60, refill=0.5,
)  # fmt: skip


def venue(*, seed: int = 1, log: list[VenueTraded] | None = None, **changes: object) -> Venue:
    made = make_venues(
        {"meridian": SPEC.model_copy(update=changes)},
        Clock(START),
        streams=Streams(seed),
        on_trade=(log if log is not None else []).append,
    )["meridian"]
    made.deposit("alice", 1_000_000 * PT, 1_000_000 * PT)
    return made


def clock(of: Venue) -> Clock:
    return of._clock


def test_a_venue_opens_with_a_full_ladder_around_the_middle() -> None:
    made = venue(levels=3)
    assert made.best() == (999_500, 1_000_500)
    assert made.depth("buy") == [(price, 50_000 * PT) for price in (999_500, 999_000, 998_500)]
    assert made.depth("sell") == [
        (price, 50_000 * PT) for price in (1_000_500, 1_001_000, 1_001_500)
    ]
    ticker = made.ticker()
    assert (ticker.venue, ticker.bid, ticker.ask, ticker.last, ticker.volume, ticker.at) == (
        "meridian", 999_500, 1_000_500, 1_000_000, 0, START,
    )  # fmt: skip
    assert made.mid == 1_000_000


ORDERS = [
    # side, quantity, limit, filled, spent, received, fee, price
    ("buy", 10_000 * PT, 1_000_500, 10_000 * PT, 10_015_005_000, 10_000 * PT, 10_005_000, 1_000_500),
    ("sell", 10_000 * PT, 999_500, 10_000 * PT, 10_000 * PT, 9_985_005_000, 9_995_000, 999_500),
    ("buy", 60_000 * PT, 1_000_500, 50_000 * PT, 50_075_025_000, 50_000 * PT, 50_025_000, 1_000_500),
    ("buy", 60_000 * PT, 1_001_000, 60_000 * PT, 60_095_035_000, 60_000 * PT, 60_035_000, 1_000_583),
    ("buy", 10_000 * PT, 1_000_499, 0, 0, 0, 0, 0),
    ("sell", 10_000 * PT, 999_501, 0, 0, 0, 0, 0),
    ("buy", 1, 1_000_500, 1, 3, 1, 1, 1_000_500),
]  # fmt: skip


@pytest.mark.parametrize(
    ("side", "quantity", "limit", "filled", "spent", "received", "fee", "price"), ORDERS
)
def test_an_order_fills_to_its_limit_and_pays_the_fee(
    *, side: SideName, quantity: int, limit: int, filled: int, spent: int, received: int,
    fee: int, price: int,
) -> None:  # fmt: skip
    made = venue()
    fills = made.place("alice", side, quantity, limit)
    got = (fills.filled, fills.spent, fills.received, fills.fee, fills.price)
    assert got == (filled, spent, received, fee, price)
    pt, stable = made.balance("alice")
    out, into = -spent, received
    moved = (into, out) if side == "buy" else (out, into)
    assert (pt - 1_000_000 * PT, stable - 1_000_000 * PT) == moved
    assert made.fees_collected == fee


def test_each_level_taken_is_an_event_and_the_ticker_follows() -> None:
    log: list[VenueTraded] = []
    made = venue(log=log)
    made.place("alice", "buy", 60_000 * PT, 2_000_000)
    assert log == [
        VenueTraded("meridian", "alice", "buy", 1_000_500, 50_000 * PT),
        VenueTraded("meridian", "alice", "buy", 1_001_000, 10_000 * PT),
    ]
    ticker = made.ticker()
    assert (ticker.ask, ticker.last, ticker.volume) == (1_001_000, 1_001_000, 60_000 * PT)


def test_an_order_beyond_the_balance_is_cut_to_it() -> None:
    made = venue()
    made.deposit("bob", 7 * PT, 100 * PT)
    assert made.place("bob", "sell", 10**12, 1).spent == 7 * PT
    fills = made.place("bob", "buy", 10**12, 10**9)
    pt, stable = made.balance("bob")
    assert (pt, fills.filled) == (fills.filled, fills.received)
    assert 0 <= stable < 10
    assert made.place("nobody", "buy", PT, 10**9) == Fills("buy", 0, 0, 0, 0, 0, ())


@pytest.mark.parametrize(
    ("side", "quantity", "limit"), [("hold", 1, 1), ("buy", 0, 1), ("sell", 1, 0)]
)
def test_an_order_that_is_none_is_refused(side: SideName, quantity: int, limit: int) -> None:
    with pytest.raises(UsageError, match="the side is buy or sell"):
        venue().place("alice", side, quantity, limit)


def test_a_deposit_below_zero_is_refused() -> None:
    with pytest.raises(UsageError, match="0 or more of each"):
        venue().deposit("alice", -1, 0)


def test_the_quoted_cost_is_what_the_order_then_costs() -> None:
    made = venue()
    cost = made.quote_cost("buy", 123_456 * PT + 7)
    assert made.place("alice", "buy", 123_456 * PT + 7, 10**9).spent == cost
    gain = made.quote_cost("sell", 99_999 * PT + 1)
    assert made.place("alice", "sell", 99_999 * PT + 1, 1).received == gain
    with pytest.raises(NoData, match="units short of"):
        made.quote_cost("sell", 10 * 50_000 * PT)


def test_a_side_that_was_taken_whole_is_no_data_until_makers_return() -> None:
    made = venue(levels=1)
    made.place("alice", "buy", 50_000 * PT, 10**9)
    for ask in (made.best, made.ticker, lambda: made.mid):
        with pytest.raises(NoData, match="the book of meridian has no asks"):
            ask()
    made.start()
    clock(made).run(START + HOUR)
    assert made.best()[1] > made.best()[0]


def test_a_venue_that_is_down_answers_nothing_and_comes_back() -> None:
    made = venue()
    log: list[bool] = []
    made.on_change(lambda: log.append(made.up))
    made.start()
    made.halt()
    for ask in (
        made.ticker, made.best, lambda: made.mid, lambda: made.quote_cost("buy", 1),
        lambda: made.depth("buy"), lambda: made.place("alice", "buy", 1, 10**9),
    ):  # fmt: skip
        with pytest.raises(NoData, match="the venue meridian does not answer"):
            ask()
    clock(made).run(START + HOUR)
    assert log == [False]
    made.resume()
    assert log == [False, True]
    assert made.best() != (999_500, 1_000_500)
    assert made.balance("alice") == (1_000_000 * PT, 1_000_000 * PT)


def test_listeners_hear_of_a_new_best_price_and_of_nothing_else() -> None:
    made = venue()
    log: list[tuple[int, int]] = []
    made.on_change(lambda: log.append(made.best()))
    made.place("alice", "buy", 10 * PT, 10**9)
    assert log == []
    made.place("alice", "buy", 50_000 * PT, 10**9)
    assert log == [(999_500, 1_001_000)]
    made.start()
    clock(made).run(START + HOUR)
    assert all(a != b for a, b in itertools.pairwise(log))
    assert 20 < len(log) < 100


@given(
    orders=st.lists(
        st.tuples(
            st.sampled_from(["buy", "sell"]),
            st.integers(1, 200_000 * PT),
            st.integers(950_000, 1_050_000),
            st.integers(0, 600),
        ),
        max_size=12,
    )
)
def test_nothing_is_made_or_lost_and_the_top_is_the_books(
    orders: list[tuple[SideName, int, int, int]],
) -> None:
    made = venue()
    made.start()
    for side, quantity, limit, wait in orders:
        clock(made).run(clock(made).now + wait)
        made.place("alice", side, quantity, limit)
        held = [made.balance(name) for name in ("alice", MAKERS)]
        assert sum(pt for pt, _ in held) == 1_000_000 * PT
        assert sum(stable for _, stable in held) + made.fees_collected == 1_000_000 * PT
        assert min(made.balance("alice")) >= 0
        levels = [made.depth(which) for which in ("buy", "sell")]  # which lays what is not yet
        book = made._book
        assert made._best == (book.best_bid, book.best_ask)
        assert [sum(q for _, q in side) for side in levels] == [
            sum(made._makers.quantities[which]) for which in ("buy", "sell")
        ]


def makers(**changes: object) -> Makers:
    spec = SPEC.model_copy(update=changes)
    return Makers(spec, Streams(5).stream("venue", "test"))


def test_what_was_taken_comes_back_by_the_share_of_refill() -> None:
    made = makers(levels=2, volatility=0.0, refill=0.5)
    made.quantities["sell"] = [0, 10_000 * PT]
    made.move(60)
    assert made.quantities["sell"] == [25_000 * PT, 30_000 * PT]
    assert made.quantities["buy"] == [50_000 * PT, 50_000 * PT]


@pytest.mark.parametrize(
    ("refill", "value"), [(1.0, 1_000_000), (0.5, 1_000_125), (0.0, 1_000_250)]
)
def test_what_does_not_come_back_moves_the_makers_value(refill: float, value: int) -> None:
    """The best ask goes from 1.0005 to 1.0010: the middle moves by .00025, the makers by a share."""
    made = makers(volatility=0.0, refill=refill, half_life=10**9)
    made.quantities["sell"][0] = 0
    made.move(60)
    assert made.value == value


def test_a_pushed_value_comes_back_with_the_half_life() -> None:
    made = makers(volatility=0.0, refill=0.0, half_life=HOUR)
    made.quantities["sell"][:8] = [0] * 8
    made.move(60)
    pushed = made.value - 1_000_000
    made.quantities["sell"] = list(made.quantities["buy"])
    made._quoted = made._middle()
    made.move(HOUR)
    assert made.value - 1_000_000 == pytest.approx(pushed / 2, abs=1)


def test_the_value_has_the_declared_volatility_and_reverts() -> None:
    """Daily steps of an unbound value have the declared s.d.; a bound one s / sqrt(2 k)."""
    free = makers(volatility=0.05, half_life=10**8)
    logs = [0.0]
    for _ in range(2000):
        free.move(DAY)
        logs.append(math.log(free.value / 1e6))
    steps = np.diff(logs)
    assert statistics.pstdev(steps.tolist()) == pytest.approx(0.05, rel=4 / math.sqrt(2 * 2000))
    bound = makers(volatility=0.05, half_life=HOUR)
    values = []
    for _ in range(2000):
        bound.move(DAY)
        values.append(math.log(bound.value / 1e6))
    stationary = 0.05 / math.sqrt(2 * math.log(2) * 24)
    assert statistics.pstdev(values) == pytest.approx(stationary, rel=4 / math.sqrt(2 * 2000))
    assert abs(statistics.fmean(values)) < 4 * stationary / math.sqrt(2000)


def test_the_law_of_the_value_does_not_depend_on_how_often_it_is_quoted() -> None:
    spreads = []
    for step, count in ((60, 720), (12 * HOUR, 1)):
        made = makers(volatility=0.05, half_life=6 * HOUR, refill=1.0)
        ends = []
        for _ in range(300):
            made._x = 0.0
            for _ in range(count):
                made.move(step)
            ends.append(math.log(made.value / 1e6))
        spreads.append(statistics.pstdev(ends))
    rate = math.log(2) * 4
    exact = 0.05 * math.sqrt((1 - math.exp(-rate)) / (2 * rate))
    assert spreads == [pytest.approx(exact, rel=4 / math.sqrt(600))] * 2


def test_requotes_come_at_the_declared_mean() -> None:
    made = makers(requote=60)
    waits = [made.wait() for _ in range(4000)]
    assert min(waits) == 1
    assert statistics.fmean(waits) == pytest.approx(60, rel=4 / math.sqrt(4000))


def test_two_venues_and_an_onlooker_do_not_disturb_each_other() -> None:
    def run(names: tuple[str, ...]) -> list[tuple[int, int]]:
        time = Clock(START)
        made = make_venues(
            dict.fromkeys(names, SPEC), time, streams=Streams(1), on_trade=lambda _trade: None
        )
        for item in made.values():
            item.start()
        log: list[tuple[int, int]] = []
        made["meridian"].on_change(lambda: log.append(made["meridian"].best()))
        time.run(START + 6 * HOUR)
        if "other" in made:
            made["other"].depth("buy")
        return log

    alone = run(("meridian",))
    assert run(("other", "meridian")) == alone
    assert len(alone) > 100


def test_a_fallen_value_still_has_a_book() -> None:
    made = venue(mid=3, spread=900_000, level_step=100_000)
    assert made.best()[0] < made.best()[1]
    assert all(price > 0 for price, _ in made.depth("buy"))
