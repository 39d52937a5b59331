"""Demand: a factor, an answer to the fee, and listeners that hear of both."""

from __future__ import annotations

import pytest

from twin.clock import Clock, Process
from twin.errors import UsageError
from twin.market.demand import Demand

LEVELS = [
    # factor_ppm, elasticity_ppm, fee, fee0, level
    (1_000_000, 0, 6000, 3000, 1.0),
    (3_000_000, 0, 6000, 3000, 3.0),
    (1_000_000, 1_000_000, 6000, 3000, 0.5),
    (1_000_000, 2_000_000, 6000, 3000, 0.25),
    (3_000_000, 1_000_000, 1500, 3000, 6.0),
    (1_000_000, 500_000, 3000, 3000, 1.0),
    (1_000_000, 1_000_000, 0, 3000, 3000.0),
]


@pytest.mark.parametrize(("factor", "elasticity", "fee", "fee0", "level"), LEVELS)
def test_the_level_is_the_factor_times_the_answer_to_the_fee(
    *, factor: int, elasticity: int, fee: int, fee0: int, level: float
) -> None:
    demand = Demand(Clock(0), elasticity_ppm=elasticity)
    demand.set_factor(factor)
    assert demand.level(fee, fee0) == level
    assert demand.rate(12.0, fee, fee0) == 12 * level


def test_who_waits_goes_on_at_a_change_or_when_its_time_is_over() -> None:
    clock = Clock(100)
    demand = Demand(clock)
    log: list[tuple[str, int]] = []
    demand.on_change(lambda: log.append(("listener", demand.factor_ppm)))

    def wait(name: str) -> Process:
        for _ in range(2):
            yield demand.wait(15)
            log.append((name, clock.now))

    clock.spawn(wait("a"))
    clock.spawn(wait("b"))
    clock.call_at(110, lambda: demand.set_factor(3_000_000))
    clock.call_at(130, demand.stir)
    clock.run(200)
    assert log == [
        ("listener", 3_000_000), ("a", 110), ("b", 110),
        ("a", 125), ("b", 125), ("listener", 3_000_000),
    ]  # fmt: skip


def test_a_demand_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="must be 1 or more"):
        Demand(Clock(0)).set_factor(0)
