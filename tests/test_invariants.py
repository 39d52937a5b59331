from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from twin.bundled import folder
from twin.chain.chain import Chain, ChainConfig
from twin.chain.engines import make_engine
from twin.clock import Clock
from twin.errors import UnknownName
from twin.protocol.artifacts import Artifacts
from twin.protocol.deployment import DeploymentSpec, deploy
from twin.protocol.invariants import INVARIANTS, Finding, Watch, invariant_named
from twin.protocol.operations import operation_of
from twin.protocol.parameters import AllocationParameters, Endowment, FeedParameters, feed_id
from twin.protocol.reader import LogAt, Reader, ReaderAt
from twin.protocol.roles import account_of

START, WTI = 1_700_000_000, feed_id("WTI")
ARTIFACTS = Artifacts(folder("contracts_abi"))
BOB, ALFA = account_of("bob"), account_of("alfa")
NODES = {name: account_of(name) for name in ("one", "two", "three")}
APPROVALS = (("PaymentToken", "LiquidityPool"), ("StableAsset", "LiquidityPool"))
FUNDED = Endowment(pt=10**12, stable=10**12, wei=10**20, approvals=APPROVALS)
GAS = Endowment(wei=10**20)
SPEC = DeploymentSpec(
    nodes=NODES, sovereigns={"alfa": ALFA}, feeds={"WTI": FeedParameters(quorum=2)},
    allocation=AllocationParameters(attestation_quorum=2),
    balances={BOB: FUNDED, ALFA: GAS, **dict.fromkeys(NODES.values(), GAS)},
)  # fmt: skip


class Network:
    """A busy little network: swaps, deposits, reports and an export, one block each."""

    def __init__(self) -> None:
        self.chain = Chain(make_engine("pyevm", chain_id=17), ChainConfig(17), Clock(START))
        self.deployment = deploy(self.chain, SPEC, artifacts=ARTIFACTS)
        self.reader = Reader(self.chain, self.deployment)

    def act(self, sender: bytes, contract: str, function: str, *args: Any) -> None:
        target = self.deployment.contract(contract)
        data = target.encode(function, *args)
        found = self.chain.send(sender, target.address, data, gas=1_000_000, tip=10**9)
        self.pass_time(12)
        receipt = self.chain.receipt(found)
        assert receipt is not None
        assert receipt.success, self.deployment.reverts.decode_revert(receipt.output)

    def pass_time(self, seconds: int) -> None:
        self.chain.clock.run(self.chain.clock.now + seconds)

    def report(self, answer: int) -> None:
        for node in NODES.values():
            self.act(node, "OracleNetwork", "submit", WTI, answer, self.chain.clock.now)

    def export(self, document: bytes) -> None:
        self.act(ALFA, "AllocationBook", "claim", document, WTI, 1000)
        for node in list(NODES.values())[:2]:
            self.act(node, "OracleNetwork", "attest", document, 1000)
        self.act(BOB, "AllocationBook", "settle", document)

    def trade(self, token: str, amount: int) -> None:
        self.act(BOB, "LiquidityPool", "swap", self.deployment.address(token), amount, 0, BOB)

    def configure(self, high: int) -> None:
        operation = operation_of(
            self.deployment, "oracle_admin", contract="OracleNetwork", function="configureFeed",
            args=(WTI, (0, high, 3600, 5000, 7200, 2)),
        )  # fmt: skip
        for to, data in operation.messages:
            self.chain.send(operation.caller, to, data, gas=1_000_000, tip=10**9)
            self.pass_time(3612)

    def poke(self, contract: str, label: str, value: int) -> None:
        """Overwrite the variable called *label* in storage: what a broken contract would do."""
        target = self.deployment.contract(contract)
        text = (folder("contracts_abi") / "artifacts" / f"{contract}.json").read_text()
        layout = json.loads(text)["storageLayout"]["storage"]
        (slot,) = [item for item in layout if item["label"] == label]
        bits = 8 * (0 if slot["type"].endswith("_storage") else slot["offset"])
        width = {"t_uint256": 256, "t_uint128": 128, "t_uint112": 112}.get(slot["type"], 32)
        engine, number = self.chain.engine, int(slot["slot"])
        kept = engine.storage(target.address, number) & ~(((1 << width) - 1) << bits)
        engine.set_storage(target.address, {number: kept | value << bits})


@pytest.fixture(scope="module")
def busy() -> Network:
    """Return a network after a working hour; tests undo what they do to it."""
    network = Network()
    network.trade("PaymentToken", 10**9)
    network.report(80 * 10**8)
    network.export(b"\x01" * 32)
    network.act(BOB, "LiquidityPool", "addLiquidity", 10**9, 10**9, 0, BOB)
    network.trade("StableAsset", 3 * 10**9)
    shares = network.reader.read("LiquidityPool", "balanceOf", BOB)
    network.act(BOB, "LiquidityPool", "removeLiquidity", shares // 3, 0, 0, BOB)
    return network


def test_all_hold_over_a_working_hour(busy: Network) -> None:
    watch = Watch()
    for block in range(busy.chain.head + 1):
        assert watch.broken(busy.reader.at(block)) == [], block
    watch.forget()
    assert watch.broken(busy.reader.at()) == []


def judge(view: Any, name: str) -> Finding:
    return invariant_named(name).check(view, {})


DETAILS = {
    "pt-supply": "supply 6000000000000, minted 6000000000000 - burned 0, cap 1000000000000000",
    "ft-supply": "supply 800000000000000000, issued 800000000000000000 - retired 0 - reversed 0, entitlements 800000000000000000",
    "fee-bounds": "4 fees inside their bounds",
    "oracle-bounds": "2 new answers inside bounds",
    "allocation-once": "1 documents, each once",
}  # fmt: skip


@pytest.mark.parametrize(("name", "detail"), DETAILS.items())
def test_a_finding_shows_its_figures(busy: Network, name: str, detail: str) -> None:
    assert judge(busy.reader.at(), name) == Finding(True, detail)


@pytest.mark.parametrize(
    ("name", "contract", "variable", "value", "says"),
    [
        ("pt-supply", "PaymentToken", "_minted", 5, "minted 5 - burned 0"),
        ("pt-supply", "PaymentToken", "_cap", 5, "cap 5"),
        ("ft-supply", "FoundationToken", "_issued", 5, "issued 5"),
        ("ft-supply", "FoundationToken", "_totalSupply", 5, "supply 5"),
        ("pool-reserves", "LiquidityPool", "_reservePt", 2**60, f"PT {2**60} recorded"),
        ("pool-reserves", "LiquidityPool", "_reserveStable", 2**60, f"stable {2**60} recorded"),
        ("fee-bounds", "FeeSchedule", "_schedules", 499, r"swap 499 outside \[500, 10000\]"),
    ],
)
def test_a_broken_contract_is_caught(
    busy: Network, name: str, contract: str, variable: str, value: int, says: str
) -> None:
    untouched = busy.chain.engine.snapshot()
    busy.poke(contract, variable, value)
    finding = judge(busy.reader.at(), name)
    busy.chain.engine.revert(untouched)
    assert not finding.ok
    assert re.search(says, finding.detail)
    assert judge(busy.reader.at(), name).ok


def test_a_pool_that_loses_value_is_caught(busy: Network) -> None:
    watch = Watch(["pool-product"])
    assert watch.broken(busy.reader.at()) == []
    untouched = busy.chain.engine.snapshot()
    busy.poke("LiquidityPool", "_totalSupply", 2**50)  # shares for nothing
    broken = watch.broken(busy.reader.at())
    watch.forget()
    fresh = watch.broken(busy.reader.at())
    busy.chain.engine.revert(untouched)
    assert [item.name for item, _ in broken] == ["pool-product"]
    assert fresh == []  # what was seen before a reorg is no longer held against it


def test_a_reorg_is_forgotten_or_held_against_the_pool() -> None:
    network, remembers, forgets = Network(), Watch(["pool-product"]), Watch()
    network.chain.on_reorg(lambda _: forgets.forget())
    network.trade("PaymentToken", 10**9)
    swapped = network.chain.block(network.chain.head).transactions[0]
    for watch in (remembers, forgets):
        assert watch.broken(network.reader.at()) == []
    network.chain.reorg(1, drop=[swapped])
    assert [item.name for item, _ in remembers.broken(network.reader.at())] == ["pool-product"]
    assert forgets.broken(network.reader.at()) == []


class Lying:
    """A view of a real chain whose logs pass through *lie*."""

    def __init__(self, view: ReaderAt, lie: Callable[[list[LogAt]], list[LogAt]]) -> None:
        self._view, self._lie = view, lie
        self.block, self.timestamp = view.block, view.timestamp
        self.read, self.batch, self.deployment = view.read, view.batch, view.deployment

    def logs(self, contract: str, event: str, *, since: int) -> Sequence[LogAt]:
        return self._lie(self._view.logs(contract, event, since=since))


def altered(event: str, **args: Any) -> Callable[[list[LogAt]], list[LogAt]]:
    return lambda logs: [
        replace(log, args={**log.args, **args}) if log.event == event else log for log in logs
    ]


@pytest.mark.parametrize(
    ("name", "lie", "says"),
    [
        ("allocation-once", lambda logs: logs * 2, f"AllocationBook issued document 0x{'01' * 32} twice"),
        ("allocation-once", altered("Issued", documentHash=bytes(32)), "name different documents"),
        ("allocation-once", altered("EntitlementIssued", amount=1), "name different documents"),
        ("ft-supply", lambda logs: logs * 2, "entitlements 1600000000000000000"),
        ("oracle-bounds", altered("AnswerUpdated", answer=50001000000), r"took 50001000000, outside \[-10000000000, 50000000000\]"),
        ("oracle-bounds", altered("AnswerUpdated", answer=-10000000001), "took -10000000001"),
    ],
)  # fmt: skip
def test_an_event_that_breaks_the_rule_is_caught(
    busy: Network, name: str, lie: Callable[[list[LogAt]], list[LogAt]], says: str
) -> None:
    finding = judge(Lying(busy.reader.at(), lie), name)
    assert not finding.ok
    assert re.search(says, finding.detail)


def test_an_answer_is_held_against_the_bounds_of_its_moment() -> None:
    network = Network()
    network.report(400 * 10**8)
    watch = Watch(["oracle-bounds"])
    network.configure(high=100 * 10**8)  # the accepted 400 is now outside, and was right then
    assert watch.broken(network.reader.at()) == []
    assert watch.broken(network.reader.at()) == []
    network.report(90 * 10**8)
    assert watch.broken(network.reader.at()) == []
    memory: dict[str, Any] = {}
    invariant = invariant_named("oracle-bounds")
    lie = altered("FeedConfigured", config=(0, 80 * 10**8))
    finding = invariant.check(Lying(network.reader.at(), lie), memory)
    assert "took 9000000000, outside [0, 8000000000]" in finding.detail


def test_events_are_read_once() -> None:
    network = Network()
    asked: list[int] = []

    def spy(logs: list[LogAt]) -> list[LogAt]:
        asked.append(len(logs))
        return logs

    invariant = invariant_named("ft-supply")
    memory: dict[str, Any] = {}
    network.report(80 * 10**8)
    for document in (b"\x01" * 32, b"\x02" * 32):
        network.export(document)
        assert invariant.check(Lying(network.reader.at(), spy), memory).ok
    assert invariant.check(Lying(network.reader.at(), spy), memory).ok
    assert asked == [1, 1, 0]


def test_unknown_invariant_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'pool-product'"):
        Watch(["pool-products"])
    assert [item.name for item in Watch().invariants] == [item.name for item in INVARIANTS]
    assert [item.name for item in Watch(["fee-bounds"]).invariants] == ["fee-bounds"]
