"""Arguments of JSON-RPC methods: read strictly, and refused with their position.

Quantities are hex without leading zeros, data is hex of whole bytes, addresses are 20 bytes and
hashes 32, as the execution API specification has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from twin.chain.rpc.errors import InvalidParams

__all__ = [
    "REQUIRED",
    "BlockId",
    "Params",
    "address",
    "block_id",
    "data",
    "number",
    "quantity",
    "reading",
    "small",
    "word",
]

BlockId = int | str | bytes
"""A block's number, one of the five tags, or its hash."""

TAGS = ("latest", "pending", "earliest", "safe", "finalized")

_QUANTITY = re.compile(r"0x(0|[1-9a-fA-F][0-9a-fA-F]*)")
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_WORD = re.compile(r"0x[0-9a-fA-F]{1,64}")
_LARGEST = 2**256
_SMALL = 2**64

T = TypeVar("T")
REQUIRED: Any = object()
"""The default of an argument that has none."""


def quantity(value: Any) -> int:
    """Return the integer that *value*, a hex quantity, stands for; ValueError otherwise."""
    if not isinstance(value, str):
        raise ValueError(f"expected a hex string, got {_kind(value)}")  # noqa: TRY004
    if not value.startswith("0x"):
        raise ValueError("hex string without 0x prefix")
    if _QUANTITY.fullmatch(value) is None:
        zeros = re.fullmatch(r"0x0[0-9a-fA-F]+", value)
        raise ValueError(
            "hex number with leading zero digits" if zeros else f"invalid hex number {value[:80]!r}"
        )
    if len(value) > 66:
        raise ValueError("hex number > 256 bits")
    return int(value, 16)


def number(value: Any) -> int:
    """Return an integer given as a hex quantity or as a JSON number, 0 or more."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value < _LARGEST:
            raise ValueError(f"{value} is out of range")
        return value
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 78:
        return int(value)
    return quantity(value)


def small(value: Any) -> int:
    """Return an integer of at most 64 bits, given as a hex quantity or as a JSON number."""
    found = number(value)
    if found >= _SMALL:
        raise ValueError("hex number > 64 bits")
    return found


def data(value: Any) -> bytes:
    """Return the bytes that *value*, hex data, stands for; ValueError otherwise."""
    if not isinstance(value, str):
        raise ValueError(f"expected hex data, got {_kind(value)}")  # noqa: TRY004
    if not value.startswith("0x"):
        raise ValueError("hex string without 0x prefix")
    if len(value) % 2:
        raise ValueError("hex string of odd length")
    if _DATA.fullmatch(value) is None:
        raise ValueError("invalid hex string")
    return bytes.fromhex(value[2:])


def _sized(value: Any, size: int, what: str) -> bytes:
    found = data(value)
    if len(found) != size:
        raise ValueError(f"hex string has {len(found)} bytes, want {size} for {what}")
    return found


def address(value: Any) -> bytes:
    """Return an address (20 bytes)."""
    return _sized(value, 20, "an address")


def word(value: Any) -> bytes:
    """Return a hash or topic (32 bytes)."""
    return _sized(value, 32, "a hash")


def slot(value: Any) -> int:
    """Return a storage slot, given as a quantity or as up to 32 bytes of hex."""
    if not isinstance(value, str) or _WORD.fullmatch(value) is None:
        raise ValueError("a storage key is hex of at most 32 bytes")
    return int(value, 16)


def block_id(value: Any) -> BlockId:
    """Return the block that *value* names: a tag, a number, or an EIP-1898 object."""
    if isinstance(value, Mapping):
        given = [key for key in ("blockNumber", "blockHash") if key in value]
        if len(given) != 1:
            raise ValueError("cannot specify both BlockHash and BlockNumber, choose one")
        key = given[0]
        return quantity(value[key]) if key == "blockNumber" else word(value[key])
    if isinstance(value, str):
        if value in TAGS:
            return value
        if len(value) == 66:
            return word(value)
    return quantity(value)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "an array", type(None): "null", bool: "a boolean"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else "a string")


def reading(what: str, read: Callable[[Any], T], value: Any) -> T:
    """Return *read(value)*; InvalidParams that begins with *what* where it is malformed."""
    try:
        return read(value)
    except ValueError as error:
        raise InvalidParams(f"{what}: {error}") from None


class Params:
    """The positional arguments of one call, at most *most* of them."""

    __slots__ = ("_items",)

    def __init__(self, items: Sequence[Any], *, most: int) -> None:
        """Refuse one too many; null at the end counts as not given."""
        found = list(items)
        while len(found) > most and found[-1] is None:
            found.pop()
        if len(found) > most:
            raise InvalidParams(f"too many arguments, want at most {most}")
        self._items = found

    def read(self, index: int, read: Callable[[Any], T], default: Any = REQUIRED) -> T:
        """Return argument *index* as *read* has it, or *default* where it is null or absent."""
        value = self._items[index] if index < len(self._items) else None
        if value is None:
            if default is REQUIRED:
                raise InvalidParams(f"missing value for required argument {index}")
            absent: T = default
            return absent
        return reading(f"invalid argument {index}", read, value)

    def raw(self, index: int) -> Any:
        """Return argument *index* as it came, None where it is absent."""
        return self._items[index] if index < len(self._items) else None

    def quantity(self, index: int, default: Any = REQUIRED) -> int:
        """Return a quantity."""
        return self.read(index, quantity, default)

    def number(self, index: int, default: Any = REQUIRED) -> int:
        """Return an integer, hex or plain."""
        return self.read(index, number, default)

    def data(self, index: int) -> bytes:
        """Return bytes."""
        return self.read(index, data)

    def address(self, index: int) -> bytes:
        """Return an address."""
        return self.read(index, address)

    def word(self, index: int) -> bytes:
        """Return a hash."""
        return self.read(index, word)

    def block(self, index: int, default: Any = "latest") -> BlockId:
        """Return a block's name, by default the latest."""
        return self.read(index, block_id, default)

    def flag(self, index: int) -> bool:
        """Return a boolean, by default false."""
        return self.read(index, _flag, default=False)

    def object(self, index: int, default: Any = REQUIRED) -> Mapping[str, Any]:
        """Return an object."""
        return self.read(index, _object, default)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected a boolean, got {_kind(value)}")  # noqa: TRY004
    return value


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"expected an object, got {_kind(value)}")  # noqa: TRY004
    return value
