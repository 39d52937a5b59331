"""Redeemers: the pool is traded to the edge of what the reserve pays, within its limits."""

from __future__ import annotations

from typing import Any

import pytest
import world_lab as lab

TERMS = lab.agents_module("terms")
PAR = 10**8
MILLION = 10**12
"""A million PT or stable, in units."""


def stage(
    pt: int = 2_000_000, count: int = 1, *, reserve: dict[str, Any] | None = None, **params: Any
) -> lab.Stage:
    protocol = lab.document()["protocol"] | {
        "pool": {"pt": pt, "stable": 2_000_000},
        "reserve": {"stable": 3_000_000} | (reserve or {}),
    }
    agents = [lab.agent("redeemer", "desk", count, **params)]
    return lab.stage(agents=agents, protocol=protocol)


def price(made: lab.Stage) -> float:
    pt, stable, _ = made.read("LiquidityPool", "reserves")
    return float(stable / pt)


@pytest.mark.parametrize(
    ("tiers", "redeemed", "expected"),
    [
        ([], 0, [(0, 1000)]),
        ([(100_000, 5_000)], 0, [(0, 99), (5_000, 1000)]),
        ([(100_000, 5_000)], 40, [(0, 59), (5_000, 1000)]),
        ([(100_000, 5_000)], 100, [(5_000, 1000)]),
        ([(0, 2_000), (100_000, 5_000)], 0, [(2_000, 99), (5_000, 1000)]),
    ],
)
def test_what_fits_ends_just_below_the_next_tier(
    tiers: list[tuple[int, int]], redeemed: int, expected: list[tuple[int, int]]
) -> None:
    assert list(TERMS.rooms(tiers, redeemed, 1000)) == expected


@pytest.mark.parametrize(
    ("of", "haircut", "pays", "costs"),
    [
        (PAR, 0, 1_000_000, 1_000_000),
        (PAR, 20_000, 980_000, 1_000_000),
        (96 * 10**6, 0, 1_041_666, 1_041_667),
        (104 * 10**6, 0, 961_538, 1_000_000),
    ],
    ids=["par", "haircut", "stable below par", "stable above par mints one for one"],
)
def test_terms_follow_the_price_of_the_stable_asset(
    of: int, haircut: int, pays: int, costs: int
) -> None:
    terms = TERMS.Terms(price=of, fee=0, limit=1, room=())
    assert (terms.pays(haircut), terms.costs) == (pays, costs)


def test_cheap_pt_is_bought_and_redeemed_up_to_the_edge_of_the_band() -> None:
    made = stage(2_100_000).run(6 * lab.HOUR)
    redeemed = made.of("log", event="Redeemed")
    assert redeemed
    assert made.world.agents["desk"].redeemed == sum(e.args["ptAmount"] for _, e in redeemed)
    assert 0.995 < price(made) < 0.9971  # the swap fee of 0.3 % and the redemption fee of 0.1 %
    pt, stable = made.world.habitat.balances(made.world.habitat.account("desk"))
    assert pt + stable > 2 * MILLION


def test_dear_pt_is_sold_and_minted_again() -> None:
    made = stage(1_900_000).run(6 * lab.HOUR)
    minted = made.of("log", event="MintedAgainst")
    assert minted
    assert made.world.agents["desk"].minted == sum(e.args["ptAmount"] for _, e in minted)
    assert not made.of("log", event="Redeemed")
    assert 1.002 < price(made) < 1.0045
    assert price(stage(1_900_000, mints=False).run(6 * lab.HOUR)) > 1.05


def test_a_pool_inside_the_band_is_left_alone() -> None:
    assert not stage(2_005_000).run(lab.DAY).of("tx", sender="desk")


def test_the_limit_of_a_redeemer_holds_until_the_next_day() -> None:
    limit = {"redeemer_limit": 10_000}
    made = stage(2_200_000, reserve=limit).run(lab.DAY - 1)
    assert made.world.agents["desk"].redeemed == 10_000 * 10**6
    made.run(2 * lab.DAY - 1)
    assert made.world.agents["desk"].redeemed == 20_000 * 10**6
    assert all(tx.success for _, tx in made.of("tx", sender="desk"))


def test_many_redeem_more_on_a_day_than_one() -> None:
    limit = {"redeemer_limit": 10_000}
    few, many = (stage(2_200_000, n, reserve=limit).run(lab.DAY - 1) for n in (1, 4))
    assert few.read("Reserve", "totalRedeemed") == 10_000 * 10**6
    assert 30_000 * 10**6 < many.read("Reserve", "totalRedeemed") <= 40_000 * 10**6
    assert price(many) > price(few)


def test_a_haircut_that_costs_more_than_it_brings_ends_it() -> None:
    tiers = [{"above": "1%", "haircut": "10%"}]
    made = stage(2_200_000, reserve={"tiers": tiers}).run(lab.DAY - 1)
    redeemed = made.of("log", event="Redeemed")
    assert redeemed
    assert all(event.args["haircut"] == 0 for _, event in redeemed)
    assert made.read("Reserve", "haircutNow") == 0


def test_nothing_is_bought_for_a_closed_reserve() -> None:
    made = stage(2_200_000)
    made.call("reserve_manager", "Reserve", "setOpen", False)
    made.run(3 * lab.HOUR)
    assert not made.of("tx", sender="desk")
    made.call("reserve_manager", "Reserve", "setOpen", True)
    made.run(6 * lab.HOUR)
    assert made.world.agents["desk"].redeemed > 0


def test_a_venue_below_the_reserves_price_is_bought_from() -> None:
    cheap = lab.market(venues={"meridian": {**lab.QUIET, "mid": "0.95"}})
    protocol = lab.document()["protocol"] | {"reserve": {"stable": 3_000_000}}
    desk = lab.agent("redeemer", "desk", venue="meridian", venue_capital=30_000)
    made = lab.stage(agents=[desk], protocol=protocol, market=cheap).run(6 * lab.HOUR)
    bought, left = made.world.market.venues["meridian"].balance("desk")
    assert bought > 0
    assert left < 30_000 * 10**6
    assert made.world.agents["desk"].redeemed == bought
