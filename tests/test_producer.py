"""Going back: reorgs, snapshots, and what survives them."""

from __future__ import annotations

from typing import Any

import chain_lab as lab
import pytest

from twin.chain.basefee import Demand
from twin.chain.chain import Chain, Reorg
from twin.chain.engines import available
from twin.chain.port import Call
from twin.clock import Process
from twin.errors import ChainError, InvalidTransaction, UnknownBlock

ALICE, BOB, CAROL, GWEI = lab.ALICE, lab.BOB, lab.CAROL, lab.GWEI

Counted = tuple[Chain, bytes, list[bytes]]


@pytest.fixture(params=available())
def counted(request: pytest.FixtureRequest) -> Counted:
    """Return a chain at block 6 whose counter went up in blocks 1, 3 and 5, with the hashes."""
    chain = lab.chain(request.param, background=(Demand(0, 2**40, 10**6, 50 * GWEI, 1),))
    counter = chain.deploy(ALICE, lab.creation(lab.COUNTER))
    hashes = []
    for _ in range(3):
        hashes.append(chain.send(ALICE, counter, gas=100_000, tip=GWEI))
        lab.wait(chain, 24)
    return chain, counter, hashes


def picture(chain: Chain, hashes: list[bytes]) -> dict[str, object]:
    receipts = [chain.receipt(tx_hash) for tx_hash in hashes]
    return {
        "blocks": [receipt and receipt.block for receipt in receipts],
        "root": chain.state_root(),
        "fees": [chain.base_fee(n) for n in range(chain.head + 2)],
        "logs": [(e.block, e.data) for e in chain.logs(0, chain.head)],
    }


@pytest.mark.parametrize("depth", [1, 2, 4, 6])
def test_a_reorg_includes_everything_again_under_other_hashes(counted: Counted, depth: int) -> None:
    chain, counter, hashes = counted
    before = picture(chain, hashes)
    old = [chain.header(n).hash for n in range(7)]
    told: list[Reorg] = []
    chain.on_reorg(told.append)
    reorg = chain.reorg(depth)
    first = 7 - depth
    assert told == [reorg]
    assert (reorg.first, reorg.last, reorg.dropped) == (first, 6, ())
    assert [e.block for e in reorg.removed] == [n for n in (1, 3, 5) if n >= first]
    assert all(entry.removed and entry.address == counter for entry in reorg.removed)
    assert picture(chain, hashes) == before
    new = [chain.header(n).hash for n in range(7)]
    assert [n for n in range(7) if old[n] != new[n]] == list(range(first, 7))
    assert not any(entry.removed for entry in chain.logs(0, 6))
    assert [e.block_hash for e in chain.logs(0, 6)] == [new[e.block] for e in chain.logs(0, 6)]


def test_what_a_reorg_drops_is_gone_and_its_followers_wait(counted: Counted) -> None:
    chain, counter, hashes = counted
    told: list[tuple[bytes, str]] = []
    chain.on_drop(lambda tx_hash, reason: told.append((tx_hash, reason)))
    reorg = chain.reorg(4, drop=[hashes[1]])
    assert told == [(hashes[1], "dropped in a reorg")]
    assert reorg.dropped == (hashes[1],)
    assert chain.dropped(hashes[1]) == "dropped in a reorg"
    assert chain.receipt(hashes[1]) is None
    assert chain.receipt(hashes[2]) is None
    assert [tx.hash for tx in chain.pending()] == [hashes[2]]
    assert chain.engine.storage(counter, 0) == 1
    assert chain.pending_nonce(ALICE) == 2  # the deployment and the first
    filler = chain.send(ALICE, CAROL, gas=21_000, tip=GWEI)  # fills the gap
    lab.wait(chain)
    receipt = chain.receipt(hashes[2])
    assert receipt is not None
    assert (receipt.block, receipt.index) == (7, 1)
    assert chain.receipt(filler) is not None


def test_a_transaction_is_not_included_again_before_it_came(counted: Counted) -> None:
    chain, _, hashes = counted
    chain.reorg(6)
    for tx_hash, block in zip(hashes, (1, 3, 5), strict=True):
        receipt = chain.receipt(tx_hash)
        assert receipt is not None
        assert receipt.block == block
        assert chain.submitted_at(tx_hash) == lab.START + (block - 1) * 12


def test_reorgs_can_follow_each_other(counted: Counted) -> None:
    chain, _, hashes = counted
    before = picture(chain, hashes)
    seen = {chain.header(6).hash}
    for depth in (3, 3, 6, 1):
        chain.reorg(depth)
        seen.add(chain.header(6).hash)
        assert picture(chain, hashes) == before
    assert len(seen) == 5


def test_blocks_of_a_reorg_are_told_again(counted: Counted) -> None:
    chain, _, _ = counted
    log: list[object] = []
    chain.on_reorg(lambda reorg: log.append(("undone", reorg.first)))
    chain.on_block(lambda block: log.append(block.number))
    version = chain.state_version
    chain.reorg(4)
    assert log == [("undone", 3), 3, 5]
    assert chain.state_version == version + 3


@pytest.mark.parametrize("depth", [0, 7])
def test_a_reorg_stays_in_the_chain(counted: Counted, depth: int) -> None:
    with pytest.raises(UnknownBlock, match="depth 1 to 6"):
        counted[0].reorg(depth)


def test_a_reorg_stays_in_the_window_and_reaches_its_end() -> None:
    chain = lab.chain(reorg_window=3)
    counter = chain.deploy(ALICE, lab.creation(lab.COUNTER))
    hashes = []
    for _ in range(8):
        hashes.append(chain.send(ALICE, counter, gas=100_000, tip=GWEI))
        lab.wait(chain)
    with pytest.raises(UnknownBlock, match="depth 1 to 3"):
        chain.reorg(4)
    before = picture(chain, hashes)
    chain.reorg(3)
    assert picture(chain, hashes) == before
    assert len(chain._producer._before) == 3


def test_money_given_after_the_genesis_survives_a_later_reorg(counted: Counted) -> None:
    chain, counter, _ = counted
    chain.fund(CAROL, 9)
    chain.send(ALICE, counter, gas=100_000, tip=GWEI)
    lab.wait(chain)
    before = chain.header(7).state_hash
    chain.reorg(1)
    assert chain.account(CAROL).balance == 9
    assert chain.header(7).state_hash == before


# -- bare use


def test_reverting_to_a_snapshot_restores_state_blocks_and_mempool(counted: Counted) -> None:
    chain, counter, hashes = counted
    waiting = chain.send(BOB, CAROL, gas=21_000, tip=GWEI, value=5)
    before, old = picture(chain, hashes), chain.header(5)
    handle = chain.snapshot()
    for _ in range(2):
        chain.send(ALICE, counter, gas=100_000, tip=GWEI)
        lab.wait(chain, 36)
        assert chain.engine.storage(counter, 0) == 4
        chain.revert(handle)
        assert picture(chain, hashes)["root"] == before["root"]
        assert picture(chain, hashes)["blocks"] == before["blocks"]
        assert chain.header(5) == old
        assert [tx.hash for tx in chain.pending()] == [waiting]
        assert chain.receipt(waiting) is None
    lab.wait(chain)
    assert chain.receipt(waiting) is not None
    assert chain.account(CAROL).balance == 5


def test_reverting_discards_later_snapshots_and_fails_those_who_wait(counted: Counted) -> None:
    chain, counter, _ = counted
    first = chain.snapshot()
    second = chain.snapshot()
    log: list[str] = []

    def sender() -> Process:
        try:
            yield chain.included(chain.send(ALICE, counter, gas=100_000, tip=GWEI))
        except InvalidTransaction as refusal:
            log.append(refusal.reason)

    chain.clock.spawn(sender())
    lab.wait(chain, 1)
    chain.revert(first)
    lab.wait(chain, 60)
    assert log == ["the chain went back to before it came"]
    with pytest.raises(ChainError, match=f"no snapshot {second}"):
        chain.revert(second)


def test_an_old_state_can_still_be_read_after_a_reorg(counted: Counted) -> None:
    chain, counter, _ = counted
    chain.reorg(4)
    answers: list[Any] = [chain.call(Call(counter, b""), block=n).data[-1] for n in range(7)]
    assert answers == [1, 2, 2, 3, 3, 4, 4]


# -- whoever listens may act


def test_a_listener_may_send_and_its_transaction_goes_to_the_next_block() -> None:
    chain = lab.chain()
    log: list[int] = []

    def answer(_block: object) -> None:
        log.append(chain.head)
        if len(log) < 4:
            chain.send(BOB, CAROL, gas=21_000, tip=GWEI, value=1)

    chain.on_block(answer)
    chain.send(ALICE, CAROL, gas=21_000, tip=GWEI)
    lab.wait(chain, 120)
    assert log == [1, 2, 3, 4]
    assert chain.account(CAROL).balance == 3
