"""The reference engine: Cancun on py-evm's virtual machine, with the state of `pyevm_state`.

py-evm supplies the instructions, gas rules and precompiles; what is around a message (validity,
buying gas, refunds, fees, deletion) is written here from the EIPs, because py-evm's own executor
takes signed transactions only, and accepts a tip above the fee cap and senders with code. There
is no wall clock, no randomness and no trie in the way of a transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eth.vm.forks.cancun import CancunState
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
from twin.chain.pyevm_state import Accounts
from twin.chain.validity import check, check_call, intrinsic_gas
from twin.errors import ChainError

__all__ = ["PyEvm"]

_CREATE = b""  # py-evm's address of a creation
_REFUND_QUOTIENT = 5  # EIP-3529

# What the state answers by asking the accounts, under the same names.
_BOUND = (
    "account_exists",
    "account_is_empty",
    "delete_account",
    "delete_code",
    "delete_storage",
    "delta_balance",
    "get_balance",
    "get_code",
    "get_code_hash",
    "get_nonce",
    "get_storage",
    "get_transient_storage",
    "increment_nonce",
    "is_storage_warm",
    "mark_address_warm",
    "mark_storage_warm",
    "set_balance",
    "set_code",
    "set_nonce",
    "set_storage",
    "set_transient_storage",
    "touch_account",
    "warm_up",
)


class _Context:
    """What opcodes ask of the transaction: origin, gas price, and the order of logs."""

    __slots__ = ("blob_versioned_hashes", "gas_price", "logs", "origin")

    def __init__(self, origin: bytes, gas_price: int) -> None:
        self.origin = origin
        self.gas_price = gas_price
        self.blob_versioned_hashes: tuple[bytes, ...] = ()
        self.logs = 0

    def get_next_log_counter(self) -> int:
        """Return the place of the next log in the transaction."""
        self.logs += 1
        return self.logs


class _Environment:
    """The block environment under py-evm's names."""

    __slots__ = (
        "base_fee_per_gas",
        "block_number",
        "chain_id",
        "coinbase",
        "difficulty",
        "excess_blob_gas",
        "gas_limit",
        "mix_hash",
        "prev_hashes",
        "timestamp",
    )

    def __init__(self, env: BlockEnv) -> None:
        self.coinbase = env.coinbase
        self.timestamp = env.timestamp
        self.block_number = env.number
        self.difficulty = 0
        self.mix_hash = env.prevrandao
        self.gas_limit = env.gas_limit
        self.prev_hashes: Sequence[bytes] = env.parent_hashes
        self.chain_id = env.chain_id
        self.base_fee_per_gas = env.base_fee
        self.excess_blob_gas = env.excess_blob_gas


class _State(CancunState):  # type: ignore[misc]  # py-evm ships no types
    """py-evm's Cancun state over `Accounts`, whose methods it exposes as its own."""

    computation_class = Computation
    account_db_class = Accounts

    def __init__(self, environment: _Environment | None) -> None:
        """Bind the account methods directly: the layer between is called a lot."""
        super().__init__(None, environment, b"")
        accounts = self._account_db
        self.accounts: Accounts = accounts
        for name in _BOUND:
            setattr(self, name, getattr(accounts, name))
        self.has_code_or_nonce = accounts.account_has_code_or_nonce
        self.snapshot = accounts.record
        self.revert = accounts.discard
        self.commit = accounts.commit

    def set_system_contracts(self) -> None:
        """Install none: the beacon roots of EIP-4788 have no source here."""

    def get_ancestor_hash(self, block_number: int) -> bytes:
        """Return what BLOCKHASH gives: one of the last 256 hashes, or nothing."""
        environment: _Environment = self.execution_context
        depth, hashes = environment.block_number - block_number - 1, environment.prev_hashes
        if block_number < 0 or not 0 <= depth < min(256, len(hashes)):
            return b""
        return hashes[depth]


class PyEvm:
    """The engine port on py-evm; *chain_id* is checked against every block's environment."""

    name = "pyevm"

    def __init__(self, *, chain_id: int) -> None:
        """Start with no account and no block."""
        self.chain_id = chain_id
        self._state = _State(None)
        self._accounts: Accounts = self._state.accounts
        self._env: BlockEnv | None = None
        self._snapshots: dict[int, int] = {}
        self._next_snapshot = 1
        self._drained = 0

    # -- blocks and transactions

    def begin_block(self, env: BlockEnv) -> None:
        """Set the environment for the transactions and calls that follow."""
        if env.chain_id != self.chain_id:
            msg = f"chain id {env.chain_id} in a block: the engine was made for {self.chain_id}"
            raise ChainError(msg)
        self._env = env
        self._state.execution_context = _Environment(env)

    def transact(self, tx: Transaction) -> Execution:
        """Execute and commit *tx*; InvalidTransaction where no block may hold it."""
        env, accounts = self._block(), self._accounts
        check(tx, env, accounts.view(tx.sender))
        start = accounts.record()
        price = min(tx.max_fee, env.base_fee + tx.tip)
        try:
            accounts.delta_balance(tx.sender, -tx.gas * price)
            accounts.set_nonce(tx.sender, tx.nonce + 1)
            computation = self._execute(tx, env, price)
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
            state.execution_context = _Environment(env)
        start = accounts.record()
        tx = Transaction(
            call.sender,
            accounts.get_nonce(call.sender),
            call.to,
            call.value,
            call.data,
            call.gas,
            0,
            0,
            b"",
        )
        try:
            check_call(tx, accounts.get_balance(call.sender))
            computation = self._execute(tx, block, 0)
            used = _gas_used(tx, computation)
        finally:
            accounts.discard(start)
            accounts.lock_changes()
            state.execution_context = outside
            if redo is not None:
                accounts.replay(redo)
        return Output(computation.is_success, computation.output, used)

    def _execute(self, tx: Transaction, env: BlockEnv, price: int) -> Any:
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
        return Computation.top(self._state, message, _Context(tx.sender, price))

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
        changes = self._accounts.changes(self._drained)
        self._drained = self._accounts.position()
        self._trim()
        return changes

    def _trim(self) -> None:
        """Free the part of the journal that neither a snapshot nor a drain can ask for."""
        oldest = min(self._snapshots.values(), default=self._drained)
        self._accounts.trim(min(oldest, self._drained))

    def _position(self, snapshot: int) -> int:
        """Return where in the journal *snapshot* was taken."""
        position = self._snapshots.get(snapshot)
        if position is None:
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
