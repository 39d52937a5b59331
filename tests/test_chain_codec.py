"""Hashing and RLP, the crate's and Python's, against the libraries that are slower."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import rlp as library
from eth._utils.address import generate_contract_address
from eth_hash.auto import keccak as eth_hash
from hypothesis import given
from hypothesis import strategies as st

from twin.chain import codec
from twin.chain.codec import Item, contract_address, hex0x, keccak_small
from twin.crate import native

RLPS = [codec._rlp, *filter(None, [native("rlp")])]
HASHES = [codec._keccak, *filter(None, [native("keccak")])]
Rlp = Callable[[Any], bytes]
Hash = Callable[[Any], bytes]

ITEMS: Any = st.recursive(
    st.binary(max_size=80) | st.integers(min_value=0, max_value=2**300),
    lambda inner: st.lists(inner, max_size=6),
    max_leaves=20,
)


class Pair(NamedTuple):
    left: int
    right: bytes


@given(ITEMS)
def test_rlp_is_the_librarys(item: Item) -> None:
    assert {encode(item) for encode in RLPS} == {library.encode(item)}


@pytest.mark.parametrize("encode", RLPS)
@pytest.mark.parametrize("size", [0, 1, 55, 56, 57, 255, 256, 65_535, 65_536])
def test_lengths_around_the_edges(encode: Rlp, size: int) -> None:
    assert encode(b"\xff" * size) == library.encode(b"\xff" * size)
    assert encode([b"\xff"] * size) == library.encode([b"\xff"] * size)


@pytest.mark.parametrize("encode", RLPS)
def test_tuples_and_numbers_of_any_class(encode: Rlp) -> None:
    assert encode(Pair(1, b"x")) == encode((True, [b"x"][0])) == library.encode([1, b"x"])
    assert [encode(number) for number in (0, 127, 128, 2**63, 2**64, 2**256)] == [
        library.encode(number) for number in (0, 127, 128, 2**63, 2**64, 2**256)
    ]


@pytest.mark.parametrize("encode", RLPS)
@pytest.mark.parametrize(
    ("item", "error"),
    [
        (-1, OverflowError),
        ([1, -(2**300)], OverflowError),
        ("text", TypeError),
        ([None], TypeError),
        (bytearray(b"12"), TypeError),
        ({1: 2}, TypeError),
        (1.0, TypeError),
    ],
)
def test_what_is_no_item_is_refused(encode: Rlp, item: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        encode(item)


def nested(depth: int) -> list[Any]:
    return [nested(depth - 1)] if depth > 1 else []


@pytest.mark.parametrize("encode", RLPS)
def test_lists_nest_so_deep_and_no_deeper(encode: Rlp) -> None:
    assert encode(nested(256)) == library.encode(nested(256))
    endless: list[Any] = []
    endless.append(endless)
    for deeper in (nested(257), endless):
        with pytest.raises(RecursionError, match="RLP lists nest more than 256 deep"):
            encode(deeper)


@given(st.binary(max_size=600))
def test_hashes_are_the_librarys(data: bytes) -> None:
    assert {digest(data) for digest in HASHES} == {eth_hash(data)} == {keccak_small(data)}
    assert {digest(bytearray(data)) for digest in HASHES} == {eth_hash(data)}


@pytest.mark.parametrize("digest", HASHES)
@pytest.mark.parametrize("data", ["text", None, 5, memoryview(b"12"), [1, 2]])
def test_only_bytes_are_hashed(digest: Hash, data: Any) -> None:
    with pytest.raises(TypeError, match="bytes"):
        digest(data)


@pytest.mark.parametrize("digest", HASHES)
def test_the_known_hash_of_nothing(digest: Hash) -> None:
    empty = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert hex0x(digest(b"")) == empty == hex0x(keccak_small(b""))


@pytest.mark.parametrize("nonce", [0, 1, 127, 128, 2**64 - 2])
def test_creation_addresses_are_py_evms(nonce: int) -> None:
    sender = b"\xa1" * 20
    assert contract_address(sender, nonce) == generate_contract_address(sender, nonce)
