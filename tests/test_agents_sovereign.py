"""Sovereigns: from a cargo to FT, and what they do while the contracts would refuse them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import world_lab as lab

EXPORTER = lab.agent("sovereign", "exporter", cargoes_per_day=24)
RATE = 10**16


def trade(**changes: Any) -> lab.Stage:
    return lab.stage(agents=[*lab.NODES, EXPORTER], **changes)


def mine(stage: lab.Stage, **fields: Any) -> list[tuple[int, Any]]:
    return stage.of("tx", sender="exporter", **fields)


def test_an_export_becomes_ft_at_quantity_times_answer_times_rate() -> None:
    stage = trade().run(12 * lab.HOUR)
    issued = stage.of("log", event="EntitlementIssued")
    assert len(issued) > 5
    for _, event in issued:
        args = event.args
        assert args["amount"] == args["quantity"] * args["answer"] * RATE // 10**11
    exporter = stage.world.agents["exporter"]
    total = sum(event.args["amount"] for _, event in issued)
    account = stage.world.habitat.account("exporter")
    assert stage.read("FoundationToken", "balanceOf", account) == total
    assert exporter.settled == len(issued)
    assert exporter.disputed == 0


def test_each_cargo_is_claimed_attested_and_settled_in_this_order() -> None:
    stage = trade().run(12 * lab.HOUR)
    lives: dict[bytes, list[str]] = {}
    for name in ("ExportClaimed", "ExportVerified", "EntitlementIssued"):
        for now, event in stage.of("log", event=name):
            lives.setdefault(event.args["documentHash"], []).append(f"{now:06d} {name}")
    whole = [life for life in lives.values() if len(life) == 3]
    assert len(whole) == stage.world.agents["exporter"].settled
    assert all(life == sorted(life) for life in whole)
    quantities = [e.args["quantity"] for _, e in stage.of("log", event="ExportClaimed")]
    assert all(quantity % 1000 == 0 and quantity > 0 for quantity in quantities)
    assert all(tx.success for _, tx in mine(stage))


def refuse(*_args: Any, **_kwargs: Any) -> Iterator[Any]:
    """Claim nothing: a stand-in that ends an export where it would begin to cost."""
    yield from ()


def test_cargoes_come_at_poisson_times() -> None:
    stage = lab.stage(agents=[lab.agent("sovereign", "exporter", cargoes_per_day=400)])
    exporter = stage.world.agents["exporter"]
    exporter._insist = refuse
    stage.run(2 * lab.DAY)
    assert abs(exporter.shipped - 800) < 4 * math.sqrt(800)


def test_a_paused_book_is_waited_for_without_a_refusal() -> None:
    stage = trade().run(4 * lab.HOUR)
    stage.call("pauser", "AllocationBook", "pause")
    stage.run(4 * lab.HOUR + 60)
    exporter = stage.world.agents["exporter"]
    before = (len(mine(stage)), exporter.settled, exporter.shipped)
    stage.run(10 * lab.HOUR)
    assert (len(mine(stage)), exporter.settled) == before[:2]
    assert exporter.shipped > before[2]
    stage.call("unpauser", "AllocationBook", "unpause")
    stage.run(10 * lab.HOUR + 30 * lab.MINUTE)
    assert exporter.settled > before[1]
    stage.run(14 * lab.HOUR)
    assert exporter.settled >= before[2]
    assert all(tx.success for _, tx in mine(stage))


def test_a_stale_price_is_waited_for_too() -> None:
    stage = trade().run(4 * lab.HOUR)
    for source in stage.world.market.sources.values():
        source.die()
    stage.run(9 * lab.HOUR)
    exporter = stage.world.agents["exporter"]
    settled = exporter.settled
    assert stage.read("OracleNetwork", "isStale", stage.feed) is True
    for source in stage.world.market.sources.values():
        source.revive()
    stage.run(10 * lab.HOUR)
    assert exporter.settled > settled + 2
    assert all(tx.success for _, tx in mine(stage))


def test_a_cap_holds_a_settlement_back() -> None:
    small = lab.document()["protocol"] | {"allocation": {"settlement_cap": "1"}}
    stage = trade(protocol=small).run(8 * lab.HOUR)
    exporter = stage.world.agents["exporter"]
    assert exporter.shipped > 3
    assert exporter.settled == 0
    assert mine(stage, function="claim")
    assert not mine(stage, function="settle")


def test_an_export_that_was_verified_otherwise_stays_open() -> None:
    misread = [
        {**node, "params": {**node["params"], "reading_error_ppm": 10**6}} for node in lab.NODES
    ]
    stage = lab.stage(agents=[*misread, EXPORTER])
    stage.world.market.customs.correlate(10**6)
    stage.run(12 * lab.HOUR)
    exporter = stage.world.agents["exporter"]
    assert exporter.disputed > 3
    assert exporter.settled == 0
    assert not mine(stage, function="settle")
