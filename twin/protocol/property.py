"""What a property of the protocol is, and what it may look at.

A property is data: a name, what it says, a check, and the view calls that the check always makes.
Those are known beforehand so that all properties together cost one multicall a block; a check that
asks for more, since something happened, asks the view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from twin.errors import Reverted
from twin.protocol.manifest import Deployment

__all__ = [
    "Finding",
    "Happened",
    "Invariant",
    "Memory",
    "Prefetched",
    "Reads",
    "View",
    "holds",
    "in_order",
    "news",
]

Memory = MutableMapping[str, Any]

Reads = tuple[tuple[Any, ...], ...]
"""View calls, (contract, function, arguments...); an argument `@Name` is the address of that name."""


class Happened(Protocol):
    """An event as a view gives it."""

    @property
    def block(self) -> int:
        """The number of its block."""

    @property
    def index(self) -> int:
        """Its place among the logs of the block."""

    @property
    def contract(self) -> str:
        """The name of the contract that announced it."""

    @property
    def event(self) -> str:
        """Its name."""

    @property
    def args(self) -> Mapping[str, Any]:
        """Its arguments by name."""


class View(Protocol):
    """The contracts at one block: what a check may read. `ReaderAt` is one."""

    @property
    def block(self) -> int:
        """The block's number."""

    @property
    def timestamp(self) -> int:
        """The block's unix second."""

    @property
    def deployment(self) -> Deployment:
        """What was deployed, with the register of roles."""

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view function; one output comes bare, several as a tuple."""

    def batch(self, calls: Sequence[tuple[str, str, tuple[Any, ...]]]) -> Sequence[Any]:
        """Call many at once; one that reverts is a `Reverted` in the list."""

    def logs(self, contract: str, event: str, *, since: int) -> Sequence[Happened]:
        """Return the events called *event* from unix second *since* on, oldest first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a property holds, and the figures that say so."""

    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Invariant:
    """A property called *name*; *check* judges it at a view, with the memory it left last time.

    *reads* are the calls that the check makes in any case.
    """

    name: str
    description: str
    check: Callable[[View, Memory], Finding]
    reads: Reads = ()


class Prefetched:
    """A view whose answers to *reads* are there already, by one multicall."""

    __slots__ = ("_answers", "_view", "batch", "block", "deployment", "logs", "timestamp")

    def __init__(self, view: View, reads: Iterable[tuple[Any, ...]]) -> None:
        """Ask for all of *reads*."""
        self._view = view
        self.block, self.timestamp, self.deployment = view.block, view.timestamp, view.deployment
        self.batch, self.logs = view.batch, view.logs
        calls = tuple(
            (contract, function, tuple(_resolved(view.deployment, item) for item in args))
            for contract, function, *args in reads
        )
        self._answers = dict(zip(calls, view.batch(calls), strict=True)) if calls else {}

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Return what is known, or ask; Reverted where the call reverts."""
        found = self._answers.get((contract, function, args), self)
        if found is self:
            return self._view.read(contract, function, *args)
        if isinstance(found, Reverted):
            raise found
        return found


def _resolved(deployment: Deployment, item: Any) -> Any:
    if isinstance(item, str) and item.startswith("@"):
        return deployment.address(item[1:])
    return item


def news(view: View, memory: Memory, *events: tuple[str, str]) -> list[Happened]:
    """Return the *events*, (contract, event) each, since *memory* last saw any, in chain order."""
    since: int = memory.get("seen", -1) + 1
    memory["seen"] = view.timestamp
    found = [happened for name, event in events for happened in view.logs(name, event, since=since)]
    return in_order(found)


def in_order(events: Iterable[Happened]) -> list[Happened]:
    """Return *events* in the order of the chain."""
    return sorted(events, key=lambda item: (item.block, item.index))


def holds(wrong: Sequence[str], otherwise: str) -> Finding:
    """Return the finding that nothing is *wrong*, which says *otherwise*."""
    return Finding(not wrong, "; ".join(wrong) or otherwise)
