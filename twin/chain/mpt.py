"""Merkle-Patricia roots computed from whole key-value sets.

The chain commits to state by a rolling hash and asks for the true root only at checkpoints, so
the root is built bottom-up from sorted keys in one pass and no trie is kept between times
(yellow paper, appendix D). Keys of a secure trie are 32 bytes, all of the same length, so that
no branch carries a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twin.chain.codec import Item, keccak, rlp

__all__ = ["EMPTY_ROOT", "proof", "secure_root"]

EMPTY_ROOT = keccak(rlp(b""))


def _nibbles(key: bytes) -> bytes:
    """Return *key* with one nibble a byte."""
    return bytes.fromhex("0" + "0".join(key.hex()))


def _compact(path: bytes, *, leaf: bool) -> bytes:
    """Return the hex-prefix encoding of the nibbles in *path*."""
    flag = (2 if leaf else 0) + len(path) % 2
    head = bytes((flag,)) + (b"" if len(path) % 2 else b"\0") + path
    return bytes(head[i] << 4 | head[i + 1] for i in range(0, len(head), 2))


def _common(first: bytes, last: bytes, start: int) -> int:
    """Return where *first* and *last* part, at or after *start*: in sorted keys, where all do."""
    end = start
    while first[end] == last[end]:
        end += 1
    return end


def _node(pairs: Sequence[tuple[bytes, bytes]], low: int, high: int, depth: int) -> Item:
    """Return the structure of the node over *pairs[low:high]*, sorted, below *depth* nibbles."""
    path, value = pairs[low]
    if high - low == 1:
        return (_compact(path[depth:], leaf=True), value)
    fork = _common(path, pairs[high - 1][0], depth)
    if fork > depth:
        return (_compact(path[depth:fork], leaf=False), _reference(pairs, low, high, fork))
    children: list[Item] = [b""] * 17
    start = low
    while start < high:
        nibble = pairs[start][0][depth]
        end = start + 1
        while end < high and pairs[end][0][depth] == nibble:
            end += 1
        children[nibble] = _reference(pairs, start, end, depth + 1)
        start = end
    return children


def _reference(pairs: Sequence[tuple[bytes, bytes]], low: int, high: int, depth: int) -> Item:
    """Return how a parent names the node: itself below 32 bytes of RLP, else its hash."""
    node = _node(pairs, low, high, depth)
    encoded = rlp(node)
    return node if len(encoded) < 32 else keccak(encoded)


def secure_root(entries: Mapping[bytes, bytes]) -> bytes:
    """Return the root of the trie of *entries*: 32-byte hashed keys to RLP-encoded values."""
    if not entries:
        return EMPTY_ROOT
    pairs = sorted((_nibbles(key), value) for key, value in entries.items())
    return keccak(rlp(_node(pairs, 0, len(pairs), 0)))


def proof(entries: Mapping[bytes, bytes], key: bytes) -> list[bytes]:
    """Return the encoded nodes from the root of the trie of *entries* towards *key* (EIP-1186).

    They prove its value where it is there, and that it is not there otherwise. Nodes below 32
    bytes stand inside their parent and are not listed.
    """
    pairs = sorted((_nibbles(name), value) for name, value in entries.items())
    path = _nibbles(key)
    nodes: list[bytes] = []
    low, high, depth = 0, len(pairs), 0
    while low < high:
        encoded = rlp(_node(pairs, low, high, depth))
        if not nodes or len(encoded) >= 32:
            nodes.append(encoded)
        if high - low == 1:
            break
        fork = _common(pairs[low][0], pairs[high - 1][0], depth)
        if fork > depth:  # an extension: its branch follows, where the path goes there at all
            if path[depth:fork] != pairs[low][0][depth:fork]:
                break
            depth = fork
            continue
        low, high = _child(pairs, low, high, path[: depth + 1])
        depth += 1
    return nodes


def _child(
    pairs: Sequence[tuple[bytes, bytes]], low: int, high: int, prefix: bytes
) -> tuple[int, int]:
    """Return the part of *pairs[low:high]* whose keys begin with *prefix*; it may be empty."""
    size = len(prefix)
    inside = [at for at in range(low, high) if pairs[at][0][:size] == prefix]
    return (inside[0], inside[-1] + 1) if inside else (low, low)
