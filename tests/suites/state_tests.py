"""The official state tests as data, and what an engine makes of one of their posts.

A *post* is one transaction on one pre-state with the root and the logs hash that must come of it;
a file holds tests, a test holds posts for several forks, and Cancun's are run here.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlp import decode as decode_rlp

from twin.chain.codec import keccak, rlp
from twin.chain.port import AccountState, BlockEnv, Engine, Log, Transaction
from twin.chain.transactions import decode
from twin.errors import ChainError, InvalidTransaction

CHAIN = 1


@dataclass(frozen=True, slots=True)
class Post:
    """One transaction: *name* is `folder/file/test/data-gas-value`."""

    name: str
    test: dict[str, Any]
    root: str
    logs: str
    raw: bytes
    refused: str


class _Ancestors(Sequence[bytes]):
    """Block hashes as the tests have them: of block n, the hash of n in decimal."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __len__(self) -> int:
        return min(self.number, 256)

    def __getitem__(self, depth: Any) -> Any:
        if depth >= len(self):
            raise IndexError(depth)
        return keccak(str(self.number - 1 - int(depth)).encode())


def unpack(archive: Path, folder: Path) -> list[Path]:
    """Unpack *archive* into *folder*; return its test files in order."""
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return sorted(folder.rglob("*.json"))


def posts(file: Path) -> Iterator[Post]:
    """Yield the Cancun posts of *file*."""
    for name, test in json.loads(file.read_text()).items():
        if "post" not in test:
            continue
        for post in test["post"].get("Cancun", ()):
            at = post["indexes"]
            place = f"{at['data']}-{at['gas']}-{at['value']}"
            yield Post(
                f"{file.parent.name}/{file.stem}/{name.rsplit('/', 1)[-1]}/{place}",
                test,
                post["hash"],
                post["logs"],
                bytes.fromhex(post["txbytes"][2:]),
                post.get("expectException", ""),
            )


def _number(value: str) -> int:
    return int(value, 16)


def _address(value: str) -> bytes:
    return bytes.fromhex(value.removeprefix("0x"))


def environment(env: dict[str, str]) -> BlockEnv:
    """Return the block of a test."""
    number = _number(env["currentNumber"])
    return BlockEnv(
        number,
        _number(env["currentTimestamp"]),
        _number(env.get("currentBaseFee", "0x0a")),
        _number(env["currentGasLimit"]),
        _address(env["currentCoinbase"]),
        _number(env.get("currentRandom", "0x0")).to_bytes(32, "big"),
        CHAIN,
        excess_blob_gas=_number(env.get("currentExcessBlobGas", "0x0")),
        parent_hashes=_Ancestors(number),
    )


def load(engine: Engine, alloc: dict[str, Any]) -> None:
    """Write the pre-state *alloc*."""
    for name, entry in alloc.items():
        address = _address(name)
        code = _address(entry["code"])
        engine.set_account(
            address, AccountState(_number(entry["nonce"]), _number(entry["balance"]), code)
        )
        slots = {_number(slot): _number(value) for slot, value in entry["storage"].items()}
        engine.set_storage(address, {slot: value for slot, value in slots.items() if value})


@dataclass(frozen=True, slots=True)
class BlobTransaction(Transaction):
    """A transaction with blobs (EIP-4844), which the twin's chain refuses and revm can execute."""

    blob_hashes: tuple[bytes, ...] = ()
    max_blob_fee: int = 0


def has_blobs(post: Post) -> bool:
    """Return whether the transaction of *post* carries blobs."""
    return post.raw[:1] == b"\3"


def _read(post: Post) -> Transaction:
    """Return the transaction of *post*: decoded by the twin, but for one with blobs."""
    if not has_blobs(post):
        return decode(post.raw, chain_id=CHAIN)
    fields = decode_rlp(post.raw[1:])
    nonce, tip, cap, gas, to, value, data, listed, blob_fee, hashes = fields[1:11]
    number = int.from_bytes
    return BlobTransaction(
        _address(post.test["transaction"]["sender"]),
        number(nonce),
        to or None,
        number(value),
        data,
        number(gas),
        number(cap),
        number(tip),
        keccak(post.raw),
        tuple((address, tuple(number(slot) for slot in slots)) for address, slots in listed),
        3,
        blob_hashes=tuple(hashes),
        max_blob_fee=number(blob_fee),
    )


def _logs_hash(logs: Sequence[Log]) -> str:
    return "0x" + keccak(rlp([(log.address, log.topics, log.data) for log in logs])).hex()


def judge(engine: Engine, post: Post) -> str:
    """Return what is wrong with what *engine*, which is empty, makes of *post*; nothing if it passes."""
    load(engine, post.test["pre"])
    engine.begin_block(environment(post.test["env"]))
    logs: Sequence[Log] = ()
    refusal = ""
    try:
        logs = engine.transact(_read(post)).logs
    except InvalidTransaction as error:
        refusal = error.reason
    except ChainError as error:
        return str(error)
    if bool(refusal) != bool(post.refused):
        return f"refused: {refusal or 'no'}, expected: {post.refused or 'no'}"
    if _logs_hash(logs) != post.logs:
        return "other logs"
    root = "0x" + engine.state_root().hex()
    return "" if root == post.root else "another state root"
