"""Market makers: Avellaneda-Stoikov quotes, and a maker that stands in a real book."""

from __future__ import annotations

import math
from typing import Any

import pytest
import world_lab as lab

MAKER = lab.agents_module("maker")
PT = 10**6
MID = 1_000_000


@pytest.mark.parametrize("lots", [-8, -1, 0, 1, 8])
@pytest.mark.parametrize("variance", [1.0, 4.0, 100.0])
def test_quotes_are_those_of_the_paper(lots: int, variance: float) -> None:
    gamma, k = 0.1, 1.5
    bid, ask = MAKER.quotes(10**10, lots, gamma=gamma, k=k, variance=variance)
    reservation = -lots * gamma * variance
    spread = gamma * variance + 2 / gamma * math.log(1 + gamma / k)
    assert (ask - bid) / 10**6 == pytest.approx(spread, abs=1e-5)
    assert ((ask + bid) / 2 - 10**10) / 10**6 == pytest.approx(reservation, abs=1e-5)


def test_a_long_maker_leans_down_and_a_short_one_up() -> None:
    flat = MAKER.quotes(MID, 0, gamma=0.1, k=1.5, variance=25.0)
    long, short = (MAKER.quotes(MID, n, gamma=0.1, k=1.5, variance=25.0) for n in (4, -4))
    assert long[0] < flat[0] < short[0]
    assert long[1] < flat[1] < short[1]


def stage(**params: Any) -> lab.Stage:
    venue = {**lab.VENUE, "volatility": "0.4%"}
    return lab.stage(
        agents=[
            lab.agent("market-maker", "mia", **params),
            lab.agent("noise", "trader", 10, trades_per_day=100, venue_share=1.0),
        ],
        market=lab.market(venues={"meridian": venue}),
    )


def test_a_maker_stands_on_both_sides_inside_the_spread_of_the_others() -> None:
    made = stage().run(lab.HOUR)
    venue = made.world.market.venues["meridian"]
    sides = sorted(side for _, side, _, _ in venue.resting("mia"))
    assert sides == ["buy", "sell"]
    others, all_ = venue.best(without="mia"), venue.best()
    assert others[0] <= all_[0] < all_[1] <= others[1]


def test_a_maker_trades_and_keeps_its_stock_near_where_it_began() -> None:
    averse, careless = stage(gamma=0.1).run(2 * lab.DAY), stage(gamma=0.001).run(2 * lab.DAY)
    first, second = (made.world.agents["mia"] for made in (averse, careless))
    assert first.filled > 0
    assert second.filled > 0
    assert abs(first.inventory) < abs(second.inventory)


def test_a_maker_waits_for_a_venue_that_is_down() -> None:
    outage = lab.fault("down", "venue-outage", "30m", "60m", venue="meridian")
    made = lab.stage(
        agents=[lab.agent("market-maker", "mia")], sealed={"faults": [outage]},
        market=lab.market(venues={"meridian": lab.VENUE}),
    )  # fmt: skip
    made.run(45 * lab.MINUTE)
    venue = made.world.market.venues["meridian"]
    assert not venue.up
    made.run(2 * lab.HOUR)
    assert len(venue.resting("mia")) == 2
