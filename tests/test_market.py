"""The market of a run: parts by name, one stream of chance each, and nothing moves before start."""

from __future__ import annotations

from typing import Any

import world_lab as lab

from twin.clock import Clock
from twin.events import VenueTraded
from twin.market.market import Market
from twin.random import Streams

MOVING = {**lab.STILL, "sigma_chi": 0.5}
BUSY = {**lab.VENUE, "volatility": "2%", "requote": "30s"}


def made(seed: int = 1, **changes: Any) -> tuple[Market, Clock, list[VenueTraded]]:
    spec = lab.scenario(market=lab.market(**changes))
    clock, trades = Clock(spec.start), list[VenueTraded]()
    market = Market(
        spec.market, clock, streams=Streams(seed), start=spec.start, end=spec.end,
        on_trade=trades.append,
    )  # fmt: skip
    return market, clock, trades


def test_everything_declared_is_there_by_its_name() -> None:
    market, _, _ = made(
        commodities={"WTI": lab.STILL, "BRENT": lab.STILL},
        venues={"meridian": lab.VENUE, "levant": lab.VENUE},
    )
    assert list(market.paths) == ["WTI", "BRENT"]
    assert list(market.sources) == ["albion", "brisa", "corvus"]
    assert list(market.indices) == ["WTI", "BRENT"]
    assert sorted(market.venues) == ["levant", "meridian"]
    assert market.sources["brisa"].path is market.paths["WTI"]


def test_the_elasticity_reaches_the_demand() -> None:
    assert made(elasticity_ppm=700_000)[0].demand.elasticity_ppm == 700_000


def test_no_venue_moves_before_the_start() -> None:
    market, clock, _ = made(venues={"meridian": BUSY})
    log: list[int] = []
    market.venues["meridian"].on_change(lambda: log.append(clock.elapsed))
    clock.run(clock.now + lab.HOUR)
    assert log == []
    market.start()
    market.start()  # a second start is no second process
    clock.run(clock.now + lab.HOUR)
    assert 60 < len(log) < 240


def test_trades_are_heard_of() -> None:
    market, _, trades = made()
    venue = market.venues["meridian"]
    venue.deposit("somebody", 10**9, 0)
    venue.place("somebody", "sell", 10**9, 1)
    assert [(trade.venue, trade.taker, trade.side, trade.quantity) for trade in trades] == [
        ("meridian", "somebody", "sell", 10**9)
    ]


def prices(market: Market, clock: Clock) -> list[int]:
    """Return an hour of every part that has chance of its own, whichever of them there are."""
    market.start()
    found = []
    for _ in range(60):
        clock.run(clock.now + 60)
        quotes = [market.sources[name].quote(clock.now) for name in ("albion", "brisa")]
        found += [market.paths["WTI"].price(clock.now), market.venues["meridian"].mid]
        found += [quote.price for quote in quotes if quote]
        index = market.indices["WTI"].quote(clock.now)
        found += [index.price] if index else []
    return found


def test_a_part_more_leaves_the_others_where_they_are() -> None:
    few: dict[str, Any] = {"commodities": {"WTI": MOVING}, "venues": {"meridian": BUSY}}
    more: dict[str, Any] = {
        "commodities": {"BRENT": MOVING, "WTI": MOVING},
        "venues": {"levant": BUSY, "meridian": BUSY},
        "sources": lab.market()["sources"] | {"delos": {"commodity": "BRENT", "noise": "1%"}},
    }
    one, two, other = (prices(*made(**few)[:2]), prices(*made(**more)[:2]),
                       prices(*made(seed=2, **few)[:2]))  # fmt: skip
    assert len(one) == 60 * 5
    assert one == two
    assert one != other
    assert len(set(one)) > 100


def test_a_market_without_anything_is_a_market() -> None:
    spec = lab.scenario(market={}, protocol={})
    clock = Clock(spec.start)
    market = Market(spec.market, clock, streams=Streams(1), start=spec.start, end=spec.end,
                    on_trade=print)  # fmt: skip
    market.start()
    clock.run(clock.now + lab.DAY)
    assert not market.paths
    assert not market.venues
    assert market.reports.newest("WTI") == []
    assert market.customs.published(bytes(32)) is None
