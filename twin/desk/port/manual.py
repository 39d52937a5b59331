"""The procedure manual: the page of every procedure, as whoever follows one reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Manual", "ManualPage"]


@dataclass(frozen=True, slots=True)
class ManualPage:
    """The page of the *procedure* with this id.

    *cadence* is in words, *longest* the longest time between two runs in seconds, None for what
    answers an event. *idle* says why the procedure has no object here, and is None where it has.
    *owner* is the role that carries it out.
    """

    procedure: str
    title: str
    seed: str
    kind: str
    level: str
    cadence: str
    longest: int | None
    owner: str
    inputs: tuple[str, ...]
    evidence: str
    idle: str | None


class Manual(Protocol):
    """The manual as it is published."""

    def pages(self) -> list[ManualPage]:
        """Return every page, in the order of the ids. Raises NoData before it is published."""
