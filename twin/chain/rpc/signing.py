"""Signatures of transactions: made for accounts whose key is known, read back for answers.

`transactions.decode` reads a signed transaction; this is the way there. The chain executes
impersonated transactions too; those have no signature, and answers show zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twin.chain.codec import Item, keccak, rlp
from twin.chain.port import Transaction
from twin.chain.transactions import decode

__all__ = ["Signature", "Unsigned", "sign", "sign_text", "signature"]


@dataclass(frozen=True, slots=True)
class Unsigned:
    """What a sender signs: of *kind* 0, 1 or 2; *max_fee* is the gas price of 0 and 1.

    With *chain_id* 0, kind 0 is signed for any chain, as before EIP-155.
    """

    chain_id: int
    nonce: int
    to: bytes | None
    value: int
    data: bytes
    gas: int
    max_fee: int
    tip: int
    access_list: tuple[tuple[bytes, tuple[int, ...]], ...] = ()
    kind: int = 2

    def fields(self) -> list[Item]:
        """Return the fields before the signature, in the order of their encoding."""
        to, access = self.to or b"", access_item(self.access_list)
        fees: list[Item] = [self.tip, self.max_fee] if self.kind == 2 else [self.max_fee]
        body: list[Item] = [self.nonce, *fees, self.gas, to, self.value, self.data]
        return body if self.kind == 0 else [self.chain_id, *body, access]

    def digest(self) -> bytes:
        """Return the hash that is signed (EIP-155 or EIP-2718)."""
        if self.kind == 0:
            named = [self.chain_id, 0, 0] if self.chain_id else []
            return keccak(rlp([*self.fields(), *named]))
        return keccak(bytes((self.kind,)) + rlp(self.fields()))

    def encode(self, parity: int, r: int, s: int) -> bytes:
        """Return the signed encoding."""
        if self.kind == 0:
            v = (35 + 2 * self.chain_id if self.chain_id else 27) + parity
            return rlp([*self.fields(), v, r, s])
        return bytes((self.kind,)) + rlp([*self.fields(), parity, r, s])


def access_item(access_list: tuple[tuple[bytes, tuple[int, ...]], ...]) -> list[Item]:
    """Return an access list as RLP has it: slots of 32 bytes."""
    return [
        (address, [slot.to_bytes(32, "big") for slot in slots]) for address, slots in access_list
    ]


def sign(unsigned: Unsigned, key: bytes) -> Transaction:
    """Return *unsigned* signed with the private *key* (RFC 6979: the same every time)."""
    from coincurve import PrivateKey

    made = PrivateKey(key).sign_recoverable(unsigned.digest(), hasher=None)
    r, s = int.from_bytes(made[:32], "big"), int.from_bytes(made[32:64], "big")
    return decode(unsigned.encode(made[64], r, s), chain_id=unsigned.chain_id)


def sign_text(data: bytes, key: bytes) -> bytes:
    """Return the 65 bytes of a signature under *data* as a signed message (EIP-191, version E)."""
    from coincurve import PrivateKey

    digest = keccak(b"\x19Ethereum Signed Message:\n" + str(len(data)).encode() + data)
    made: bytes = PrivateKey(key).sign_recoverable(digest, hasher=None)
    return made[:64] + bytes((27 + made[64],))


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as answers show it; zeros where nobody signed."""

    v: int = 0
    r: int = 0
    s: int = 0
    parity: int = 0


def signature(tx: Transaction) -> Signature:
    """Return the signature in the encoding of *tx*."""
    if tx.raw is None:
        return Signature()
    from rlp import decode as decode_rlp

    fields: Any = decode_rlp(tx.raw if tx.kind == 0 else tx.raw[1:])
    v, r, s = (int.from_bytes(field, "big") for field in fields[-3:])
    return Signature(v, r, s, (v + 1) % 2 if tx.kind == 0 else v)
