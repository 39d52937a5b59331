"""The fast engine: Cancun on the Rust crate `fictra_twin_engine` (engine/), which is revm.

The crate does the work and makes the port's own records; what a refusal says is `validity`'s, for
both engines. Everything that the port does not ask for and the crate can do is here too: batches
that release the GIL, loading a genesis allocation, and traces in geth's form.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from twin.chain.charges import NAMES, Before
from twin.chain.port import (
    AccountChange,
    AccountState,
    BlockEnv,
    Call,
    Execution,
    Log,
    Output,
    Transaction,
)
from twin.chain.trace import Frame, Look, StepOptions, struct_form
from twin.chain.validity import check, check_call
from twin.errors import ChainError, InvalidTransaction

__all__ = ["Revm"]


def _refuse_call(call: Call, balance: int) -> None:
    """Raise InvalidTransaction for *call* of a sender with *balance*, as the reference does."""
    check_call(_traced(call)[0], balance)


def _traced(subject: Transaction | Call) -> tuple[Transaction, bool]:
    """Return *subject* in a transaction's form, and whether it pays for its gas."""
    if isinstance(subject, Transaction):
        return subject, True
    call = subject
    fields = (call.sender, 0, call.to, call.value, call.data, call.gas, 0, 0, b"", call.access_list)
    return Transaction(*fields), False


class Revm:
    """The engine port on revm; *chain_id* is checked against every block's environment."""

    name = "revm"

    def __init__(self, *, chain_id: int) -> None:
        """Start with no account and no block."""
        crate = importlib.import_module("fictra_twin_engine")
        port = SimpleNamespace(
            Transaction=Transaction,
            Call=Call,
            BlockEnv=BlockEnv,
            Execution=Execution,
            Log=Log,
            Output=Output,
            AccountState=AccountState,
            AccountChange=AccountChange,
            ChainError=ChainError,
            InvalidTransaction=InvalidTransaction,
            check=check,
            check_call=_refuse_call,
        )
        self.chain_id = chain_id
        self._env: BlockEnv | None = None
        self._crate: Any = crate.Engine(chain_id, port)
        self._transact, self._call = self._crate.transact, self._crate.call
        self._roll = crate.roll_changes

    # -- blocks and transactions

    def begin_block(self, env: BlockEnv) -> None:
        """Set the environment for the transactions and calls that follow."""
        self._crate.begin_block(env)
        self._env = env

    def transact(self, tx: Transaction) -> Execution:
        """Execute and commit *tx*; InvalidTransaction where no block may hold it."""
        done: Execution = self._transact(tx)
        return done

    def prepare(self, txs: Sequence[Transaction]) -> Any:
        """Return *txs* in the crate's own form, for `transact_many` on this or another engine."""
        return self._crate.prepare(txs)

    def transact_many(self, txs: Any) -> list[Execution | InvalidTransaction]:
        """Execute and commit *txs*, a sequence or what `prepare` made of it, without the GIL.

        A refused one leaves its InvalidTransaction in its place, and the rest goes on. Where
        something breaks (Ctrl-C too), the whole batch is taken back.
        """
        done: list[Execution | InvalidTransaction] = self._crate.transact_many(txs)
        return done

    def call(
        self, call: Call, *, env: BlockEnv | None = None, snapshot: int | None = None
    ) -> Output:
        """Execute *call* at gas price 0 and forget its effects.

        It runs in *env* (default: the block's) on the present state or on that of *snapshot*.
        """
        answer: Output = self._call(call, env=env, snapshot=snapshot)
        return answer

    def call_many(
        self, calls: Sequence[Call], *, env: BlockEnv | None = None, snapshot: int | None = None
    ) -> list[Output | InvalidTransaction]:
        """Execute *calls*, each on the same state, without the GIL; refusals stand in place."""
        answers: list[Output | InvalidTransaction] = self._crate.call_many(
            calls, env=env, snapshot=snapshot
        )
        return answers

    # -- looking inside

    @contextmanager
    def standing(self, snapshot: int | None, *, env: BlockEnv | None = None) -> Iterator[None]:
        """Stand on the state of *snapshot*, in *env*; what is done meanwhile is undone after."""
        outside = self._env
        self._crate.stand(snapshot)
        try:
            if env is not None:
                self.begin_block(env)
            yield
        finally:
            self._crate.come_back()
            if env is not None and outside is not None:
                self.begin_block(outside)

    def frames(self, subject: Transaction | Call) -> Frame:
        """Return the messages of *subject*, whose effects are forgotten."""
        return Frame.of(self._trace(subject, "calls"))

    def struct_logs(
        self, subject: Transaction | Call, options: StepOptions | None = None
    ) -> dict[str, Any]:
        """Return each instruction of *subject* as go-ethereum's struct logger does."""
        kept = options or StepOptions()
        chosen = (
            kept.limit,
            kept.room,
            kept.stack,
            kept.memory,
            kept.storage,
            kept.returned,
            NAMES,
        )
        found = self._trace(subject, "steps", options=chosen)
        if found is None:
            raise kept.too_large()
        faults = ((place, Before(*fault)) for place, fault in found["faults"])
        return struct_form(found, faults, size=kept.size)

    def looks(
        self, subject: Transaction | Call, *, keep: bool = False
    ) -> tuple[Execution | Output, list[Look]]:
        """Return what *subject* did, and the accounts and slots that it names.

        Its effects are forgotten unless *keep*.
        """
        output, looks = self._trace(subject, "looks", keep=keep)
        return output, looks

    def _trace(self, subject: Transaction | Call, form: str, **more: Any) -> Any:
        tx, charge = _traced(subject)
        return self._crate.trace(tx, form, charge=charge, **more)

    def seen(
        self, subject: Transaction | Call, *, env: BlockEnv | None = None
    ) -> dict[bytes, list[int]]:
        """Return the accounts, with their slots, that *subject* looks at or writes, ascending."""
        tx, charge = _traced(subject)
        found: dict[bytes, list[int]] = self._crate.trace(tx, "seen", charge=charge, env=env)
        return found

    # -- snapshots and changes

    def changes_since(self, snapshot: int) -> Mapping[bytes, AccountChange]:
        """Return what changed since *snapshot*, net, by ascending address."""
        changes: dict[bytes, AccountChange] = self._crate.changes_since(snapshot)
        return changes

    def snapshot(self) -> int:
        """Return a handle on the present state."""
        handle: int = self._crate.snapshot()
        return handle

    def revert(self, snapshot: int) -> None:
        """Go back to the state of *snapshot*, which stays valid; later ones are discarded."""
        self._crate.revert(snapshot)

    def forget(self, snapshot: int) -> None:
        """Discard *snapshot*; what only it needed is freed in time."""
        self._crate.forget(snapshot)

    def drain_changes(self) -> Mapping[bytes, AccountChange]:
        """Return what changed since the last drain, net, by ascending address; start anew."""
        changes: dict[bytes, AccountChange] = self._crate.drain_changes()
        return changes

    def roll_changes(self, previous: bytes) -> bytes | None:
        """Drain, and return the rolling state hash after *previous*; None where nothing changed.

        It is `headers.roll_state` of `drain_changes`, without a Python object for each account.
        """
        rolled: bytes | None = self._roll(self._crate, previous)
        return rolled

    # -- state

    def account(self, address: bytes) -> AccountState:
        """Return nonce, balance and code of *address* (zeros where there is none)."""
        state: AccountState = self._crate.account(address)
        return state

    def storage(self, address: bytes, slot: int) -> int:
        """Return the value of *slot* of *address*."""
        value: int = self._crate.storage(address, slot)
        return value

    def set_account(self, address: bytes, state: AccountState) -> None:
        """Write an account outside any transaction; an empty one is removed (EIP-7523)."""
        self._crate.set_account(address, state)

    def set_storage(self, address: bytes, slots: Mapping[int, int]) -> None:
        """Write storage outside any transaction."""
        self._crate.set_storage(address, slots)

    def state_root(self) -> bytes:
        """Return the Merkle-Patricia root of the present state; its cost follows the changes."""
        root: bytes = self._crate.state_root()
        return root

    def accounts(self) -> Iterable[bytes]:
        """Yield every address there is, in ascending order."""
        yield from self._crate.accounts()

    def dump(self) -> dict[str, dict[str, object]]:
        """Return the state in genesis-alloc JSON form."""
        state: dict[str, dict[str, object]] = self._crate.dump()
        return state

    def load(self, alloc: Mapping[str, Mapping[str, Any]]) -> None:
        """Write the accounts of *alloc*, in genesis-alloc JSON form, as `dump` gives it.

        Numbers are hex behind `0x` or decimal, as strings or integers; all but the balance may
        be missing.
        """
        for name, entry in alloc.items():
            address = bytes.fromhex(name.removeprefix("0x"))
            code = bytes.fromhex(str(entry.get("code", "")).removeprefix("0x"))
            nonce, balance = _number(entry.get("nonce", 0)), _number(entry.get("balance", 0))
            self.set_account(address, AccountState(nonce, balance, code))
            slots: Mapping[str, object] = entry.get("storage", {})
            self.set_storage(address, {_number(k): _number(v) for k, v in slots.items()})


def _number(value: object) -> int:
    """Return an integer of genesis-alloc JSON."""
    return int(str(value), 0)
