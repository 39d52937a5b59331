"""Roots against the `trie` library's, node by node."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trie import HexaryTrie

from twin.chain.codec import keccak
from twin.chain.mpt import EMPTY_ROOT, secure_root


def theirs(entries: dict[bytes, bytes]) -> bytes:
    trie = HexaryTrie({})
    for key, value in entries.items():
        trie[key] = value
    return bytes(trie.root_hash)


def test_the_empty_root_is_the_known_one() -> None:
    assert secure_root({}) == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 500])
def test_hashed_keys(count: int) -> None:
    entries = {keccak(bytes([n % 256, n // 256])): bytes([n % 255 + 1]) * 40 for n in range(count)}
    assert secure_root(entries) == theirs(entries)


# Keys that share long beginnings make extensions; short values make nodes that are embedded.
@given(
    st.dictionaries(
        st.builds(
            lambda head, tail: (head * 32)[:30] + tail,
            st.sampled_from([b"\0", b"\1", b"\x10", b"\0\1"]),
            st.binary(min_size=2, max_size=2),
        ),
        st.binary(min_size=1, max_size=40),
        max_size=12,
    )
)
def test_keys_with_common_beginnings(entries: dict[bytes, bytes]) -> None:
    assert secure_root(entries) == theirs(entries)
