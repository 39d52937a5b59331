"""Hashing and RLP, the two encodings that every hash on the chain is made of.

Both are the Rust crate's where that is built: a tenth of the time. In Python the hash is
`eth_hash`'s; `rlp` from PyPI infers types for each item and takes 11 microseconds for a short
list, so the 20 lines are ours. The tests hold both ways against the libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

from eth_hash.auto import keccak as _eth_hash

from twin.crate import native

__all__ = ["EMPTY_CODE_HASH", "Item", "contract_address", "hex0x", "keccak", "keccak_small", "rlp"]

Item: TypeAlias = "bytes | int | Sequence[Item]"


def _keccak(data: bytes) -> bytes:
    return bytes(_eth_hash(data))


keccak: Callable[[bytes], bytes] = native("keccak") or _keccak
"""Return the Keccak-256 of its argument, 32 bytes (the original padding, not SHA-3's)."""


@lru_cache(maxsize=1 << 16)
def keccak_small(data: bytes) -> bytes:
    """Return the Keccak-256 of *data* from a cache: storage slots and trie keys ask again."""
    return keccak(data)


EMPTY_CODE_HASH = keccak(b"")


_SHORT = tuple(bytes((0x80 + length,)) for length in range(56))
_DIGITS = (b"\x80", *(bytes((number,)) for number in range(1, 0x80)))


def _head(length: int, short: int) -> bytes:
    """Return the RLP prefix for a payload of *length* bytes; *short* is 0x80 or 0xc0."""
    if length < 56:
        return bytes((short + length,))
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((short + 55 + len(size),)) + size


_DEPTH = 256


def _rlp(item: Item, depth: int = _DEPTH) -> bytes:
    if isinstance(item, int):
        if 0 <= item < 0x80:
            return _DIGITS[item]
        item = item.to_bytes((item.bit_length() + 7) // 8, "big")
    if isinstance(item, bytes):
        length = len(item)
        if length < 56:
            return item if length == 1 and item[0] < 0x80 else _SHORT[length] + item
        return _head(length, 0x80) + item
    if not isinstance(item, list | tuple):
        kind = type(item).__name__
        raise TypeError(f"RLP holds bytes, integers, lists and tuples, not {kind}")
    if not depth:
        raise RecursionError(f"RLP lists nest more than {_DEPTH} deep")
    payload = b"".join([_rlp(part, depth - 1) for part in item])
    return _head(len(payload), 0xC0) + payload


rlp: Callable[[Item], bytes] = native("rlp") or _rlp
"""Return the RLP encoding of its argument: bytes, a non-negative integer, or a list or tuple of these.

OverflowError is raised for a negative integer, RecursionError for more than 256 lists within each
other, TypeError for anything else.
"""


def contract_address(sender: bytes, nonce: int) -> bytes:
    """Return the address that a creation by *sender* at *nonce* gets (CREATE, 20 bytes)."""
    return keccak(rlp((sender, nonce)))[12:]


def hex0x(data: bytes) -> str:
    """Return *data* as lowercase hex behind `0x`."""
    return "0x" + data.hex()
