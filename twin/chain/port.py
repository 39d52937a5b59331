"""The engine port: what the chain asks of whatever executes its transactions.

An engine knows accounts, code, storage and the rules of one fork (Cancun). It knows no mempool,
no blocks and no time of its own: the chain sets the block environment and hands transactions
over one by one. Two engines stand behind this port; both must give the same answer to the bit.
Addresses are 20 bytes, hashes and topics 32, amounts wei; storage slots and values are integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

__all__ = [
    "AccountChange",
    "AccountState",
    "BlockEnv",
    "Call",
    "Engine",
    "Execution",
    "Log",
    "Output",
    "Transaction",
]


@dataclass(frozen=True, slots=True)
class BlockEnv:
    """The block environment that a transaction sees."""

    number: int
    timestamp: int
    base_fee: int
    gas_limit: int
    coinbase: bytes
    prevrandao: bytes
    chain_id: int
    excess_blob_gas: int = 0
    parent_hashes: Sequence[bytes] = ()  # BLOCKHASH: hash of number-1 first; may be lazy, 256


@dataclass(frozen=True, slots=True)
class Transaction:
    """A fee-market transaction (EIP-1559) from a known *sender*; *to* is None for a creation.

    *hash* identifies it. *raw* is the signed encoding where one was given; an impersonated
    sender has none.
    """

    sender: bytes
    nonce: int
    to: bytes | None
    value: int
    data: bytes
    gas: int
    max_fee: int
    tip: int
    hash: bytes
    access_list: tuple[tuple[bytes, tuple[int, ...]], ...] = ()
    kind: int = 2
    raw: bytes | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """One log record as the EVM left it."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Execution:
    """What a transaction did: *gas_used* is net of refunds, *output* return or revert data."""

    success: bool
    gas_used: int
    output: bytes
    logs: tuple[Log, ...]
    created: bytes | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A message that changes nothing: `eth_call`. Without *to*, *data* is creation code."""

    to: bytes | None
    data: bytes
    sender: bytes = b"\0" * 20
    value: int = 0
    gas: int = 30_000_000
    access_list: tuple[tuple[bytes, tuple[int, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """The answer to a call: *data* is return data, or the revert payload when not *success*.

    *gas_used* is what a transaction with the same fields would pay for: with the intrinsic cost,
    net of refunds.
    """

    success: bool
    data: bytes
    gas_used: int


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account without its storage."""

    nonce: int = 0
    balance: int = 0
    code: bytes = b""


@dataclass(slots=True)
class AccountChange:
    """An account as a block left it: None where *deleted*; *storage* holds changed slots only."""

    nonce: int
    balance: int
    code_hash: bytes
    storage: dict[int, int] = field(default_factory=dict)
    deleted: bool = False


class Engine(Protocol):
    """What executes transactions. Snapshots nest; reverting to one discards the later ones."""

    name: str

    def begin_block(self, env: BlockEnv) -> None:
        """Set the environment for the transactions and calls that follow."""

    def transact(self, tx: Transaction) -> Execution:
        """Execute and commit *tx* with full semantics; InvalidTransaction where no block may hold it."""

    def call(
        self, call: Call, *, env: BlockEnv | None = None, snapshot: int | None = None
    ) -> Output:
        """Execute *call* at gas price 0 and forget its effects.

        It runs in *env* (default: the block's) on the present state or on that of *snapshot*.
        As in `eth_call`, nonce, fees and a sender with code are not looked at; InvalidTransaction
        is raised where gas is below the intrinsic cost or the balance below the value.
        """

    def snapshot(self) -> int:
        """Return a handle on the present state."""

    def revert(self, snapshot: int) -> None:
        """Go back to the state of *snapshot*, which stays valid."""

    def forget(self, snapshot: int) -> None:
        """Discard *snapshot*: its state can no longer be gone back to."""

    def drain_changes(self) -> Mapping[bytes, AccountChange]:
        """Return what changed since the last drain, net, by ascending address; start anew.

        A revert to a snapshot from before the last drain starts anew from that snapshot. A
        deleted account's change holds no storage.
        """

    def account(self, address: bytes) -> AccountState:
        """Return nonce, balance and code of *address* (zeros where there is none)."""

    def storage(self, address: bytes, slot: int) -> int:
        """Return the value of *slot* of *address*."""

    def set_account(self, address: bytes, state: AccountState) -> None:
        """Write an account outside any transaction; an empty one is removed (EIP-7523)."""

    def set_storage(self, address: bytes, slots: Mapping[int, int]) -> None:
        """Write storage outside any transaction."""

    def state_root(self) -> bytes:
        """Return the Merkle-Patricia root of the present state."""

    def accounts(self) -> Iterable[bytes]:
        """Yield every address there is, in ascending order."""

    def dump(self) -> dict[str, dict[str, object]]:
        """Return the state in genesis-alloc JSON form (balance, nonce, code, storage as hex)."""


Topics = Sequence[bytes | Sequence[bytes] | None]
"""A topic filter as `eth_getLogs` takes it: a value, alternatives, or None for any."""
