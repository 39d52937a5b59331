"""One account of the py-evm engine, and what a stretch of the journal changed of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.chain.codec import EMPTY_CODE_HASH, keccak_small, rlp
from twin.chain.mpt import EMPTY_ROOT, secure_root
from twin.chain.port import AccountChange

__all__ = [
    "ACCOUNT",
    "BALANCE",
    "CODE",
    "NONCE",
    "SLOT",
    "STORAGE",
    "Account",
    "Entry",
    "net_changes",
]

# What a journal entry restores: (kind, subject, value, ...). Applying one gives its inverse.
ACCOUNT, BALANCE, NONCE, CODE, SLOT, STORAGE = range(6)

Entry = tuple[Any, ...]


class Account:
    """One account; *root* is its storage root, or None where slots changed since it was made."""

    __slots__ = ("address", "balance", "code", "code_hash", "nonce", "root", "storage")

    def __init__(self, address: bytes) -> None:
        """Start empty."""
        self.address = address
        self.nonce = 0
        self.balance = 0
        self.code = b""
        self.code_hash = EMPTY_CODE_HASH
        self.storage: dict[int, int] = {}
        self.root: bytes | None = EMPTY_ROOT

    @property
    def empty(self) -> bool:
        """Whether EIP-161 calls it empty."""
        return not (self.nonce or self.balance or self.code)

    def put(self, slot: int, value: int) -> None:
        """Write one slot, zero by removing it."""
        self.root = None
        if value:
            self.storage[slot] = value
        else:
            self.storage.pop(slot, None)

    def rlp(self) -> bytes:
        """Return the account as the state trie holds it."""
        if self.root is None:
            items = self.storage.items()
            self.root = secure_root(
                {keccak_small(slot.to_bytes(32, "big")): rlp(value) for slot, value in items}
            )
        return rlp((self.nonce, self.balance, self.root, self.code_hash))


def net_changes(
    journal: Sequence[Entry], accounts: Mapping[bytes, Account]
) -> dict[bytes, AccountChange]:
    """Return what the entries of *journal* made of *accounts*, net, by ascending address."""
    replaced: dict[bytes, Account | None] = {}
    first: dict[tuple[Account, int], Any] = {}
    slots: dict[Account, dict[int, int]] = {}
    touched: set[bytes] = set()
    for entry in journal:
        kind, subject, old = entry[0], entry[1], entry[2]
        if kind == ACCOUNT:
            replaced.setdefault(subject, old)
            touched.add(subject)
            continue
        touched.add(subject.address)
        if kind == SLOT:
            slots.setdefault(subject, {}).setdefault(entry[3], old)
        elif kind == STORAGE:
            was = slots.setdefault(subject, {})
            for slot, value in old.items():
                was.setdefault(slot, value)
        else:
            first.setdefault((subject, kind), old)
    found: dict[bytes, AccountChange] = {}
    for address in sorted(touched):
        now = accounts.get(address)
        before = replaced.get(address, now)
        change = _net(before, now, first, slots)
        if change is not None:
            found[address] = change
    return found


def _net(
    before: Account | None,
    now: Account | None,
    first: dict[tuple[Account, int], Any],
    slots: dict[Account, dict[int, int]],
) -> AccountChange | None:
    """Return the change from *before* to *now*, or None; the rest holds what *before* was."""
    if now is None:
        gone = AccountChange(0, 0, EMPTY_CODE_HASH, {}, deleted=True)
        return None if before is None else gone
    old: dict[int, int] = {}
    same = False
    if before is not None:
        _, was_hash = first.get((before, CODE), (b"", before.code_hash))
        same = (
            first.get((before, NONCE), before.nonce) == now.nonce
            and first.get((before, BALANCE), before.balance) == now.balance
            and was_hash == now.code_hash
        )
        old = slots.get(before, {})
    if before is not now:
        kept = before.storage if before is not None else {}
        old = {**dict.fromkeys(now.storage, 0), **kept, **old}
    storage = {
        slot: now.storage.get(slot, 0)
        for slot, value in sorted(old.items())
        if now.storage.get(slot, 0) != value
    }
    if same and not storage:
        return None
    return AccountChange(now.nonce, now.balance, now.code_hash, storage)
