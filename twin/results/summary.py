"""The summary: the outcome of a run with its checks, loss, counts, incidents and speed."""

from __future__ import annotations

from typing import Literal

from twin.results.record import SCHEMA_VERSION, Record

__all__ = ["Check", "Counts", "IncidentRow", "Loss", "Part", "Scalar", "Speed", "Summary"]

Scalar = str | int | float | bool | None


class Check(Record):
    """One line of the verdict; *at* is the unix second of the first crossing, or None."""

    kind: Literal["threshold", "expect", "invariant", "loss"]
    name: str
    limit: Scalar
    got: Scalar
    passed: bool
    at: int | None = None
    why: str = ""


class Loss(Record):
    """The declared loss in integer *unit*s; *net* is *value* less the same seed without fault."""

    measure: str
    unit: str
    value: int
    without_fault: int | None = None
    net: int | None = None


class Counts(Record):
    """How much of everything there was."""

    transactions: int = 0
    blocks: int = 0
    alerts: int = 0
    pages: int = 0
    incidents: int = 0
    evidence: int = 0
    events: int = 0


class IncidentRow(Record):
    """An incident as it stood at the end of the run; unix seconds."""

    id: str
    severity: str
    family: str
    opened: int
    closed: int | None
    summary: str


class Part(Record):
    """What one *part* of the twin took of the run: CPU *seconds*, and its *share* of them all."""

    part: str
    seconds: float
    share: float


class Speed(Record):
    """What the run cost on this machine: never part of the digest, never a threshold.

    *parts* is empty where nothing could be measured; the shares add up to 1, but for rounding.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_rss_mb: float
    transactions_per_second: float
    parts: tuple[Part, ...] = ()


class Summary(Record):
    """The outcome of a run: *passed* is the verdict over all *checks*."""

    schema_version: Literal[1] = SCHEMA_VERSION
    passed: bool
    partial: bool
    scenario: str
    seed: int
    control: str | None
    digest: str
    state_root: str
    checks: tuple[Check, ...]
    loss: Loss | None
    counts: Counts
    incidents: tuple[IncidentRow, ...]
    speed: Speed
