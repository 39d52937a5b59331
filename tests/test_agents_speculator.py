"""Speculators: the paper's switching rule, herding, and orders that reach the pool."""

from __future__ import annotations

import math
from typing import Any

import pytest
import world_lab as lab

SPECULATOR = lab.agents_module("speculator")


def stage(count: int = 1, **params: Any) -> lab.Stage:
    return lab.stage(agents=[lab.agent("speculator", "spec", count, **params)])


def crowd_of(made: lab.Stage) -> Any:
    return made.world.habitat.commons["speculators of crowd"]


@pytest.mark.parametrize(("fundamentalists", "price"), [(0, 0.0), (4, 0.0), (10, 0.0), (5, 0.3)])
def test_the_share_of_fundamentalists_is_the_logit_of_the_paper(
    fundamentalists: int, price: float
) -> None:
    made = stage(10).run(1)
    crowd = crowd_of(made)
    assert crowd.total == 10
    crowd.fundamentalists = fundamentalists
    mood = (2 * fundamentalists - 10) / 10
    attraction = 1.79 * mood - 0.327 + 18.43 * price**2
    share = made.world.agents["spec-1"].share(price)
    assert share == pytest.approx(1 / (1 + math.exp(-attraction)), rel=1e-9)


def test_speculators_trade_about_as_often_as_they_look() -> None:
    made = stage(5, looks_per_day=50).run(2 * lab.DAY)
    trades = sum(agent.trades for agent in made.world.agents.values())
    assert abs(trades - 500) < 4 * math.sqrt(500)
    swaps = made.of("tx", function="swap")
    assert len(swaps) > 0.98 * trades


def test_chartists_alone_follow_the_last_move_and_fundamentalists_the_peg() -> None:
    chart = stage(alpha_0=-1e6, sigma_c=0.0, chi=1000.0, looks_per_day=24)
    chart.run(1)
    agent = chart.world.agents["spec"]
    sides: list[bool] = []
    agent._dealings.swap = lambda _size, *, sell, slippage: sides.append(sell)
    for before, after in ((0.0, 0.01), (0.01, -0.02), (-0.02, 0.0)):
        agent._before = before
        agent._log_price = lambda after=after: after
        agent._look()
    assert not agent.fundamentalist
    assert sides == [False, True, False]
    agent.params = agent.params.model_copy(update={"alpha_0": 1e6, "sigma_f": 0.0})
    sides.clear()
    for price in (0.05, -0.05):
        agent._log_price = lambda price=price: price
        agent._look()
    assert agent.fundamentalist
    assert sides == [True, False]


def test_a_herding_crowd_swings_more_than_one_of_strangers() -> None:
    def spread(a_n: float) -> float:
        made = stage(40, alpha_n=a_n, alpha_0=0.0, looks_per_day=40)
        moods: list[float] = []
        for hour in range(1, 49):
            made.at(hour * lab.HOUR - 1, lambda: moods.append(crowd_of(made).mood))
        made.run(2 * lab.DAY)
        mean = math.fsum(moods) / len(moods)
        return math.fsum((mood - mean) ** 2 for mood in moods[8:]) / len(moods[8:]) + mean**2

    assert spread(1.79) > 1.5 * spread(0.0)


def test_crowds_of_different_names_do_not_herd_together() -> None:
    made = lab.stage(agents=[
        lab.agent("speculator", "east", 3, crowd="east"),
        lab.agent("speculator", "west", 2, crowd="west"),
    ]).run(1)  # fmt: skip
    commons = made.world.habitat.commons
    assert {name: crowd.total for name, crowd in commons.items()} == {
        "speculators of east": 3, "speculators of west": 2,
    }  # fmt: skip
