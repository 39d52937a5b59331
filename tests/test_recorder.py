"""The recorder: the life of the chain as events, each block once and again after a reorg."""

from __future__ import annotations

from typing import Any

import pytest
import world_lab as lab

from twin.recorder import LEFT_OUT

WHALE = lab.agent("noise", "whale", trades_per_day=1e-9)
CHAIN = {"block", "tx", "log", "tx-dropped", "reorg"}


@pytest.fixture
def stage() -> lab.Stage:
    return lab.stage(agents=[WHALE])


def sell(stage: lab.Stage, amount: int = 10**6, label: str = "whale", **rest: Any) -> Any:
    habitat = stage.world.habitat
    token = habitat.deployment.contract("PaymentToken").address
    return habitat.send(
        label, "LiquidityPool", "swap", token, amount, 0, habitat.account("whale"), gas=250_000,
        **rest,
    )  # fmt: skip


def told(stage: lab.Stage) -> list[tuple[int, str]]:
    start = stage.world.clock.start
    return [(now - start, event.kind) for now, event in stage.seen if event.kind in CHAIN]


def test_a_block_its_transactions_and_their_logs_come_in_this_order(stage: lab.Stage) -> None:
    stage.run(100)
    sell(stage)
    sell(stage, 10**15)
    stage.run(200)
    assert told(stage) == [(108, "block"), (108, "tx"), (108, "log"), (108, "tx")]


def test_what_a_block_and_a_transaction_say(stage: lab.Stage) -> None:
    stage.run(100)
    sell(stage)
    sell(stage, 10**15)
    stage.run(200)
    chain = stage.world.chain
    block = stage.of("block")[0][1]
    header = chain.header(9)
    assert (block.number, block.hash, block.transactions) == (9, header.hash, 2)
    assert (block.gas_used, block.base_fee) == (header.gas_used, header.base_fee)
    (_, good), (_, bad) = stage.of("tx")
    assert (good.sender, good.contract, good.function, good.success, good.reason) == (
        "whale", "LiquidityPool", "swap", True, "",
    )  # fmt: skip
    assert (bad.success, bad.reason.split("(")[0]) == (False, "ERC20InsufficientBalance")
    for event in (good, bad):
        receipt = chain.receipt(event.hash)
        assert receipt is not None
        assert (event.block, event.gas_used) == (receipt.block, receipt.gas_used)


def test_a_log_is_decoded_and_what_repeats_it_is_left_out(stage: lab.Stage) -> None:
    stage.run(100)
    sell(stage)
    stage.run(200)
    (_, swapped), *more = stage.of("log")
    assert more == []
    assert (swapped.contract, swapped.event, swapped.block) == ("LiquidityPool", "Swapped", 9)
    assert swapped.args["amountIn"] == 10**6
    assert swapped.args["sender"] == stage.world.habitat.account("whale")
    # the same block holds transfers and the pool's new reserves
    names = {
        decoded[0]
        for _, receipt in stage.world.chain.content(9)
        for log in receipt.logs
        for contract in stage.world.deployment.contracts.values()
        if (decoded := contract.decode_log(log))
    }
    assert names == {"Swapped", "Synced", "Transfer"}
    assert names - LEFT_OUT == {"Swapped"}


def test_who_has_a_name_is_called_by_it(stage: lab.Stage) -> None:
    stage.call("pauser", "LiquidityPool", "pause")
    stranger = b"\x07" * 20
    stage.world.chain.fund(stranger, 10**18)
    stage.run(10)
    chain = stage.world.chain
    chain.send(stranger, b"\x08" * 20, b"\x01\x02\x03\x04", gas=50_000, tip=lab.GWEI)
    chain.send(stranger, None, b"\x00", gas=100_000, tip=lab.GWEI)
    stage.run(100)
    assert [(tx.sender, tx.contract, tx.function) for _, tx in stage.of("tx")] == [
        ("pauser", "LiquidityPool", "pause"),
        ("0x" + "07" * 20, "", ""),
        ("0x" + "07" * 20, "", ""),
    ]


def test_a_function_that_a_contract_has_not_is_recorded_without_a_name(stage: lab.Stage) -> None:
    pool = stage.world.deployment.contract("LiquidityPool").address
    whale = stage.world.habitat.account("whale")
    stage.world.chain.send(whale, pool, b"\xde\xad\xbe\xef", gas=100_000, tip=lab.GWEI)
    stage.run(100)
    (_, tx), *_ = stage.of("tx")
    assert (tx.contract, tx.function, tx.success) == ("LiquidityPool", "", False)


def test_what_is_dropped_leaves_its_reason(stage: lab.Stage) -> None:
    sell(stage, label="pauper")
    stage.run(100)
    (second, event), *more = stage.of("tx-dropped")
    assert more == []
    assert second == 12
    assert event.reason.startswith("insufficient funds")


def test_a_reorg_is_told_before_the_blocks_that_replace(stage: lab.Stage) -> None:
    stage.run(100)
    sell(stage)
    stage.run(130)
    before = stage.of("block")[0][1]
    stage.world.chain.reorg(3)
    stage.run(200)
    kinds = ["block", "tx", "log", "reorg", "block", "tx", "log"]
    assert [kind for _, kind in told(stage)] == kinds
    (_, reorg), *_ = stage.of("reorg")
    again = stage.of("block")[1][1]
    assert (reorg.first, reorg.depth) == (8, 3)
    assert again.hash != before.hash
    assert again.hash == stage.world.chain.header(again.number).hash
    # what the new blocks build on, which is the one head that is certain then
    assert reorg.base_hash == stage.world.chain.header(10 - 3).hash
    first, second = (tx for _, tx in stage.of("tx"))
    assert first.hash == second.hash


def test_the_genesis_is_nobodys_news(stage: lab.Stage) -> None:
    assert told(stage) == []
    stage.run(60)
    assert told(stage) == []
