"""The desk's services on paper: what a test says is what they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from paper_desk import NOW, PaperDesk

from twin.desk.port import Component, LogRecord, Requirement, ServiceDesk, Upgrade
from twin.desk.port.bulletins import Bulletin
from twin.desk.port.identities import ApiKey, Hours, Person, Quorum
from twin.desk.port.journals import ROOT, Anchor, Envelope, Line, digest
from twin.desk.port.pager import Delivery
from twin.desk.port.scans import ScanFinding, ScanReport
from twin.desk.port.tickets import Ticket
from twin.errors import NoData
from twin.procedures.monitoring.happenings import CONTRACTS, ROLES

ALWAYS = Hours("UTC", ("mon", "tue", "wed", "thu", "fri", "sat", "sun"), 0, 1440)
NIGHT = Hours("UTC", ("mon",), 0, 1)


def account(number: int) -> bytes:
    return bytes([number]) * 20


def person(name: str, **about: Any) -> Person:
    made = Person(name, "staff", ("operator",), "active", None, mfa=True, last_seen=NOW,
                  network="AS1", account=account(200), hours=ALWAYS)  # fmt: skip
    return replace(made, **about)


def key(owner: str, **about: Any) -> ApiKey:
    made = ApiKey(f"key-{owner}", owner, ("console",), 0, None, None, revoked=False)
    return replace(made, **about)


@dataclass
class PaperIam:
    """An IAM with these people, keys and quorums."""

    staff: list[Person] = field(default_factory=lambda: [person("amara"), person("bruno")])
    made: list[ApiKey] = field(default_factory=lambda: [key("amara"), key("bruno")])
    signing: list[Quorum] = field(default_factory=lambda: [Quorum("pauser", 2, ("amara", "bruno"))])

    def people(self) -> list[Person]:
        return list(self.staff)

    def api_keys(self) -> list[ApiKey]:
        return list(self.made)

    def quorums(self) -> list[Quorum]:
        return list(self.signing)


@dataclass
class PaperJournals:
    """One journal, *access*; lines are written by `write`."""

    desk: PaperDesk
    files: dict[str, list[Line]] = field(default_factory=lambda: {"access": []})
    planted: list[tuple[str, int]] = field(default_factory=list)
    noted: list[Anchor] = field(default_factory=list)

    def write(self, actor: str, action: str = "login", resource: str = "console", *,
              at: int = NOW - 60, source: str = "AS1", result: str = "ok") -> Line:  # fmt: skip
        lines = self.files["access"]
        previous = lines[-1].hash if lines else ROOT
        line = Line(len(lines) + 1, at, actor, action, resource, source, result, previous, "")
        lines.append(replace(line, hash=digest(line)))
        return lines[-1]

    def names(self) -> list[str]:
        return list(self.files)

    def lines(self, journal: str, *, since: int, until: int) -> list[Line]:
        return [line for line in self.files[journal] if since <= line.at < until]

    def size(self, journal: str) -> int:
        return len(self.files[journal])

    def line(self, journal: str, number: int) -> Line | None:
        lines = self.files[journal]
        return lines[number - 1] if 0 < number <= len(lines) else None

    def anchors(self, journal: str, *, since: int) -> list[Anchor]:
        return [item for item in self.noted if item.at >= since]

    def envelope(self, review: str) -> Envelope:
        return Envelope(review, tuple(self.planted))


@dataclass
class PaperPager:
    """A receiver that gets drills as long as it is *whole*."""

    whole: bool = True
    log: list[Delivery] = field(default_factory=list)

    def drill(self, name: str) -> str:
        if self.whole:
            self.log.append(Delivery(NOW, f"Drill{{name={name}}}", "P5"))
        return f"Drill{{name={name}}}"

    def deliveries(self, *, since: int) -> list[Delivery]:
        return [item for item in self.log if item.at >= since]


@dataclass
class PaperScans:
    """A scanner with this report."""

    report: ScanReport | None = None

    def latest(self) -> ScanReport:
        if self.report is None:
            raise NoData("no scan")
        return self.report


def scan(*findings: ScanFinding) -> ScanReport:
    return ScanReport("scan-1", "ci", "abc", NOW - 3600, findings)


@dataclass
class PaperBulletins:
    """A feed with these bulletins."""

    published: list[Bulletin] = field(default_factory=list)

    def since(self, at: int) -> list[Bulletin]:
        return [item for item in self.published if item.published >= at]


@dataclass
class PaperTickets:
    """A help desk with these tickets."""

    opened: list[Ticket] = field(default_factory=list)

    def since(self, at: int) -> list[Ticket]:
        return [item for item in self.opened if item.opened >= at]


@dataclass
class PaperInventory:
    """A register of versions in which this is listed."""

    listed: list[Component] = field(default_factory=list)

    def components(self) -> list[Component]:
        return list(self.listed)

    def requirements(self) -> list[Requirement]:
        return []

    def upgrades(self) -> list[Upgrade]:
        return []


def ticket(number: int, topic: str, *, age: int = 600) -> Ticket:
    return Ticket(f"TK-{number}", NOW - age, f"user-{number}", "form", topic, "help")


@dataclass
class Paper:
    """A paper desk with all its services, everything in order."""

    desk: PaperDesk = field(default_factory=PaperDesk)
    iam: PaperIam = field(default_factory=PaperIam)
    pager: PaperPager = field(default_factory=PaperPager)
    scans: PaperScans = field(default_factory=lambda: PaperScans(scan()))
    bulletins: PaperBulletins = field(default_factory=PaperBulletins)
    tickets: PaperTickets = field(default_factory=PaperTickets)
    inventory: PaperInventory = field(default_factory=PaperInventory)

    def __post_init__(self) -> None:
        """Connect the services; register every contract, role, person, key and quorum."""
        self.journals = PaperJournals(self.desk)
        self.desk.services = ServiceDesk(
            bulletins=self.bulletins, identities=self.iam, inventory=self.inventory, journals=self.journals,
            pager=self.pager, scans=self.scans, tickets=self.tickets,
        )  # fmt: skip
        self.desk.addresses = {name: account(n) for n, name in enumerate(CONTRACTS, 1)}
        self.desk.approved |= {
            "governance.timelock_delay": 86_400,
            "access.people": ("amara", "bruno"),
            "access.keys": (("key-amara", "amara", ("console",)), ("key-bruno", "bruno", ("console",))),
            "access.quorum.pauser": (2, ("amara", "bruno")),
            "access.role.pauser": ((account(50), 0),),
            "access.role.unpauser": ((account(51), 0),),
            "access.role.oracle_admin": ((account(52), 600),),
        }  # fmt: skip
        for token in ("PaymentToken", "StableAsset", "FoundationToken"):
            self.desk.answers[token, "totalSupply"] = 1_000_000

    def happened(
        self, contract: str, event: str, *, age: int = 300, block: int = 290, **args: Any
    ) -> None:
        made = LogRecord(block, NOW - age, contract, event, args)
        self.desk.logs.setdefault((contract, event), []).append(made)

    def says(self, expression: str, *values: float, **labels: str) -> None:
        rows: list[tuple[Mapping[str, str], float]] = [(labels, value) for value in values]
        self.desk.query_answers.setdefault(expression, []).extend(rows)


def both(*actions: Callable[[Paper], object]) -> Callable[[Paper], object]:
    """Return what does all *actions*, one after the other."""

    def run(paper: Paper) -> None:
        for action in actions:
            action(paper)

    return run


def role(label: str) -> int:
    return ROLES.index(label)
