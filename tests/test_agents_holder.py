"""Holders: thresholds by class, runs that follow the news, profiles, and coming back."""

from __future__ import annotations

from typing import Any

import pytest
import world_lab as lab

HOLDER = lab.agents_module("holder")
HOUR, DAY = lab.HOUR, lab.DAY
COVER = 3_000_000
"""What the pool of two million and a million of holders' PT need in the reserve."""


def stage(*holders: dict[str, Any], stable: int = 500_000, **reserve: Any) -> lab.Stage:
    held = {"stable": stable, "bills": COVER - stable, "attestation_term": "35d"}
    protocol = lab.document()["protocol"] | {"reserve": held | reserve}
    return lab.stage(agents=list(holders), protocol=protocol, duration="6d")


def savers(count: int = 10, name: str = "saver", **params: Any) -> dict[str, Any]:
    return lab.agent("holder", name, count, balance=1_000_000 // count, **params)


def attest(made: lab.Stage, bills: int) -> None:
    """Let the auditor attest *bills* (whole USD)."""
    expiry = made.world.clock.now + 30 * DAY
    made.call("attestor", "Reserve", "attest", 1, bills * 10**6, bytes([1] * 32), expiry)


@pytest.mark.parametrize(
    ("profile", "drawn", "seconds"),
    [
        ("prompt", 0.99, 0), ("mild", 0.0, 0), ("mild", 0.03, 8 * HOUR), ("mild", 0.06, 2 * DAY),
        ("mild", 0.08, 3 * DAY), ("mild", 0.25, 21 * DAY), ("mild", 0.26, None),
        ("severe", 0.05, 8 * HOUR), ("severe", 0.38, 4 * DAY), ("severe", 0.91, None),
    ],
)  # fmt: skip
def test_a_profile_gives_the_time_at_which_its_share_has_left(
    profile: str, drawn: float, seconds: int | None
) -> None:
    assert HOLDER.reaction(profile, drawn) == seconds


@pytest.mark.parametrize(
    ("params", "threshold"),
    [
        ({"kind": "retail"}, 0.95),
        ({"kind": "fund"}, 0.98),
        ({"kind": "treasury"}, 0.97),
        ({"kind": "fund", "cost": 0.1, "illiquidity": 0.06}, 0.93),
        ({"kind": "fund", "threshold": 0.5}, 0.5),
        ({"kind": "fund", "exit": "pool"}, 0.8 * 0.97 + 0.01),
        ({"kind": "fund", "exit": "pool", "authorised": True}, 0.98),
    ],
)
def test_a_class_runs_below_the_threshold_of_its_game(
    params: dict[str, Any], threshold: float
) -> None:
    protocol = lab.document()["protocol"] | {"pool": {"pt": 1_000_000, "stable": 800_000}}
    made = lab.stage(agents=[lab.agent("holder", "one", **params)], protocol=protocol)
    assert made.world.agents["one"].threshold() == pytest.approx(threshold)


def test_nobody_runs_while_the_reserve_covers_everything() -> None:
    made = stage(savers(kind="fund")).run(2 * DAY)
    assert not made.of("tx")
    assert made.world.agents["saver-1"].runs == 0


def test_a_write_down_is_run_from_by_whom_it_takes_below_the_threshold() -> None:
    made = stage(
        savers(name="fund", kind="fund", coverage_weight=1.0),
        savers(name="calm", threshold=0.8, coverage_weight=1.0, looks_per_day=24),
        stable=0,
    )
    attest(made, 3_720_000)  # of four million that are held now
    made.run(DAY)
    for number in range(1, 11):
        fund, calm = (made.world.agents[f"{name}-{number}"] for name in ("fund", "calm"))
        assert fund.runs == 1
        assert fund.sold == 100_000 * 10**6
        assert calm.runs == 0


def test_whoever_ran_comes_back_after_calm_and_not_before() -> None:
    made = stage(
        savers(4, kind="fund", coverage_weight=1.0, error=0.0, calm="1d", slippage="50%"),
        lab.agent("redeemer", "desk", latency=0),
    )
    attest(made, 2_400_000)
    made.run(DAY)
    savers_ = [made.world.agents[f"saver-{n}"] for n in range(1, 5)]
    assert all(saver.running and saver.returned == 0 for saver in savers_)
    attest(made, 4_000_000)
    made.run(2 * DAY - HOUR)
    assert all(saver.running for saver in savers_)
    made.run(3 * DAY)
    assert all(saver.returned == 1 and not saver.running for saver in savers_)
    habitat = made.world.habitat
    for saver in savers_:
        pt, stable = habitat.balances(habitat.account(saver.name))
        assert pt > 0
        assert stable < 10**6


def test_the_authorised_are_served_in_sequence_until_the_limit_and_sell_the_rest() -> None:
    limit = {"daily_limit": 300_000, "redeemer_limit": 300_000}
    made = stage(savers(kind="fund", coverage_weight=1.0, authorised=True), **limit)
    attest(made, 2_000_000)
    made.run(DAY - 1)
    holders = [made.world.agents[f"saver-{n}"] for n in range(1, 11)]
    assert sum(holder.redeemed for holder in holders) == 300_000 * 10**6
    assert made.read("Reserve", "totalRedeemed") == 300_000 * 10**6
    assert sum(holder.sold for holder in holders) == 700_000 * 10**6
    assert all(holder.redeemed + holder.sold == 100_000 * 10**6 for holder in holders)


def test_the_price_alone_moves_who_cannot_see_the_coverage() -> None:
    blind = savers(kind="fund", coverage_weight=0.0)
    made = stage(blind)
    attest(made, 0)
    made.run(DAY)
    assert made.world.agents["saver-1"].runs == 0
    protocol = lab.document()["protocol"] | {"pool": {"pt": 2_000_000, "stable": 1_800_000}}
    made = lab.stage(agents=[blind], protocol=protocol).run(DAY)
    assert made.world.agents["saver-1"].runs == 1


def test_a_falling_pool_holds_back_those_who_reckon_with_its_price() -> None:
    def sold(exit_: str) -> int:
        made = stage(savers(50, kind="fund", coverage_weight=1.0, exit=exit_, slice=20_000))
        attest(made, 2_250_000)
        made.run(2 * DAY)
        return sum(agent.sold for agent in made.world.agents.values())

    assert 0 < sold("pool") < 0.5 * sold("par")


def test_a_slow_profile_lets_few_out_on_the_first_day() -> None:
    made = stage(savers(100, kind="fund", coverage_weight=1.0, profile="severe"))
    attest(made, 1_000_000)
    made.run(2 * DAY)
    running = sum(made.world.agents[f"saver-{n}"].runs for n in range(1, 101))
    assert 4 <= running <= 28  # 16 % of a hundred, less their time to notice, 3 s.d. wide
