"""Key shares in escrow: each role's key is split among holders, any quorum of whom restores it.

The scheme is Shamir's (A. Shamir, How to share a secret, CACM 22, 1979) over the order of
secp256k1: a share is a point of a polynomial of degree quorum - 1 whose value at 0 is the key.
The manifest that is backed up names holders and commitments and holds no share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from twin.errors import NoData, UnknownName
from twin.protocol.roles import address_of, key_of
from twin.random import derive

__all__ = ["ORDER", "Escrow", "combine", "split"]

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""The order of secp256k1's group, a prime: keys and shares are residues of it."""


def split(secret: int, coefficients: tuple[int, ...], *, shares: int) -> dict[int, int]:
    """Return the *shares* points of the polynomial with *secret* at 0 and these *coefficients*."""
    points = {}
    for x in range(1, shares + 1):
        value = 0
        for coefficient in reversed((secret, *coefficients)):
            value = (value * x + coefficient) % ORDER
        points[x] = value
    return points


def combine(points: Mapping[int, int]) -> int:
    """Return the value at 0 of the polynomial through *points* (Lagrange)."""
    secret = 0
    for x, y in points.items():
        numerator, denominator = 1, 1
        for other in points:
            if other != x:
                numerator = numerator * -other % ORDER
                denominator = denominator * (x - other) % ORDER
        secret = (secret + y * numerator * pow(denominator, -1, ORDER)) % ORDER
    return secret


def _commitment(value: int) -> str:
    return hashlib.sha256(value.to_bytes(32, "big")).hexdigest()


class Escrow:
    """The devices of the *holders*, each with one share of the key of every role."""

    __slots__ = ("_commitments", "_held", "_holders", "_quorum")

    def __init__(self, roles: tuple[str, ...], *, holders: tuple[str, ...], quorum: int, seed: int) -> None:  # fmt: skip
        """Split every key once, as at the ceremony; *seed* makes the polynomials."""
        self._holders, self._quorum = holders, quorum
        self._held: dict[str, dict[int, int]] = {}
        for role in roles:
            secret = int.from_bytes(key_of(role), "big") % ORDER
            rest = tuple(
                (derive(seed, "escrow", role, str(degree)) << 120) % ORDER
                for degree in range(1, quorum)
            )
            self._held[role] = split(secret, rest, shares=len(holders))
        self._commitments = {
            role: {x: _commitment(y) for x, y in points.items()}
            for role, points in self._held.items()
        }

    def manifest(self) -> dict[str, Any]:
        """Return who holds which share of what, by commitment: what is backed up."""
        return {
            role: {
                "quorum": self._quorum,
                "shares": [
                    {"holder": holder, "x": x, "commitment": points[x]}
                    for x, holder in enumerate(self._holders, 1)
                ],
            }
            for role, points in self._commitments.items()
        }

    def lose(self, count: int) -> None:
        """Wipe the devices of the first *count* holders."""
        for points in self._held.values():
            for x in range(1, count + 1):
                points.pop(x, None)

    def recover(self, role: str) -> bytes:
        """Combine a quorum of the shares that are left; return the address of the key."""
        if role not in self._held:
            raise UnknownName("key in escrow", role, self._held)
        points = self._held[role]
        if len(points) < self._quorum:
            raise NoData(f"{len(points)} of {self._quorum} shares of the key of {role} are left")
        chosen = dict(sorted(points.items())[: self._quorum])
        return address_of(combine(chosen).to_bytes(32, "big"))
