"""The witness: listens to the log of a run and keeps what the verdict and the scorer ask for.

It keeps the events of a few kinds (alerts, pages, procedures, evidence, incidents, contract logs,
faults), never the transactions and blocks, whose number follows the length of the run. What is not
recent lies on disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from twin.events import (
    AlertChanged,
    BlockMined,
    ContractLogged,
    Event,
    EventLog,
    EvidenceFiled,
    FaultChanged,
    IncidentChanged,
    InvariantBroken,
    NoticePublished,
    Paged,
    ProcedureEnded,
    ProcedureStarted,
    Reorganised,
    TransactionDropped,
    TransactionIncluded,
)
from twin.spill import SpilledList

__all__ = ["Witness"]

Kind = TypeVar("Kind", bound=Event)

_KEPT = (
    AlertChanged, ContractLogged, EvidenceFiled, FaultChanged, IncidentChanged, InvariantBroken,
    NoticePublished, Paged, ProcedureEnded, ProcedureStarted, TransactionDropped,
)  # fmt: skip


class Witness:
    """Events of the kept kinds with their unix second, in order, and counts of every kind."""

    def __init__(self, log: EventLog) -> None:
        """Listen to *log* from now on."""
        self._kept: dict[type[Event], SpilledList[tuple[int, Event]]] = {
            kind: SpilledList() for kind in _KEPT
        }
        self.counts: dict[str, int] = {}
        self.reverted = 0
        log.listen(self._hear)

    def _hear(self, now: int, event: Event) -> None:
        kind = type(event)
        self.counts[event.kind] = self.counts.get(event.kind, 0) + 1
        kept = self._kept.get(kind)
        if kept is not None:
            kept.append((now, event))
        elif isinstance(event, TransactionIncluded) and not event.success:
            self.reverted += 1
        elif isinstance(event, Reorganised):
            self._forget(event.first)

    def _forget(self, first: int) -> None:
        """Drop the contract logs of the blocks from *first* on: they are mined anew, or never."""
        logs = self._kept[ContractLogged]
        while logs and isinstance(log := logs[-1][1], ContractLogged) and log.block >= first:
            logs.pop()

    def seen(self, kind: type[Kind]) -> Iterator[tuple[int, Kind]]:
        """Yield (unix second, event) for every event of *kind*, which must be a kept one."""
        for now, event in self._kept[kind]:
            assert isinstance(event, kind)  # noqa: S101 - by construction, for the type checker
            yield now, event

    def keeps(self, kind: str) -> bool:
        """Say whether events whose log name is *kind* are kept: of others only the count is."""
        return any(family.kind == kind for family in self._kept)

    def named(self, kind: str) -> Iterator[tuple[int, Event]]:
        """Yield the kept events whose log name is *kind*, such as `incident`."""
        for family, kept in self._kept.items():
            if family.kind == kind:
                yield from kept

    def summary(self) -> dict[str, int]:
        """Return the counts a summary shows."""
        named: dict[str, type[Event]] = {
            "transactions": TransactionIncluded,
            "blocks": BlockMined,
            "pages": Paged,
            "evidence": EvidenceFiled,
        }
        counts = {name: self.counts.get(kind.kind, 0) for name, kind in named.items()}
        counts["reverted"] = self.reverted
        counts["alerts"] = sum(
            1 for _now, event in self.seen(AlertChanged) if event.state == "firing"
        )
        counts["incidents"] = len({event.incident for _now, event in self.seen(IncidentChanged)})
        counts["events"] = sum(self.counts.values())
        return counts
