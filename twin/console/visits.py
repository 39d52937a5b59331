"""Outsiders in a run: when they are let in, and how what they send is kept and played again.

Outsiders come at the end of a virtual second, when everything of that second is over, blocks
included. So what they only look at changes nothing, and a run with them has the digest of the run
without. A transaction that they send is an event of the run, `outside-transaction`, with its
signed encoding: the digest covers it, and who plays the run again (`Again`) sends it at the same
second, to the same digest. What is recorded is all that came from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import simpy
from simpy.events import EventPriority

from twin.chain.chain import Chain
from twin.chain.port import Transaction
from twin.chain.transactions import decode
from twin.clock import MINUTE, Clock
from twin.errors import ChainError
from twin.events import Event, EventLog

__all__ = ["Again", "Outside", "OutsideTransaction", "Visits"]

_LATE = EventPriority(2)  # after all that SimPy calls normal


@dataclass(frozen=True, slots=True)
class OutsideTransaction(Event):
    """A transaction that came from outside the twin, over JSON-RPC, as its sender signed it."""

    kind: ClassVar[str] = "outside-transaction"
    hash: bytes
    raw: bytes


class _Late(simpy.Event):
    """An event at the end of the second that is *delay* from now."""

    def __init__(self, clock: Clock, delay: int, action: Callable[[], object]) -> None:
        super().__init__(clock.env)
        self._ok, self._value = True, None
        assert self.callbacks is not None  # noqa: S101 - a new event always has its list

        def happen(_event: simpy.Event) -> None:
            action()

        self.callbacks.append(happen)
        clock.env.schedule(self, _LATE, delay)


class Outside:
    """What comes from outside into *chain*: sent, written to *log*, and counted."""

    def __init__(self, clock: Clock, chain: Chain, log: EventLog) -> None:
        """Nothing has come yet."""
        self._clock, self._chain, self._log = clock, chain, log
        self.count = 0
        self.closed: str | None = None

    def submit(self, tx: Transaction) -> bytes:
        """Send *tx*, write it down and return its hash; InvalidTransaction where it is refused."""
        if self.closed is not None:
            raise ChainError(self.closed)
        if tx.raw is None:
            raise ChainError("a transaction from outside is signed: this one could not be replayed")
        found = self._chain.submit(tx)
        self._log.emit(self._clock.now, OutsideTransaction(hash=tx.hash, raw=tx.raw))
        self.count += 1
        return found


class Visits:
    """Calls *let_in* at the end of every *every*th virtual second from now on."""

    def __init__(self, clock: Clock, let_in: Callable[[], object], *, every: int = MINUTE) -> None:
        """Wait for the first."""
        self._clock, self._let_in, self._every = clock, let_in, every
        _Late(clock, every, self._visit)

    def _visit(self) -> None:
        self._let_in()
        _Late(self._clock, self._every, self._visit)


class Again:
    """Sends what outsiders sent in an earlier run, when they did."""

    def __init__(self, clock: Clock, chain: Chain, log: EventLog) -> None:
        """Send nothing yet."""
        self._clock, self._chain, self._outside = clock, chain, Outside(clock, chain, log)

    def schedule(self, events: Iterable[Mapping[str, Any]]) -> int:
        """Put on the calendar what *events*, those of that run, tell; return how many there are."""
        count = 0
        for event in events:
            if event["kind"] == OutsideTransaction.kind:
                raw = bytes.fromhex(event["raw"][2:])
                _Late(self._clock, event["t"] - self._clock.now, self._sending(raw))
                count += 1
        return count

    def _sending(self, raw: bytes) -> Callable[[], object]:
        tx = decode(raw, chain_id=self._chain.config.chain_id)
        return lambda: self._outside.submit(tx)
