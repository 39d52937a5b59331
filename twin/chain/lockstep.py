"""Both engines in lock-step: every transaction on each, and a stop at the first difference.

The reference answers too late to be fast and the fast engine is only worth its speed while it
answers the same, so a run with `--engine both` asks both and compares status, gas, logs, output,
the created address, refusals, every changed balance, nonce, code and slot, and state roots where
they are asked for. A difference ends the run (JudgesDisagree, exit code 5) with a program that
shows it again: the accounts as they were before, the block and the transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from twin.chain.codec import hex0x
from twin.chain.port import (
    AccountChange,
    AccountState,
    BlockEnv,
    Call,
    Engine,
    Execution,
    Output,
    Transaction,
)
from twin.chain.pyevm import PyEvm
from twin.chain.revm import Revm
from twin.errors import ChainError, InvalidTransaction, JudgesDisagree

__all__ = ["Lockstep"]

T = TypeVar("T")

_BLOCKHASH = 0x40


class _Reference(PyEvm):
    """The reference, which also tells what changed since a snapshot."""

    def changes_since(self, snapshot: int) -> Mapping[bytes, AccountChange]:
        """Return what changed since *snapshot*, net, by ascending address."""
        changes: Mapping[bytes, AccountChange] = self._accounts.changes(self._position(snapshot))
        return changes


class Lockstep:
    """The engine port on both engines; what it answers is what both said."""

    name = "both"

    def __init__(self, *, chain_id: int) -> None:
        """Start with no account and no block."""
        self.chain_id = chain_id
        self.reference = _Reference(chain_id=chain_id)
        self.fast = Revm(chain_id=chain_id)
        self._env: BlockEnv | None = None
        self._handles: dict[int, int] = {}

    # -- blocks and transactions

    def begin_block(self, env: BlockEnv) -> None:
        """Set the environment for the transactions and calls that follow."""
        self.reference.begin_block(env)
        self.fast.begin_block(env)
        self._env = env

    def transact(self, tx: Transaction) -> Execution:
        """Execute and commit *tx* on both; InvalidTransaction where both refuse it alike."""
        start = self.snapshot()
        expected = _outcome(lambda: self.reference.transact(tx))
        found = _outcome(lambda: self.fast.transact(tx))
        changed = self.reference.changes_since(start), self.fast.changes_since(self._handles[start])
        if not _alike(expected, found) or changed[0] != changed[1]:
            words = _difference(expected, found) or _changes(*changed)
            self.revert(start)
            raise JudgesDisagree(self._report(words, tx, self._env))
        self.forget(start)
        if isinstance(expected, InvalidTransaction):
            raise expected
        return expected

    def call(
        self, call: Call, *, env: BlockEnv | None = None, snapshot: int | None = None
    ) -> Output:
        """Execute *call* on both and forget its effects."""
        theirs = None if snapshot is None else self._handles.get(snapshot)
        expected = _outcome(lambda: self.reference.call(call, env=env, snapshot=snapshot))
        found = _outcome(lambda: self.fast.call(call, env=env, snapshot=theirs))
        if not _alike(expected, found):
            if snapshot is not None:
                self.revert(snapshot)
            words = _difference(expected, found)
            raise JudgesDisagree(self._report(words, call, self._env if env is None else env))
        if isinstance(expected, InvalidTransaction):
            raise expected
        return expected

    # -- snapshots and changes

    def snapshot(self) -> int:
        """Return a handle on the present state of both."""
        handle = self.reference.snapshot()
        self._handles[handle] = self.fast.snapshot()
        return handle

    def revert(self, snapshot: int) -> None:
        """Take both back to the state of *snapshot*, which stays valid."""
        self.reference.revert(snapshot)
        self.fast.revert(self._handles[snapshot])
        self._handles = {kept: at for kept, at in self._handles.items() if kept <= snapshot}

    def forget(self, snapshot: int) -> None:
        """Discard *snapshot*."""
        self.reference.forget(snapshot)
        self.fast.forget(self._handles.pop(snapshot))

    def drain_changes(self) -> Mapping[bytes, AccountChange]:
        """Return what changed since the last drain, which both must agree on; start anew."""
        return self._same("the changes of a block", lambda engine: dict(engine.drain_changes()))

    # -- state

    def account(self, address: bytes) -> AccountState:
        """Return nonce, balance and code of *address*."""
        return self._same(f"account {hex0x(address)}", lambda engine: engine.account(address))

    def storage(self, address: bytes, slot: int) -> int:
        """Return the value of *slot* of *address*."""
        what = f"slot {slot:#x} of {hex0x(address)}"
        return self._same(what, lambda engine: engine.storage(address, slot))

    def set_account(self, address: bytes, state: AccountState) -> None:
        """Write an account outside any transaction."""
        self.reference.set_account(address, state)
        self.fast.set_account(address, state)

    def set_storage(self, address: bytes, slots: Mapping[int, int]) -> None:
        """Write storage outside any transaction."""
        self.reference.set_storage(address, slots)
        self.fast.set_storage(address, slots)

    def state_root(self) -> bytes:
        """Return the Merkle-Patricia root of the present state, which both must agree on."""
        return self._same("the state root", lambda engine: engine.state_root())

    def accounts(self) -> Iterable[bytes]:
        """Yield every address there is, in ascending order."""
        yield from self._same("the addresses", lambda engine: list(engine.accounts()))

    def dump(self) -> dict[str, dict[str, object]]:
        """Return the state in genesis-alloc JSON form."""
        return self._same("the whole state", lambda engine: engine.dump())

    def _same(self, what: str, ask: Callable[[Engine], T]) -> T:
        """Return what both answer; JudgesDisagree where they do not answer alike."""
        expected, found = ask(self.reference), ask(self.fast)
        if expected != found:
            raise JudgesDisagree(f"{what}: pyevm says {_short(expected)}, revm {_short(found)}")
        return expected

    # -- what a difference leaves

    def _report(self, words: str, subject: Transaction | Call, env: BlockEnv | None) -> str:
        """Return *words* with a program that does *subject* again; the state is that before it."""
        kind = "transaction" if isinstance(subject, Transaction) else "call"
        assert env is not None  # noqa: S101 - neither engine runs without a block
        return (
            f"pyevm and revm disagree about a {kind} in block {env.number}: {words}\n"
            f"To see it again, run this Python:\n\n{self._program(subject, env)}"
        )

    def _program(self, subject: Transaction | Call, env: BlockEnv) -> str:
        """Return Python that rebuilds what *subject* touches, and runs it on both engines."""
        try:
            seen = self.fast.seen(subject, env=env)
        except ChainError:
            seen = {}
        sender, to = subject.sender, subject.to
        for address in (sender, env.coinbase, *(() if to is None else (to,))):
            seen.setdefault(address, [])
        lines = [
            "from twin.chain.lockstep import Lockstep",
            "from twin.chain.port import AccountState, BlockEnv, Call, Transaction",
            "",
            f"engine = Lockstep(chain_id={self.chain_id})",
        ]
        hashes: tuple[bytes, ...] = ()
        for address in sorted(seen):
            account = self.reference.account(address)
            if _BLOCKHASH in account.code and not hashes:
                hashes = tuple(
                    found for found, _ in zip(env.parent_hashes, range(256), strict=False)
                )
            slots = {slot: self.reference.storage(address, slot) for slot in seen[address]}
            kept = {slot: value for slot, value in slots.items() if value}
            lines.append(f"engine.set_account({address!r}, {account!r})")
            if kept:
                lines.append(f"engine.set_storage({address!r}, {kept!r})")
        lines.append(f"engine.begin_block({replace(env, parent_hashes=hashes)!r})")
        method = "transact" if isinstance(subject, Transaction) else "call"
        lines.append(f"print(engine.{method}({subject!r}))")
        return "\n".join(lines) + "\n"


def _outcome(run: Callable[[], T]) -> T | InvalidTransaction:
    """Return what *run* returns, or the refusal that it raises."""
    try:
        return run()
    except InvalidTransaction as refusal:
        return refusal


def _alike(expected: object, found: object) -> bool:
    """Return whether two outcomes are the same record, or refusals for the same reason."""
    if isinstance(expected, InvalidTransaction) and isinstance(found, InvalidTransaction):
        return expected.reason == found.reason
    return expected == found


def _difference(expected: object, found: object) -> str:
    """Return in which field two outcomes differ, or nothing."""
    if type(expected) is not type(found):
        return f"pyevm gives {_short(expected)}, revm {_short(found)}"
    for name in getattr(expected, "__slots__", ("reason",)):
        ours, theirs = getattr(expected, name), getattr(found, name)
        if ours != theirs:
            return f"{name} is {_short(ours)} on pyevm and {_short(theirs)} on revm"
    return ""


def _changes(expected: Mapping[bytes, AccountChange], found: Mapping[bytes, AccountChange]) -> str:
    """Return the first account whose changes differ."""
    for address in sorted({*expected, *found}):
        ours, theirs = expected.get(address), found.get(address)
        if ours != theirs:
            return f"{hex0x(address)} changes to {ours} on pyevm and to {theirs} on revm"
    return "the order of the changes"


def _short(value: object) -> str:
    """Return *value* in at most 400 characters."""
    text = repr(value)
    return text if len(text) <= 400 else f"{text[:400]}... ({len(text)} characters)"
