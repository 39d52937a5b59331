"""`Multicall3.aggregate3` by hand: the calldata of a batch, and the results out of its answer.

Each scrape of the monitors is one such call, and its calldata never changes, so it is put
together once and kept. Results are cut out of the answer by offsets, without a general decoder.
Source: the Solidity ABI specification; the struct layout of mds1/multicall.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from twin.errors import ChainError
from twin.protocol.codec import selector_of

__all__ = ["AGGREGATE3", "aggregate3", "results_of"]

AGGREGATE3 = selector_of("aggregate3((address,bool,bytes)[])")

_WORD = 32
_HEAD = _WORD.to_bytes(_WORD, "big")
_MAY_FAIL = (1).to_bytes(_WORD, "big") + (3 * _WORD).to_bytes(_WORD, "big")


def _word(value: int) -> bytes:
    return value.to_bytes(_WORD, "big")


def aggregate3(calls: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the calldata that makes *calls*, (target, calldata) each; any of them may fail."""
    items = [
        bytes(12) + target + _MAY_FAIL + _word(len(data)) + data + bytes(-len(data) % _WORD)
        for target, data in calls
    ]
    offsets, at = [], _WORD * len(items)
    for item in items:
        offsets.append(_word(at))
        at += len(item)
    return b"".join((AGGREGATE3, _HEAD, _word(len(items)), *offsets, *items))


def results_of(data: bytes, count: int) -> Sequence[tuple[bool, bytes]]:
    """Return the *count* results, (success, return data), that aggregate3 answered with *data*.

    ChainError where *data* is no such answer: most often no Multicall3 at that address.
    """
    base = 2 * _WORD  # after the array's own offset and its length
    if len(data) < base or int.from_bytes(data[_WORD:base], "big") != count:
        raise ChainError(
            f"aggregate3 answered {len(data)} bytes that hold no {count} results; "
            "is Multicall3 at this address?"
        )
    found = []
    for head in range(base, base + _WORD * count, _WORD):
        start = base + int.from_bytes(data[head : head + _WORD], "big")
        body = start + 3 * _WORD
        size = int.from_bytes(data[start + 2 * _WORD : body], "big")
        if body + size > len(data):
            raise ChainError(f"a result of aggregate3 ends after its answer of {len(data)} bytes")
        found.append((data[start + _WORD - 1] == 1, data[body : body + size]))
    return found
