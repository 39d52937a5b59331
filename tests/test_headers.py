"""Headers' hashes: what each commits to, spelled out."""

from __future__ import annotations

from twin.chain.codec import keccak, rlp
from twin.chain.headers import (
    empty_hash,
    full_hash,
    prevrandao,
    roll_state,
    salted,
    transactions_hash,
)
from twin.chain.port import AccountChange

ANCHOR, A, B = b"\1" * 32, b"\2" * 32, b"\3" * 32


def test_what_the_hashes_are_made_of() -> None:
    assert empty_hash(ANCHOR, 4, 5, 6, 7) == keccak(rlp([ANCHOR, 4, 5, 6, 7]))
    assert full_hash(ANCHOR, (4, 5, 6, 7), (A, B, A)) == keccak(rlp([ANCHOR, 4, 5, 6, 7, A, B, A]))
    assert transactions_hash([A, B]) == keccak(rlp([A, B])) != transactions_hash([B, A])


def test_randomness_and_salt_depend_on_place() -> None:
    assert len({prevrandao(ANCHOR, 1), prevrandao(ANCHOR, 2), prevrandao(A, 1)}) == 3
    assert len({salted(ANCHOR, 1, 1), salted(ANCHOR, 1, 2), salted(ANCHOR, 2, 1)}) == 3


def test_the_state_hash_rolls_over_changes_with_their_slots_sorted() -> None:
    changes = {
        b"\5" * 20: AccountChange(1, 2, A, {9: 0, 3: 4}),
        b"\6" * 20: AccountChange(0, 0, B, {}, True),
    }
    listed = [(b"\5" * 20, 0, 1, 2, A, [(3, 4), (9, 0)]), (b"\6" * 20, 1, 0, 0, B, [])]
    assert roll_state(ANCHOR, changes) == keccak(ANCHOR + rlp(listed))
    assert roll_state(ANCHOR, {}) != ANCHOR
