"""Blocks, transactions and receipts in the shape that eth-tester's backends give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twin.chain.chain import Chain
from twin.chain.codec import keccak
from twin.chain.mpt import EMPTY_ROOT
from twin.chain.port import Transaction
from twin.chain.receipts import Receipt, entries
from twin.chain.rpc.forms import bloom
from twin.chain.rpc.signing import signature

__all__ = ["access_list", "block", "receipt", "transaction"]

_NO_UNCLES = keccak(b"\xc0")
_NO_REQUESTS = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")

AccessList = tuple[tuple[bytes, tuple[int, ...]], ...]


def access_list(given: Iterable[Any]) -> AccessList:
    """Return an access list from eth-tester's: pairs, or objects with address and storage keys."""
    found = []
    for entry in given:
        address, keys = (
            (entry["address"], entry["storage_keys"]) if isinstance(entry, Mapping) else entry
        )
        found.append((bytes(address), tuple(map(_slot, keys))))
    return tuple(found)


def _slot(key: Any) -> int:
    return key if isinstance(key, int) else int.from_bytes(bytes(key), "big")


def block(chain: Chain, number: int, *, full: bool) -> dict[str, Any]:
    """Return block *number*."""
    header, content = chain.header(number), list(chain.content(number))
    logs = [log for _, done in content for log in done.logs]
    return {
        "number": header.number,
        "hash": header.hash,
        "parent_hash": header.parent_hash,
        "nonce": bytes(8),
        "sha3_uncles": _NO_UNCLES,
        "logs_bloom": int(bloom(logs), 16),
        "transactions_root": header.transactions_hash,
        "receipts_root": header.receipts_hash,
        "state_root": header.state_hash,
        "coinbase": header.coinbase,
        "difficulty": 0,
        "total_difficulty": 0,
        "mix_hash": header.prevrandao,
        "size": 508 + sum(len(tx.raw or b"") for tx, _ in content),
        "extra_data": bytes(32),
        "gas_limit": header.gas_limit,
        "gas_used": header.gas_used,
        "timestamp": header.timestamp,
        "transactions": tuple(
            transaction(tx, done, chain_id=chain.config.chain_id) if full else tx.hash
            for tx, done in content
        ),
        "uncles": (),
        "base_fee_per_gas": header.base_fee,
        "withdrawals": (),
        "withdrawals_root": EMPTY_ROOT,
        "parent_beacon_block_root": bytes(32),
        "blob_gas_used": 0,
        "excess_blob_gas": 0,
        "requests_hash": _NO_REQUESTS,
    }


def transaction(tx: Transaction, done: Receipt | None, *, chain_id: int) -> dict[str, Any]:
    """Return *tx*, with its place where it is *done*."""
    signed = signature(tx)
    form: dict[str, Any] = {
        "type": tx.kind,
        "hash": tx.hash,
        "nonce": tx.nonce,
        "block_hash": None if done is None else done.block_hash,
        "block_number": None if done is None else done.block,
        "transaction_index": None if done is None else done.index,
        "from": tx.sender,
        "to": tx.to or b"",
        "value": tx.value,
        "gas": tx.gas,
        "data": tx.data,
        "gas_price": tx.max_fee if done is None else done.gas_price,
        "v": signed.v,
        "s": signed.s,
        "r": signed.r,
    }
    if tx.kind:
        form |= {
            "chain_id": chain_id,
            "access_list": tx.access_list,
            "y_parity": signed.parity,
        }
    if tx.kind == 2:
        form |= {"max_fee_per_gas": tx.max_fee, "max_priority_fee_per_gas": tx.tip}
    return form


def receipt(tx: Transaction, done: Receipt, *, pending: bool = False) -> dict[str, Any]:
    """Return what *tx* has *done*, or will do where *pending*."""
    block_hash = None if pending else done.block_hash
    number, index = (None, None) if pending else (done.block, done.index)
    return {
        "block_hash": block_hash,
        "block_number": number,
        "contract_address": done.created,
        "cumulative_gas_used": done.cumulative_gas,
        "effective_gas_price": done.gas_price,
        "from": done.sender,
        "gas_used": done.gas_used,
        "logs": tuple(
            {
                "type": "pending" if pending else "mined",
                "log_index": entry.log_index - done.first_log,
                "transaction_index": index,
                "transaction_hash": done.transaction,
                "block_hash": block_hash,
                "block_number": number,
                "address": entry.address,
                "data": entry.data,
                "topics": entry.topics,
            }
            for entry in entries(done)
        ),
        "state_root": bytes((done.status,)),
        "status": done.status,
        "to": done.to or b"",
        "transaction_hash": done.transaction,
        "transaction_index": index,
        "type": tx.kind,
    }
