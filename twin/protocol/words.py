"""Static ABI values as 32-byte words: the fast half of the ABI, closures made once per type.

Covers uintN, intN, address, bytesN, bool and tuples of them (a static tuple is coded as its
members in a row). Types whose length varies are left to `eth_abi`. What a decoder accepts is
what `eth_abi` accepts: padding that is not what the type prescribes is an error, never ignored.
Source: the Solidity ABI specification, "Formal Specification of the Encoding".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["BadValue", "Coder", "Shape", "coder", "shape_of"]

WORD = 32
_ELEMENTARY = re.compile(r"(uint|int|bytes|address|bool)(\d*)")


class BadValue(ValueError):
    """A value or a word that its type does not allow; caught and named by the caller's codec."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A type as an ABI names it: *type* with tuples written out, *members* where it is a tuple."""

    name: str
    type: str
    members: tuple[Shape, ...] = ()


@dataclass(frozen=True, slots=True)
class Coder:
    """A static type: *put* a value into *words* x 32 bytes, *take* it out at a byte offset."""

    words: int
    put: Callable[[Any], bytes]
    take: Callable[[bytes, int], Any]


def shape_of(entry: Mapping[str, Any]) -> Shape:
    """Return the shape of *entry*, one input or output of a JSON ABI."""
    members = tuple(shape_of(member) for member in entry.get("components", ()))
    kind = str(entry["type"])
    if kind.startswith("tuple"):
        kind = f"({','.join(member.type for member in members)}){kind[len('tuple') :]}"
    return Shape(str(entry.get("name", "")), kind, members)


def coder(shape: Shape) -> Coder | None:
    """Return the coder of *shape*, or None where its length is not fixed (or it is an array)."""
    if shape.type.endswith("]"):
        return None
    if shape.members:
        made = [coder(member) for member in shape.members]
        known = [member for member in made if member is not None]
        return _tuple(known) if len(known) == len(made) else None
    match = _ELEMENTARY.fullmatch(shape.type)
    return None if match is None else _elementary(match[1], int(match[2] or 0))


def _elementary(base: str, size: int) -> Coder | None:
    """Return the coder of *base* at *size* (bits, or bytes for `bytesN`; 0 where none is named)."""
    if base == "bytes":
        return _bytes(size) if size else None
    if base == "uint":
        return _uint(size or 256)
    if base == "int":
        return _int(size or 256)
    return _address() if base == "address" else _bool()


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _uint(bits: int) -> Coder:
    high = (1 << bits) - 1

    def put(value: Any) -> bytes:
        if not _whole(value) or not 0 <= value <= high:
            raise BadValue(f"an integer from 0 to 2**{bits}-1")
        return int.to_bytes(value, WORD, "big")

    def take(data: bytes, at: int) -> int:
        value = int.from_bytes(data[at : at + WORD], "big")
        if value > high:
            raise BadValue(f"a word above 2**{bits}-1")
        return value

    return Coder(1, put, take)


def _int(bits: int) -> Coder:
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1

    def put(value: Any) -> bytes:
        if not _whole(value) or not low <= value <= high:
            raise BadValue(f"an integer from -2**{bits - 1} to 2**{bits - 1}-1")
        return int.to_bytes(value, WORD, "big", signed=True)

    def take(data: bytes, at: int) -> int:
        value = int.from_bytes(data[at : at + WORD], "big", signed=True)
        if not low <= value <= high:
            raise BadValue(f"a word outside -2**{bits - 1} to 2**{bits - 1}-1")
        return value

    return Coder(1, put, take)


def _address() -> Coder:
    zeros = bytes(12)

    def put(value: Any) -> bytes:
        if not isinstance(value, bytes) or len(value) != 20:
            raise BadValue("an address of 20 bytes")
        return zeros + value

    def take(data: bytes, at: int) -> bytes:
        if data[at : at + 12] != zeros:
            raise BadValue("an address word with more than 20 bytes")
        return data[at + 12 : at + WORD]

    return Coder(1, put, take)


def _bytes(size: int) -> Coder:
    padding = bytes(WORD - size)

    def put(value: Any) -> bytes:
        if not isinstance(value, bytes) or len(value) != size:
            raise BadValue(f"{size} bytes")
        return value + padding

    def take(data: bytes, at: int) -> bytes:
        if data[at + size : at + WORD] != padding:
            raise BadValue(f"a word with more than {size} bytes")
        return data[at : at + size]

    return Coder(1, put, take)


def _bool() -> Coder:
    true, false = (1).to_bytes(WORD, "big"), bytes(WORD)

    def put(value: Any) -> bytes:
        if value is True:
            return true
        if value is False:
            return false
        raise BadValue("True or False")

    def take(data: bytes, at: int) -> bool:
        word = data[at : at + WORD]
        if word == true:
            return True
        if word == false:
            return False
        raise BadValue("a boolean word that is neither 0 nor 1")

    return Coder(1, put, take)


def _tuple(members: Sequence[Coder]) -> Coder:
    puts = tuple(member.put for member in members)
    offsets, width = [], 0
    for member in members:
        offsets.append((member.take, width * WORD))
        width += member.words

    def put(value: Any) -> bytes:
        if not isinstance(value, tuple | list) or len(value) != len(puts):
            raise BadValue(f"a tuple of {len(puts)} values")
        return b"".join([one(item) for one, item in zip(puts, value, strict=True)])

    def take(data: bytes, at: int) -> tuple[Any, ...]:
        return tuple([one(data, at + offset) for one, offset in offsets])

    return Coder(width, put, take)
