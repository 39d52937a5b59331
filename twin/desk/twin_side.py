"""The twin side of the desk: production-shaped answers from the simulated world.

Each part holds what it needs behind private names and shows only the port's methods: what a
procedure can reach from here is what an operator could ask for. The metrics and the alert board
belong to the monitoring, which is wired in after it is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from twin.chain.chain import Chain
from twin.chain.codec import keccak
from twin.clock import Clock
from twin.desk.answers import Answers
from twin.desk.calls import CallLedger
from twin.desk.clients import BankClient, CustodyClient, ExportPapers
from twin.desk.decoding import decoded_call
from twin.desk.incidents import IncidentStore
from twin.desk.lab import ChainLab
from twin.desk.logs import LogFollower
from twin.desk.node import NodeAccess
from twin.desk.notices import NoticeBoard
from twin.desk.port import (
    AccountRecord,
    Alert,
    Alerts,
    Call,
    CallStats,
    ChainStats,
    DecodedCall,
    Entry,
    Evidence,
    Incident,
    LogRecord,
    Metrics,
    Notice,
    Quote,
    RuleStatus,
    ServiceDesk,
    SignedReport,
    Simulation,
    Ticker,
)
from twin.desk.records import Records
from twin.desk.register import SignedRegister
from twin.desk.sender import simulate
from twin.desk.stores import Stores
from twin.desk.traffic import Traffic
from twin.errors import NoData, UnknownName
from twin.market.market import Market
from twin.market.venue import Venue
from twin.protocol.deployment import Deployment
from twin.protocol.reader import Reader

__all__ = ["TwinDesk"]


class _Chain:
    """The chain as views share it."""

    def __init__(self, chain: Chain, deployment: Deployment, traffic: Traffic) -> None:
        self.chain, self.deployment, self.traffic = chain, deployment, traffic
        self.calls = CallLedger(chain, deployment)
        self.reader = Reader(chain, deployment)
        self.answers = Answers(self.reader)
        self._followers: dict[tuple[str, str], LogFollower] = {}

    def follower(self, contract: str, event: str) -> LogFollower:
        """Return who follows *event* of *contract*; a contract that was replaced gets a new one."""
        target = self.deployment.contract(contract)
        codec = target.event(event)
        found = self._followers.get((contract, event))
        if found is None or not found.follows(target, codec):
            found = self._followers[contract, event] = LogFollower(self.chain, target, codec)
        return found


class TwinView:
    """The chain at one block."""

    __slots__ = ("_reader", "_shared")

    def __init__(self, shared: _Chain, block: int | None) -> None:
        self._shared = shared
        self._reader = shared.reader.at(block)

    @property
    def block(self) -> int:
        """The block's number."""
        return self._reader.block

    @property
    def timestamp(self) -> int:
        """The block's unix second."""
        return self._reader.timestamp

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view function."""
        return self._reader.read(contract, function, *args)

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Read *calls* as one multicall."""
        if self.block == self._shared.chain.head:
            return self._shared.answers.batch(calls, self.block)
        return self._reader.batch(calls)

    def simulate(
        self, authority: str, contract: str, function: str, args: Sequence[Any]
    ) -> Simulation:
        """Say what this call from the account of *authority* would do now."""
        shared = self._shared
        return simulate(
            shared.chain,
            shared.deployment,
            authority,
            contract=contract,
            function=function,
            args=args,
        )

    def logs(self, contract: str, event: str, *, since: int) -> list[LogRecord]:
        """Return the decoded events called *event* from unix second *since* on."""
        return self._shared.follower(contract, event).since(since, self.block)

    def account(self, address: bytes) -> AccountRecord:
        """Return the account at *address*."""
        found = self._shared.chain.account(address)
        return AccountRecord(found.nonce, found.balance, keccak(found.code), bool(found.code))

    def decode(self, to: bytes, data: bytes) -> DecodedCall | None:
        """Read calldata by the ABI of the contract at *to*."""
        return decoded_call(self._shared.deployment, to, data)

    def stats(self, *, since: int) -> ChainStats:
        """Summarise the blocks after unix second *since*."""
        return self._shared.traffic.stats(self.block, since=since)

    def calls(self, *, since: int) -> list[CallStats]:
        """Summarise the transactions to our contracts after unix second *since*, by function."""
        return self._shared.calls.since(since, self.block)


class _Feeds:
    def __init__(self, clock: Clock, market: Market) -> None:
        self._clock, self._indices, self._rates = clock, market.indices, market.rates
        self._reports = market.reports

    def index(self, commodity: str) -> Quote:
        """Return the independent index of *commodity*."""
        if commodity not in self._indices:
            raise UnknownName("commodity", commodity, self._indices)
        quote = self._indices[commodity].quote(self._clock.now)
        if quote is None:
            raise NoData(f"the index of {commodity} does not answer")
        return quote

    def rate(self, currency: str) -> Quote:
        """Return what one unit of *currency* is worth in USD."""
        if currency not in self._rates:
            raise UnknownName("currency", currency, self._rates)
        quote = self._rates[currency].quote(self._clock.now)
        if quote is None:
            raise NoData(f"the rate of {currency} does not answer")
        return quote

    def reports(self, commodity: str) -> list[SignedReport]:
        """Return the newest signed report of each node."""
        return self._reports.newest(commodity)

    def authentic(self, report: SignedReport) -> bool:
        """Verify the node's signature."""
        return self._reports.authentic(report)


class _Venues:
    def __init__(self, venues: Mapping[str, Venue]) -> None:
        self._venues = venues

    def names(self) -> list[str]:
        """The venues there are."""
        return list(self._venues)

    def ticker(self, venue: str) -> Ticker:
        """Return the ticker of *venue*."""
        if venue not in self._venues:
            raise UnknownName("venue", venue, self._venues)
        return self._venues[venue].ticker()


def _copy(item: Incident) -> Incident:
    """What a reader does to its copy, it does not do to the store."""
    return replace(
        item, alerts=list(item.alerts), history=list(item.history), notes=dict(item.notes)
    )


class _Incidents:
    def __init__(self, store: IncidentStore) -> None:
        self._store = store

    def all(self) -> list[Incident]:
        """Return every incident."""
        return [_copy(item) for item in self._store.all()]

    def open(self) -> list[Incident]:
        """Return the incidents that have not ended."""
        return [_copy(item) for item in self._store.open()]

    def get(self, incident: str) -> Incident:
        """Return one by id."""
        return _copy(self._store.get(incident))


class _Stores:
    """The read side of the stores: entries are frozen, so that a reader changes nothing."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def entries(self, kind: str, *, unended: bool = False) -> list[Entry]:
        """Return the entries of *kind*, oldest first."""
        return self._stores.entries(kind, unended=unended)

    def get(self, entry: str) -> Entry:
        """Return one by id."""
        return self._stores.get(entry)


class _Evidence:
    """The read side of the evidence."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def of(self, procedure: str | None = None, *, since: int = 0) -> list[Evidence]:
        """Return the records of *procedure*, or of all, from unix second *since* on."""
        return self._records.of(procedure, since=since)

    def last(self, procedure: str) -> Evidence | None:
        """Return the newest record of *procedure*."""
        return self._records.last(procedure)

    def data(self, ref: str) -> Mapping[str, Any]:
        """Return the data of one record."""
        return self._records.data(ref)

    def intact(self) -> bool:
        """Prove the chain of hashes."""
        return self._records.intact()


class _Notices:
    """The read side of what was published."""

    def __init__(self, board: NoticeBoard) -> None:
        self._board = board

    def published(self, audience: str | None = None, *, since: int = 0) -> list[Notice]:
        """Return the notices to *audience*, or to all."""
        return self._board.published(audience, since=since)


class _Metrics:
    """The metrics store, and nothing else of the monitoring."""

    def __init__(self, store: Metrics) -> None:
        self._store = store

    def query(self, expression: str) -> list[tuple[Mapping[str, str], float]]:
        """Evaluate *expression* now."""
        return self._store.query(expression)


class _Alerts:
    """The alert board, and nothing else of the monitoring."""

    def __init__(self, board: Alerts) -> None:
        self._board = board

    def firing(self) -> list[Alert]:
        """Return what fires now, worst first."""
        return self._board.firing()

    def rules(self) -> list[RuleStatus]:
        """Return the alert rules that are loaded."""
        return self._board.rules()


class _NoMonitoring:
    """Stands in until the monitoring is wired, and says so."""

    def query(self, expression: str) -> list[tuple[Mapping[str, str], float]]:
        """There is nothing to ask."""
        raise NoData(f"no monitoring runs: {expression}")

    def firing(self) -> list[Alert]:
        """There is nothing to fire."""
        raise NoData("no monitoring runs")

    def rules(self) -> list[RuleStatus]:
        """There is nothing loaded."""
        raise NoData("no monitoring runs")


class TwinDesk:
    """The desk over a simulated world; see the port for what each part answers."""

    __slots__ = ("_chain", "_clock", "_node", "alerts", "banks", "custody", "customs", "evidence", "feeds", "incidents",
                 "lab", "metrics", "notices", "register", "services", "stores", "venues")  # fmt: skip

    def __init__(
        self,
        clock: Clock,
        chain: Chain,
        *,
        deployment: Deployment,
        market: Market,
        register: SignedRegister,
        incidents: IncidentStore,
        stores: Stores,
        records: Records,
        notices: NoticeBoard,
        lab: ChainLab,
        services: ServiceDesk,
        node: NodeAccess | None = None,
    ) -> None:
        """Wrap each part of the world in what an operator may see of it."""
        self._clock = clock
        self._node = node or NodeAccess()
        self._chain = _Chain(chain, deployment, Traffic(chain))
        self.feeds = _Feeds(clock, market)
        self.venues = _Venues(market.venues)
        self.customs = ExportPapers(market.customs, market.export_feeds)
        self.banks, self.custody = BankClient(market.banks), CustodyClient(market.custodians)
        self.register = register
        self.incidents, self.stores = _Incidents(incidents), _Stores(stores)
        self.lab = lab
        self.evidence, self.notices = _Evidence(records), _Notices(notices)
        self.services = services
        self.metrics: Metrics = _NoMonitoring()
        self.alerts: Alerts = _NoMonitoring()

    def wire(self, metrics: Metrics, alerts: Alerts) -> None:
        """Give the desk the metrics store and the alert board."""
        self.metrics, self.alerts = _Metrics(metrics), _Alerts(alerts)

    @property
    def now(self) -> int:
        """The present, in unix seconds."""
        return self._clock.now

    def at(self, block: int | None = None) -> TwinView:
        """Return the chain at *block*, or at the latest that the node knows."""
        return TwinView(self._chain, self._node.block(block, self._chain.chain.head))
