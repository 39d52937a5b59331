"""Noise traders: Poisson arrivals at the declared rate, the answer to the fee, chance of their own."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
import world_lab as lab
from pydantic import ValidationError

from twin.random import Streams

NOISE = lab.agents_module("noise")
PER_DAY = 4000
ONE = [lab.agent("noise", "trader", trades_per_day=PER_DAY)]
FEES = {
    "swap": {"fee": "0.30%", "min": "0.05%", "max": "1%", "max_step": "0.5%", "min_delay": "1h"}
}


def protocol() -> dict[str, Any]:
    return {**lab.document()["protocol"], "fees": FEES}


def arrivals(stage: lab.Stage, name: str = "trader") -> list[int]:
    """Return the list that the seconds of the arrivals of *name* go into; nothing is traded."""
    log: list[int] = []
    stage.world.agents[name]._trade = lambda: log.append(stage.now)
    return log


def exact(count: int, rate: float, seed: int = 1) -> list[float]:
    """Return when *count* arrivals come at *rate* a second, from the agent's own stream."""
    chance = Streams(seed).stream("agents/noise", "trader")
    times, hazard = [], 0.0
    for _ in range(count):
        hazard += float(chance.standard_exponential())
        times.append(hazard / rate)
    return times


def test_arrivals_are_poisson_at_the_declared_rate() -> None:
    stage = lab.stage(agents=ONE)
    log = arrivals(stage)
    stage.run(2 * lab.DAY)
    expected = 2 * PER_DAY
    assert abs(len(log) - expected) < 4 * math.sqrt(expected)
    hours = [0] * 48
    for second in log:
        hours[min(47, (second - 1) // lab.HOUR)] += 1
    mean = len(log) / 48
    # The dispersion of Poisson counts is chi-square with 47 degrees of freedom.
    dispersion = math.fsum((count - mean) ** 2 for count in hours) / mean
    assert abs(dispersion - 47) < 4 * math.sqrt(2 * 47)
    waits = [later - sooner for sooner, later in pairwise(log)]
    long = len([wait for wait in waits if wait > 2 * lab.DAY / PER_DAY])  # two means: e^-2
    share = math.exp(-2)
    assert abs(long / len(waits) - share) < 4 * math.sqrt(share * (1 - share) / len(waits))


def test_each_arrival_is_rounded_up_to_its_second_and_nothing_drifts() -> None:
    stage = lab.stage(agents=ONE)
    log = arrivals(stage)
    stage.run(lab.DAY)
    times = exact(len(log), PER_DAY / lab.DAY)
    assert len(log) > 3000
    assert all(-1e-6 <= second - time < 1 + 1e-6 for second, time in zip(log, times, strict=True))


def test_a_surge_triples_the_rate_from_its_second_on() -> None:
    surge = lab.fault("surge", "volume-surge", "12h", "24h", factor_ppm=3_000_000)
    stage = lab.stage(agents=ONE, sealed={"faults": [surge]})
    log = arrivals(stage)
    stage.run(2 * lab.DAY)
    half = PER_DAY / 2
    for start, factor in ((0, 1), (12, 3), (24, 1), (36, 1)):
        inside = [at for at in log if start * lab.HOUR < at <= (start + 12) * lab.HOUR]
        assert abs(len(inside) - factor * half) < 4 * math.sqrt(factor * half), start
    # Exactly: the hazard of the surge passes three times as fast.
    rate, began = PER_DAY / lab.DAY, 12 * lab.HOUR
    for second, plain in zip(log, exact(len(log), rate), strict=True):
        if began < second <= 24 * lab.HOUR:
            assert -1e-6 <= second - (began + (plain - began) / 3) < 1 + 1e-6


@pytest.mark.parametrize("elasticity", [0, 500_000, 1_000_000, 2_000_000])
def test_the_fee_cuts_the_rate_by_the_power_of_the_elasticity_exactly(elasticity: int) -> None:
    stage = lab.stage(agents=ONE, protocol=protocol(), market=lab.market(elasticity_ppm=elasticity))
    log = arrivals(stage)
    stage.at(6 * lab.HOUR, lambda: stage.call("fee_steward", "FeeSchedule", "adjust", 0, 6000))
    stage.run(12 * lab.HOUR)
    changed = stage.of("log", event="FeeAdjusted")[0][0]
    assert stage.read("FeeSchedule", "fee", 0) == 6000
    factor = 2 ** (elasticity / 1_000_000)
    for second, plain in zip(log, exact(len(log), PER_DAY / lab.DAY), strict=True):
        due = plain if plain <= changed else changed + (plain - changed) * factor
        assert -1e-6 <= second - due < 1 + 1e-6


def life(stage: lab.Stage, name: str) -> list[tuple[Any, ...]]:
    """Return what *name* did, by the log: its transactions and its trades at the venue."""
    swaps = [(now, "pool", tx.hash, tx.success) for now, tx in stage.of("tx") if tx.sender == name]
    taken = [
        (now, "venue", trade.side, trade.quantity)
        for now, trade in stage.of("venue-trade", taker=name)
    ]
    return sorted(swaps + taken, key=str)


TRADERS = lab.agent("noise", "trader", count=3, trades_per_day=100, venue_share=0.5)


@pytest.mark.parametrize(
    "changes",
    [
        {"agents": [lab.agent("sovereign", "exporter"), TRADERS]},
        {"agents": [TRADERS, *lab.NODES]},
        {"agents": [TRADERS, *lab.NODES],
         "sealed": {"faults": [lab.fault("dies", "source-death", "1h", source="albion")]}},
    ],
    ids=["another agent before it", "other agents after it", "a fault"],
)  # fmt: skip
def test_what_does_not_concern_a_trader_changes_nothing_of_its_life(
    changes: dict[str, Any],
) -> None:
    alone, crowded = lab.stage(agents=[TRADERS]), lab.stage(**changes)
    for stage in (alone, crowded):
        stage.run(6 * lab.HOUR)
    for name in ("trader-1", "trader-2", "trader-3"):
        assert len(life(alone, name)) > 10
        assert life(crowded, name) == life(alone, name)


def test_one_trader_more_leaves_the_arrivals_of_the_others_where_they_are() -> None:
    few, many = (
        lab.stage(agents=[lab.agent("noise", "trader", count=count, trades_per_day=50)])
        for count in (2, 3)
    )
    logs = [[arrivals(stage, name) for name in ("trader-1", "trader-2")] for stage in (few, many)]
    for stage in (few, many):
        stage.run(lab.DAY)
    assert logs[0] == logs[1]
    assert logs[0][0] != logs[0][1]


def test_every_trade_makes_every_draw_whatever_comes_of_it() -> None:
    """A trader whose pool is paused, or who is poor, is where a rich one is in its stream."""
    stages = {
        "rich": lab.stage(agents=[lab.agent("noise", "trader", trades_per_day=200)]),
        "poor": lab.stage(agents=[lab.agent("noise", "trader", trades_per_day=200, capital=1)]),
        "stopped": lab.stage(agents=[lab.agent("noise", "trader", trades_per_day=200)]),
    }
    stages["stopped"].at(10, lambda: stages["stopped"].call("pauser", "LiquidityPool", "pause"))
    states = []
    for stage in stages.values():
        stage.run(lab.DAY)
        states.append(stage.world.agents["trader"].chance.bit_generator.state)
    assert states[0] == states[1] == states[2]
    assert stages["rich"].of("tx", function="swap")
    assert not stages["stopped"].of("tx", function="swap")


def test_trades_are_whole_cents_within_means_and_slippage() -> None:
    stage = lab.stage(
        agents=[lab.agent("noise", "trader", trades_per_day=300, size_median=5000, size_cap=9000,
                          capital=40_000)]
    )  # fmt: skip
    stage.run(lab.DAY)
    swapped = [event.args for _, event in stage.of("log", event="Swapped")]
    assert len(swapped) > 100
    assert max(args["amountIn"] for args in swapped) <= 9000 * 10**6
    whole = [args for args in swapped if args["amountIn"] % NOISE.CENT == 0]
    assert len(whole) > len(swapped) // 2  # the others took the last of what there was
    assert all(tx.success for _, tx in stage.of("tx"))


def test_a_venue_that_is_down_and_a_pool_that_is_empty_cost_no_crash() -> None:
    stage = lab.stage(
        agents=[lab.agent("noise", "trader", trades_per_day=300, venue_share=0.5, slippage="99%")],
        protocol=lab.document()["protocol"] | {"pool": {"pt": 0, "stable": 0}},
    )
    stage.world.market.venues["meridian"].halt()
    stage.run(6 * lab.HOUR)
    assert not stage.of("tx", success=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [("slippage", "100%"), ("trades_per_day", 0), ("venue_share", 1.5), ("sigma", -1), ("x", 1)],
)
def test_parameters_that_make_no_sense_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        NOISE.NoiseParams.model_validate({field: value})
