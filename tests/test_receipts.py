"""Receipts, log entries and the hash over them."""

from __future__ import annotations

from dataclasses import replace

from twin.chain.codec import keccak, rlp
from twin.chain.port import Log
from twin.chain.receipts import Receipt, entries, receipts_hash

LOGS = (Log(b"\1" * 20, (b"\2" * 32,), b"a"), Log(b"\3" * 20, (), b""))
RECEIPT = Receipt(
    b"t" * 32, 4, 9, b"h" * 32, True, 50_000, 71_000, 7, b"\5" * 20, None, LOGS, 6
)  # fmt: skip


def test_entries_carry_their_place() -> None:
    first, second = entries(RECEIPT)
    assert (first.block, first.block_hash, first.transaction) == (9, b"h" * 32, b"t" * 32)
    assert (first.transaction_index, first.log_index, second.log_index) == (4, 6, 7)
    assert (first.address, first.topics, first.data, first.removed) == (
        b"\1" * 20,
        (b"\2" * 32,),
        b"a",
        False,
    )
    assert all(entry.removed for entry in entries(RECEIPT, removed=True))


def test_the_hash_commits_to_status_gas_and_logs() -> None:
    expected = [(1, 71_000, [(log.address, log.topics, log.data) for log in LOGS])]
    assert receipts_hash([(True, 71_000, LOGS)]) == keccak(rlp(expected))
    rows = [(True, 71_000, LOGS), (False, 71_000, LOGS), (True, 1, LOGS), (True, 71_000, LOGS[:1])]
    assert len({receipts_hash([row]) for row in rows}) == 4


def test_the_status_is_that_of_eip_658() -> None:
    assert (RECEIPT.status, replace(RECEIPT, success=False).status) == (1, 0)
