"""Faults of services: what each says, what it does to answers, and that it lets go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from services_lab import ROWS, Lab, fault
from small_network import ANN

from twin.errors import NoData, UsageError
from twin.faults.injector import kinds
from twin.protocol.roles import account_of


def answers(lab: Lab) -> dict[str, Any]:
    """Return what each part of the desk answers now, so that what changed can be named."""
    desk, found = lab.desk, {}
    asked: dict[str, Callable[[], Any]] = {
        "node": lambda: desk.nodes.status("alder"),
        "other node": lambda: desk.nodes.status("doorn"),
        "supply": lambda: desk.nodes.read(
            "alder", "PaymentToken", "totalSupply", block=desk.nodes.status("alder").number
        ),
        "indexer": lambda: (desk.indexer.status(), desk.indexer.volumes()),
        "canary": lambda: desk.endpoints.canary("venue-meridian"),
        "customs": lambda: desk.endpoints.probe("customs"),
        "documents": desk.documents.all,
    }
    for name, ask in asked.items():
        try:
            found[name] = ask()
        except NoData as error:
            found[name] = str(error)
    return found


CHANGES = {
    "node-lag": {"node"},
    "node-stall": {"node"},
    "node-fork": {"node"},
    "node-wrong-answers": {"supply"},
    "node-outage": {"node", "supply"},
    "node-stale-version": {"node"},
    "cloud-outage": {"node", "supply", "indexer"},
    "endpoint-slow": {"customs"},
    "partner-upgrade": {"canary"},
    "indexer-lag": {"indexer"},
    "indexer-miss": {"indexer"},
    "indexer-miscount": {"indexer"},
    "document-drift": {"documents"},
    "function-bricked": {"indexer"},  # no swap to count
    "function-doubles": set(),  # nobody asks for votes here
    "gas-regression": set(),
    "unbacked-mint": {"supply", "indexer"},
    "gas-war": {"node", "other node", "indexer"},  # other blocks: other hashes
}
"""What a fault changes of the answers, against a world without it."""


def after(kind: str | None, params: dict[str, Any]) -> dict[str, Any]:
    lab = Lab().run(120)
    if kind:
        lab.fault(kind, **params)
    return answers(lab.swap(3).run(60))


@pytest.mark.parametrize(("kind", "params"), [row[:2] for row in ROWS], ids=[r[0] for r in ROWS])
def test_a_fault_changes_what_it_takes_hold_of_and_nothing_else(
    kind: str, params: dict[str, Any]
) -> None:
    plain, ill = after(None, {}), after(kind, params)
    chained = {"function-bricked", "function-doubles", "gas-regression", "unbacked-mint", "gas-war"}
    if kind in chained:  # other blocks have other hashes
        plain, ill = (
            {key: str(value).split("0x")[0] if "node" in key else value
             for key, value in one.items() if key != "indexer"}
            for one in (plain, ill)
        )  # fmt: skip
        plain["volumes"], ill["volumes"] = "", ""
    changed = {name for name in plain if plain[name] != ill[name]}
    expected = CHANGES[kind] - ({"indexer", "node", "other node"} if kind in chained else set())
    assert changed == expected


@pytest.mark.parametrize(
    ("kind", "params", "place", "says", "ends"), ROWS, ids=[r[0] for r in ROWS]
)
def test_a_fault_says_what_it_does(
    *, kind: str, params: dict[str, Any], place: str, says: str, ends: str
) -> None:
    lab = Lab().run(120)
    made, surfaces = fault(kind, **params), lab.surfaces
    made.check(surfaces)
    assert made.place() == place
    assert made.begin(surfaces) == says
    lab.run(24)
    assert made.end(surfaces) == ends


PASSING = [row for row in ROWS if row[0] not in {
    "unbacked-mint", "gas-war", "indexer-miss", "indexer-miscount", "function-bricked", "gas-regression",
    "function-doubles",
}]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "params"), [row[:2] for row in PASSING], ids=[r[0] for r in PASSING]
)
def test_a_fault_that_is_over_leaves_nothing(kind: str, params: dict[str, Any]) -> None:
    plain, healed = Lab().run(120).swap(3), Lab().run(120)
    made = healed.fault(kind, **params)
    healed.swap(3)
    made.end(healed.surfaces)
    assert answers(healed.run(60)) == answers(plain.run(60))


FAMILIES = {
    f"twin.faults.{name}" for name in ("contracts", "indexer", "outages", "papers", "rpc_nodes")
}


def test_every_kind_here_has_a_row() -> None:
    here = {kind for kind, family in kinds().items() if family.__module__ in FAMILIES}
    assert here == {row[0] for row in ROWS} == set(CHANGES)


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("node-lag", {"rpc_node": "older"}, "no RPC node is called 'older'; did you mean 'alder'"),
    (
        "cloud-outage",
        {"region": "aurora"},
        "no region is called 'aurora'; did you mean 'aurora-east'",
    ),
    ("endpoint-slow", {"endpoint": "custom"}, "no endpoint is called 'custom'"),
    ("document-drift", {"document": "x", "fact": "y", "value": "z"}, "no document is called 'x'"),
    ("document-drift", {"fact": "chain.ids", "value": "z"}, "did you mean 'chain.id'"),
    ("function-bricked", {"contract": "Pool"}, "no contract is called 'Pool'"),
    ("gas-war", {"max_fee": "1 gwei", "tip": "2 gwei"}, "max_fee covers the tip"),
]


@pytest.mark.parametrize(("kind", "params", "message"), WRONG)
def test_a_name_that_is_not_there_is_found_before_anything_happens(
    kind: str, params: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        fault(kind, **params).check(Lab().surfaces)


def test_a_world_without_services_says_so() -> None:
    from dataclasses import replace

    bare = replace(Lab().surfaces, services=None)
    with pytest.raises(UsageError, match="node-lag takes hold of a service: this world has none"):
        fault("node-lag", rpc_node="alder").check(bare)


def test_an_upgrade_keeps_state_and_sender_and_is_rolled_back() -> None:
    lab = Lab().run(12).swap()
    chain, pool = lab.network.chain, lab.network.deployment.contract("LiquidityPool")
    code = chain.account(pool.address).code

    def swap() -> tuple[bool, int]:
        tx = lab.network.swap(ANN)
        lab.run(12)
        receipt = chain.receipt(tx)
        assert receipt is not None
        return receipt.success, receipt.gas_used

    swap()  # the slots are warm in the history from here on
    _, plain = swap()
    dear = lab.fault("gas-regression", gas=60_000)
    done, gas = swap()
    assert done
    assert plain + 60_000 < gas < plain + 66_000
    assert lab.read("LiquidityPool", "swapCount") == 4
    dear.end(lab.surfaces)
    assert chain.account(pool.address).code == code
    bricked = lab.fault("function-bricked")
    assert not swap()[0]
    assert lab.read("LiquidityPool", "swapCount") == 4  # views answer through the shell
    bricked.end(lab.surfaces)
    assert swap() == (True, plain)


def test_a_function_that_counts_double_leaves_the_others_as_they_are() -> None:
    lab = Lab().run(12)
    asked = (("totalSupply", ()), ("balanceOf", (ANN,)), ("name", ()))
    supply, *others = before = [lab.read("PaymentToken", name, *args) for name, args in asked]
    wrong = lab.fault("function-doubles", contract="PaymentToken", function="totalSupply")
    after = [lab.read("PaymentToken", name, *args) for name, args in asked]
    assert after == [2 * supply, *others]
    wrong.end(lab.surfaces)
    assert [lab.read("PaymentToken", name, *args) for name, args in asked] == before


def test_the_stolen_key_mints_and_the_war_is_felt() -> None:
    lab = Lab().run(12)
    lab.fault("unbacked-mint", amount="7")
    lab.fault("gas-war", lasts="10m")
    lab.run(300)
    assert lab.read("PaymentToken", "balanceOf", account_of("thief")) == 7 * 10**6
    assert lab.network.chain.next_base_fee > 10 * 10**9
