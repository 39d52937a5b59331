"""Blocks, transactions, receipts and logs in the shape that JSON-RPC gives them.

A twin's block hash commits to other fields than Ethereum's (see `headers`), so no client can
check it against the header; all other fields mean what they mean there. *stateRoot* is the
Merkle-Patricia root where it is known, otherwise the twin's rolling commitment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twin.chain.codec import hex0x, keccak, keccak_small
from twin.chain.headers import Header
from twin.chain.mpt import EMPTY_ROOT
from twin.chain.port import Log, Transaction
from twin.chain.receipts import LogEntry, Receipt, entries
from twin.chain.rpc.signing import signature

__all__ = [
    "access_form",
    "block_form",
    "bloom",
    "header_form",
    "log_form",
    "receipt_form",
    "transaction_form",
]

_NO_UNCLES = keccak(b"\xc0")
_FRAME = 508  # bytes of a header's encoding, roughly: a block's size is an estimate
_ENVELOPE = 110  # the same for a transaction nobody signed


def bloom(logs: Iterable[Log]) -> str:
    """Return the 2048-bit bloom filter over *logs* (yellow paper, section 4.3.1)."""
    bits = 0
    for log in logs:
        for item in (log.address, *log.topics):
            found = keccak_small(item)
            for at in (0, 2, 4):
                bits |= 1 << (int.from_bytes(found[at : at + 2], "big") & 2047)
    return f"0x{bits:0512x}"


def access_form(
    access_list: Sequence[tuple[bytes, Sequence[int]]],
) -> list[dict[str, Any]]:
    """Return an access list."""
    return [
        {"address": hex0x(address), "storageKeys": [f"0x{slot:064x}" for slot in slots]}
        for address, slots in access_list
    ]


def header_form(
    header: Header, logs: Iterable[Log] = (), root: bytes | None = None
) -> dict[str, Any]:
    """Return a block without its transactions, as `newHeads` announces it."""
    return {
        "number": hex(header.number),
        "hash": hex0x(header.hash),
        "parentHash": hex0x(header.parent_hash),
        "nonce": "0x0000000000000000",
        "mixHash": hex0x(header.prevrandao),
        "sha3Uncles": hex0x(_NO_UNCLES),
        "logsBloom": bloom(logs),
        "transactionsRoot": hex0x(header.transactions_hash),
        "stateRoot": hex0x(header.state_hash if root is None else root),
        "receiptsRoot": hex0x(header.receipts_hash),
        "miner": hex0x(header.coinbase),
        "difficulty": "0x0",
        "extraData": "0x",
        "gasLimit": hex(header.gas_limit),
        "gasUsed": hex(header.gas_used),
        "timestamp": hex(header.timestamp),
        "baseFeePerGas": hex(header.base_fee),
        "withdrawalsRoot": hex0x(EMPTY_ROOT),
        "blobGasUsed": "0x0",
        "excessBlobGas": "0x0",
        "parentBeaconBlockRoot": hex0x(bytes(32)),
    }


def block_form(
    header: Header,
    content: Sequence[tuple[Transaction, Receipt]],
    *,
    chain_id: int,
    full: bool,
    root: bytes | None = None,
) -> dict[str, Any]:
    """Return a block, with its transactions as hashes or in *full*."""
    size = _FRAME + sum(
        len(tx.raw) if tx.raw is not None else _ENVELOPE + len(tx.data) for tx, _ in content
    )
    logs = [log for _, receipt in content for log in receipt.logs]
    return {
        **header_form(header, logs, root),
        "size": hex(size),
        "uncles": [],
        "withdrawals": [],
        "transactions": [
            transaction_form(tx, receipt, chain_id=chain_id) if full else hex0x(tx.hash)
            for tx, receipt in content
        ],
    }


def transaction_form(tx: Transaction, receipt: Receipt | None, *, chain_id: int) -> dict[str, Any]:
    """Return *tx*, with its place where *receipt* has one."""
    signed = signature(tx)
    price = tx.max_fee if receipt is None else receipt.gas_price
    form: dict[str, Any] = {
        "blockHash": None if receipt is None else hex0x(receipt.block_hash),
        "blockNumber": None if receipt is None else hex(receipt.block),
        "transactionIndex": None if receipt is None else hex(receipt.index),
        "hash": hex0x(tx.hash),
        "type": hex(tx.kind),
        "from": hex0x(tx.sender),
        "to": None if tx.to is None else hex0x(tx.to),
        "nonce": hex(tx.nonce),
        "gas": hex(tx.gas),
        "gasPrice": hex(price),
        "value": hex(tx.value),
        "input": hex0x(tx.data),
        "v": hex(signed.v),
        "r": hex(signed.r),
        "s": hex(signed.s),
    }
    if tx.kind or signed.v not in {27, 28}:  # before EIP-155 a transaction named no chain
        form["chainId"] = hex(chain_id)
    if tx.kind:
        form |= {"yParity": hex(signed.parity), "accessList": access_form(tx.access_list)}
    if tx.kind == 2:
        form |= {"maxFeePerGas": hex(tx.max_fee), "maxPriorityFeePerGas": hex(tx.tip)}
    return form


def receipt_form(tx: Transaction, receipt: Receipt, timestamp: int) -> dict[str, Any]:
    """Return the receipt of *tx*."""
    return {
        "transactionHash": hex0x(receipt.transaction),
        "transactionIndex": hex(receipt.index),
        "blockHash": hex0x(receipt.block_hash),
        "blockNumber": hex(receipt.block),
        "from": hex0x(receipt.sender),
        "to": None if receipt.to is None else hex0x(receipt.to),
        "cumulativeGasUsed": hex(receipt.cumulative_gas),
        "gasUsed": hex(receipt.gas_used),
        "effectiveGasPrice": hex(receipt.gas_price),
        "contractAddress": None if receipt.created is None else hex0x(receipt.created),
        "logs": [log_form(entry, timestamp) for entry in entries(receipt)],
        "logsBloom": bloom(receipt.logs),
        "status": hex(receipt.status),
        "type": hex(tx.kind),
    }


def log_form(entry: LogEntry, timestamp: int | None = None) -> dict[str, Any]:
    """Return one log, with the second of its block where it is known."""
    form: dict[str, Any] = {
        "address": hex0x(entry.address),
        "topics": [hex0x(topic) for topic in entry.topics],
        "data": hex0x(entry.data),
        "blockNumber": hex(entry.block),
        "blockHash": hex0x(entry.block_hash),
        "transactionHash": hex0x(entry.transaction),
        "transactionIndex": hex(entry.transaction_index),
        "logIndex": hex(entry.log_index),
        "removed": entry.removed,
    }
    return form if timestamp is None else {**form, "blockTimestamp": hex(timestamp)}


def pending_block_form(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the block of *form* as one that is not made yet: without hash, nonce and logs.

    go-ethereum leaves the miner out too, but not every client bears that.
    """
    return {**form, "hash": None, "nonce": None, "logsBloom": bloom(())}
