"""Merkle proofs of accounts and storage (EIP-1186), built from a whole state when one is asked.

The twin keeps no trie (see `mpt`); a proof costs as much as a state root.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.chain.codec import EMPTY_CODE_HASH, hex0x, keccak, keccak_small, rlp
from twin.chain.mpt import EMPTY_ROOT, proof, secure_root

__all__ = ["Proofs"]

State = Mapping[str, Mapping[str, Any]]


class Proofs:
    """Proofs over a *state* in genesis-alloc JSON form."""

    def __init__(self, state: State) -> None:
        """Hash nothing yet."""
        self._state = state

    def form(self, address: bytes, slots: Sequence[int], keys: Sequence[str]) -> dict[str, Any]:
        """Return what `eth_getProof` answers for *address* and *slots*, which were asked as *keys*."""
        accounts = {bytes.fromhex(name[2:]): item for name, item in self._state.items()}
        trie = {keccak_small(who): _account(item) for who, item in accounts.items()}
        item = accounts.get(address, {})
        storage = _slots(item)
        trie_of_slots = _storage_trie(storage)
        code = bytes.fromhex(item.get("code", "0x")[2:])
        return {
            "address": hex0x(address),
            "accountProof": _hexes(proof(trie, keccak(address))),
            "balance": item.get("balance", "0x0"),
            "codeHash": hex0x(keccak(code) if code else EMPTY_CODE_HASH),
            "nonce": item.get("nonce", "0x0"),
            "storageHash": hex0x(secure_root(trie_of_slots)),
            "storageProof": [
                {
                    "key": key,
                    "value": hex(storage.get(slot, 0)),
                    "proof": _hexes(proof(trie_of_slots, keccak_small(slot.to_bytes(32, "big")))),
                }
                for slot, key in zip(slots, keys, strict=True)
            ],
        }


def _slots(item: Mapping[str, Any]) -> dict[int, int]:
    return {int(key, 16): int(value, 16) for key, value in item.get("storage", {}).items()}


def _storage_trie(storage: Mapping[int, int]) -> dict[bytes, bytes]:
    return {keccak_small(key.to_bytes(32, "big")): rlp(value) for key, value in storage.items()}


def _account(item: Mapping[str, Any]) -> bytes:
    """Return an account as the state trie holds it."""
    storage = _slots(item)
    root = secure_root(_storage_trie(storage)) if storage else EMPTY_ROOT
    code = bytes.fromhex(item["code"][2:])
    code_hash = keccak(code) if code else EMPTY_CODE_HASH
    return rlp((int(item["nonce"], 16), int(item["balance"], 16), root, code_hash))


def _hexes(nodes: Sequence[bytes]) -> list[str]:
    return [hex0x(node) for node in nodes]
