"""What happened, in order: typed events in an append-only log, and the digest over it.

Each kind of event is a frozen record. The log writes one canonical JSON line per event and
hashes the very bytes it writes, so that the digest of a run can be recomputed from its
`events.jsonl` alone. Integers stay integers; bytes become `0x` hex; floats are not allowed,
since their text may differ between machines (a value that matters is an integer in its unit).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from twin.crate import native
from twin.errors import CrashError

__all__ = [
    "Acknowledged",
    "AlertChanged",
    "BlockMined",
    "ContractLogged",
    "EntryKept",
    "Event",
    "EventLog",
    "EvidenceFiled",
    "FaultChanged",
    "HandedOver",
    "IncidentChanged",
    "InvariantBroken",
    "NoticePublished",
    "Paged",
    "ProcedureEnded",
    "ProcedureStarted",
    "Reorganised",
    "RunEnded",
    "RunStarted",
    "StepTaken",
    "TransactionDropped",
    "TransactionIncluded",
    "VenueTraded",
    "read_events",
]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. *kind* names it in the log; *sealed* ones carry hidden truth."""

    kind: ClassVar[str] = "event"
    sealed: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """The run began: *start* and *end* in unix seconds."""

    kind: ClassVar[str] = "run-started"
    scenario: str
    seed: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    """The run ended at the true Merkle-Patricia *state_root*; *partial* when it was stopped."""

    kind: ClassVar[str] = "run-ended"
    state_root: bytes
    head: int
    partial: bool


@dataclass(frozen=True, slots=True)
class BlockMined(Event):
    """A block that holds transactions; gas includes the declared background."""

    kind: ClassVar[str] = "block"
    number: int
    hash: bytes
    transactions: int
    gas_used: int
    base_fee: int


@dataclass(frozen=True, slots=True)
class Reorganised(Event):
    """The last *depth* blocks, from number *first* on, were orphaned; their logs never happened.

    *base_hash* is the hash of the block that the new ones build on.
    """

    kind: ClassVar[str] = "reorg"
    first: int
    depth: int
    base_hash: bytes


@dataclass(frozen=True, slots=True)
class TransactionIncluded(Event):
    """A transaction in a block: who sent it, what it called, what came of it."""

    kind: ClassVar[str] = "tx"
    block: int
    hash: bytes
    sender: str
    contract: str
    function: str
    success: bool
    gas_used: int
    reason: str


@dataclass(frozen=True, slots=True)
class TransactionDropped(Event):
    """A transaction that left the mempool without a block."""

    kind: ClassVar[str] = "tx-dropped"
    hash: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class ContractLogged(Event):
    """A decoded contract event; *args* by name."""

    kind: ClassVar[str] = "log"
    block: int
    contract: str
    event: str
    args: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class VenueTraded(Event):
    """A trade on an external venue: *price* in 1e-6 stable, *quantity* in PT units."""

    kind: ClassVar[str] = "venue-trade"
    venue: str
    taker: str
    side: str
    price: int
    quantity: int


@dataclass(frozen=True, slots=True)
class AlertChanged(Event):
    """An alert moved between inactive, pending, firing and resolved."""

    kind: ClassVar[str] = "alert"
    rule: str
    labels: Mapping[str, str]
    state: str
    severity: str


@dataclass(frozen=True, slots=True)
class Paged(Event):
    """Somebody was called."""

    kind: ClassVar[str] = "page"
    person: str
    subject: str


@dataclass(frozen=True, slots=True)
class Acknowledged(Event):
    """Somebody answered a page."""

    kind: ClassVar[str] = "ack"
    person: str
    subject: str


@dataclass(frozen=True, slots=True)
class ProcedureStarted(Event):
    """A procedure began; *run* numbers its runs, *cause* says why it ran."""

    kind: ClassVar[str] = "procedure-started"
    procedure: str
    run: int
    cause: str


@dataclass(frozen=True, slots=True)
class HandedOver(Event):
    """A run of a procedure went from one who is *gone* to *person*, who reads in on it."""

    kind: ClassVar[str] = "handover"
    procedure: str
    run: int
    gone: str
    person: str


@dataclass(frozen=True, slots=True)
class StepTaken(Event):
    """One step of a runbook is done: *who* did it and what came back, as JSON text."""

    kind: ClassVar[str] = "step"
    procedure: str
    run: int
    step: int
    action: str
    who: str
    result: str


@dataclass(frozen=True, slots=True)
class ProcedureEnded(Event):
    """A procedure ended with *verdict* and the reference of its evidence."""

    kind: ClassVar[str] = "procedure-ended"
    procedure: str
    run: int
    verdict: str
    evidence: str


@dataclass(frozen=True, slots=True)
class EvidenceFiled(Event):
    """A record was appended to the evidence chain."""

    kind: ClassVar[str] = "evidence"
    ref: str
    procedure: str
    verdict: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class IncidentChanged(Event):
    """An incident changed state; *severity* P1..P5, *family* its class."""

    kind: ClassVar[str] = "incident"
    incident: str
    state: str
    severity: str
    family: str
    summary: str


@dataclass(frozen=True, slots=True)
class EntryKept(Event):
    """An entry of the team's stores was opened or changed; *data* is its JSON text."""

    kind: ClassVar[str] = "entry"
    entry: str
    store: str
    state: str
    owner: str
    subject: str
    data: str


@dataclass(frozen=True, slots=True)
class NoticePublished(Event):
    """A message left the team for its *audience*."""

    kind: ClassVar[str] = "notice"
    audience: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class InvariantBroken(Event):
    """A property of the protocol did not hold at *block*."""

    kind: ClassVar[str] = "invariant-broken"
    invariant: str
    block: int
    detail: str


@dataclass(frozen=True, slots=True)
class FaultChanged(Event):
    """The injector started or ended a fault: hidden truth, for the scorer alone."""

    kind: ClassVar[str] = "fault"
    sealed: ClassVar[bool] = True
    fault: str
    family: str
    phase: str
    detail: str


def _text(value: object) -> str:
    """Return *value* as JSON; floats are refused, whose text is not the same everywhere."""
    write = _WRITERS.get(type(value))
    if write is None:
        write = next((kept for kind, kept in _WRITERS.items() if isinstance(value, kind)), None)
    if write is None:
        only = "only integers, text, bytes and their containers"
        raise CrashError(f"an event holds {value!r}: {only}")
    return write(value)


def _object(value: Mapping[Any, object]) -> str:
    items = sorted({str(key): _text(item) for key, item in value.items()}.items())
    return "{" + ",".join([f"{encode_basestring(key)}:{item}" for key, item in items]) + "}"


def _array(value: Sequence[object]) -> str:
    return "[" + ",".join([_text(item) for item in value]) + "]"


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    bool: lambda value: "true" if value else "false",  # before int, which it is too
    int: int.__repr__,
    bytes: lambda value: f'"0x{value.hex()}"',
    dict: _object,
    list: _array,
    tuple: _array,
    type(None): lambda _none: "null",
    Mapping: _object,
}


class _Line:
    """The form of the lines of one kind of events; the crate's writes them in a tenth of the time.

    Keys are in order, as in all of a canonical line; `n` and `t` are two more fields.
    """

    def __init__(self, kind: str, names: Sequence[str]) -> None:
        places = {name: f'"{name}":%({name})s' for name in (*names, "n", "t")}
        places["kind"] = f'"kind":{_text(kind)}'.replace("%", "%%")
        self._form = "{" + ",".join(places[name] for name in sorted(places)) + "}\n"
        self._names = tuple(names)

    def write(self, event: Event, number: int, time: int) -> bytes:
        """Return the line of *event*, the *number*th of the log, at unix second *time*."""
        texts = {name: _text(getattr(event, name)) for name in self._names}
        texts["n"], texts["t"] = str(number), str(time)
        return (self._form % texts).encode()


def _line(kind: type[Event]) -> _Line:
    """Return the form of the lines of *kind*: the crate's where that is built."""
    names = [field.name for field in fields(kind)]
    made = native("Line")
    try:
        line: _Line = made(kind, kind.kind, names, _text) if made else _Line(kind.kind, names)
    except TypeError:  # a class without slots
        return _Line(kind.kind, names)
    return line


class EventLog:
    """The log of one run, in memory or in the file at *path*; `emit` is the only way in.

    Lines are written through a buffer of 1 MiB and at every `flush`, which a run calls once a
    simulated day and when it is stopped, so that a kill loses no finished day.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Open *path* for writing, or keep the hash alone."""
        self._file: BinaryIO | None = None
        if path is not None:
            self._file = path.open("wb", buffering=1 << 20)
        self._hash = hashlib.sha256()
        self._lines: dict[type[Event], _Line] = {}
        self._listeners: list[Callable[[int, Event], object]] = []
        self._closed = False
        self.count = 0

    def listen(self, listener: Callable[[int, Event], object]) -> None:
        """Call *listener* with (unix second, event) after each event: progress, scorer, report."""
        self._listeners.append(listener)

    def emit(self, now: int, event: Event) -> None:
        """Append *event*, which happened at unix second *now*; CrashError after `close`."""
        if self._closed:
            raise CrashError(f"{event.kind} happened after the log was closed: close it last")
        kind = type(event)
        form = self._lines.get(kind)
        if form is None:
            form = self._lines[kind] = _line(kind)
        line = form.write(event, self.count, now)
        self._hash.update(line)
        self.count += 1
        if self._file is not None:
            self._file.write(line)
        for listener in self._listeners:
            listener(now, event)

    def flush(self) -> None:
        """Hand everything written so far to the operating system."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Flush and close the file: no event comes after it."""
        self._closed = True
        if self._file is not None:
            self._file.close()
            self._file = None

    def digest(self) -> str:
        """Return the SHA-256 over all lines so far, as hex.

        The last event of a run, `run-ended`, carries the final state root, so that this hash
        covers both.
        """
        return self._hash.hexdigest()


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the events of the file at *path* as dictionaries, in order; a torn last line is left."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)
