"""The lab: where a procedure tries something out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from twin.desk.port.chain import Simulation

__all__ = [
    "Fork",
    "Lab",
    "Recorded",
    "Restored",
    "Wallet",
]


@dataclass(frozen=True, slots=True)
class Restored:
    """What an empty node holds after a dump was loaded: its Merkle-Patricia root and its size."""

    state_root: bytes
    accounts: int
    slots: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """A series for a rule to be tried on: *samples* of (unix second, value), in order of time."""

    metric: str
    labels: Mapping[str, str]
    samples: tuple[tuple[int, float], ...]


class Wallet(Protocol):
    """A wallet of the lab, for exercises that need a signature."""

    @property
    def address(self) -> bytes:
        """Its address."""

    def sign(self, digest: bytes) -> tuple[int, bytes, bytes]:
        """Return v, r and s of the signature over *digest* (32 bytes)."""

    def hash(self, data: bytes) -> bytes:
        """Return the Keccak-256 of *data*."""


class Fork(Protocol):
    """A copy of the public chain state to try something out on; nothing of it reaches the chain."""

    @property
    def now(self) -> int:
        """The copy's present, in unix seconds."""

    def wallet(self, label: str) -> Wallet:
        """Return the test wallet called *label*."""

    def wait(self, seconds: int) -> None:
        """Let *seconds* pass on the copy."""

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view function of the copy. Raises Reverted."""

    def act(self, authority: str, contract: str, function: str, args: Sequence[Any]) -> Simulation:
        """Send the call in the name of *authority*, waiting out its execution delay."""

    def send(self, sender: bytes, to: bytes, data: bytes, *, value: int = 0) -> Simulation:
        """Send exact calldata from any account, as if it had signed."""

    def call(self, sender: bytes, contract: str, function: str, args: Sequence[Any]) -> Simulation:
        """Send a call by name from any account, as if it had signed."""


class Lab(Protocol):
    """Where a procedure tries something out, under a declared budget."""

    def fork(self, purpose: str) -> Fork:
        """Return a copy of the public chain state as of now. Raises NoData past the budget."""

    def restore(self, purpose: str, alloc: Mapping[str, Any]) -> Restored:
        """Load *alloc*, in genesis-alloc form, into an empty node. Raises NoData if it cannot."""

    def backtest(self, expression: str, hold: int, series: Sequence[Recorded]) -> list[int]:
        """Return the unix seconds at which an alert rule would have begun to fire on *series*.

        It is evaluated at every second for which *series* have a sample; *expression* must hold
        for *hold* seconds. Raises NoData where there is nothing to evaluate, or no such expression.
        """
