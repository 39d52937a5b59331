"""A laboratory for disagreements: engines that are wrong in one thing, named for their vice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import chain_lab as lab
import pytest

from twin.chain import arbiter_eels as eels
from twin.chain.arbiter_known import KnownFault
from twin.chain.lockstep import Lockstep, _Reference
from twin.chain.port import AccountState, BlockEnv, Call, Execution, Output, Transaction
from twin.chain.pyevm_computation import Computation, _program
from twin.chain.revm import Revm

needs_eels = pytest.mark.skipif(bool(eels.lacking()), reason=eels.lacking())
without_eels = pytest.mark.skipif(not eels.lacking(), reason="EELS is installed")

BALANCE = 0x31


@contextmanager
def dearer(opcode: int, gas: int) -> Iterator[None]:
    """Let py-evm charge *gas* more for *opcode*; no program that was made meanwhile is kept."""
    honest = Computation.opcodes[opcode]

    def lying(computation: Any) -> None:
        computation.consume_gas(gas, "a planted fault")
        honest(computation=computation)

    Computation.opcodes[opcode] = lying
    _program.cache_clear()
    try:
        yield
    finally:
        Computation.opcodes[opcode] = honest
        _program.cache_clear()


class OverchargesBalance(_Reference):
    """Charges 5 gas more for BALANCE than EIP-2929 has it."""

    def transact(self, tx: Transaction) -> Execution:
        with dearer(BALANCE, 5):
            return super().transact(tx)

    def call(
        self, call: Call, *, env: BlockEnv | None = None, snapshot: int | None = None
    ) -> Output:
        with dearer(BALANCE, 5):
            return super().call(call, env=env, snapshot=snapshot)


class KeepsTransientStorage(_Reference):
    """Does not clear transient storage after a transaction, against EIP-1153."""

    def __init__(self, *, chain_id: int) -> None:
        super().__init__(chain_id=chain_id)
        self.kept: dict[Any, bytes] = {}

    def _execute(self, tx: Transaction, *rest: Any) -> Any:
        self._accounts.transient.update(self.kept)
        computation = super()._execute(tx, *rest)
        self.kept = dict(self._accounts.transient)
        return computation


class DropsLastLog(Revm):
    """Loses the last log of a transaction."""

    def transact(self, tx: Transaction) -> Execution:
        done = super().transact(tx)
        return replace(done, logs=done.logs[:-1])


class RefusesEverything(Revm):
    """Calls every transaction's nonce too low."""

    def transact(self, tx: Transaction) -> Execution:
        return super().transact(replace(tx, nonce=-1))


def planted(
    reference: type[_Reference] = _Reference,
    fast: type[Revm] = Revm,
    known: tuple[KnownFault, ...] = (),
) -> Lockstep:
    """Return the engines *reference* and *fast* in lock-step, in a block, with ALICE and BOB."""
    both = Lockstep(chain_id=lab.CHAIN, known=known)
    both.reference, both.fast = reference(chain_id=lab.CHAIN), fast(chain_id=lab.CHAIN)
    for address in (lab.ALICE, lab.BOB):
        both.set_account(address, AccountState(balance=100 * lab.ETHER))
    both.drain_changes()
    both.begin_block(lab.ENV)
    return both


LOOKS = lab.asm(f"0x{lab.BOB.hex()} BALANCE 7 SSTORE 3 BLOCKHASH 8 SSTORE 7 PUSH0 LOG0")
"""Looks at BOB's balance and at the hash of block 3, writes both, and logs."""

COUNTS = lab.asm("PUSH0 TLOAD 1 ADD DUP1 PUSH0 TSTORE PUSH0 SSTORE")
"""Adds one to transient slot 0, and keeps the sum in slot 0."""
