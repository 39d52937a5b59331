"""Both engines in lock-step: every transaction on each, and a stop at the first difference.

The reference answers too late to be fast and the fast engine is only worth its speed while it
answers the same, so a run with `--engine both` asks both and compares status, gas, logs, output,
the created address, refusals, every changed balance, nonce, code and slot, and state roots where
they are asked for. EELS, the executable specification, judges a difference where it is installed
(`arbiter`). It ends the run (JudgesDisagree, exit code 5) with the verdict, a state test and a
program that shows it again: the accounts as they were before, the block and the transaction. Only
a fault of py-evm that is on the list of `arbiter_known` does not end it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from twin.chain.arbiter import Outcome, Subject, short
from twin.chain.arbiter_dispute import settle
from twin.chain.arbiter_known import KNOWN, KnownFault, excuse
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
from twin.errors import InvalidTransaction, JudgesDisagree

__all__ = ["Lockstep"]

T = TypeVar("T")


class _Reference(PyEvm):
    """The reference, which also tells what changed since a snapshot."""

    def changes_since(self, snapshot: int) -> Mapping[bytes, AccountChange]:
        """Return what changed since *snapshot*, net, by ascending address."""
        changes: Mapping[bytes, AccountChange] = self._accounts.changes(self._position(snapshot))
        return changes


class Lockstep:
    """The engine port on both engines; what it answers is what both said.

    *known* are the faults of py-evm that are excused; *excused* counts them by name, and the
    answer is then revm's.
    """

    name = "both"

    def __init__(self, *, chain_id: int, known: tuple[KnownFault, ...] = KNOWN) -> None:
        """Start with no account and no block."""
        self.chain_id = chain_id
        self.known = known
        self.excused: dict[str, int] = {}
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
            self.revert(start)
            words = _difference(expected, found) or _changes(*changed)
            outcomes = Outcome.of(expected, changed[0]), Outcome.of(found, changed[1])
            self._settle(words, tx, self._env, outcomes)
            expected = self._mirrored(tx)
        self.forget(start)
        if isinstance(expected, InvalidTransaction):
            raise expected
        return expected

    def call(
        self, call: Call, *, env: BlockEnv | None = None, snapshot: int | None = None
    ) -> Output:
        """Execute *call* on both and forget its effects.

        A difference on a past state takes both back to it, and is never excused.
        """
        theirs = None if snapshot is None else self._handles.get(snapshot)
        expected = _outcome(lambda: self.reference.call(call, env=env, snapshot=snapshot))
        found = _outcome(lambda: self.fast.call(call, env=env, snapshot=theirs))
        if not _alike(expected, found):
            if snapshot is not None:
                self.revert(snapshot)
            outcomes = Outcome.of(expected, {}), Outcome.of(found, {})
            words = _difference(expected, found)
            block = self._env if env is None else env
            self._settle(words, call, block, outcomes, excusable=snapshot is None)
            expected = found
        if isinstance(expected, InvalidTransaction):
            raise expected
        return expected

    def _settle(
        self,
        words: str,
        subject: Subject,
        env: BlockEnv | None,
        outcomes: tuple[Outcome, Outcome],
        *,
        excusable: bool = True,
    ) -> None:
        """Have EELS judge a difference; JudgesDisagree unless it is a known fault of py-evm."""
        assert env is not None  # noqa: S101 - neither engine runs without a block
        named = dict(zip(("pyevm", "revm"), outcomes, strict=True))
        dispute = settle(
            words, subject, env=env, outcomes=named, reference=self.reference, fast=self.fast
        )
        fault = excuse(dispute, self.known if excusable else ())
        if fault is None:
            raise JudgesDisagree(dispute.report())
        self.excused[fault.name] = self.excused.get(fault.name, 0) + 1

    def _mirrored(self, tx: Transaction) -> Execution | InvalidTransaction:
        """Execute *tx* on the fast engine and write what it changed into the reference."""
        start = self.fast.snapshot()
        found = _outcome(lambda: self.fast.transact(tx))
        for address, change in self.fast.changes_since(start).items():
            if change.deleted:
                self.reference.set_account(address, AccountState())
            else:
                self.reference.set_account(address, self.fast.account(address))
                self.reference.set_storage(address, change.storage)
        self.fast.forget(start)
        return found

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
            raise JudgesDisagree(f"{what}: pyevm says {short(expected)}, revm {short(found)}")
        return expected


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
        return f"pyevm gives {short(expected)}, revm {short(found)}"
    for name in getattr(expected, "__slots__", ("reason",)):
        ours, theirs = getattr(expected, name), getattr(found, name)
        if ours != theirs:
            return f"{name} is {short(ours)} on pyevm and {short(theirs)} on revm"
    return ""


def _changes(expected: Mapping[bytes, AccountChange], found: Mapping[bytes, AccountChange]) -> str:
    """Return the first account whose changes differ."""
    for address in sorted({*expected, *found}):
        ours, theirs = expected.get(address), found.get(address)
        if ours != theirs:
            return f"{hex0x(address)} changes to {ours} on pyevm and to {theirs} on revm"
    return "the order of the changes"
