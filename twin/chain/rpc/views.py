"""What some questions need beyond the engine port: another state to stand on, and a look inside.

Both engines can do all of it. Of the two in lock-step, the reference answers: what they executed
was compared already, and a question about an older state is no transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol, cast

from twin.chain.port import BlockEnv, Call, Engine, Execution, Output, Transaction
from twin.chain.precompiles import PRECOMPILES
from twin.chain.trace import Frame, Look, StepOptions

__all__ = ["Accessed", "Inspected", "inspected", "kept", "listed"]

Accessed = list[tuple[bytes, tuple[int, ...]]]
"""Addresses with the storage slots touched there, both ascending."""


class Inspected(Engine, Protocol):
    """An engine that can be looked into."""

    def standing(
        self, snapshot: int | None, *, env: BlockEnv | None = None
    ) -> AbstractContextManager[None]:
        """Stand on the state of *snapshot*, in *env*; what is done meanwhile is undone after."""

    def frames(self, subject: Transaction | Call) -> Frame:
        """Return the messages of *subject*, whose effects are forgotten."""

    def struct_logs(
        self, subject: Transaction | Call, options: StepOptions | None = None
    ) -> dict[str, Any]:
        """Return each instruction of *subject* as go-ethereum's struct logger does."""

    def looks(
        self, subject: Transaction | Call, *, keep: bool = False
    ) -> tuple[Execution | Output, list[Look]]:
        """Return what *subject* did, and the accounts and slots that it names."""


def inspected(engine: Engine) -> Inspected:
    """Return *engine*, or the one of two that answers questions."""
    return cast("Inspected", getattr(engine, "reference", engine))


def kept(engine: Inspected, subject: Transaction | Call) -> Execution | Output:
    """Execute *subject* and keep its effects, the sender's nonce too: go-ethereum counts calls."""
    before = engine.account(subject.sender).nonce
    done, _ = engine.looks(subject, keep=True)
    now = engine.account(subject.sender)
    if isinstance(subject, Call) and now.nonce == before:
        engine.set_account(subject.sender, replace(now, nonce=before + 1))
    return done


def listed(
    touched: Mapping[bytes, Iterable[int]], *, sender: bytes, to: bytes, coinbase: bytes
) -> Accessed:
    """Return *touched* slots by address as an access list, which names nothing that is warm anyway.

    Those are the precompiles, *sender*, *to* and *coinbase*, unless a slot of theirs was touched.
    """
    slots = {address: tuple(sorted(found)) for address, found in sorted(touched.items())}
    free = PRECOMPILES | {sender, to, coinbase}
    return [(address, found) for address, found in slots.items() if found or address not in free]
