"""Signed transactions: eth-account is the judge."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account

from twin.chain.rpc.signing import Signature, Unsigned, sign, signature
from twin.chain.transactions import impersonated
from twin.protocol.roles import account_of, key_of

TO, DATA = b"\x22" * 20, b"\1\2\3"
ACCESS = ((b"\x33" * 20, (1, 2**255)),)
LISTED = [{"address": "0x" + "33" * 20,
           "storageKeys": [f"0x{1:064x}", f"0x{2**255:064x}"]}]  # fmt: skip
THEIRS: dict[int, dict[str, Any]] = {
    0: {"gasPrice": 9},
    1: {"gasPrice": 9, "accessList": LISTED, "type": 1},
    2: {"maxFeePerGas": 9, "maxPriorityFeePerGas": 3, "accessList": LISTED, "type": 2},
}


@pytest.mark.parametrize("kind", [0, 1, 2])
@pytest.mark.parametrize("to", [TO, None])
def test_eth_account_signs_the_same(kind: int, to: bytes | None) -> None:
    key = key_of("ann")
    tip = 3 if kind == 2 else 9
    tx = sign(Unsigned(5, 7, to, 11, DATA, 100_000, 9, tip, ACCESS if kind else (), kind), key)
    fields = {"chainId": 5, "nonce": 7, "to": "0x" + to.hex() if to else "", "value": 11,
              "data": DATA, "gas": 100_000, **THEIRS[kind]}  # fmt: skip
    theirs = Account.sign_transaction(fields, key)
    assert tx.raw == bytes(theirs.raw_transaction)
    assert tx.hash == bytes(theirs.hash)
    assert tx.sender == account_of("ann")
    parity = (theirs.v - 35) % 2 if kind == 0 else theirs.v
    assert signature(tx) == Signature(theirs.v, theirs.r, theirs.s, parity)


def test_a_legacy_transaction_can_be_signed_for_any_chain() -> None:
    tx = sign(Unsigned(0, 0, TO, 0, b"", 21_000, 1, 1, kind=0), key_of("ann"))
    assert tx.sender == account_of("ann")
    assert signature(tx).v in {27, 28}


def test_an_impersonated_transaction_has_none() -> None:
    tx = impersonated(TO, 0, None, chain_id=1, gas=21_000, max_fee=1, tip=0)
    assert signature(tx) == Signature()
