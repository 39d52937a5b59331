"""What py-evm runs in: its state over our accounts, a block's environment, a transaction's context."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eth.vm.forks.cancun import CancunState

from twin.chain.port import BlockEnv
from twin.chain.pyevm_computation import Computation
from twin.chain.pyevm_state import Accounts

if TYPE_CHECKING:  # watching runs on what is made here
    from twin.chain.pyevm_watch import Watch

__all__ = ["Context", "Environment", "State"]

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


class Context:
    """What opcodes ask of the transaction: origin, gas price, the order of logs, who watches."""

    __slots__ = ("above", "blob_versioned_hashes", "gas_price", "logs", "origin", "watch")

    def __init__(self, origin: bytes, gas_price: int, watch: Watch | None) -> None:
        self.origin = origin
        self.gas_price = gas_price
        self.watch = watch
        self.above = 0
        self.blob_versioned_hashes: tuple[bytes, ...] = ()
        self.logs = 0

    def get_next_log_counter(self) -> int:
        """Return the place of the next log in the transaction."""
        self.logs += 1
        return self.logs


class Environment:
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


class State(CancunState):  # type: ignore[misc]  # py-evm ships no types
    """py-evm's Cancun state over `Accounts`, whose methods it exposes as its own."""

    computation_class = Computation
    account_db_class = Accounts

    def __init__(self, environment: Environment | None) -> None:
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
        environment: Environment = self.execution_context
        depth, hashes = environment.block_number - block_number - 1, environment.prev_hashes
        if block_number < 0 or not 0 <= depth < min(256, len(hashes)):
            return b""
        return hashes[depth]
