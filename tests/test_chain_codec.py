"""Hashing and RLP against the libraries that are slower."""

from __future__ import annotations

from typing import Any

import pytest
import rlp as library
from eth._utils.address import generate_contract_address
from hypothesis import given
from hypothesis import strategies as st

from twin.chain.codec import Item, contract_address, hex0x, keccak, keccak_small, rlp

ITEMS: Any = st.recursive(
    st.binary(max_size=80) | st.integers(min_value=0, max_value=2**256 - 1),
    lambda inner: st.lists(inner, max_size=6),
    max_leaves=20,
)


@given(ITEMS)
def test_rlp_is_the_librarys(item: Item) -> None:
    assert rlp(item) == library.encode(item)


@pytest.mark.parametrize("size", [0, 1, 55, 56, 57, 255, 256, 65_535, 65_536])
def test_lengths_around_the_edges(size: int) -> None:
    assert rlp(b"\xff" * size) == library.encode(b"\xff" * size)
    assert rlp([b"\xff"] * size) == library.encode([b"\xff"] * size)


def test_the_known_hash_of_nothing() -> None:
    empty = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert hex0x(keccak(b"")) == empty == hex0x(keccak_small(b""))


@pytest.mark.parametrize("nonce", [0, 1, 127, 128, 2**64 - 2])
def test_creation_addresses_are_py_evms(nonce: int) -> None:
    sender = b"\xa1" * 20
    assert contract_address(sender, nonce) == generate_contract_address(sender, nonce)
