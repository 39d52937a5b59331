"""The reference engine: Cancun on py-evm's virtual machine, with the state of `pyevm_state`.

py-evm supplies the instructions, gas rules and precompiles; what is around a message (validity,
buying gas, refunds, fees, deletion) is written here from the EIPs, because py-evm's own executor
takes signed transactions only, and accepts a tip above the fee cap and senders with code. There
is no wall clock, no randomness and no trie in the way of a transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from eth.vm.message import Message

from twin.chain.codec import contract_address
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
from twin.chain.pyevm_computation import Computation
from twin.chain.pyevm_machine import Context, Environment, State
from twin.chain.pyevm_state import Accounts
from twin.chain.trace import Frame, Look, StepOptions, struct_form
from twin.chain.validity import check, check_call, intrinsic_gas
from twin.errors import ChainError

if TYPE_CHECKING:  # watching runs on what is made here
    from twin.chain.pyevm_watch import Watch

__all__ = ["PyEvm"]

_CREATE = b""  # py-evm's address of a creation
_REFUND_QUOTIENT = 5  # EIP-3529


class PyEvm:
    """The engine port on py-evm; *chain_id* is checked against every block's environment."""

    name = "pyevm"

    def __init__(self, *, chain_id: int) -> None:
        """Start with no account and no block."""
        self.chain_id = chain_id
        self._state = State(None)
        self._accounts: Accounts = self._state.accounts
        self._env: BlockEnv | None = None
        self._snapshots: dict[int, int] = {}
        self._next_snapshot = 1
        self._drained = 0
        self._away = 0  # how many `standing` are open

    # -- blocks and transactions

    def begin_block(self, env: BlockEnv) -> None:
        """Set the environment for the transactions and calls that follow."""
        if env.chain_id != self.chain_id:
            msg = f"chain id {env.chain_id} in a block: the engine was made for {self.chain_id}"
            raise ChainError(msg)
        self._env = env
        self._state.execution_context = Environment(env)

    def transact(self, tx: Transaction) -> Execution:
        """Execute and commit *tx*; InvalidTransaction where no block may hold it."""
        return self._transact(tx, None)

    def _transact(self, tx: Transaction, watch: Watch | None) -> Execution:
        env, accounts = self._block(), self._accounts
        check(tx, env, accounts.view(tx.sender))
        start = accounts.record()
        price = min(tx.max_fee, env.base_fee + tx.tip)
        try:
            accounts.delta_balance(tx.sender, -tx.gas * price)
            accounts.set_nonce(tx.sender, tx.nonce + 1)
            computation = self._execute(tx, env, price, watch)
            execution = _settle(tx, env, accounts, computation)
        except BaseException:
            accounts.discard(start)
            raise
        finally:
            accounts.lock_changes()
        return execution

    def call(
        self, call: Call, *, env: BlockEnv | None = None, snapshot: int | None = None
    ) -> Output:
        """Execute *call* at gas price 0 and forget its effects.

        It runs in *env* (default: the block's) on the present state or on that of *snapshot*.
        Gas counts as a transaction's would: intrinsic cost in, refunds out.
        """
        accounts, state = self._accounts, self._state
        redo = None if snapshot is None else accounts.rewind(self._position(snapshot))
        outside = state.execution_context
        block = self._block() if env is None else env
        if env is not None and env is not self._env:
            state.execution_context = Environment(env)
        start = accounts.record()
        try:
            return self._call(call, block, None)
        finally:
            accounts.discard(start)
            accounts.lock_changes()
            state.execution_context = outside
            if redo is not None:
                accounts.replay(redo)

    def _call(self, call: Call, block: BlockEnv, watch: Watch | None) -> Output:
        """Execute *call*; whoever calls this forgets its effects."""
        tx = Transaction(
            call.sender,
            self._accounts.get_nonce(call.sender),
            call.to,
            call.value,
            call.data,
            call.gas,
            0,
            0,
            b"",
            access_list=call.access_list,
        )
        check_call(tx, self._accounts.get_balance(call.sender))
        computation = self._execute(tx, block, 0, watch)
        return Output(computation.is_success, computation.output, _gas_used(tx, computation))

    def _execute(self, tx: Transaction, env: BlockEnv, price: int, watch: Watch | None) -> Any:
        """Run the message of *tx*, whose gas is bought; return py-evm's computation."""
        accounts = self._accounts
        to = contract_address(tx.sender, tx.nonce) if tx.to is None else tx.to
        for address in (tx.sender, to, env.coinbase):  # EIP-2929, EIP-3651
            accounts.warm_up(address)
        for address, slots in tx.access_list:  # EIP-2930
            accounts.warm_up(address)
            for slot in slots:
                accounts.warm_up((address, slot))
        create = tx.to is None
        message = Message(
            gas=tx.gas - intrinsic_gas(tx),
            to=_CREATE if create else to,
            sender=tx.sender,
            value=tx.value,
            data=b"" if create else tx.data,
            code=tx.data if create else accounts.get_code(to),
            create_address=to if create else None,
        )
        context = Context(tx.sender, price, watch)
        if watch is None:
            return Computation.top(self._state, message, context)
        from twin.chain.pyevm_watch import Watched

        return Watched.top(self._state, message, context)

    # -- looking inside

    @contextmanager
    def standing(self, snapshot: int | None, *, env: BlockEnv | None = None) -> Iterator[None]:
        """Stand on the state of *snapshot*, in *env*; what is done meanwhile is undone after."""
        accounts, outside = self._accounts, self._env
        position = accounts.position() if snapshot is None else self._position(snapshot)
        redo = accounts.rewind(position)
        self._away += 1
        try:
            if env is not None:
                self.begin_block(env)
            yield
        finally:
            self._away -= 1
            accounts.undo(position)
            accounts.lock_changes()
            accounts.replay(redo)
            if env is not None and outside is not None:
                self.begin_block(outside)

    def frames(self, subject: Transaction | Call) -> Frame:
        """Return the messages of *subject*, whose effects are forgotten."""
        from twin.chain.pyevm_watch import CallWatch

        watch = CallWatch()
        done = self._watched(subject, watch)
        root = watch.root
        assert root is not None  # noqa: S101 - whatever runs has a message
        root.gas, root.used, root.intrinsic = subject.gas, done.gas_used, subject.gas - root.gas
        return root

    def struct_logs(
        self, subject: Transaction | Call, options: StepOptions | None = None
    ) -> dict[str, Any]:
        """Return each instruction of *subject* as go-ethereum's struct logger does."""
        from twin.chain.pyevm_watch import StepWatch

        chosen = options or StepOptions()
        watch = StepWatch(chosen)
        done = self._watched(subject, watch)
        output = done.data if isinstance(done, Output) else done.output
        found = {"gas": done.gas_used, "failed": not done.success, "output": output,
                 "steps": watch.steps}  # fmt: skip
        return struct_form(found, (), size=chosen.size)

    def looks(
        self, subject: Transaction | Call, *, keep: bool = False
    ) -> tuple[Execution | Output, list[Look]]:
        """Return what *subject* did, and the accounts and slots that it names.

        Its effects are forgotten unless *keep*.
        """
        from twin.chain.pyevm_watch import LookWatch

        watch = LookWatch()
        done = self._watched(subject, watch, keep=keep)
        return done, list(watch.looks)

    def _watched(
        self, subject: Transaction | Call, watch: Watch, *, keep: bool = False
    ) -> Execution | Output:
        """Execute *subject* under the eyes of *watch*."""
        accounts = self._accounts
        start = accounts.position()
        try:
            if isinstance(subject, Transaction):
                return self._transact(subject, watch)
            return self._call(subject, self._block(), watch)
        finally:
            if not keep:
                accounts.undo(start)
            accounts.lock_changes()

    def _block(self) -> BlockEnv:
        """Return the present block's environment."""
        if self._env is None:
            msg = "no block has begun: call begin_block first"
            raise ChainError(msg)
        return self._env

    # -- snapshots and changes

    def snapshot(self) -> int:
        """Return a handle on the present state."""
        handle = self._next_snapshot
        self._next_snapshot += 1
        self._snapshots[handle] = self._accounts.position()
        return handle

    def revert(self, snapshot: int) -> None:
        """Go back to the state of *snapshot*, which stays valid; later ones are discarded."""
        self._at_home()
        position = self._position(snapshot)
        self._accounts.undo(position)
        self._drained = min(self._drained, position)
        for later in [handle for handle in self._snapshots if handle > snapshot]:
            del self._snapshots[later]

    def forget(self, snapshot: int) -> None:
        """Discard *snapshot*; what only it needed is freed in time."""
        self._position(snapshot)
        del self._snapshots[snapshot]
        self._trim()

    def drain_changes(self) -> Mapping[bytes, AccountChange]:
        """Return what changed since the last drain, net, by ascending address; start anew.

        After a revert to before the last drain, the count starts at that snapshot.
        """
        self._at_home()
        changes = self._accounts.changes(self._drained)
        self._drained = self._accounts.position()
        self._trim()
        return changes

    def _trim(self) -> None:
        """Free the part of the journal that neither a snapshot nor a drain can ask for."""
        if self._away:
            return
        oldest = min(self._snapshots.values(), default=self._drained)
        self._accounts.trim(min(oldest, self._drained))

    def _at_home(self) -> None:
        """Raise ChainError while the engine stands elsewhere."""
        if self._away:
            raise ChainError(
                "the engine stands on another state: neither a revert nor a drain goes there"
            )

    def _position(self, snapshot: int) -> int:
        """Return where in the journal *snapshot* was taken."""
        position = self._snapshots.get(snapshot)
        if position is None or position > self._accounts.position():
            msg = f"no snapshot {snapshot}: it was forgotten, or an earlier one was reverted to"
            raise ChainError(msg)
        return position

    # -- state

    def account(self, address: bytes) -> AccountState:
        """Return nonce, balance and code of *address* (zeros where there is none)."""
        return self._accounts.view(address)

    def storage(self, address: bytes, slot: int) -> int:
        """Return the value of *slot* of *address*."""
        return self._accounts.get_storage(address, slot)

    def set_account(self, address: bytes, state: AccountState) -> None:
        """Write an account outside any transaction; an empty one is removed (EIP-7523)."""
        accounts = self._accounts
        if not (state.nonce or state.balance or state.code):
            accounts.delete_account(address)
            return
        now = accounts.make(address)
        if now.nonce != state.nonce:
            accounts.set_nonce(address, state.nonce)
        if now.balance != state.balance:
            accounts.set_balance(address, state.balance)
        if now.code != state.code:
            accounts.set_code(address, state.code)

    def set_storage(self, address: bytes, slots: Mapping[int, int]) -> None:
        """Write storage outside any transaction."""
        for slot, value in slots.items():
            self._accounts.set_storage(address, slot, value)
        self._accounts.lock_changes()

    def state_root(self) -> bytes:
        """Return the Merkle-Patricia root of the present state."""
        return self._accounts.state_root

    def accounts(self) -> Iterable[bytes]:
        """Yield every address there is, in ascending order."""
        yield from sorted(self._accounts.accounts)

    def dump(self) -> dict[str, dict[str, object]]:
        """Return the state in genesis-alloc JSON form."""
        return {
            "0x" + address.hex(): {
                "balance": hex(account.balance),
                "nonce": hex(account.nonce),
                "code": "0x" + account.code.hex(),
                "storage": {
                    f"0x{slot:064x}": f"0x{value:064x}"
                    for slot, value in sorted(account.storage.items())
                },
            }
            for address, account in sorted(self._accounts.accounts.items())
        }


def _gas_used(tx: Transaction, computation: Any) -> int:
    """Return the gas that *tx* pays for, net of refunds (EIP-3529)."""
    used: int = tx.gas - computation.get_gas_remaining()
    refund: int = computation.get_gas_refund()
    return used - min(refund, used // _REFUND_QUOTIENT)


def _settle(tx: Transaction, env: BlockEnv, accounts: Accounts, computation: Any) -> Execution:
    """Pay back unused gas, pay the tip, burn the base fee, delete, and say what happened."""
    used = _gas_used(tx, computation)
    price = min(tx.max_fee, env.base_fee + tx.tip)
    if used < tx.gas:
        accounts.delta_balance(tx.sender, (tx.gas - used) * price)
    accounts.delta_balance(env.coinbase, used * (price - env.base_fee))
    for address in computation.get_accounts_for_deletion():
        accounts.delete_account(address)
    logs = tuple(
        Log(address, tuple(topic.to_bytes(32, "big") for topic in topics), data)
        for address, topics, data in computation.get_log_entries()
    )
    success: bool = computation.is_success
    created = computation.msg.storage_address if success and tx.to is None else None
    output = computation.output
    return Execution(success, used, output, logs, created)
