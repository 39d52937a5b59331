"""Inventory: capital is finite, a transfer takes time, and nothing is made or lost on the way."""

from __future__ import annotations

from typing import Any

import pytest
import world_lab as lab

INVENTORY = lab.agents_module("inventory")
QUARTER = 50_000 * 10**6
QUOTED = 400_000 * 10**6
"""What the makers of a quiet venue quote: 40,000 PT on ten levels."""
WALLET = (QUARTER + QUOTED, QUARTER + 10 * QUOTED)
TOKENS = ("PaymentToken", "StableAsset")


@pytest.mark.parametrize(
    ("at_venue", "on_chain", "amount"),
    [(50, 50, 0), (70, 30, 0), (71, 29, -21), (29, 71, 21), (0, 0, 0), (0, 9, 4)],
)
def test_what_is_missing_on_a_side_is_moved_beyond_the_slack(
    at_venue: int, on_chain: int, amount: int
) -> None:
    assert INVENTORY.missing(at_venue, on_chain, slack=200_000) == amount


def stage(*, rebalance: str | None, deposit: str = "10m", withdrawal: str = "30m") -> lab.Stage:
    venue = {**lab.QUIET, "deposit_time": deposit, "withdrawal_time": withdrawal}
    params: dict[str, Any] = {"capital": 200_000}
    if rebalance is not None:
        params["rebalance"] = rebalance
    arb = lab.agent("arbitrageur", "arb", **params)
    return lab.stage(agents=[arb], market=lab.market(venues={"meridian": venue}))


def climb(made: lab.Stage, steps: int) -> None:
    """Let the venue's price climb: each step has PT bought in the pool and sold there."""
    venue = made.world.market.venues["meridian"]

    def jump(value: int) -> None:
        venue._makers.value = value
        venue._stale = dict.fromkeys(venue._stale, True)
        venue._makers.quantities = {side: [10**12] * 10 for side in ("buy", "sell")}
        venue._compare()

    for step in range(steps):
        made.at(7200 * step + 1000, lambda value=1_020_000 + 15_000 * step: jump(value))  # type: ignore[misc]


def sides(made: lab.Stage) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return what the agent has at the venue and on chain, (PT, stable) each."""
    habitat = made.world.habitat
    venue = made.world.market.venues["meridian"]
    return venue.balance("arb"), habitat.balances(habitat.account("arb"))


def test_without_transfers_the_capital_ends_where_it_is_of_no_use() -> None:
    made = stage(rebalance=None)
    climb(made, 20)
    made.run(41 * lab.HOUR)
    at_venue, on_chain = sides(made)
    assert on_chain[1] < 10**6  # no stable is left to buy with
    assert at_venue[1] > QUARTER
    assert made.read("PaymentToken", "balanceOf", made.world.habitat.account("venue-meridian")) == 0


def test_transfers_bring_it_back_and_more_trades_are_made() -> None:
    stuck, moving = stage(rebalance=None), stage(rebalance="20%")
    for made in (stuck, moving):
        climb(made, 20)
        made.run(41 * lab.HOUR)
    arb = moving.world.agents["arb"]
    assert arb.inventory.moved >= 2
    assert arb.trades > stuck.world.agents["arb"].trades


def test_nothing_is_made_or_lost_on_the_way() -> None:
    made = stage(rebalance="20%")
    climb(made, 20)
    made.run(48 * lab.HOUR)
    arb = made.world.agents["arb"]
    assert not arb.inventory._moving
    venue = made.world.market.venues["meridian"]
    wallet = made.world.habitat.account("venue-meridian")
    for place, token in enumerate(TOKENS):
        moved = made.read(token, "balanceOf", wallet) - WALLET[place]
        # what came into the wallet is what the venue credited for transfers
        traded = sum(held[place] for held in venue._balances.values())
        traded += venue.fees_collected if place else 0
        ours = 20_000 * 10**6  # what the network itself keeps at an exchange
        assert traded - ours - QUARTER == moved, token


def test_a_transfer_takes_the_time_of_the_venue() -> None:
    made = stage(rebalance="20%", withdrawal="2h")
    climb(made, 4)
    made.run(10 * lab.HOUR)
    paid = [now for now, tx in made.of("tx", sender="venue-meridian") if tx.success]
    first = [now for now, _ in made.of("tx", sender="arb", function="swap")]
    assert paid
    assert min(paid) >= min(first) + 2 * lab.HOUR


def test_a_deposit_that_a_reorg_took_is_not_credited() -> None:
    made = stage(rebalance="20%")
    cashier = lab.agents_module("cashier").Cashier.of(made.world.habitat, "meridian")
    done: list[bool] = []

    def pay() -> Any:
        done.append((yield from cashier.pay_in("arb", "StableAsset", 10**9)))

    made.run(60)
    before = sides(made)
    made.world.clock.spawn(pay())
    made.run(90)
    (sent,) = [tx.hash for _, tx in made.of("tx", sender="arb")]
    made.world.chain.reorg(3, drop=[sent])
    made.run(3 * lab.HOUR)
    assert done == [False]
    assert sides(made) == before


def test_nobody_takes_out_more_than_is_there() -> None:
    made = stage(rebalance="20%").run(60)
    venue = made.world.market.venues["meridian"]
    assert not venue.withdraw("arb", QUARTER + 1, 0)
    assert venue.withdraw("arb", QUARTER, 0)
    assert venue.balance("arb") == (0, QUARTER)
