"""A trace: what the scorer reads of one run that has ended, from its world or from its folder.

The events of the kinds that the scorer asks for, as in `events.jsonl`, with the sealed ones; the
evidence; the series; and how the loss arose. Nothing here is known while the run lasts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twin.monitoring.series import SeriesStore
from twin.scoring.loss import Course

__all__ = ["KINDS", "Record", "Trace", "kept"]

Record = Mapping[str, Any]

KINDS = frozenset(
    ("ack", "alert", "entry", "evidence", "fault", "handover", "incident", "notice", "page", "tx-dropped",
     "procedure-ended", "procedure-started", "step", "tx")
)  # fmt: skip
"""Kinds of events that are kept: all that people did, and none of the blocks."""


def kept(events: Iterable[Record]) -> list[Record]:
    """Return those of *events* that the scorer reads; of transactions those that failed."""
    return [
        event
        for event in events
        if event["kind"] in KINDS and not (event["kind"] == "tx" and event["success"])
    ]


@dataclass(frozen=True, slots=True)
class Trace:
    """A run between the unix seconds *start* and *end*.

    *losses* are the courses of its loss, by the measure and by what was stopped; none where the
    scenario declares no loss.
    """

    start: int
    end: int
    events: Sequence[Record]
    evidence: Sequence[Record] = ()
    store: SeriesStore = field(default_factory=SeriesStore)
    losses: tuple[Course, ...] = ()

    @property
    def loss(self) -> int | None:
        """The loss in whole units."""
        return sum(part.total for part in self.losses) if self.losses else None

    def of(self, *kinds: str) -> Iterator[Record]:
        """Yield the events of *kinds* in order."""
        return (event for event in self.events if event["kind"] in kinds)

    def first(self, since: int, *kinds: str, **fields: Any) -> Record | None:
        """Return the first event of *kinds* from unix second *since* on whose *fields* agree."""
        for event in self.of(*kinds):
            if event["t"] >= since and all(event.get(name) == fields[name] for name in fields):
                return event
        return None

    def course(self) -> list[tuple[int, int]]:
        """Return (unix second, loss of the measure so far): what is stopped is no harm of a fault."""
        return self.losses[0].cumulative() if self.losses else []

    @property
    def faults(self) -> list[Record]:
        """The beginnings of the sealed faults, in order."""
        return [event for event in self.of("fault") if event["phase"] == "begin"]

    def ended(self, fault: str) -> int | None:
        """Return when *fault* ended, None where it lasted."""
        found = [e["t"] for e in self.of("fault") if e["fault"] == fault and e["phase"] == "end"]
        return found[-1] if found else None

    def cause(self, name: str | None) -> Record | None:
        """Return the beginning of the fault called *name*, or of the last to begin."""
        faults = self.faults
        if name is not None:
            faults = [event for event in faults if event["fault"] == name]
        return faults[-1] if faults else None
