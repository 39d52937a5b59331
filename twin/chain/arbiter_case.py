"""A transaction on its pre-state as a file: the state-test form that other clients run too.

What lock-step leaves behind is a GeneralStateTest of `ethereum/tests`, so that `twin arbitrate`,
geth's `evm statetest` and revme can all be asked about the same case. Two things have no place
in that form and stand under `_info`, where others do not look: the hashes of blocks that the
transaction asked for (a state test has the hash of the decimal number instead), and what each
engine said when the file was written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from twin.chain.arbiter import Alloc, Held, Outcome, logs_hash
from twin.chain.codec import hex0x, keccak
from twin.chain.port import BlockEnv, Transaction

__all__ = ["Case", "Expected", "ancestors", "as_state_test"]

NOBODY = bytes(32)
"""Root and logs hash of a post that nobody has judged."""

_NOTE = (
    "A state test of Cancun. The sender may have no key: `transaction.sender` counts, not "
    "`secretKey`. Chain id: `env.currentChainID` (geth's `evm statetest` takes 1 for all)."
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a file says must come of its transaction; *refused* is a name for the reason."""

    root: bytes
    logs: bytes
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A transaction, its block and the accounts it can see.

    *expected* is None where nobody has judged it; *observed* is what engines said by name when
    the file was written, in words and without a root.
    """

    name: str
    tx: Transaction
    env: BlockEnv
    alloc: Alloc
    expected: Expected | None = None
    observed: Mapping[str, str] = field(default_factory=dict)


def ancestors(number: int, known: Mapping[int, bytes]) -> tuple[bytes, ...]:
    """Return the hashes of the blocks before *number*, the latest first, 256 at most.

    Those that are not *known* are as the state tests have them: of block n, the Keccak-256 of n
    in decimal digits.
    """
    blocks = range(number - 1, max(-1, number - 257), -1)
    return tuple(known.get(block) or keccak(str(block).encode()) for block in blocks)


def as_state_test(
    case: Case,
    *,
    hashes: Mapping[int, bytes],
    outcomes: Mapping[str, Outcome],
    spec: Outcome | None,
) -> str:
    """Return *case* as the JSON of a state test, which says what the engines gave: *outcomes*.

    *hashes* are the block hashes by number that it asks for. The post is that of *spec*, or
    zeros where nobody judged.
    """
    observed = {name: replace(said, root=b"").words() for name, said in outcomes.items()}
    info: dict[str, Any] = {"comment": _NOTE, "observed": observed}
    if spec is not None:
        info["eels"] = {"outcome": spec.words(), "state": spec.state()}
    if hashes:
        info["blockHashes"] = {hex(block): hex0x(found) for block, found in sorted(hashes.items())}
    body = {
        case.name: {
            "_info": info,
            "env": _env(case.env),
            "pre": {hex0x(a): _account(case.alloc[a]) for a in sorted(case.alloc)},
            "transaction": _transaction(case.tx),
            "post": {"Cancun": [_post(case.tx, spec)]},
            "config": {"chainid": hex(case.env.chain_id)},
        }
    }
    return json.dumps(body, indent=1) + "\n"


def _env(env: BlockEnv) -> dict[str, str]:
    return {
        "currentBaseFee": hex(env.base_fee),
        "currentChainID": hex(env.chain_id),
        "currentCoinbase": hex0x(env.coinbase),
        "currentDifficulty": "0x0",
        "currentExcessBlobGas": hex(env.excess_blob_gas),
        "currentGasLimit": hex(env.gas_limit),
        "currentNumber": hex(env.number),
        "currentRandom": hex0x(env.prevrandao),
        "currentTimestamp": hex(env.timestamp),
    }


def _account(held: Held) -> dict[str, Any]:
    return {
        "balance": hex(held.balance),
        "code": hex0x(held.code),
        "nonce": hex(held.nonce),
        "storage": {hex(slot): hex(held.storage[slot]) for slot in sorted(held.storage)},
    }


def _transaction(tx: Transaction) -> dict[str, Any]:
    body: dict[str, Any] = {
        "data": [hex0x(tx.data)],
        "gasLimit": [hex(tx.gas)],
        "nonce": hex(tx.nonce),
        "secretKey": hex0x(bytes(32)),
        "sender": hex0x(tx.sender),
        "to": "" if tx.to is None else hex0x(tx.to),
        "value": [hex(tx.value)],
    }
    if tx.kind == 2:
        body |= {"maxFeePerGas": hex(tx.max_fee), "maxPriorityFeePerGas": hex(tx.tip)}
    else:
        body["gasPrice"] = hex(tx.max_fee)
    if tx.kind:
        body["accessLists"] = [
            [
                {
                    "address": hex0x(address),
                    "storageKeys": [hex0x(slot.to_bytes(32, "big")) for slot in slots],
                }
                for address, slots in tx.access_list
            ]
        ]
    return body


def _post(tx: Transaction, spec: Outcome | None) -> dict[str, Any]:
    post: dict[str, Any] = {
        "hash": hex0x(NOBODY if spec is None else spec.root),
        "logs": hex0x(NOBODY if spec is None else logs_hash(spec.logs)),
        "indexes": {"data": 0, "gas": 0, "value": 0},
    }
    if spec is not None and spec.refused:
        post["expectException"] = spec.refused
    if tx.raw is not None:
        post["txbytes"] = hex0x(tx.raw)
    return post
