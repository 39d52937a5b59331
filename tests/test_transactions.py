"""Signed transactions as eth-account makes them, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from twin.chain.codec import keccak, rlp
from twin.chain.transactions import decode, impersonated
from twin.errors import InvalidTransaction

CHAIN = 7
ALICE = Account.from_key("0x" + "11" * 32)
SENDER = bytes.fromhex(ALICE.address[2:])
TO = b"\xb0" * 20
BASE: dict[str, Any] = {
    "nonce": 3,
    "gas": 60_000,
    "to": TO,
    "value": 5,
    "data": b"\0\1",
    "chainId": CHAIN,
}
FEES = {"maxFeePerGas": 9, "maxPriorityFeePerGas": 2}
ACCESS = [{"address": "0x" + TO.hex(), "storageKeys": ["0x" + "00" * 31 + "05", "0x" + "ff" * 32]}]
LISTED = ((TO, (5, 2**256 - 1)),)

KINDS: list[tuple[str, dict[str, Any], tuple[int, int, int, Any]]] = [
    ("legacy", {"gasPrice": 9}, (0, 9, 9, ())),
    ("access list", {"type": 1, "gasPrice": 9, "accessList": ACCESS}, (1, 9, 9, LISTED)),
    ("fee market", {"type": 2, **FEES}, (2, 9, 2, ())),
    ("fee market with list", {"type": 2, **FEES, "accessList": ACCESS}, (2, 9, 2, LISTED)),
]  # fmt: skip


def sign(**fields: Any) -> bytes:
    return bytes(ALICE.sign_transaction({**BASE, **fields}).raw_transaction)


@pytest.mark.parametrize(("fields", "seen"), [k[1:] for k in KINDS], ids=[k[0] for k in KINDS])
@pytest.mark.parametrize("to", [TO, b""], ids=["call", "creation"])
def test_decoding(fields: dict[str, Any], seen: tuple[Any, ...], to: bytes) -> None:
    raw = sign(**fields, to=to)
    tx = decode(raw, chain_id=CHAIN)
    assert (tx.kind, tx.max_fee, tx.tip, tx.access_list) == seen
    assert (tx.sender, tx.nonce, tx.to, tx.value) == (SENDER, 3, to or None, 5)
    assert (tx.data, tx.gas, tx.hash, tx.raw) == (b"\0\1", 60_000, keccak(raw), raw)


def test_a_legacy_transaction_without_a_chain_id() -> None:
    fields = {key: value for key, value in BASE.items() if key != "chainId"}
    raw = bytes(ALICE.sign_transaction({**fields, "gasPrice": 9}).raw_transaction)
    assert decode(raw, chain_id=CHAIN).sender == SENDER


LEGACY = sign(gasPrice=9)
MARKET = sign(type=2, **FEES)
REFUSED = [
    ("nothing", b"", "empty"),
    ("a blob transaction", b"\3" + MARKET[1:], "type 3"),
    ("another chain, legacy", sign(gasPrice=9, chainId=8), "signed for chain 8"),
    ("another chain, typed", sign(type=2, **FEES, chainId=8), "signed for chain 8"),
    ("cut off", MARKET[:-3], "not RLP"),
    ("too few fields", b"\2" + rlp([b"\7"] * 11), "list of 12 fields"),
    ("no list", b"\2\x80", "list of 12 fields"),
    ("a number with a leading zero", b"\2" + rlp([b"\0\7", *[b""] * 7, [], b"", b"\1", b"\1"]), "no integer"),
    ("a list for a number", b"\2" + rlp([[b"\7"], *[b""] * 7, [], b"", b"\1", b"\1"]), "no integer"),
    ("a short recipient", b"\2" + rlp([b"\7", *[b""] * 4, b"\1" * 19, b"", b"", [], b"", b"\1", b"\1"]), "recipient|recovered"),
    ("bytes for an access list", b"\2" + rlp([b"\7", *[b""] * 8, b"", b"\1", b"\1"]), "access list|recovered"),
    ("a high s", b"\2" + rlp([b"\7", *[b""] * 7, [], b"", b"\1", b"\xff" * 32]), "out of range"),
    ("a zero r", b"\2" + rlp([b"\7", *[b""] * 7, [], b"", b"", b"\1"]), "out of range"),
    ("no point on the curve", b"\2" + rlp([b"\7", *[b""] * 7, [], b"", b"\5", b"\1"]), "recovered"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "reason"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_cannot_be_read_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(InvalidTransaction, match=reason):
        decode(raw, chain_id=CHAIN)


@given(
    st.integers(0, len(MARKET) - 1),
    st.integers(0, 255),
    st.sampled_from([LEGACY, MARKET, sign(**KINDS[3][1])]),
)
def test_a_changed_byte_is_refused_or_another_sender(place: int, byte: int, raw: bytes) -> None:
    changed = raw[:place] + bytes([byte]) + raw[place + 1 :]
    try:
        tx = decode(changed, chain_id=CHAIN)
    except InvalidTransaction:
        return
    assert changed == raw or (tx.sender, tx.hash) != (SENDER, keccak(raw))


@given(st.binary(max_size=120))
def test_any_bytes_are_refused_in_our_words(raw: bytes) -> None:
    with pytest.raises(InvalidTransaction):
        decode(raw, chain_id=CHAIN)


STRUCTURES: Any = st.recursive(
    st.binary(max_size=33), lambda inner: st.lists(inner, max_size=3), max_leaves=6
)


@given(st.sampled_from([1, 2]), st.lists(STRUCTURES, min_size=12, max_size=12))
def test_any_structure_is_refused_in_our_words(kind: int, fields: list[Any]) -> None:
    fields[0] = b"\7"
    raw = bytes([kind]) + rlp(fields[: 10 + kind])
    try:
        decode(raw, chain_id=CHAIN)
    except InvalidTransaction:
        return


def test_impersonated_hashes_depend_on_everything() -> None:
    def made(**more: Any) -> bytes:
        fields = {"chain_id": 7, "gas": 1, "max_fee": 2, "tip": 3, **more}
        return impersonated(
            fields.pop("sender", SENDER), fields.pop("nonce", 0), fields.pop("to", TO),
            fields.pop("data", b""), **fields,
        ).hash  # fmt: skip

    changes: list[dict[str, Any]] = [
        {}, {"sender": TO}, {"nonce": 1}, {"to": None}, {"data": b"\1"}, {"chain_id": 8}, {"gas": 2},
        {"max_fee": 3}, {"tip": 2}, {"value": 1}, {"access_list": LISTED},
    ]  # fmt: skip
    assert len({made(**change) for change in changes}) == len(changes)
    assert made() == made()
