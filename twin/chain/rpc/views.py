"""What some questions need beyond the engine port: old accounts, accessed slots, call traces.

The port executes; it does not look inside. Each engine that can do more has its `Views`; for
every other, an answer says which engine lacks what.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

from twin.chain.port import AccountState, BlockEnv, Call, Engine, Output, Transaction
from twin.chain.rpc.errors import Refused

__all__ = ["Accessed", "Views", "listed", "views_of"]

Accessed = list[tuple[bytes, tuple[int, ...]]]
"""Addresses with the storage slots touched there, both ascending."""

_VIEWS = {
    "pyevm": ("twin.chain.rpc.pyevm_views", "PyEvmViews"),
    "revm": ("twin.chain.rpc.revm_views", "RevmViews"),
}


_PRECOMPILES = frozenset(number.to_bytes(20, "big") for number in range(1, 11))


def listed(
    touched: Mapping[bytes, Iterable[int]], *, sender: bytes, to: bytes, coinbase: bytes
) -> Accessed:
    """Return *touched* slots by address as an access list, which names nothing that is warm anyway.

    Those are the precompiles, *sender*, *to* and *coinbase*, unless a slot of theirs was touched.
    """
    slots = {address: tuple(sorted(found)) for address, found in sorted(touched.items())}
    free = _PRECOMPILES | {sender, to, coinbase}
    return [(address, found) for address, found in slots.items() if found or address not in free]


class Views(Protocol):
    """Questions to the inside of an engine; *snapshot* None is the present state."""

    def account(self, address: bytes, snapshot: int | None) -> AccountState:
        """Return an account as it was at *snapshot*."""

    def storage(self, address: bytes, slot: int, snapshot: int | None) -> int:
        """Return a storage slot as it was at *snapshot*."""

    def accessed(
        self, call: Call, *, env: BlockEnv, snapshot: int | None
    ) -> tuple[Output, Accessed]:
        """Execute *call*, forget its effects, and return what it touched."""

    def trace(
        self,
        transactions: Sequence[Transaction],
        *,
        env: BlockEnv,
        snapshot: int | None,
        steps: bool = False,
    ) -> dict[str, Any]:
        """Execute *transactions* on the state of *snapshot* and forget it all.

        Return the last one's call tree in the shape of go-ethereum's `callTracer`, or its
        *steps* in that of the default struct logger.
        """


class PortViews:
    """All that the port alone can answer: the present."""

    def __init__(self, engine: Engine) -> None:
        """Look at *engine*."""
        self._engine = engine

    def account(self, address: bytes, snapshot: int | None) -> AccountState:
        """Return the present account; refuse older ones."""
        if snapshot is not None:
            raise self._lack("reading accounts of older blocks")
        return self._engine.account(address)

    def storage(self, address: bytes, slot: int, snapshot: int | None) -> int:
        """Return the present value; refuse older ones."""
        if snapshot is not None:
            raise self._lack("reading storage of older blocks")
        return self._engine.storage(address, slot)

    def accessed(
        self, call: Call, *, env: BlockEnv, snapshot: int | None
    ) -> tuple[Output, Accessed]:
        """Refuse."""
        del call, env, snapshot
        raise self._lack("access lists")

    def trace(
        self,
        transactions: Sequence[Transaction],
        *,
        env: BlockEnv,
        snapshot: int | None,
        steps: bool = False,
    ) -> dict[str, Any]:
        """Refuse."""
        del transactions, env, snapshot, steps
        raise self._lack("call traces")

    def _lack(self, what: str) -> Refused:
        return Refused(f"{what}: not supported by engine {self._engine.name}")


def views_of(engine: Engine) -> Views:
    """Return the views of *engine*."""
    if engine.name not in _VIEWS:
        return PortViews(engine)
    module, name = _VIEWS[engine.name]
    return cast("Views", getattr(importlib.import_module(module), name)(engine))
