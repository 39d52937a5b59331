"""Transactions: made for an impersonated sender, or decoded from a signed encoding.

Types 0 (with and without a chain id, EIP-155), 1 (EIP-2930) and 2 (EIP-1559) are understood; a
gas price counts as both fee cap and tip. Blob transactions (type 3) are refused: the twin has no
blobs.
"""

from __future__ import annotations

from typing import Any

from twin.chain.codec import Item, keccak, rlp
from twin.chain.port import Transaction
from twin.crate import maker
from twin.errors import InvalidTransaction

__all__ = ["decode", "impersonated"]

_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0  # EIP-2
_MAX_WORD = 2**256

_transaction = maker(Transaction)


def impersonated(
    sender: bytes,
    nonce: int,
    to: bytes | None,
    data: bytes = b"",
    *,
    chain_id: int,
    gas: int,
    max_fee: int,
    tip: int,
    value: int = 0,
    access_list: tuple[tuple[bytes, tuple[int, ...]], ...] = (),
) -> Transaction:
    """Return a transaction that needs no signature.

    Its hash is Keccak-256 over a domain word and the RLP of its fields and *sender*, so that it
    can equal no signed transaction's.
    """
    fields = (chain_id, nonce, tip, max_fee, gas, to or b"", value, data, access_list, sender)
    found = keccak(b"fictra impersonated" + rlp(fields))
    return _transaction(
        sender, nonce, to, value, data, gas, max_fee, tip, found, access_list, 2, None
    )


def decode(raw: bytes, *, chain_id: int) -> Transaction:
    """Return the signed transaction in *raw*, its sender recovered.

    InvalidTransaction is raised where it cannot be read, is for another chain, or is not signed
    as it should be.
    """
    if not raw:
        raise InvalidTransaction("an empty encoding")
    if raw[0] >= 0xC0:
        return _legacy(raw, chain_id)
    if raw[0] in {1, 2}:
        return _typed(raw, chain_id)
    raise InvalidTransaction(f"type {raw[0]}: only types 0, 1 and 2 are understood")


def _fields(encoded: bytes, count: int) -> list[Any]:
    """Return the *count* fields of an RLP list."""
    import rlp as rlp_library

    try:
        fields = rlp_library.decode(encoded)
    except rlp_library.DecodingError as error:
        raise InvalidTransaction(f"not RLP: {error}") from error
    if not isinstance(fields, (list, tuple)) or len(fields) != count:
        raise InvalidTransaction(f"an RLP list of {count} fields was expected")
    return list(fields)


def _number(field: Any) -> int:
    """Return an RLP integer: big-endian, at most 32 bytes, without leading zeros."""
    if not isinstance(field, bytes) or len(field) > 32 or field[:1] == b"\0":
        raise InvalidTransaction(f"field {field!r} is no integer")
    return int.from_bytes(field, "big")


def _target(field: Any) -> bytes | None:
    if not isinstance(field, bytes) or len(field) not in {0, 20}:
        raise InvalidTransaction(f"recipient {field!r}: 20 bytes, or none for a creation")
    return field or None


def _data(field: Any) -> bytes:
    if not isinstance(field, bytes):
        raise InvalidTransaction("data is a list, not bytes")
    return field


def _legacy(raw: bytes, chain_id: int) -> Transaction:
    nonce, price, gas, to, value, data, v, r, s = _fields(raw, 9)
    unsigned: list[Item] = [nonce, price, gas, to, value, data]
    parity = _number(v) - 27
    if parity not in {0, 1}:  # EIP-155: v = 35 + 2 * chain id + parity
        named, parity = divmod(_number(v) - 35, 2)
        _check_chain(named, chain_id)
        unsigned += [chain_id, 0, 0]
    sender = _recover(keccak(rlp(unsigned)), parity, _number(r), _number(s))
    fee = _number(price)
    return Transaction(
        sender,
        _number(nonce),
        _target(to),
        _number(value),
        _data(data),
        _number(gas),
        fee,
        fee,
        keccak(raw),
        kind=0,
        raw=raw,
    )


def _typed(raw: bytes, chain_id: int) -> Transaction:
    kind = raw[0]
    fields = _fields(raw[1:], 11 if kind == 1 else 12)
    if kind == 1:
        fields.insert(2, fields[2])  # one gas price is both tip and cap
    chain, nonce, tip, max_fee, gas, to, value, data, access, parity, r, s = fields
    _check_chain(_number(chain), chain_id)
    signed = fields[:9] if kind == 2 else [*fields[:2], *fields[3:9]]
    digest = keccak(raw[:1] + rlp(signed))
    sender = _recover(digest, _number(parity), _number(r), _number(s))
    return Transaction(
        sender,
        _number(nonce),
        _target(to),
        _number(value),
        _data(data),
        _number(gas),
        _number(max_fee),
        _number(tip),
        keccak(raw),
        access_list=_access_list(access),
        kind=kind,
        raw=raw,
    )


def _check_chain(named: int, chain_id: int) -> None:
    if named != chain_id:
        raise InvalidTransaction(f"signed for chain {named}, this is chain {chain_id}")


def _access_list(field: Any) -> tuple[tuple[bytes, tuple[int, ...]], ...]:
    """Return an access list (EIP-2930) from its RLP structure."""
    if isinstance(field, bytes):
        raise InvalidTransaction("an access list was expected")
    found = []
    for entry in field:
        if isinstance(entry, bytes) or len(entry) != 2 or len(entry[0]) != 20:
            raise InvalidTransaction("an access list holds (20-byte address, slots) pairs")
        address, slots = entry
        if isinstance(slots, bytes) or any(len(slot) != 32 for slot in slots):
            raise InvalidTransaction("slots of an access list are 32 bytes each")
        found.append((address, tuple(int.from_bytes(slot, "big") for slot in slots)))
    return tuple(found)


def _recover(digest: bytes, parity: int, r: int, s: int) -> bytes:
    """Return the address whose key signed *digest*."""
    from coincurve import PublicKey

    if parity not in {0, 1} or not 0 < s <= _HALF_ORDER or not 0 < r < _MAX_WORD:
        raise InvalidTransaction("the signature is out of range (EIP-2)")
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes((parity,))
    try:
        key = PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except ValueError as error:
        raise InvalidTransaction(f"no sender can be recovered: {error}") from error
    return keccak(key.format(compressed=False)[1:])[12:]
