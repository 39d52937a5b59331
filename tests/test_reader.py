from __future__ import annotations

from typing import Any

import pytest
from chain_lab import real

from twin.bundled import folder
from twin.chain.chain import Chain, ChainConfig
from twin.chain.engines import make_engine
from twin.clock import Clock
from twin.errors import Reverted, UnknownName
from twin.protocol.artifacts import Artifacts
from twin.protocol.deployment import DeploymentSpec, deploy
from twin.protocol.parameters import Endowment, feed_id
from twin.protocol.reader import Reader
from twin.protocol.roles import account_of

START, BOB, WTI = 1_700_000_000, account_of("bob"), feed_id("WTI")
ENDOWMENT = Endowment(pt=10**9, wei=10**18, approvals=(("PaymentToken", "LiquidityPool"),))


def network(**config: Any) -> Reader:
    chain = Chain(make_engine("pyevm", chain_id=17), ChainConfig(17, **config), Clock(START))
    spec = DeploymentSpec(balances={BOB: ENDOWMENT}, nodes={"one": account_of("one")})
    artifacts = Artifacts(folder("contracts_abi"))
    return Reader(chain, deploy(chain, spec, artifacts=artifacts))


def swap(reader: Reader, amount: int) -> None:
    pool = reader.deployment.contract("LiquidityPool")
    token = reader.deployment.address("PaymentToken")
    data = pool.encode("swap", token, amount, 0, BOB)
    chain = real(reader)
    chain.send(BOB, pool.address, data, gas=300_000, tip=10**9)
    chain.clock.run(chain.clock.now + 12)


def test_one_output_comes_bare_and_several_as_a_tuple() -> None:
    reader = network()
    assert reader.read("PaymentToken", "balanceOf", BOB) == 10**9
    assert reader.read("OracleNetwork", "latest", WTI) == (0, 0, 0, 0)


def test_a_revert_is_raised_with_its_reason() -> None:
    reader = network()
    with pytest.raises(Reverted, match=r"OracleNetwork\.fresh: StaleFeed\(feed=0xa92c") as caught:
        reader.read("OracleNetwork", "fresh", WTI)
    assert reader.deployment.reverts.name(caught.value.data) == "StaleFeed"
    with pytest.raises(UnknownName):
        reader.read("OracleNetwork", "frech", WTI)


def test_a_batch_gives_what_single_reads_give() -> None:
    reader = network()
    calls = [
        ("LiquidityPool", "reserves", ()),
        ("OracleNetwork", "reports", (WTI,)),
        ("OracleNetwork", "fresh", (WTI,)),
        ("PaymentToken", "name", ()),
        ("FeeSchedule", "schedule", (0,)),
        ("FeeSchedule", "schedule", (9,)),
    ]
    found = reader.batch(calls)
    single: list[Any] = []
    for contract, function, args in calls:
        try:
            single.append(reader.read(contract, function, *args))
        except Reverted as error:
            single.append(error.data)
    assert [item.data if isinstance(item, Reverted) else item for item in found] == single
    assert [str(item) for item in found if isinstance(item, Reverted)] == [
        f"reverted: StaleFeed(feed=0x{WTI.hex()}, updatedAt=0)", "reverted: UnknownKind(kind=9)",
    ]  # fmt: skip
    assert reader.batch([]) == []


def test_a_batch_is_put_together_once_and_takes_unhashable_arguments() -> None:
    reader = network()
    calls = [("LiquidityPool", "swapCount", ())]
    assert reader.batch(calls) == reader.batch(tuple(calls)) == [0]
    assert len(reader._plans) == 1
    args = (BOB, BOB, bytearray(b"no key of a dictionary"))
    found = reader.batch([("Authority", "hashOperation", args)])
    assert found == [reader.read("Authority", "hashOperation", *args)]
    assert len(reader._plans) == 1
    for size in range(100):
        reader.batch(calls * size)
    assert len(reader._plans) == 64


def test_a_call_is_put_together_once_and_takes_unhashable_arguments() -> None:
    reader = network()
    for _ in range(2):
        assert reader.read("LiquidityPool", "swapCount") == 0
    assert len(reader._views) == 1
    args = (BOB, BOB, bytearray(b"no key of a dictionary"))
    assert reader.read("Authority", "hashOperation", *args) == reader.read(
        "Authority", "hashOperation", *args[:2], bytes(args[2])
    )
    assert len(reader._views) == 2
    for account in range(1_100):
        reader.read("PaymentToken", "balanceOf", account.to_bytes(20, "big"))
    assert len(reader._views) == 1_024
    assert ("LiquidityPool", "swapCount", ()) not in reader._views


def test_a_contract_without_code_spoils_only_its_own_entry() -> None:
    reader = network()
    engine = real(reader).engine
    address = reader.deployment.address("FeeSchedule")
    state = engine.account(address)
    engine.set_account(address, type(state)(nonce=state.nonce, balance=0, code=b""))
    lost, kept = reader.batch([("FeeSchedule", "fee", (0,)), ("LiquidityPool", "swapCount", ())])
    assert kept == 0
    assert "returned 0 bytes" in str(lost)


def test_a_block_is_read_as_it_was() -> None:
    reader = network()
    swap(reader, 10**6)
    before = reader.at()
    swap(reader, 10**6)
    assert (before.block, before.timestamp) == (1, START + 12)
    assert before.read("LiquidityPool", "swapCount") == 1
    assert before.batch([("LiquidityPool", "swapCount", ())]) == [1]
    assert reader.read("LiquidityPool", "swapCount") == 2


def test_logs_are_those_of_the_time_asked_for() -> None:
    reader = network()
    for amount in (1000, 2000, 3000):
        swap(reader, amount)
    times = [START + 12, START + 24, START + 36]

    def amounts(since: int, block: int | None = None) -> list[int]:
        logs = reader.at(block).logs("LiquidityPool", "Swapped", since=since)
        assert all(log.args["sender"] == BOB and log.contract == "LiquidityPool" for log in logs)
        return [log.args["amountIn"] for log in logs]

    assert amounts(0) == amounts(times[0]) == [1000, 2000, 3000]
    assert amounts(times[0] + 1) == amounts(times[1]) == [2000, 3000]
    assert amounts(times[2] + 1) == amounts(times[2] + 10**6) == []
    assert amounts(0, block=2) == [1000, 2000]
    logs = reader.at().logs("LiquidityPool", "Swapped")
    assert [(log.block, log.timestamp) for log in logs] == list(enumerate(times, start=1))
