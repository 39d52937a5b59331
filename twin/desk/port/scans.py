"""Scanner reports: what CI found in our code and images, as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["ScanFinding", "ScanReport", "Scans"]


@dataclass(frozen=True, slots=True)
class ScanFinding:
    """One finding: *severity* is critical, high, medium or low; *first_seen* in unix seconds."""

    id: str
    severity: str
    component: str
    title: str
    first_seen: int


@dataclass(frozen=True, slots=True)
class ScanReport:
    """A report of *tool* over *commit*, finished at unix second *at*, with what is still open."""

    id: str
    tool: str
    commit: str
    at: int
    findings: tuple[ScanFinding, ...]


class Scans(Protocol):
    """The scanner's API."""

    def latest(self) -> ScanReport:
        """Return the newest report. Raises NoData before the first."""
