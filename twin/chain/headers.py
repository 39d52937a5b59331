"""Headers, and what their hashes commit to.

A block that holds transactions commits to the last such block before it (its *anchor*), its own
fields, its transactions, receipts and a rolling hash of all state changes. A block without
commits to its anchor and its own fields, so that it can be hashed alone, when somebody asks. A
reorg salts the anchor, and every hash from there on differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twin.chain.codec import Item, keccak, rlp
from twin.chain.port import AccountChange

__all__ = [
    "EMPTY_LIST_HASH",
    "Header",
    "empty_hash",
    "full_hash",
    "prevrandao",
    "roll_state",
    "salted",
    "transactions_hash",
]

EMPTY_LIST_HASH = keccak(rlp(()))


@dataclass(frozen=True, slots=True)
class Header:
    """One block's header; *gas_used* includes the background that nobody executed.

    *transactions_hash* and *receipts_hash* commit to lists; *state_hash* is the rolling hash of
    the sorted account changes up to and including this block, not a Merkle-Patricia root.
    """

    number: int
    timestamp: int
    parent_hash: bytes
    base_fee: int
    gas_used: int
    gas_limit: int
    coinbase: bytes
    prevrandao: bytes
    transactions_hash: bytes
    receipts_hash: bytes
    state_hash: bytes
    hash: bytes


def empty_hash(anchor: bytes, number: int, timestamp: int, base_fee: int, gas_used: int) -> bytes:
    """Return the hash of a block without transactions."""
    return keccak(rlp((anchor, number, timestamp, base_fee, gas_used)))


def full_hash(
    anchor: bytes, fields: tuple[int, int, int, int], commitments: tuple[bytes, bytes, bytes]
) -> bytes:
    """Return the hash of a block with transactions.

    *fields* are number, timestamp, base fee and gas used; *commitments* the hashes of
    transactions, receipts and state changes.
    """
    return keccak(rlp((anchor, *fields, *commitments)))


def prevrandao(anchor: bytes, number: int) -> bytes:
    """Return what the PREVRANDAO instruction gives in block *number*: 32 bytes."""
    return keccak(b"prevrandao" + anchor + number.to_bytes(8, "big"))


def salted(anchor: bytes, number: int, count: int) -> bytes:
    """Return the anchor from block *number* on after reorg number *count* of the run."""
    return keccak(rlp((b"reorg", anchor, number, count)))


def transactions_hash(hashes: Sequence[bytes]) -> bytes:
    """Return the commitment to the transactions of a block, in their order."""
    return keccak(rlp(hashes))


def roll_state(previous: bytes, changes: Mapping[bytes, AccountChange]) -> bytes:
    """Return the rolling state hash after *changes* (by ascending address) on top of *previous*."""
    items: list[Item] = [
        (
            address,
            int(change.deleted),
            change.nonce,
            change.balance,
            change.code_hash,
            sorted(change.storage.items()),
        )
        for address, change in changes.items()
    ]
    return keccak(previous + rlp(items))
