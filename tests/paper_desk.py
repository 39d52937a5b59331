"""A desk on paper: the port's parts as tables that a test fills, and a stage that plays a runbook.

`PaperDesk` answers from what it was told and from nothing else; what it was not told is no data.
`Stage` hands a runbook's steps their results, as JSON, without people or blocks: it appends one
line a step to its *log*, and takes decisions as advised unless *choices* says otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from twin.desk.clients import BankClient, CustodyClient
from twin.desk.incidents import IncidentStore
from twin.desk.notices import NoticeBoard
from twin.desk.port import (
    AccountRecord,
    Alert,
    Call,
    CallStats,
    ChainStats,
    DecodedCall,
    ExportRecord,
    LogRecord,
    Quote,
    RuleStatus,
    SignedReport,
    Simulation,
    Ticker,
)
from twin.desk.records import Records, canonical
from twin.desk.register import SignedRegister
from twin.desk.steps import (
    Act,
    Case,
    Decide,
    File,
    Finding,
    Keep,
    Look,
    Notify,
    Runbook,
    Step,
    Trigger,
    Update,
    Wait,
    Work,
)
from twin.desk.stores import Stores
from twin.errors import NoData, Reverted

NOW = 1_700_000_000
USD = 10**8
WTI, GAS = b"\x0a" * 32, b"\x0b" * 32
BOUNDS = (-100 * USD, 500 * USD, 3600, 5000, 7200, 4)
"""min and max answer, heartbeat, deviation, max age, quorum: what the register approves."""

NODES = tuple(bytes([number]) * 20 for number in range(1, 8))
NO_STATS = ChainStats(1, 300, NOW - 4, 10**9, 400_000, 100, 1, 0, 12)


def quiet_answers() -> dict[tuple[str, str], Any]:
    """Return what the contracts answer on a quiet day: seven nodes at 80 USD, a pool at the peg."""
    return {
        ("OracleNetwork", "latest"): (80 * USD, NOW - 600, 12, 7),
        ("OracleNetwork", "reports"): (NODES, (80 * USD,) * 7, (NOW - 600,) * 7),
        ("OracleNetwork", "feedConfig"): BOUNDS,
        ("AllocationBook", "ratePerUsd"): 10**16,
        ("AllocationBook", "paused"): False,
        ("LiquidityPool", "paused"): False,
        ("LiquidityPool", "reserves"): (2_000_000 * 10**6, 2_000_000 * 10**6, NOW),
        ("LiquidityPool", "totalSupply"): 2_000_000 * 10**6,
        ("FeeSchedule", "schedule"): (3000, 500, 10_000, 1000, 21_600, 0, 0),
    }


class NoLab:
    """A lab whose budget is used up."""

    def fork(self, purpose: str) -> Any:
        raise NoData(f"no fork for {purpose}")

    def backtest(self, expression: str, hold: int, series: Sequence[Any]) -> list[int]:
        del hold, series
        raise NoData(f"no rule engine for {expression}")


class PaperView:
    """The chain as the paper says."""

    def __init__(self, desk: PaperDesk, block: int | None = None) -> None:
        self.desk = desk
        self.block, self.timestamp = (300, desk.now) if block is None else (block, desk.genesis)

    def read(self, contract: str, function: str, *args: Any) -> Any:
        answer = self._answer(contract, function, args)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _answer(self, contract: str, function: str, args: tuple[Any, ...]) -> Any:
        answer = self.desk.answers[contract, function]
        return answer(*args) if callable(answer) else answer

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        return [self._answer(*call) for call in calls]

    def simulate(
        self, authority: str, contract: str, function: str, args: Sequence[Any]
    ) -> Simulation:
        del args
        made = self.desk.simulations
        return (
            made.pop(0) if made else Simulation(True, 50_000, f"{authority} {contract}.{function}")
        )

    def logs(self, contract: str, event: str, *, since: int) -> list[LogRecord]:
        found = self.desk.logs.get((contract, event), [])
        return [record for record in found if record.timestamp >= since]

    def account(self, address: bytes) -> AccountRecord:
        return self.desk.accounts.get(address, AccountRecord(0, 10**18, b"\0" * 32, False))

    def decode(self, to: bytes, data: bytes) -> DecodedCall | None:
        return self.desk.decoded.get((to, data))

    def stats(self, *, since: int) -> ChainStats:
        self.desk.asked.append(since)
        if self.desk.stats is None:
            raise NoData("the explorer does not answer")
        return self.desk.stats

    def calls(self, *, since: int) -> list[CallStats]:
        self.desk.asked.append(since)
        return list(self.desk.called)


@dataclass
class PaperDesk:
    """The desk's parts; each one is its own port, which keeps the fixture short."""

    now: int = NOW
    answers: dict[tuple[str, str], Any] = field(default_factory=quiet_answers)
    prices: dict[str, int | None] = field(default_factory=lambda: {"WTI": 80 * USD})
    index_age: int = 60
    signed: list[SignedReport] = field(default_factory=lambda: [report(n) for n in range(3)])
    forged: tuple[str, ...] = ()
    papers: dict[bytes, Mapping[str, Any]] = field(default_factory=dict)
    logs: dict[tuple[str, str], list[LogRecord]] = field(default_factory=dict)
    stats: ChainStats | None = NO_STATS
    series: dict[str, list[float]] = field(default_factory=dict)
    alarms: list[Alert] = field(default_factory=list)
    simulations: list[Simulation] = field(default_factory=list)
    store: IncidentStore = field(default_factory=IncidentStore)
    stores: Stores = field(default_factory=Stores)
    evidence: Records = field(default_factory=Records)
    notices: NoticeBoard = field(default_factory=NoticeBoard)
    services: Any = field(default_factory=SimpleNamespace)
    lab: Any = field(default_factory=NoLab)
    feed_ids: dict[str, bytes] = field(default_factory=lambda: {"WTI": WTI})
    approved: dict[str, Any] = field(default_factory=lambda: {"feed.WTI": BOUNDS})
    asked: list[Any] = field(default_factory=list)
    accounts: dict[bytes, AccountRecord] = field(default_factory=dict)
    decoded: dict[tuple[bytes, bytes], DecodedCall] = field(default_factory=dict)
    loaded: list[RuleStatus] = field(default_factory=list)
    registered: dict[str, Any] = field(default_factory=dict)
    answer: Callable[[str], list[tuple[Mapping[str, str], float]]] | None = None
    genesis: int = NOW - 60 * 86_400
    addresses: dict[str, bytes] = field(default_factory=dict)
    seen: dict[tuple[str, bytes], ExportRecord] = field(default_factory=dict)
    watchers: tuple[str, ...] = ()
    bank_desk: Any = field(default_factory=lambda: BankClient({}))
    custody_desk: Any = field(default_factory=lambda: CustodyClient({}))
    called: list[CallStats] = field(default_factory=list)
    labelled: dict[str, list[tuple[Mapping[str, str], float]]] = field(default_factory=dict)
    query_answers: dict[str, list[tuple[Mapping[str, str], float]]] = field(default_factory=dict)
    tickers: dict[str, Any] = field(default_factory=dict)

    @property
    def feeds(self) -> PaperDesk:
        return self

    @property
    def venues(self) -> PaperDesk:
        return self

    @property
    def customs(self) -> PaperDesk:
        return self

    @property
    def banks(self) -> Any:
        return self.bank_desk

    @property
    def custody(self) -> Any:
        return self.custody_desk

    @property
    def metrics(self) -> PaperDesk:
        return self

    @property
    def alerts(self) -> PaperDesk:
        return self

    @property
    def incidents(self) -> IncidentStore:
        return self.store

    @property
    def register(self) -> SignedRegister:
        about = {"addresses": self.addresses, **self.registered}
        return SignedRegister(parameters=self.approved, feeds=self.feed_ids, **about)

    def at(self, block: int | None = None) -> PaperView:
        return PaperView(self, block)

    def index(self, commodity: str) -> Quote:
        price = self.prices.get(commodity)
        if price is None:
            raise NoData(f"the index of {commodity} does not answer")
        return Quote(price, self.now - self.index_age)

    def reports(self, commodity: str) -> list[SignedReport]:
        return [item for item in self.signed if item.feed == commodity]

    def authentic(self, report: SignedReport) -> bool:
        return report.node not in self.forged

    def names(self) -> list[str]:
        return list(self.tickers)

    def ticker(self, venue: str) -> Ticker:
        price: Any = self.tickers.get(venue)
        if price is None:
            raise NoData(f"{venue} does not answer")
        if isinstance(price, Ticker):
            return price
        return Ticker(venue, price - 500, price + 500, price, 0, self.now)

    def document(self, document_hash: bytes) -> Mapping[str, Any] | None:
        return self.papers.get(document_hash)

    def export_feeds(self) -> list[str]:
        return list(self.watchers)

    def record(self, feed: str, document_hash: bytes) -> ExportRecord | None:
        if feed not in self.watchers:
            raise NoData(f"{feed} says nothing of 0x{document_hash.hex()}")
        return self.seen.get((feed, document_hash))

    def rate(self, currency: str) -> Quote:
        raise NoData(f"the rate of {currency} does not answer")

    def query(self, expression: str) -> list[tuple[Mapping[str, str], float]]:
        self.asked.append(expression)
        if expression in self.query_answers:
            return self.query_answers[expression]
        if self.answer is not None:
            return self.answer(expression)
        for start, values in self.series.items():
            if expression.startswith(start):
                return [({}, value) for value in values]
        for start, rows in self.labelled.items():
            if expression.startswith(start):
                return list(rows)
        return []

    def firing(self) -> list[Alert]:
        return list(self.alarms)

    def rules(self) -> list[RuleStatus]:
        return list(self.loaded)


def report(
    number: int, *, source: str | None = None, age: int = 600, feed: str = "WTI"
) -> SignedReport:
    """Return the report of node *number*, which by default has a source of its own."""
    name = source or ("albion", "brisa", "corvus")[number % 3]
    return SignedReport(f"node-{number}", feed, name, 80 * USD, NOW - age, b"\x01" * 65)


def alarm(rule: str = "OracleIndexDivergence", severity: str = "P1") -> Alert:
    """Return an alert that fires."""
    return Alert(rule, {"severity": severity, "domain": "oracle"}, {}, "firing", NOW - 60, 1.0)


def quoting(answer: int, *, reporters: int = 7, age: int = 600) -> dict[tuple[str, str], Any]:
    """Return quiet answers, but for an oracle that says *answer*."""
    return {
        **quiet_answers(),
        ("OracleNetwork", "latest"): (answer, NOW - age, 13, reporters),
        ("OracleNetwork", "reports"): (NODES, (answer,) * 7, (NOW - age,) * 7),
    }


def went_through(step: Act) -> dict[str, Any]:
    """Answer an act that took effect."""
    del step
    return {"success": True, "reason": "", "block": 301, "timestamp": NOW, "transaction": b"\x01"}


def refused(step: Act) -> dict[str, Any]:
    """Answer an act that found too few signers."""
    return {"success": False, "reason": f"1 of 2 signatures of {step.authority}", "block": None}


@dataclass
class Stage:
    """Plays one runbook on *desk*; *on_act* and *on_wait* say what an act and time bring."""

    desk: PaperDesk
    choices: dict[str, str] = field(default_factory=dict)
    on_act: Callable[[Act], dict[str, Any]] = went_through
    on_wait: Callable[[PaperDesk], object] = lambda _desk: None
    log: list[str] = field(default_factory=list)
    decisions: list[Decide] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    triggers: list[Trigger] = field(default_factory=list)
    notices: list[Notify] = field(default_factory=list)

    def play(self, runbook: Runbook) -> Finding:
        """Hand *runbook* its results until it returns."""
        answer: Any = None
        while True:
            try:
                step = runbook.send(answer)
            except StopIteration as stop:
                finding: Finding = stop.value
                canonical(finding.data)  # evidence is JSON
                return finding
            self.log.append(step.describe())
            answer = json.loads(canonical(self._answer(step)))

    def _answer(self, step: Step) -> Any:  # noqa: PLR0911 - one line a kind of step
        match step:
            case Look():
                return step.query(self.desk, *step.args)
            case Work() | Wait():
                self.desk.now += step.effort if isinstance(step, Work) else step.seconds
                self.on_wait(self.desk)
                return {"who": "amara"} if isinstance(step, Work) else self.desk.now
            case Decide():
                self.decisions.append(step)
                said = [choice for start, choice in self.choices.items() if start in step.question]
                return said[0] if said else step.advice
            case Act():
                self.acts.append(step)
                return self.on_act(step)
            case Update():
                return self._update(step)
            case Keep():
                return self._keep(step)
            case Notify():
                self.notices.append(step)
                return self.desk.now
            case File():
                return "ref"
            case Trigger():
                self.triggers.append(step)
                return []

    def _update(self, step: Update) -> str:
        store, now = self.desk.store, self.desk.now
        if step.incident is None:
            made = store.create(now, summary=step.summary or "", severity=step.severity or "P3",
                                family=step.family or "unknown", alerts=step.alerts,
                                notes=step.notes)  # fmt: skip
            return store.change(made.id, now, state=step.state).id
        return store.change(step.incident, now, state=step.state, severity=step.severity,
                            family=step.family, summary=step.summary, alerts=step.alerts,
                            notes=step.notes).id  # fmt: skip

    def _keep(self, step: Keep) -> str:
        stores, now = self.desk.stores, self.desk.now
        if step.entry is None:
            return stores.create(step.kind, now, subject=step.subject or "", due=step.due,
                                 state=step.state or "open", owner=step.owner or "",
                                 data=step.data).id  # fmt: skip
        return stores.change(step.entry, now, state=step.state, owner=step.owner, due=step.due,
                             data=step.data).id  # fmt: skip


def classified(
    desk: PaperDesk, *, family: str = "oracle", severity: str = "P1", **facts: Any
) -> Case:
    """Open an incident on *desk* and return the case that its classification hands on."""
    item = desk.store.create(desk.now, summary="off the index", severity=severity, family=family,
                             alerts=[alarm().key])  # fmt: skip
    return Case("INC is classified", alarm().key, item.id,
                {"family": family, "severity": severity, "domain": family, **facts})  # fmt: skip


def log_of(contract: str, event: str, *, age: int = 300, **args: Any) -> LogRecord:
    """Return an event of *age* seconds ago."""
    return LogRecord(290, NOW - age, contract, event, args)


def broken() -> Reverted:
    """Return what a multicall answers for a contract that does not work."""
    return Reverted(b"\x01", "Panic(17)")
