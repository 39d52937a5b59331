"""Hashing and RLP, the two encodings that every hash on the chain is made of.

`rlp` from PyPI infers types for each item and takes 11 microseconds for a short list; a chain of
a million transactions encodes several lists for each, so the 20 lines are ours. The tests hold
them against the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from eth_hash.auto import keccak as _keccak

__all__ = ["EMPTY_CODE_HASH", "Item", "contract_address", "hex0x", "keccak", "keccak_small", "rlp"]

Item: TypeAlias = "bytes | int | Sequence[Item]"


def keccak(data: bytes) -> bytes:
    """Return the Keccak-256 of *data*, 32 bytes (the original padding, not SHA-3's)."""
    return bytes(_keccak(data))


@lru_cache(maxsize=1 << 16)
def keccak_small(data: bytes) -> bytes:
    """Return the Keccak-256 of *data* from a cache: storage slots and trie keys ask again."""
    return bytes(_keccak(data))


EMPTY_CODE_HASH = keccak(b"")


_SHORT = tuple(bytes((0x80 + length,)) for length in range(56))
_DIGITS = (b"\x80", *(bytes((number,)) for number in range(1, 0x80)))


def _head(length: int, short: int) -> bytes:
    """Return the RLP prefix for a payload of *length* bytes; *short* is 0x80 or 0xc0."""
    if length < 56:
        return bytes((short + length,))
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((short + 55 + len(size),)) + size


def rlp(item: Item) -> bytes:
    """Return the RLP encoding of *item*: bytes, a non-negative integer, or a sequence of these."""
    if isinstance(item, int):
        if item < 0x80:
            return _DIGITS[item]
        item = item.to_bytes((item.bit_length() + 7) // 8, "big")
    if isinstance(item, bytes):
        length = len(item)
        if length < 56:
            return item if length == 1 and item[0] < 0x80 else _SHORT[length] + item
        return _head(length, 0x80) + item
    payload = b"".join([rlp(part) for part in item])
    return _head(len(payload), 0xC0) + payload


def contract_address(sender: bytes, nonce: int) -> bytes:
    """Return the address that a creation by *sender* at *nonce* gets (CREATE, 20 bytes)."""
    return keccak(rlp((sender, nonce)))[12:]


def hex0x(data: bytes) -> str:
    """Return *data* as lowercase hex behind `0x`."""
    return "0x" + data.hex()
