"""Why a precompiled contract fails, in go-ethereum's words and order: gas first, then the input.

Asked only where one has failed, so that what is not found out here (a point of the second group
outside its subgroup, EIP-197) is what is left.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

__all__ = ["PRECOMPILES", "refusal"]

_PRIME = 21888242871839275222246405745257275088696311157297823662689037894645226208583  # EIP-196
_MALFORMED = "bn256: malformed point"

Pair = tuple[int, int]
"""An element a + b*i of the field in which the second group lives, i*i = -1."""


def refusal(address: bytes, data: bytes, gas: int) -> str:
    """Return why the contract at *address* fails for *data* with *gas*."""
    number = int.from_bytes(address, "big")
    needed = {6: 150, 7: 6000, 8: 45_000 + 34_000 * (len(data) // 192), 10: 50_000}
    if number == 9:  # EIP-152: as many as the rounds
        needed[9] = int.from_bytes(data[:4], "big") if len(data) == 213 else 0
    # The others take any input.
    if number not in needed or gas < needed[number]:
        return "out of gas"
    return _REFUSALS[number](data)


def _coordinates(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 32], "big") for at in range(0, len(data), 32)]


def _beyond(coordinates: list[int]) -> str:
    for value in coordinates:
        if value >= _PRIME:
            word = "equals" if value == _PRIME else "exceeds"
            return f"bn256: coordinate {word} modulus"
    return ""


def _first_group(data: bytes) -> str:
    """Return what is wrong with a point of the first group, 64 bytes."""
    x, y = _coordinates(data)
    stands = x == y == 0 or (y * y - x * x * x - 3) % _PRIME == 0
    return _beyond([x, y]) or ("" if stands else _MALFORMED)


def _times(left: Pair, right: Pair) -> Pair:
    (a, b), (c, d) = left, right
    return (a * c - b * d) % _PRIME, (a * d + b * c) % _PRIME


def _second_group(data: bytes) -> str:
    """Return what is wrong with a point of the second group, 128 bytes, but for its subgroup."""
    found = _coordinates(data)
    x, y = (found[1], found[0]), (found[3], found[2])  # imaginary parts come first
    if problem := _beyond(found):
        return problem
    if not any(found):
        return ""
    # y^2 = x^3 + 3 / (9 + i), with 1 / (9 + i) = (9 - i) / 82
    third = 3 * pow(82, -1, _PRIME)
    square, cube = _times(y, y), _times(x, _times(x, x))
    stands = square == ((cube[0] + 9 * third) % _PRIME, (cube[1] - third) % _PRIME)
    return "" if stands else _MALFORMED


def _add(data: bytes) -> str:
    held = data[:128].ljust(128, b"\0")
    return _first_group(held[:64]) or _first_group(held[64:])


def _multiply(data: bytes) -> str:
    return _first_group(data[:64].ljust(64, b"\0"))


def _pairing(data: bytes) -> str:
    if len(data) % 192:
        return "bad elliptic curve pairing size"
    for at in range(0, len(data), 192):
        problem = _first_group(data[at : at + 64]) or _second_group(data[at + 64 : at + 192])
        if problem:
            return problem
    return _MALFORMED


def _blake2f(data: bytes) -> str:
    if len(data) != 213:
        return "invalid input length"
    return "invalid final flag"


def _kzg_point(data: bytes) -> str:
    if len(data) != 192:
        return "invalid input length"
    named = b"\1" + sha256(data[96:144]).digest()[1:]
    return "error verifying kzg proof" if data[:32] == named else "mismatched versioned hash"


PRECOMPILES = frozenset(number.to_bytes(20, "big") for number in range(1, 11))
"""The addresses of the precompiled contracts of Cancun."""

_REFUSALS: dict[int, Callable[[bytes], str]] = {
    6: _add,
    7: _multiply,
    8: _pairing,
    9: _blake2f,
    10: _kzg_point,
}
