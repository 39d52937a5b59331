"""Journals: hash-chained log files of access, IAM and alerts, and the envelope about canaries.

The security lead plants entries that look like an intrusion and keeps their numbers in a sealed
envelope. It is opened against the evidence of a review that was filed before, so that a reviewer
is measured by what they found and cannot look first.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Protocol

__all__ = ["ROOT", "Envelope", "Journals", "Line", "digest"]

ROOT = "0" * 64
"""What the first line of a journal names as the one before it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line: at unix second *at*, *actor* did *action* on *resource* from *source*.

    *result* is ok or failed; *hash* covers everything else and *previous*, the hash before it.
    """

    number: int
    at: int
    actor: str
    action: str
    resource: str
    source: str
    result: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """What was planted in the period of one review: line *numbers* by journal name."""

    review: str
    planted: tuple[tuple[str, int], ...]


def digest(line: Line) -> str:
    """Return the hash that *line* should carry: SHA-256 over its other fields as JSON."""
    fields = [line.number, line.at, line.actor, line.action, line.resource, line.source,
              line.result, line.previous]  # fmt: skip
    return hashlib.sha256(json.dumps(fields, separators=(",", ":")).encode()).hexdigest()


class Journals(Protocol):
    """The log files."""

    def names(self) -> list[str]:
        """The journals there are."""

    def lines(self, journal: str, *, since: int, until: int) -> list[Line]:
        """Return the lines of unix seconds *since* <= at < *until*, in file order."""

    def size(self, journal: str) -> int:
        """Return how many lines the journal has."""

    def line(self, journal: str, number: int) -> Line | None:
        """Return the line called *number*, counted from 1, or None where none is."""

    def envelope(self, review: str) -> Envelope:
        """Open the envelope for the review filed as evidence *review*.

        Raises NoData where no such evidence was filed, or where it names no period.
        """
