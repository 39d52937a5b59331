"""Services on paper: backups, operators and vendors as tables that a test fills."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from paper_desk import NOW, USD

from twin.desk.port import (
    BackupFile,
    Candidate,
    Component,
    OperatorStatus,
    Quote,
    Requirement,
    ServiceDesk,
    ShadowReport,
    Upgrade,
    VendorRecord,
)
from twin.desk.port.bulletins import Bulletin
from twin.errors import NoData

HOUR, DAY = 3600, 86_400


@dataclass
class PaperBackups:
    """Files by name; a text of None does not unpack."""

    files: list[BackupFile] = field(default_factory=list)
    texts: dict[str, str | None] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)

    def add(self, kind: str, text: str | None, *, age: int = HOUR, **about: Any) -> None:
        """Keep a file of *kind* that its job logged rightly."""
        digest = hashlib.sha256((text or "").encode()).hexdigest()
        name = f"{kind}-{len(self.files)}"
        file = BackupFile(name, kind, NOW - age, 300, 1000, digest)
        self.files.append(replace(file, **about))
        self.texts[name] = text

    def catalog(self, kind: str) -> list[BackupFile]:
        return [file for file in self.files if file.kind == kind]

    def read(self, name: str) -> str:
        text = self.texts[name]
        if text is None:
            raise NoData(f"the backup {name} does not unpack")
        return text

    def transfer(self, name: str) -> int:
        assert name in self.texts
        return 600

    def recover(self, role: str) -> bytes:
        if role not in self.keys:
            raise NoData(f"1 of 3 shares of the key of {role} are left")
        return self.keys[role]


@dataclass
class PaperOperators:
    """Nodes by status; None is an endpoint that does not answer."""

    statuses: dict[str, OperatorStatus | None] = field(default_factory=dict)
    applying: list[Candidate] = field(default_factory=list)
    reports: dict[str, list[ShadowReport]] = field(default_factory=dict)
    forged: tuple[str, ...] = ()

    def nodes(self) -> list[str]:
        return list(self.statuses)

    def release(self) -> str:
        return "2.4.1"

    def status(self, node: str) -> OperatorStatus:
        found = self.statuses[node]
        if found is None:
            raise NoData(f"{node} does not answer")
        return found

    def candidates(self) -> list[Candidate]:
        return list(self.applying)

    def shadow_reports(self, candidate: str, *, since: int) -> list[ShadowReport]:
        return [one for one in self.reports.get(candidate, []) if one.observed_at >= since]

    def authentic(self, report: ShadowReport) -> bool:
        return report.candidate not in self.forged


@dataclass
class PaperVendors:
    """Vendors by name, with what each quoted."""

    register: dict[str, VendorRecord] = field(default_factory=dict)
    quotes: dict[str, list[Quote]] = field(default_factory=dict)
    index: list[Quote] = field(default_factory=list)
    symbols: dict[str, int | None] = field(default_factory=dict)

    def add(self, name: str, errors: Sequence[int], *, licence: int = DAY, canary: int | None = 5 * USD) -> None:  # fmt: skip
        """Enter a vendor that was off by *errors* (ppm), one a quarter hour up to now."""
        self.register[name] = VendorRecord(name, "WTI", name, NOW + licence)
        times = [NOW - 900 * (len(errors) - place) for place in range(len(errors))]
        self.quotes[name] = [
            Quote(80 * USD * (10**6 + error) // 10**6, at)
            for at, error in zip(times, errors, strict=True)
        ]
        self.index = [Quote(80 * USD, at) for at in times]
        self.symbols[name] = canary

    def names(self) -> list[str]:
        return list(self.register)

    def vendor(self, name: str) -> VendorRecord:
        return self.register[name]

    def history(self, name: str, *, since: int) -> list[Quote]:
        return [quote for quote in self.quotes[name] if quote.at >= since]

    def reference(self, commodity: str, *, since: int) -> list[Quote]:
        assert commodity == "WTI"
        return [quote for quote in self.index if quote.at >= since]

    def canary(self, name: str) -> int:
        found = self.symbols[name]
        if found is None:
            raise NoData(f"{name} does not answer")
        return found

    def canary_value(self) -> int:
        return 5 * USD


@dataclass
class PaperNews:
    """Bulletins and an inventory in one: what is known, and what runs."""

    bulletins: list[Bulletin] = field(default_factory=list)
    running: list[Component] = field(default_factory=list)

    def since(self, at: int) -> list[Bulletin]:
        return [one for one in self.bulletins if one.published >= at]

    def components(self) -> list[Component]:
        return list(self.running)

    def requirements(self) -> list[Requirement]:
        return []

    def upgrades(self) -> list[Upgrade]:
        return []


def status(node: str, **changes: Any) -> OperatorStatus:
    """Return what a healthy node publishes, with *changes*."""
    about = OperatorStatus(
        node, f"operator of {node}", "2.4.1", NOW - 9 * DAY, 700, 5 * 10**18, NOW
    )
    return replace(about, **changes)


def services(**parts: Any) -> ServiceDesk:
    """Return a service desk with *parts* and empty ones for the rest."""
    return ServiceDesk(
        **{
            "backups": PaperBackups(),
            "operators": PaperOperators(),
            "vendors": PaperVendors(),
            "bulletins": PaperNews(),
            "inventory": PaperNews(),
            **parts,
        }
    )


def state_text(alloc: dict[str, Any]) -> str:
    """Return a state dump."""
    return json.dumps({"block": 300, "timestamp": NOW, "alloc": alloc}, sort_keys=True)
