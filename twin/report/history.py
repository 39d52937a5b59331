"""What happened in a run, gathered for the report in one pass over its event log."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median_low
from typing import Any

__all__ = ["Calls", "Fault", "History", "Incident", "Lane", "ProcedureRun", "gather"]

Record = dict[str, Any]

ENDED = ("closed", "dismissed")
"""The states that end an incident (as in the desk's incident store)."""


@dataclass(slots=True)
class Calls:
    """Transactions to one function of a contract: how many, and the gas of each."""

    count: int = 0
    failed: int = 0
    gas: array[int] = field(default_factory=lambda: array("q"))

    @property
    def gas_median(self) -> int:
        """The lower median of the gas used."""
        return median_low(self.gas) if self.gas else 0


@dataclass(slots=True)
class Incident:
    """An incident with its state changes, oldest first; *closed* None while it is open."""

    id: str
    opened: int
    severity: str
    family: str
    summary: str
    closed: int | None = None
    changes: list[Record] = field(default_factory=list)


@dataclass(slots=True)
class Fault:
    """A sealed fault; *ended* None when it lasted; the *order*s are its events' numbers."""

    name: str
    family: str
    began: int
    detail: str
    order: int
    ended: int | None = None
    ended_order: int = 0


@dataclass(slots=True)
class ProcedureRun:
    """One run of a runbook with its *steps*; *ended* None when the run folder ends before it."""

    procedure: str
    number: int
    cause: str
    began: int
    order: int
    ended: int | None = None
    ended_order: int = 0
    verdict: str = ""
    evidence: str = ""
    steps: list[Record] = field(default_factory=list)


@dataclass(slots=True)
class Lane:
    """One alert rule: stretches (state, from, to) in which any label set was pending or firing."""

    rule: str
    severity: str
    stretches: list[tuple[str, int, int]] = field(default_factory=list)


@dataclass(slots=True)
class History:
    """All that the report reads of the events; times are unix seconds."""

    start: int = 0
    end: int = 0
    reached: int = 0
    alerts: list[Record] = field(default_factory=list)
    people: list[Record] = field(default_factory=list)
    notices: list[Record] = field(default_factory=list)
    broken: list[Record] = field(default_factory=list)
    evidence: list[Record] = field(default_factory=list)
    incidents: dict[str, Incident] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    runs: dict[tuple[str, int], ProcedureRun] = field(default_factory=dict)
    calls: dict[tuple[str, str], Calls] = field(default_factory=dict)
    issued: tuple[array[int], array[float]] = field(
        default_factory=lambda: (array("q"), array("d"))
    )

    def lanes(self) -> list[Lane]:
        """Return the stretches of every rule that was pending or firing, worst severity first."""
        lanes: dict[str, Lane] = {}
        active: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[str, int]] = {}
        for event in self.alerts:
            rule, at = event["rule"], event["t"]
            lane = lanes.setdefault(rule, Lane(rule, event["severity"]))
            key = (rule, tuple(sorted(event["labels"].items())))
            if key in active:
                state, since = active.pop(key)
                lane.stretches.append((state, since, at))
            if event["state"] in {"pending", "firing"}:
                active[key] = (event["state"], at)
        for (rule, _labels), (state, since) in active.items():
            lanes[rule].stretches.append((state, since, self.reached))
        return sorted(lanes.values(), key=lambda lane: (lane.severity, lane.rule))


def _started(history: History, event: Record) -> None:
    history.start, history.end = event["start"], event["end"]


def _tx(history: History, event: Record) -> None:
    calls = history.calls.setdefault((event["contract"], event["function"]), Calls())
    calls.count += 1
    calls.failed += not event["success"]
    calls.gas.append(event["gas_used"])


def _log(history: History, event: Record) -> None:
    if event["event"] == "EntitlementIssued":
        times, totals = history.issued
        before = totals[-1] if totals else 0.0
        times.append(event["t"])
        totals.append(before + int(event["args"].get("amount", 0)) / 1e18)


def _incident(history: History, event: Record) -> None:
    name = event["incident"]
    found = history.incidents.get(name)
    if found is None:
        found = history.incidents[name] = Incident(
            name, event["t"], event["severity"], event["family"], event["summary"]
        )
    found.severity, found.family = event["severity"], event["family"]
    found.summary = event["summary"]
    if event["state"] in ENDED:
        found.closed = event["t"]
    found.changes.append(event)


def _fault(history: History, event: Record) -> None:
    if event["phase"] == "begin":
        history.faults.append(
            Fault(event["fault"], event["family"], event["t"], event["detail"], event["n"])
        )
        return
    for fault in history.faults:
        if fault.name == event["fault"] and fault.ended is None:
            fault.ended, fault.ended_order = event["t"], event["n"]


def _procedure(history: History, event: Record) -> None:
    key = (event["procedure"], event["run"])
    run = history.runs.get(key)
    if run is None:
        run = history.runs[key] = ProcedureRun(*key, event.get("cause", ""), event["t"], event["n"])
    if event["kind"] == "step":
        run.steps.append(event)
    elif event["kind"] == "procedure-ended":
        run.ended, run.ended_order = event["t"], event["n"]
        run.verdict, run.evidence = event["verdict"], event["evidence"]


_TAKERS: dict[str, Callable[[History, Record], object]] = {
    "ack": lambda history, event: history.people.append(event),
    "alert": lambda history, event: history.alerts.append(event),
    "evidence": lambda history, event: history.evidence.append(event),
    "fault": _fault,
    "incident": _incident,
    "invariant-broken": lambda history, event: history.broken.append(event),
    "log": _log,
    "notice": lambda history, event: history.notices.append(event),
    "page": lambda history, event: history.people.append(event),
    "procedure-ended": _procedure,
    "procedure-started": _procedure,
    "run-started": _started,
    "step": _procedure,
    "tx": _tx,
}


def gather(events: Iterable[Record], *, start: int, end: int) -> History:
    """Read *events* once; *start* and *end* stand for a log that has no `run-started`.

    Kinds that the report does not show are passed over.
    """
    history = History(start=start, end=end, reached=start)
    for event in events:
        history.reached = event["t"]
        taker = _TAKERS.get(event["kind"])
        if taker is not None:
            taker(history, event)
    return history
