"""The chain: time, inclusion, waiting, reading, and what costs nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import chain_lab as lab
import pytest
from eth_account import Account

from twin.chain import assembly
from twin.chain.basefee import Demand
from twin.chain.chain import Chain
from twin.chain.codec import contract_address
from twin.chain.engines import available
from twin.chain.port import Call
from twin.chain.receipts import Receipt
from twin.clock import Process
from twin.errors import ChainError, InvalidTransaction, Reverted, UnknownBlock

ALICE, BOB, CAROL, GWEI = lab.ALICE, lab.BOB, lab.CAROL, lab.GWEI
EVER = 2**40
WEEK = 7 * 86_400


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def pay(chain: Chain, sender: bytes = ALICE, *, tip: int = GWEI, **more: Any) -> bytes:
    return chain.send(sender, CAROL, gas=21_000, tip=tip, **more)


def held(chain: Chain, tx_hash: bytes) -> Receipt:
    receipt = chain.receipt(tx_hash)
    assert receipt is not None
    return receipt


# -- genesis


def test_the_genesis_is_block_0_and_free() -> None:
    chain = lab.chain()
    counter = chain.deploy(CAROL, lab.creation(lab.COUNTER))
    assert counter == contract_address(CAROL, 0)
    assert chain.genesis(CAROL, counter, b"").success
    assert chain.call(Call(counter, b"")).data == word(2)
    assert chain.account(CAROL).balance == 0
    block = chain.block(0)
    assert (len(block.transactions), block.header.timestamp, block.header.gas_used) == (
        2,
        lab.START,
        0,
    )
    receipt = held(chain, block.transactions[1])
    assert (receipt.block_hash, receipt.gas_price) == (block.header.hash, 0)
    assert [entry.data for entry in chain.logs(0, 0)] == [word(1)]
    with pytest.raises(ChainError, match="after the genesis"):
        chain.genesis(CAROL, counter, b"")


def test_a_deployment_that_fails_says_why() -> None:
    with pytest.raises(Reverted, match="0xdead"):
        lab.chain().deploy(ALICE, lab.asm("0xdead PUSH0 MSTORE 2 30 REVERT"))


def test_the_genesis_commits_to_its_allocations() -> None:
    richer = lab.chain()
    richer.fund(CAROL, 1)
    assert richer.header(0).hash != lab.chain().header(0).hash == lab.chain().header(0).hash


# -- when


ARRIVALS = [(0, 1), (1, 1), (11, 1), (12, 2), (13, 2), (23, 2), (24, 3)]


@pytest.mark.parametrize(("second", "block"), ARRIVALS)
def test_a_transaction_goes_to_the_first_block_after_its_second(second: int, block: int) -> None:
    chain = lab.chain()
    lab.wait(chain, second) if second else None
    tx_hash = pay(chain)
    assert chain.submitted_at(tx_hash) == lab.START + second
    chain.clock.run(lab.START + block * 12 - 1)
    assert chain.receipt(tx_hash) is None
    chain.clock.run(lab.START + block * 12)
    assert held(chain, tx_hash).block == block
    assert chain.submitted_at(tx_hash) == lab.START + second


def test_whoever_acts_in_the_second_of_a_block_finds_it_there() -> None:
    chain = lab.chain()
    log: list[object] = []

    def reader() -> Process:
        yield chain.clock.after(12)
        log.append((chain.head, chain.account(CAROL).balance, chain.pending_count))

    chain.clock.spawn(reader())
    pay(chain, value=5)
    chain.clock.run(lab.START + 30)
    assert log == [(1, 5, 0)]


def test_the_head_follows_the_clock() -> None:
    chain = lab.chain()
    log = [chain.head]
    for seconds in (11, 1, 12, 1_000):
        lab.wait(chain, seconds)
        log.append(chain.head)
    assert log == [0, 0, 1, 2, 85]
    with pytest.raises(UnknownBlock, match="no block 86: the head is 85"):
        chain.block(86)


def test_waiting_for_inclusion() -> None:
    chain = lab.chain()
    log: list[object] = []

    def sender() -> Process:
        tx_hash = pay(chain)
        receipt = yield chain.included(tx_hash)
        log.append((chain.clock.elapsed, receipt.block, receipt.transaction == tx_hash))
        again = yield chain.included(tx_hash)
        log.append((chain.clock.elapsed, again is receipt))

    chain.clock.spawn(sender())
    chain.on_receipt(pay(chain, BOB), lambda receipt: log.append(receipt.index))
    chain.on_block(lambda block: log.append((block.number, len(block.transactions))))
    chain.clock.run(lab.START + 60)
    assert sorted(map(str, log)) == ["(1, 2)", "(12, 1, True)", "(12, True)", "0"]


def test_whoever_waits_for_what_is_dropped_learns_why() -> None:
    chain = lab.chain()
    log: list[str] = []

    def sender(tx_hash: bytes) -> Process:
        try:
            yield chain.included(tx_hash)
        except InvalidTransaction as refusal:
            log.append(refusal.reason)

    poor, early = pay(chain, CAROL), pay(chain, tip=1)
    chain.clock.spawn(sender(poor))
    chain.clock.spawn(sender(early))
    nonce = chain.pending_nonce(ALICE) - 1
    chain.clock.run(lab.START + 1)
    chain.submit(lab.tx(chain.engine, ALICE, BOB, nonce=nonce, max_fee=9 * GWEI, hash=b"r" * 32))
    chain.clock.run(lab.START + 60)
    assert log[0].startswith("replaced by 0x7272")
    assert log[1].startswith("insufficient funds: balance 0")
    assert chain.dropped(poor) == log[1]
    assert chain.receipt(poor) is None
    chain.clock.spawn(sender(b"never"))
    chain.clock.run(lab.START + 61)
    assert log[2] == "it never came to the mempool"
    with pytest.raises(ChainError, match="dropped or never came"):
        chain.submitted_at(poor)


# -- empty stretches


class Counting:
    """Counts the blocks that are filled."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.blocks: list[int] = []
        real = assembly.fill

        def fill(engine: Any, pool: Any, env: Any, demands: Any) -> Any:
            self.blocks.append(env.number)
            return real(engine, pool, env, demands)

        monkeypatch.setattr("twin.chain.producer.fill", fill)


@pytest.mark.parametrize("interval", [2, 12])
def test_a_week_without_transactions_makes_no_block(
    interval: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting(monkeypatch)
    chain = lab.chain(
        block_interval=interval, background=(Demand(0, EVER, 10**6, 50 * GWEI, GWEI),)
    )
    chain.clock.run(lab.START + WEEK)
    assert chain.head == WEEK // interval
    assert chain.header(chain.head).parent_hash == chain.header(chain.head - 1).hash
    tx_hash = pay(chain)
    lab.wait(chain, interval)
    assert held(chain, tx_hash).block == WEEK // interval + 1
    assert counting.blocks == [WEEK // interval + 1]
    assert chain._producer.fees.steps < 2_000
    asked = range(chain.head - 2, chain.head + 1)
    assert [chain.timestamp(n) for n in asked] == [chain.header(n).timestamp for n in asked]
    assert chain.timestamp(chain.head + 2) == chain.timestamp(chain.head) + 2 * interval


def test_reading_between_does_not_change_what_comes() -> None:
    quiet, curious = lab.chain(), lab.chain()
    for chain in (quiet, curious):
        pay(chain)
        for second in range(lab.START + 5, lab.START + 400, 5):
            chain.clock.run(second)
            if chain is curious:
                chain.header(chain.head)
                chain.call(Call(CAROL, b""))
        pay(chain)
        lab.wait(chain, 30)
    assert quiet.header(34) == curious.header(34)


# -- base fee


def test_a_transaction_below_the_base_fee_waits_for_the_block_that_it_can_pay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counting = Counting(monkeypatch)
    chain = lab.chain()
    tx_hash = pay(chain, tip=0, max_fee=500_000_000)
    lab.wait(chain, 1_000)
    block = held(chain, tx_hash).block
    assert chain.base_fee(block) <= 500_000_000 < chain.base_fee(block - 1)
    assert counting.blocks == [block]


def test_a_fee_that_never_comes_is_looked_for_now_and_then_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chain = lab.chain(background=(Demand(0, EVER, 15_000_000, 50 * GWEI, 0),))
    tx_hash = pay(chain, tip=0, max_fee=GWEI // 2)
    rings: list[int] = []
    real = chain._producer._produce

    def produce(number: int) -> None:
        rings.append(number)
        real(number)

    monkeypatch.setattr(chain._producer, "_produce", produce)
    lab.wait(chain, 86_400)
    assert chain.receipt(tx_hash) is None
    assert len(rings) <= 86_400 // 12 // 256 + 1


def test_congestion_makes_small_tips_wait_until_it_ends() -> None:
    end = lab.START + 600
    surge = Demand(lab.START, end, 40_000_000, 10**6 * GWEI, 5 * GWEI)
    chain = lab.chain(background=(surge,))
    poor = pay(chain, tip=GWEI, max_fee=10**6 * GWEI)
    rich = pay(chain, BOB, tip=6 * GWEI, max_fee=10**6 * GWEI)
    lab.wait(chain, 1_200)
    assert held(chain, rich).block == 1
    assert held(chain, poor).block == 50
    assert chain.utilisation_ppm(1, 49) == 1_000_000
    assert chain.base_fee(49) > 200 * GWEI
    assert chain.utilisation(51, 60) == 0.0


def test_background_can_be_added_for_blocks_to_come() -> None:
    chain = lab.chain()
    lab.wait(chain, 600)
    before = chain.base_fee(50)
    chain.add_background(Demand(lab.START + 612, lab.START + 636, 30_000_000, 10**6 * GWEI, 0))
    lab.wait(chain, 60)
    assert chain.base_fee(50) == before
    assert [chain.utilisation_ppm(n, n) for n in (50, 51, 52, 53)] == [0, 10**6, 10**6, 0]
    with pytest.raises(ChainError, match="must start after block 55"):
        chain.add_background(Demand(lab.START + 660, EVER, 1, 1, 0))


# -- sending


def test_nonces_count_what_waits_and_defaults_are_twice_the_base_fee() -> None:
    chain = lab.chain()
    hashes = [pay(chain, tip=3) for _ in range(3)]
    assert chain.pending_nonce(ALICE) == 3
    assert [tx.nonce for tx in chain.pending()] == [0, 1, 2]
    assert {tx.max_fee for tx in chain.pending()} == {2 * chain.next_base_fee + 3}
    assert (chain.pending_count, chain.pending_gas) == (3, 63_000)
    lab.wait(chain)
    assert [held(chain, tx_hash).index for tx_hash in hashes] == [0, 1, 2]
    assert [held(chain, tx_hash).cumulative_gas for tx_hash in hashes] == [21_000, 42_000, 63_000]
    assert chain.pending_nonce(ALICE) == 3


def test_signed_transactions_are_decoded_and_sent() -> None:
    chain = lab.chain()
    key = Account.from_key("0x" + "22" * 32)
    sender = bytes.fromhex(key.address[2:])
    chain.fund(sender, lab.ETHER)
    fields = {"nonce": 0, "gas": 21_000, "to": CAROL, "value": 5, "data": b"", "chainId": lab.CHAIN}
    tx_hash = chain.send_raw(
        bytes(key.sign_transaction({**fields, "gasPrice": 5 * GWEI}).raw_transaction)
    )
    lab.wait(chain)
    receipt, tx = held(chain, tx_hash), chain.transaction(tx_hash)
    assert (receipt.sender, receipt.gas_price) == (sender, 5 * GWEI)
    assert tx is not None
    assert tx.raw is not None


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"gas": 20_999}, "below the intrinsic"),
    ({"gas": 30_000_001}, "above the block's limit"),
    ({"tip": 9 * GWEI, "max_fee": GWEI}, "above the fee cap"),
]


@pytest.mark.parametrize(("fields", "reason"), REFUSED)
def test_what_no_block_could_hold_is_refused_at_once(fields: dict[str, Any], reason: str) -> None:
    chain = lab.chain()
    with pytest.raises(InvalidTransaction, match=reason):
        chain.send(ALICE, CAROL, **{"gas": 21_000, "tip": 1, **fields})
    assert chain.pending_count == 0


# -- reading


@pytest.fixture(params=available())
def counted(request: pytest.FixtureRequest) -> tuple[Chain, bytes]:
    """Return a chain whose counter is 0 at the genesis and goes up in blocks 2, 4 and 6."""
    chain = lab.chain(request.param, reorg_window=5)
    counter = chain.deploy(ALICE, lab.creation(lab.COUNTER))
    for _ in range(3):
        lab.wait(chain, 13)
        chain.send(ALICE, counter, gas=100_000, tip=GWEI)
        lab.wait(chain, 11)
    return chain, counter


def test_calls_on_older_blocks_see_their_state_and_environment(
    counted: tuple[Chain, bytes],
) -> None:
    chain, counter = counted
    assert chain.head == 6
    answers = [chain.call(Call(counter, b""), block=n).data for n in range(1, 7)]
    assert answers == [word(n) for n in (1, 2, 2, 3, 3, 4)]
    assert chain.call(Call(counter, b"")).data == word(4)
    lab.put(chain.engine, lab.returns("NUMBER"))
    assert chain.call(Call(lab.CODE, b"")).data == word(6)
    with pytest.raises(UnknownBlock, match="kept for 5 blocks before 6"):
        chain.call(Call(counter, b""), block=0)
    with pytest.raises(UnknownBlock, match="the head is 6"):
        chain.call(Call(counter, b""), block=7)


def test_logs_are_found_by_address_topic_and_range(counted: tuple[Chain, bytes]) -> None:
    chain, counter = counted
    assert [(e.block, e.data) for e in chain.logs(3, 6, addresses=[counter])] == [
        (4, word(2)),
        (6, word(3)),
    ]
    assert chain.logs(0, 6, addresses=[CAROL]) == []
    assert chain.logs(0, 6, topics=[word(1)]) == []
    entry = chain.logs(6, 6)[0]
    assert (entry.block_hash, entry.log_index) == (chain.header(6).hash, 0)


def test_the_state_version_changes_with_state_and_only_then(counted: tuple[Chain, bytes]) -> None:
    chain, counter = counted
    versions = [chain.state_version]
    lab.wait(chain, 600)
    versions.append(chain.state_version)
    chain.send(ALICE, counter, gas=100_000, tip=GWEI)
    versions.append(chain.state_version)
    lab.wait(chain)
    versions.append(chain.state_version)
    chain.fund(CAROL, 1)
    versions.append(chain.state_version)
    start = versions[0]
    assert versions == [start, start, start, start + 1, start + 2]


def test_reading_the_version_during_the_genesis_leaves_it_open() -> None:
    chain = lab.chain()
    before = chain.state_version
    chain.deploy(ALICE, lab.creation(lab.COUNTER))
    assert chain.state_version > before
    chain.deploy(ALICE, lab.creation(lab.COUNTER))


def test_estimates_are_exact(counted: tuple[Chain, bytes]) -> None:
    chain, counter = counted
    clears = lab.put(chain.engine, lab.asm("PUSH0 PUSH0 SSTORE"), slots={0: 1})
    for to in (counter, clears, CAROL):
        gas = chain.estimate_gas(Call(to, b"", sender=ALICE))
        with pytest.raises((Reverted, InvalidTransaction)):
            chain.estimate_gas(Call(to, b"", sender=ALICE, gas=gas - 1))
        tx_hash = chain.send(ALICE, to, gas=gas, tip=GWEI)
        lab.wait(chain)
        assert held(chain, tx_hash).success
    created = chain.estimate_gas(Call(None, lab.creation(lab.COUNTER), sender=ALICE))
    tx_hash = chain.send(ALICE, None, lab.creation(lab.COUNTER), gas=created, tip=GWEI)
    lab.wait(chain)
    assert held(chain, tx_hash).gas_used == created


def test_blockhash_sees_the_hashes_of_the_chain() -> None:
    chain = lab.chain()
    reader = chain.deploy(ALICE, lab.creation(lab.returns("PUSH0 CALLDATALOAD BLOCKHASH")))
    lab.wait(chain, 300 * 12)
    for number in (299, 200, 44):
        assert chain.call(Call(reader, word(number))).data == chain.header(number).hash
    assert chain.call(Call(reader, word(43))).data == word(0)


# -- the same again


def busy(name: str = "pyevm") -> str:
    """Run a small busy chain; return its last hash and its root."""
    demand = Demand(0, EVER, 20_000_000, 3 * GWEI, GWEI // 2)
    chain = lab.chain(name, background=(demand,), block_interval=2)
    counter = chain.deploy(ALICE, lab.creation(lab.COUNTER))
    chain.deploy(ALICE, lab.creation(b"\0"))
    for turn in range(40):
        chain.send(
            (ALICE, BOB)[turn % 2], counter, gas=60_000, tip=GWEI + turn % 3, max_fee=9 * GWEI
        )
        if turn % 5 == 0:
            chain.send(
                ALICE, None, lab.asm("CALLER SELFDESTRUCT"), gas=90_000, tip=GWEI, max_fee=9 * GWEI
            )
        chain.clock.run(chain.clock.now + turn % 4 + 1)
    chain.reorg(3)
    lab.wait(chain, 60)
    assert chain.pending_count == 0
    return f"{chain.header(chain.head).hash.hex()} {chain.state_root().hex()}"


@pytest.mark.parametrize("name", available())
def test_the_same_run_has_the_same_hashes_on_every_engine(name: str) -> None:
    assert busy(name) == busy()


@pytest.mark.parametrize("seed", ["1", "77"])
def test_the_same_run_has_the_same_hashes_in_any_process(seed: str) -> None:
    program = "import test_chain; print(test_chain.busy())"
    tests = Path(__file__).parent
    path = os.pathsep.join([str(tests), str(tests.parent)])
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=True, cwd=tests,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.stdout.strip() == busy()
