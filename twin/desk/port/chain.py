"""The chain as a desk shows it: views at a block, decoded logs, what a transaction would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = [
    "AccountRecord",
    "Call",
    "CallStats",
    "ChainStats",
    "DecodedCall",
    "LogRecord",
    "Simulation",
    "View",
]

Call = tuple[str, str, tuple[Any, ...]]
"""A view call: contract name, function name, arguments."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A decoded contract event at a *block* of unix second *timestamp*."""

    block: int
    timestamp: int
    contract: str
    event: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account as `eth_getBalance` and `eth_getCode` show it: *balance* in wei.

    *code_hash* is the keccak (32 bytes) of its code, of nothing where it has none.
    """

    nonce: int
    balance: int
    code_hash: bytes
    has_code: bool


@dataclass(frozen=True, slots=True)
class DecodedCall:
    """Calldata as a contract of ours reads it: arguments in the order of the ABI."""

    contract: str
    function: str
    args: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a transaction would do if sent now: *reason* says why it would revert."""

    success: bool
    gas_used: int
    reason: str


@dataclass(frozen=True, slots=True)
class ChainStats:
    """The chain over blocks *first*..*last*: gas in wei, times in seconds.

    *confirmation_max* is the longest time from submission to inclusion among the transactions
    of these blocks, -1 where there was none.
    """

    first: int
    last: int
    timestamp: int
    base_fee: int
    utilisation_ppm: int
    transactions: int
    reverted: int
    pending: int
    confirmation_max: int


@dataclass(frozen=True, slots=True)
class CallStats:
    """The *calls* of one *function* of a *contract*: how many reverted and why, and their gas.

    *gas_min*, *gas_median* and *gas_max* are of those that succeeded, 0 where none did; *gas* is
    all that they used and *fees* the wei paid for it. *reverted_by* names the senders with most
    reverts (0x addresses).
    """

    contract: str
    function: str
    calls: int
    reverted: int
    reasons: Mapping[str, int]
    reverted_by: Mapping[str, int]
    gas_min: int
    gas_median: int
    gas_max: int
    gas: int
    fees: int


class View(Protocol):
    """The chain at one block."""

    @property
    def block(self) -> int:
        """The block's number."""

    @property
    def timestamp(self) -> int:
        """The block's unix second."""

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view function; one output comes bare, several as a tuple. Raises Reverted."""

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Read *calls* as one multicall; an entry that reverted is a `Reverted` in the list."""

    def simulate(
        self, authority: str, contract: str, function: str, args: Sequence[Any]
    ) -> Simulation:
        """Say what this call from the account of *authority* would do."""

    def logs(self, contract: str, event: str, *, since: int) -> list[LogRecord]:
        """Return the events called *event* from unix second *since* on, oldest first."""

    def account(self, address: bytes) -> AccountRecord:
        """Return the account at *address*, as of the latest block."""

    def decode(self, to: bytes, data: bytes) -> DecodedCall | None:
        """Read calldata by the ABI of the contract at *to*; None where none of ours takes it."""

    def stats(self, *, since: int) -> ChainStats:
        """Summarise the blocks after unix second *since*."""

    def calls(self, *, since: int) -> list[CallStats]:
        """Summarise the transactions to our contracts after unix second *since*, by function."""
