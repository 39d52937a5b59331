"""Receipts and log entries: what a block holds, and what it says about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin.chain.codec import Item, keccak, rlp
from twin.chain.port import Log, Transaction
from twin.crate import maker

__all__ = ["Content", "LogEntry", "Receipt", "entries", "entry", "receipts_hash"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What *transaction* (a hash) did at place *index* of block number *block*.

    Gas is net of refunds; *cumulative_gas* counts the block's transactions up to this one, not
    the background. *gas_price* is the effective one, wei. *first_log* is the place of its first
    log in the block. *output* is the revert payload, empty where it succeeded.
    """

    transaction: bytes
    index: int
    block: int
    block_hash: bytes
    success: bool
    gas_used: int
    cumulative_gas: int
    gas_price: int
    sender: bytes
    to: bytes | None
    logs: tuple[Log, ...]
    first_log: int
    created: bytes | None = None
    output: bytes = b""

    @property
    def status(self) -> int:
        """Return 1 for success and 0 for failure, as EIP-658 has it."""
        return int(self.success)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One log with its place on the chain; *removed* where a reorg took its block away."""

    block: int
    block_hash: bytes
    transaction: bytes
    transaction_index: int
    log_index: int
    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """What a block holds; *origins* says of each transaction (arrival, second) in the mempool."""

    transactions: tuple[Transaction, ...]
    receipts: tuple[Receipt, ...]
    origins: tuple[tuple[int, int], ...]


_log_entry = maker(LogEntry)


def entry(receipt: Receipt, place: int, *, removed: bool = False) -> LogEntry:
    """Return the log number *place* of *receipt* with its place on the chain."""
    log = receipt.logs[place]
    return _log_entry(
        receipt.block,
        receipt.block_hash,
        receipt.transaction,
        receipt.index,
        receipt.first_log + place,
        log.address,
        log.topics,
        log.data,
        removed,
    )


def entries(receipt: Receipt, *, removed: bool = False) -> list[LogEntry]:
    """Return the logs of *receipt* with their places."""
    return [entry(receipt, place, removed=removed) for place in range(len(receipt.logs))]


def receipts_hash(outcomes: Sequence[tuple[bool, int, Sequence[Log]]]) -> bytes:
    """Return the commitment to (success, cumulative gas, logs) of a block's transactions."""
    items: list[Item] = [
        (int(success), gas, [(log.address, log.topics, log.data) for log in logs])
        for success, gas, logs in outcomes
    ]
    return keccak(rlp(items))
