"""The state behind the py-evm engine: plain dictionaries and one undo journal.

py-evm asks its state for balances, nonces, code and storage through `AccountDatabaseAPI`. Its own
database keeps tries and stacks of journals; this one keeps every account as an object and writes
down, before each change, how to take it back. A checkpoint is a length of the journal: recording
is free, discarding costs what changed, and the chain's snapshots are the same thing kept longer.
The journal also says what a block changed.

Empty accounts (EIP-161) are never kept: writing nothing to an absent account leaves it absent,
and since Spurious Dragon no transaction can drain an account to emptiness (its sender has a
nonce, a contract has a nonce or code), so that nothing needs to be swept.
"""

from __future__ import annotations

from typing import Any

from eth.abc import AccountDatabaseAPI

from twin.chain.codec import EMPTY_CODE_HASH, keccak, keccak_small
from twin.chain.mpt import EMPTY_ROOT, secure_root
from twin.chain.port import AccountChange, AccountState
from twin.chain.pyevm_account import (
    ACCOUNT,
    BALANCE,
    CODE,
    NONCE,
    SLOT,
    STORAGE,
    Account,
    Entry,
    net_changes,
)

__all__ = ["Accounts"]

Checkpoint = tuple[int, int]


class Accounts(AccountDatabaseAPI):  # type: ignore[misc]  # py-evm ships no types
    """All accounts, with an undo journal; implements what py-evm's state asks for."""

    def __init__(self, _db: object = None, _state_root: bytes = EMPTY_ROOT) -> None:
        """Take py-evm's arguments and ignore them: there is no trie below."""
        self.accounts: dict[bytes, Account] = {}
        self.journal: list[Entry] = []
        self.base = 0  # how many entries were trimmed from the front of the journal
        # What lasts for one transaction, with a journal of its own.
        self.warm: set[bytes | tuple[bytes, int]] = set()
        self.transient: dict[tuple[bytes, int], bytes] = {}
        self.originals: dict[tuple[bytes, int], int] = {}
        self.brief: list[tuple[Any, bytes | None]] = []

    # -- the journal

    def position(self) -> int:
        """Return where the journal stands, counted from the beginning of time."""
        return self.base + len(self.journal)

    def record(self) -> Checkpoint:
        """Return a checkpoint."""
        return self.base + len(self.journal), len(self.brief)

    def commit(self, checkpoint: Checkpoint) -> None:
        """Keep what happened since *checkpoint*: nothing is to be done."""

    def discard(self, checkpoint: Checkpoint) -> None:
        """Take back everything since *checkpoint*, what the transaction has seen included."""
        self.undo(checkpoint[0])
        brief, keep = self.brief, checkpoint[1]
        while len(brief) > keep:
            key, old = brief.pop()
            if old is None:
                self.warm.discard(key)
            else:
                self.transient[key] = old

    def undo(self, position: int) -> None:
        """Take the accounts back to *position* of the journal."""
        journal, keep = self.journal, position - self.base
        while len(journal) > keep:
            self._apply(journal.pop())

    def rewind(self, position: int) -> list[Entry]:
        """Take the accounts back to *position*; return what `replay` needs to redo it."""
        keep = position - self.base
        undone = self.journal[keep:]
        del self.journal[keep:]
        return [self._apply(entry) for entry in reversed(undone)]

    def replay(self, redo: list[Entry]) -> None:
        """Redo what `rewind` took back and gave as *redo*."""
        self.journal.extend([self._apply(entry) for entry in reversed(redo)])

    def trim(self, position: int) -> None:
        """Forget how to go back beyond *position*, once that frees half of the journal."""
        dead = position - self.base
        if dead > 4096 and dead * 2 > len(self.journal):
            del self.journal[:dead]
            self.base = position

    def _apply(self, entry: Entry) -> Entry:
        """Restore what *entry* holds; return the entry that takes this back."""
        kind, subject, value = entry[0], entry[1], entry[2]
        inverse: Entry
        if kind == SLOT:
            slot = entry[3]
            inverse = (SLOT, subject, subject.storage.get(slot, 0), slot)
            subject.put(slot, value)
        elif kind == BALANCE:
            inverse = (BALANCE, subject, subject.balance)
            subject.balance = value
        elif kind == NONCE:
            inverse = (NONCE, subject, subject.nonce)
            subject.nonce = value
        elif kind == ACCOUNT:
            inverse = (ACCOUNT, subject, self.accounts.pop(subject, None))
            if value is not None:
                self.accounts[subject] = value
        elif kind == CODE:
            inverse = (CODE, subject, (subject.code, subject.code_hash))
            subject.code, subject.code_hash = value
        else:
            inverse = (STORAGE, subject, subject.storage)
            subject.storage, subject.root = value, None
        return inverse

    # -- accounts

    def make(self, address: bytes) -> Account:
        """Return the account at *address*, made where there is none."""
        account = self.accounts.get(address)
        if account is None:
            account = self.accounts[address] = Account(address)
            self.journal.append((ACCOUNT, address, None))
        return account

    def get_balance(self, address: bytes) -> int:
        """Return the wei that *address* holds."""
        account = self.accounts.get(address)
        return account.balance if account is not None else 0

    def set_balance(self, address: bytes, balance: int) -> None:
        """Write the wei that *address* holds."""
        account = self.accounts.get(address)
        if account is None:
            if not balance:
                return
            account = self.make(address)
        self.journal.append((BALANCE, account, account.balance))
        account.balance = balance

    def delta_balance(self, address: bytes, delta: int) -> None:
        """Add *delta* to the wei that *address* holds."""
        self.set_balance(address, self.get_balance(address) + delta)

    def get_nonce(self, address: bytes) -> int:
        """Return the nonce of *address*."""
        account = self.accounts.get(address)
        return account.nonce if account is not None else 0

    def set_nonce(self, address: bytes, nonce: int) -> None:
        """Write the nonce of *address*."""
        account = self.make(address)
        self.journal.append((NONCE, account, account.nonce))
        account.nonce = nonce

    def increment_nonce(self, address: bytes) -> None:
        """Add one to the nonce of *address*."""
        self.set_nonce(address, self.get_nonce(address) + 1)

    def get_code(self, address: bytes) -> bytes:
        """Return the code at *address*."""
        account = self.accounts.get(address)
        return account.code if account is not None else b""

    def get_code_hash(self, address: bytes) -> bytes:
        """Return the hash of the code at *address*."""
        account = self.accounts.get(address)
        return account.code_hash if account is not None else EMPTY_CODE_HASH

    def set_code(self, address: bytes, code: bytes) -> None:
        """Write the code at *address*."""
        account = self.make(address)
        self.journal.append((CODE, account, (account.code, account.code_hash)))
        account.code = code
        account.code_hash = keccak(code) if code else EMPTY_CODE_HASH

    def delete_code(self, address: bytes) -> None:
        """Remove the code at *address*."""
        self.set_code(address, b"")

    def account_has_code_or_nonce(self, address: bytes) -> bool:
        """Return whether a creation at *address* would collide (EIP-684, EIP-7610)."""
        account = self.accounts.get(address)
        return account is not None and bool(account.nonce or account.code or account.storage)

    def account_exists(self, address: bytes) -> bool:
        """Return whether there is an account at *address*."""
        return address in self.accounts

    def account_is_empty(self, address: bytes) -> bool:
        """Return whether the account at *address* is empty or absent."""
        account = self.accounts.get(address)
        return account is None or account.empty

    def touch_account(self, address: bytes) -> None:
        """Do nothing: an absent account stays absent."""

    def delete_account(self, address: bytes) -> None:
        """Remove the account at *address* with its storage."""
        account = self.accounts.pop(address, None)
        if account is not None:
            self.journal.append((ACCOUNT, address, account))

    # -- storage

    def get_storage(self, address: bytes, slot: int, from_journal: bool = True) -> int:
        """Return the value of *slot*; with *from_journal* false, as the transaction found it."""
        if not from_journal:
            original = self.originals.get((address, slot))
            if original is not None:
                return original
        account = self.accounts.get(address)
        return account.storage.get(slot, 0) if account is not None else 0

    def set_storage(self, address: bytes, slot: int, value: int) -> None:
        """Write *value* to *slot*; zero removes it."""
        account = self.make(address)
        old = account.storage.get(slot, 0)
        if old != value:
            self.originals.setdefault((address, slot), old)
            self.journal.append((SLOT, account, old, slot))
            account.put(slot, value)

    def delete_storage(self, address: bytes) -> None:
        """Remove the whole storage of *address*."""
        account = self.accounts.get(address)
        if account is not None and account.storage:
            for slot, value in account.storage.items():
                self.originals.setdefault((address, slot), value)
            self.journal.append((STORAGE, account, account.storage))
            account.storage, account.root = {}, EMPTY_ROOT

    # -- what lasts for one transaction

    def is_storage_warm(self, address: bytes, slot: int) -> bool:
        """Return whether the transaction has seen *slot* (EIP-2929)."""
        return (address, slot) in self.warm

    def mark_storage_warm(self, address: bytes, slot: int) -> None:
        """Remember that the transaction has seen *slot*."""
        self.warm_up((address, slot))

    def is_address_warm(self, address: bytes) -> bool:
        """Return whether the transaction has seen *address*."""
        return address in self.warm

    def mark_address_warm(self, address: bytes) -> None:
        """Remember that the transaction has seen *address*."""
        self.warm_up(address)

    def warm_up(self, key: bytes | tuple[bytes, int]) -> bool:
        """Remember that the transaction has seen *key*; return whether it was cold."""
        if key in self.warm:
            return False
        self.warm.add(key)
        self.brief.append((key, None))
        return True

    def get_transient_storage(self, address: bytes, slot: int) -> bytes:
        """Return the transient value of *slot* (EIP-1153)."""
        return self.transient.get((address, slot), b"")

    def set_transient_storage(self, address: bytes, slot: int, value: bytes) -> None:
        """Write the transient value of *slot*."""
        key = (address, slot)
        self.brief.append((key, self.transient.get(key, b"")))
        self.transient[key] = value

    def lock_changes(self) -> None:
        """End a transaction: nothing is warm, transient storage is clear, originals are now."""
        self.warm.clear()
        self.originals.clear()
        self.transient.clear()
        self.brief.clear()

    # -- the whole state

    def changes(self, position: int) -> dict[bytes, AccountChange]:
        """Return what changed since *position*, net, by address in ascending order."""
        return net_changes(self.journal[position - self.base :], self.accounts)

    @property
    def state_root(self) -> bytes:
        """The Merkle-Patricia root of all accounts."""
        return secure_root({keccak_small(a): account.rlp() for a, account in self.accounts.items()})

    @state_root.setter
    def state_root(self, _value: bytes) -> None:
        """Ignore py-evm's resetting: the journal goes back, not the root."""

    def make_state_root(self) -> bytes:
        """Return the root."""
        return self.state_root

    def has_root(self, state_root: bytes) -> bool:
        """Return whether the present state has *state_root*."""
        return self.state_root == state_root

    def persist(self) -> None:
        """Refuse: there is nothing below to persist to."""
        raise NotImplementedError

    def view(self, address: bytes) -> AccountState:
        """Return nonce, balance and code of *address*."""
        account = self.accounts.get(address)
        if account is None:
            return AccountState()
        return AccountState(account.nonce, account.balance, account.code)
