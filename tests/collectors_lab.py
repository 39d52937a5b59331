"""A laboratory for collectors: a small desk whose parts answer what a test says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chain_lab import real
from paper_security import PaperPager, PaperTickets
from paper_services import PaperServices

from twin.bundled import folder
from twin.chain.chain import Chain, ChainConfig
from twin.chain.engines import make_engine
from twin.clock import Clock
from twin.desk.port import (
    BankStatement,
    ChainStats,
    CustodyStatement,
    Desk,
    Incident,
    LogRecord,
    OperatorStatus,
    Quote,
    ServiceDesk,
    SignedReport,
    Ticker,
    View,
)
from twin.desk.records import Records
from twin.desk.register import SignedRegister
from twin.errors import DeskError, NoData
from twin.monitoring.collectors import Collector, default_collectors
from twin.monitoring.registry import Registry
from twin.monitoring.series import SeriesStore
from twin.protocol.artifacts import Artifacts
from twin.protocol.deployment import DeploymentSpec, deploy
from twin.protocol.parameters import Endowment, feed_id
from twin.protocol.reader import Reader
from twin.protocol.roles import account_of
from twin.random import Streams
from twin.services.exchanges import ExchangeClient, ExchangeHouse
from twin.services.makers import MakerClient

START, WTI = 1_700_000_000, feed_id("WTI")
BOB, NODES = account_of("bob"), {name: account_of(name) for name in ("one", "two", "three", "four")}


class RealView:
    """The contracts on the real engine; traffic is told."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.asked: list[int] = []
        self.events: list[LogRecord] = []
        self.told = ChainStats(0, 0, START, 7, 250_000, 10, 2, 3, 48)

    @property
    def block(self) -> int:
        return self.reader.chain.head

    @property
    def timestamp(self) -> int:
        return self.told.timestamp

    def batch(self, calls: Sequence[tuple[str, str, tuple[Any, ...]]]) -> list[Any]:
        return self.reader.batch(calls)

    def read(self, contract: str, function: str, *args: Any) -> Any:
        return self.reader.batch([(contract, function, args)])[0]

    def logs(self, contract: str, event: str, *, since: int) -> list[LogRecord]:
        return [log for log in self.events if (log.contract, log.event) == (contract, event)
                and log.timestamp >= since]  # fmt: skip

    def stats(self, *, since: int) -> ChainStats:
        self.asked.append(since)
        return self.told


@dataclass
class Feeds:
    price: int | None = 80 * 10**8
    signed: list[SignedReport] = field(default_factory=list)

    def index(self, commodity: str) -> Quote:
        if self.price is None:
            raise NoData(f"the index of {commodity} does not answer")
        return Quote(self.price, START - 60)

    def reports(self, commodity: str) -> list[SignedReport]:
        return [report for report in self.signed if report.feed == commodity]


@dataclass
class Venues:
    tickers: dict[str, Ticker | None]

    def names(self) -> list[str]:
        return list(self.tickers)

    def ticker(self, venue: str) -> Ticker:
        found = self.tickers[venue]
        if found is None:
            raise NoData(f"{venue} does not answer")
        return found


@dataclass
class Incidents:
    severities: tuple[str, ...] | None = ("P1", "P3", "P3")

    def open(self) -> list[Incident]:
        if self.severities is None:
            raise DeskError("the incident store does not answer")
        return [Incident("I", START, "open", one, "pool", "", []) for one in self.severities]


class Operators:
    """One node that answers and one that does not."""

    def nodes(self) -> list[str]:
        return ["one", "two"]

    def status(self, node: str) -> OperatorStatus:
        if node == "two":
            raise NoData("two does not answer")
        return OperatorStatus(node, "someone", "1.0", START, 800, 5 * 10**18, START)

    def _unasked(self, *_args: object, **_kinds: object) -> Any:
        raise AssertionError("a collector asks for the status alone")

    release = candidates = shadow_reports = authentic = _unasked


class Nobody:
    """A service that has nothing to tell of."""

    def names(self) -> list[str]:
        return []

    roles = names


@dataclass
class Banks:
    statements: dict[str, BankStatement | None]

    def accounts(self) -> list[tuple[str, str]]:
        return [("ticino", account) for account in self.statements]

    def open(self, bank: str) -> bool:
        return bank == "ticino"

    def statement(self, bank: str, account: str) -> BankStatement:
        found = self.statements[account]
        if found is None:
            raise NoData(f"{bank} shows nothing of {account}")
        return found


@dataclass
class Custody:
    statements: dict[str, CustodyStatement | None]

    def names(self) -> list[str]:
        return list(self.statements)

    def statement(self, custodian: str) -> CustodyStatement:
        found = self.statements[custodian]
        if found is None:
            raise NoData(f"{custodian} shows nothing")
        return found


class SmallDesk:
    def __init__(self, view: RealView) -> None:
        self.view = view
        self.now = START
        self.register = SignedRegister(parameters={}, addresses={}, feeds={"WTI": WTI})
        self.feeds, self.incidents = Feeds(), Incidents()
        self.evidence = Records()
        self.tickets, self.pager = PaperTickets(), PaperPager()
        paper, clock = PaperServices(), Clock(START)
        house = ExchangeHouse({}, {}, clock=clock, streams=Streams(1))
        self.services = ServiceDesk(
            endpoints=paper.endpoints, indexer=paper.indexer, nodes=paper.nodes, probes=paper.probes,
            tickets=self.tickets, pager=self.pager, operators=Operators(),
            exchanges=ExchangeClient(house, clock), makers=MakerClient((), {}, clock),
        )  # fmt: skip
        self.banks, self.custody = Banks({"treasury": None}), Custody({"vault": None})
        self.venues = Venues(
            {
                "alpha": Ticker("alpha", 990_000, 1_010_000, 1_000_000, 5 * 10**6, START),
                "beta": None,
                "gamma": Ticker("gamma", 0, 1_010_000, 1_000_000, 10**6, START),
            }
        )


def make() -> tuple[SmallDesk, Registry, list[Collector]]:
    chain = Chain(make_engine("pyevm", chain_id=17), ChainConfig(17), Clock(START))
    endowment = Endowment(pt=10**9, wei=10**18, approvals=(("PaymentToken", "LiquidityPool"),))
    gas = Endowment(wei=10**18)
    spec = DeploymentSpec(
        balances={BOB: endowment} | dict.fromkeys(NODES.values(), gas), nodes=NODES
    )
    reader = Reader(chain, deploy(chain, spec, artifacts=Artifacts(folder("contracts_abi"))))
    desk, registry = SmallDesk(RealView(reader)), Registry(SeriesStore())
    return desk, registry, default_collectors(registry, as_desk(desk), firing=lambda: {"P1": 2})


def as_desk(desk: SmallDesk) -> Desk:
    return desk  # type: ignore[return-value]  # as much of a desk as collectors read


def as_view(view: RealView) -> View:
    return view  # type: ignore[return-value]  # as above


def scrape(desk: SmallDesk, registry: Registry, collectors: list[Collector]) -> None:
    registry.begin(desk.now)
    answers = desk.view.batch([call for one in collectors for call in one.calls])
    for collector in collectors:
        mine, answers = answers[: len(collector.calls)], answers[len(collector.calls) :]
        collector.collect(as_view(desk.view), as_desk(desk), mine)
    registry.finish()


def read(registry: Registry, time: int) -> dict[str, float]:
    made = {}
    for series in registry.store:
        found = series.at(time, lookback=0)
        if found is not None:
            inner = ",".join(f"{key}={value}" for key, value in sorted(series.labels.items()))
            made[f"{series.name.removeprefix('fictra_')}{{{inner}}}"] = found[1]
    return made


def errors(values: Mapping[str, float]) -> dict[str, float]:
    prefix = "scrape_errors_total{collector="
    return {
        name.removeprefix(prefix).rstrip("}"): value
        for name, value in values.items()
        if name.startswith(prefix) and value
    }


def submit(desk: SmallDesk, answers: Mapping[str, int]) -> None:
    chain = real(desk.view.reader)
    oracle = desk.view.reader.deployment.contract("OracleNetwork")
    for node, answer in answers.items():
        data = oracle.encode("submit", WTI, answer, chain.clock.now)
        chain.send(NODES[node], oracle.address, data, gas=500_000, tip=10**9)
    chain.clock.run(chain.clock.now + 12)
    desk.now = chain.clock.now
