"""Settlers: cargoes are paid out of escrow when they were verified, and refunded when not."""

from __future__ import annotations

import math
from typing import Any

import pytest
import world_lab as lab

FEE = 1000
"""Pips, the default of the settlement fee."""


def stage(*agents: dict[str, Any], **changes: Any) -> lab.Stage:
    return lab.stage(agents=[*lab.NODES, *agents], **changes)


def settlers(count: int = 2, **params: Any) -> dict[str, Any]:
    return lab.agent("settler", "house", count, cargoes_per_day=12, loading="1h", **params)


def balance(made: lab.Stage, name: str) -> int:
    return int(made.read("PaymentToken", "balanceOf", made.world.habitat.account(name)))


def test_a_cargo_is_paid_at_the_oracles_price_once_it_is_verified() -> None:
    made = stage(settlers(fail_share=0)).run(lab.DAY)
    opened = {event.args["id"]: event.args for _, event in made.of("log", event="DealOpened")}
    released = {event.args["id"]: event.args for _, event in made.of("log", event="DealReleased")}
    assert len(released) > 10
    for deal, args in released.items():
        amount = opened[deal]["quantity"] * 80 * 10**8 // 10**5
        assert opened[deal]["amount"] == pytest.approx(amount, rel=0.01)
        assert args["fee"] == opened[deal]["amount"] * FEE // 10**6
        assert args["paid"] == opened[deal]["amount"] - args["fee"]
    houses = [made.world.agents[f"house-{n}"] for n in (1, 2)]
    assert sum(house.opened for house in houses) == len(opened)
    assert sum(house.released for house in houses) == len(released)
    held = sum(balance(made, house.name) for house in houses)
    fees = sum(args["fee"] for args in released.values())
    assert held + fees + made.read("Settlement", "totalEscrow") == 2 * 20_000_000 * 10**6
    assert all(
        tx.success for name in ("house-1", "house-2") for _, tx in made.of("tx", sender=name)
    )


def test_what_never_ships_is_refunded_at_the_expiry_and_not_before() -> None:
    made = stage(settlers(fail_share=1, term="6h")).run(lab.DAY)
    assert not made.of("log", event="ExportClaimed")
    opened = {e.args["id"]: now for now, e in made.of("log", event="DealOpened")}
    refunded = {e.args["id"]: now for now, e in made.of("log", event="DealRefunded")}
    assert len(refunded) > 5
    assert all(6 * lab.HOUR <= refunded[deal] - opened[deal] < 7 * lab.HOUR for deal in refunded)
    houses = [made.world.agents[f"house-{n}"] for n in (1, 2)]
    assert sum(house.refunded for house in houses) == len(refunded)
    assert sum(house.released for house in houses) == 0


def test_about_the_declared_share_never_ships() -> None:
    made = stage(settlers(fail_share=0.4, quantity_median=100)).run(2 * lab.DAY)
    deals = len(made.of("log", event="DealOpened")) - 3
    claims = len(made.of("log", event="ExportClaimed"))
    assert deals > 30
    assert abs(claims / deals - 0.6) < 4 * math.sqrt(0.24 / deals)


@pytest.mark.parametrize(
    ("side", "roles"),
    [
        ("buyer", ("trader",)),
        ("seller", ("trader", "sovereign")),
        ("both", ("trader", "sovereign")),
    ],
)
def test_only_who_sells_is_registered_to_claim(side: str, roles: tuple[str, ...]) -> None:
    made = stage(settlers(1, side=side))
    agent = made.world.agents["house"]
    assert agent.roles == roles
    assert (agent.endowment().pt == 0) is (side == "seller")
    active = made.read("ParticipantRegistry", "isActive", made.world.habitat.account("house"), 1)
    assert active is ("sovereign" in roles)


def test_buyers_buy_and_sellers_sell() -> None:
    made = stage(
        lab.agent("settler", "buyer", side="buyer", cargoes_per_day=12, fail_share=0),
        lab.agent("settler", "seller", 2, side="seller", loading="1h"),
    ).run(lab.DAY)
    buyer, *sellers = (made.world.agents[name] for name in ("buyer", "seller-1", "seller-2"))
    assert buyer.opened > 5
    assert buyer.released == 0
    assert all(seller.released > 0 and seller.opened == 0 for seller in sellers)


def test_an_order_beyond_the_capital_is_not_placed() -> None:
    made = stage(settlers(capital=1)).run(12 * lab.HOUR)
    assert not made.of("log", event="DealOpened")
    assert made.world.agents["house-1"].unfunded > 0


def test_a_cargo_verified_otherwise_pays_nobody_and_comes_back() -> None:
    misread = [
        {**node, "params": {**node["params"], "reading_error_ppm": 10**6}} for node in lab.NODES
    ]
    made = lab.stage(agents=[*misread, settlers(fail_share=0, term="6h")])
    made.world.market.customs.correlate(10**6)
    made.run(lab.DAY)
    assert made.of("log", event="ExportVerified")
    assert not made.of("log", event="DealReleased")
    assert made.of("log", event="DealRefunded")


# -- reorgs ----------------------------------------------------------------------------------------


def until(made: lab.Stage, function: str) -> Any:
    """Run until a *function* of a house was mined within the last minute; return it."""
    made.run(8 * lab.HOUR)
    while True:
        found = [(now, tx) for now, tx in made.of("tx", function=function) if tx.success]
        if found and made.now - found[-1][0] <= 60:
            return found[-1][1]
        made.run(made.now + 30)


@pytest.mark.parametrize("function", ["claim", "release", "open"])
@pytest.mark.parametrize("drop", [False, True], ids=["waits again", "dropped"])
def test_a_reorg_costs_no_deal(function: str, *, drop: bool) -> None:
    made = stage(settlers(fail_share=0, term="12h"), duration="3d")
    last = until(made, function)
    chain = made.world.chain
    chain.reorg(chain.head - last.block + 2, drop=[last.hash] if drop else [])
    ordered = made.now
    made.run(ordered + 30 * lab.HOUR)
    old = [
        made.read("Settlement", "deal", number)
        for number in range(1, made.read("Settlement", "count") + 1)
    ]
    settled = [deal for deal in old if deal[-1] != 1]
    assert len(settled) >= 10
    for house in ("house-1", "house-2"):
        failed = [tx for _, tx in made.of("tx", sender=house, success=False)]
        assert len(failed) <= 1
    escrow = made.read("Settlement", "totalEscrow")
    fees = 2 * 20_000_000 * 10**6 - escrow - sum(balance(made, f"house-{n}") for n in (1, 2))
    assert fees >= 0


def test_two_deals_that_a_reorg_numbers_anew_are_paid_to_whom_they_belong() -> None:
    made = stage(settlers(2, fail_share=0))
    made.run(2 * lab.HOUR)
    numbers = made.world.agents["house-1"]._deals
    before = dict(numbers)
    assert before
    papers, number = next(iter(before.items()))
    for listener in made.world.habitat._listeners[_opened_key(made)]:
        listener(1, {"documentHash": papers, "id": number + 7})
    assert made.world.agents["house-2"]._deals[papers] == number + 7


def _opened_key(made: lab.Stage) -> tuple[bytes, bytes]:
    contract = made.world.deployment.contract("Settlement")
    return contract.address, contract.event("DealOpened").topic0
