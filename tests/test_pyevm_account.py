"""What a stretch of the journal changed, net, entry by entry; the property is in test_pyevm_state."""

from __future__ import annotations

from typing import Any

import pytest

from twin.chain.codec import EMPTY_CODE_HASH, keccak
from twin.chain.port import AccountChange
from twin.chain.pyevm_state import Accounts

A, B = b"\1" * 20, b"\2" * 20

CHANGES: list[tuple[str, list[tuple[Any, ...]], dict[bytes, AccountChange]]] = [
    ("nothing", [], {}),
    ("there and back", [("set_balance", A, 7), ("set_balance", A, 5)], {}),
    ("made and gone", [("set_balance", B, 1), ("delete_account", B)], {}),
    (
        "a slot set back, another cleared",
        [("set_storage", A, 1, 9), ("set_storage", A, 1, 3), ("set_storage", A, 2, 0)],
        {A: AccountChange(0, 5, EMPTY_CODE_HASH, {2: 0})},
    ),
    (
        "new code",
        [("set_code", A, b"c")],
        {A: AccountChange(0, 5, keccak(b"c"), {})},
    ),
    (
        "deleted",
        [("set_balance", A, 8), ("delete_account", A)],
        {A: AccountChange(0, 0, EMPTY_CODE_HASH, {}, deleted=True)},
    ),
    (
        "deleted and made again: old slots are gone, new ones there",
        [("delete_account", A), ("set_balance", A, 5), ("set_storage", A, 2, 4), ("set_storage", A, 8, 1)],
        {A: AccountChange(0, 5, EMPTY_CODE_HASH, {1: 0, 8: 1})},
    ),
    (
        "the whole storage deleted",
        [("delete_storage", A), ("set_storage", A, 1, 3)],
        {A: AccountChange(0, 5, EMPTY_CODE_HASH, {2: 0})},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "net"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_net_changes(changes: list[tuple[Any, ...]], net: dict[bytes, AccountChange]) -> None:
    accounts = Accounts()
    accounts.set_balance(A, 5)
    accounts.set_storage(A, 1, 3)
    accounts.set_storage(A, 2, 4)
    position = accounts.position()
    for name, *arguments in changes:
        getattr(accounts, name)(*arguments)
    assert accounts.changes(position) == net
