"""Liquidity providers: in at the start, then in or out by what the pool yields."""

from __future__ import annotations

from typing import Any

import pytest
import world_lab as lab

CAPITAL = 400_000
POOL = 2_000_000 * 10**6


def provider(**params: Any) -> dict[str, Any]:
    return lab.agent("liquidity-provider", "provider", capital=CAPITAL, **params)


def shares(stage: lab.Stage) -> int:
    found: int = stage.read("LiquidityPool", "balanceOf", stage.world.habitat.account("provider"))
    return found


@pytest.mark.parametrize(("initial", "expected"), [(0.5, 100_000), (1, 200_000), (0, 0)])
def test_the_initial_share_goes_in_at_the_start(initial: float, expected: int) -> None:
    stage = lab.stage(agents=[provider(initial=initial)]).run(10 * lab.MINUTE)
    pt, stable = stage.world.habitat.reserves()
    assert (pt, stable) == (POOL + expected * 10**6, POOL + expected * 10**6)
    assert len(stage.of("tx", function="addLiquidity", success=True)) == (expected > 0)


def test_a_pool_that_yields_nothing_is_left_step_by_step() -> None:
    stage = lab.stage(agents=[provider(step=0.1, elasticity=1)], duration="5d")
    held = []
    for day in range(1, 5):
        stage.run(day * lab.DAY)
        held.append(shares(stage))
    out = [event.args["stableAmount"] for _, event in stage.of("log", event="LiquidityRemoved")]
    assert held == sorted(held, reverse=True)
    assert len(out) == 4
    # an excess of -1 hurdle times the elasticity, cut to the step: a tenth of the capital a day
    assert all(abs(amount - CAPITAL * 10**6 // 20) < 100 for amount in out)


def test_a_pool_that_yields_much_draws_more_in() -> None:
    traders = lab.agent("noise", "trader", count=4, trades_per_day=60, size_median=6000,
                        capital=1_000_000, venue_share=0)  # fmt: skip
    dear = lab.document()["protocol"] | {"fees": {"swap": {"fee": "1%", "min": "1%", "max": "1%"}}}
    stage = lab.stage(agents=[traders, provider()], duration="3d", protocol=dear).run(3 * lab.DAY)
    added = stage.of("log", event="LiquidityAdded")
    assert len(added) >= 2
    assert not stage.of("log", event="LiquidityRemoved")


def reviews(stage: lab.Stage) -> list[tuple[int, int]]:
    """Return the list that the provider's reviews go into: (second, seconds looked back on)."""
    log: list[tuple[int, int]] = []
    agent = stage.world.agents["provider"]
    review = agent._review

    def noted(fees: int, seconds: int) -> Any:
        log.append((stage.now, seconds))
        return review(fees, seconds)

    agent._review = noted
    return log


def test_the_first_review_holds_a_part_of_a_day_against_a_part_of_the_hurdle() -> None:
    stage = lab.stage(agents=[provider()], duration="3d")
    log = reviews(stage)
    stage.run(3 * lab.DAY)
    assert [seconds for _, seconds in log[1:]] == [lab.DAY] * (len(log) - 1)
    entered = stage.of("tx", function="addLiquidity")[0][0]
    assert lab.DAY // 2 <= log[0][1] < lab.DAY
    assert log[0][0] - entered == log[0][1]


class Rich:
    """A habitat whose pool has 1,000 of each token; it notes what it is asked to send."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def reserves(self) -> tuple[int, int]:
        return 10**9, 10**9

    def paused(self, _contract: str) -> bool:
        return False


@pytest.mark.parametrize(
    ("fees", "variance", "seconds", "excess"),
    [
        (0, 0.0, lab.DAY, -1.0),
        (273_972, 0.0, lab.DAY, 0.0),  # 2e9 x .05 / 365: the hurdle alone
        (547_945, 0.0, lab.DAY, 1.0),
        (136_986, 0.0, lab.DAY // 2, 0.0),
        (273_972, 8 * 0.05 / 365, lab.DAY, -1.0),  # LVR as large as the hurdle
    ],
)
def test_the_excess_is_yield_less_lvr_less_hurdle(
    fees: int, variance: float, seconds: int, excess: float
) -> None:
    module = lab.agents_module("liquidity")
    agent: Any = object.__new__(module.LiquidityProvider)
    agent.params = module.LiquidityProviderParams(capital="1000", elasticity=0.01, step=1)
    agent.habitat, agent._variance = Rich(), variance
    moved: list[int] = []
    agent._add = lambda value: iter(moved.append(value) or ())  # type: ignore[func-returns-value]
    agent._remove = lambda value: iter(moved.append(-value) or ())  # type: ignore[func-returns-value]
    list(agent._review(fees, seconds))
    expected = 1000 * 10**6 * 0.01 * excess
    assert abs((moved or [0])[0] - expected) <= 100


def test_a_paused_pool_is_left_alone() -> None:
    stage = lab.stage(agents=[provider()]).run(10 * lab.MINUTE)
    stage.call("pauser", "LiquidityPool", "pause")
    before = shares(stage)
    stage.run(2 * lab.DAY)
    assert shares(stage) == before
    assert not stage.of("tx", function="removeLiquidity")
