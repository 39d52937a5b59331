"""The scanner in CI: a report every night, with what is still open and since when."""

from __future__ import annotations

import hashlib

import numpy as np

from twin.clock import DAY, HOUR, Clock, Process
from twin.desk.port.scans import ScanFinding, ScanReport
from twin.errors import NoData
from twin.scenario.services_work import ScansSpec

__all__ = ["ScanClient", "Scanner"]

KINDS = (
    ("low", "docs", "outdated dependency of the documentation"),
    ("low", "console", "missing content-security header"),
    ("medium", "indexer", "library with a denial-of-service advisory"),
    ("medium", "keeper", "unpinned container image"),
)


class Scanner:
    """Scans every night at 02:00 UTC; a fault adds a finding that nobody works on."""

    def __init__(self, spec: ScansSpec, clock: Clock, *, chance: np.random.Generator) -> None:
        """Have scanned nothing yet."""
        self._spec, self._clock, self._chance = spec, clock, chance
        self._open: dict[str, tuple[ScanFinding, int | None]] = {}
        self._made = 0
        self.report: ScanReport | None = None

    def add(self, severity: str, component: str, title: str, *, fixed: int | None) -> str:
        """Let something be there from now on, until unix second *fixed* (None: for good)."""
        self._made += 1
        name = f"SCAN-{self._made:03d}"
        found = ScanFinding(name, severity, component, title, self._clock.now)
        self._open[name] = (found, fixed)
        return name

    def fix(self, name: str) -> None:
        """Let the finding be gone."""
        self._open.pop(name, None)

    def scan(self) -> None:
        """Look at everything now and write the report."""
        now = self._clock.now
        self._open = {
            name: (item, fixed)
            for name, (item, fixed) in self._open.items()
            if fixed is None or fixed > now
        }
        commit = hashlib.sha256(f"commit of day {now // DAY}".encode()).hexdigest()[:12]
        findings = tuple(item for item, _fixed in self._open.values())
        self.report = ScanReport(f"scan-{now // DAY}", "ci-scan", commit, now, findings)

    def live(self) -> Process:
        """Scan at once, as last night, and at 02:00 of every day."""
        self.scan()
        while True:
            now = self._clock.now
            yield self._clock.after((now // DAY + 1) * DAY + 2 * HOUR - now)
            for _ in range(int(self._chance.poisson(self._spec.findings_per_week / 7))):
                kind = KINDS[int(self._chance.random() * len(KINDS))]
                days = 1 + int(self._chance.random() * self._spec.fix_days)
                self.add(*kind, fixed=self._clock.now + days * DAY)
            self.scan()


class ScanClient:
    """The scanner's API."""

    __slots__ = ("_scanner",)

    def __init__(self, scanner: Scanner) -> None:
        """Ask *scanner*."""
        self._scanner = scanner

    def latest(self) -> ScanReport:
        """Return the newest report."""
        if self._scanner.report is None:
            raise NoData("no scan has been made yet")
        return self._scanner.report
