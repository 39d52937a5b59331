"""The desk port: what a procedure sees of the world, and nothing else.

Every answer has the shape production gives: integers in token units, prices with 8 decimals,
JSON-like records. A check reads the chain through `desk.at()`, one block for all its reads. What
changes the world is not here: a runbook yields a step, and the executor carries it out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from twin.desk.stores import Entry
from twin.quotes import (
    BankStatement,
    CustodyStatement,
    ExportRecord,
    Quote,
    SignedReport,
    Ticker,
)

__all__ = [
    "Alert",
    "Alerts",
    "BankStatement",
    "Banks",
    "Call",
    "ChainStats",
    "Custody",
    "CustodyStatement",
    "Customs",
    "Desk",
    "Entry",
    "ExportRecord",
    "Feeds",
    "Fork",
    "Incident",
    "Incidents",
    "Lab",
    "LogRecord",
    "Metrics",
    "Quote",
    "Register",
    "SignedReport",
    "Simulation",
    "Stores",
    "Ticker",
    "Venues",
    "View",
]

Call = tuple[str, str, tuple[Any, ...]]
"""A view call: contract name, function name, arguments."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A decoded contract event at a *block* of unix second *timestamp*."""

    block: int
    timestamp: int
    contract: str
    event: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a transaction would do if sent now: *reason* says why it would revert."""

    success: bool
    gas_used: int
    reason: str


@dataclass(frozen=True, slots=True)
class ChainStats:
    """The chain over blocks *first*..*last*: gas in wei, times in seconds.

    *confirmation_max* is the longest time from submission to inclusion among the transactions
    of these blocks, -1 where there was none.
    """

    first: int
    last: int
    timestamp: int
    base_fee: int
    utilisation_ppm: int
    transactions: int
    reverted: int
    pending: int
    confirmation_max: int


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as Alertmanager shows it; *state* is pending or firing, *since* unix seconds."""

    rule: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: str
    since: int
    value: float

    @property
    def key(self) -> str:
        """The rule and its labels as one name."""
        inner = ",".join(f"{name}={self.labels[name]}" for name in sorted(self.labels))
        return f"{self.rule}{{{inner}}}"

    @property
    def severity(self) -> str:
        """P1 (worst) to P5."""
        return self.labels.get("severity", "P5")


@dataclass(slots=True)
class Incident:
    """An incident as the team keeps it."""

    id: str
    opened: int
    state: str
    severity: str
    family: str
    summary: str
    alerts: list[str]
    closed: int | None = None


class View(Protocol):
    """The chain at one block."""

    @property
    def block(self) -> int:
        """The block's number."""

    @property
    def timestamp(self) -> int:
        """The block's unix second."""

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view function; one output comes bare, several as a tuple. Raises Reverted."""

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Read *calls* as one multicall; an entry that reverted is a `Reverted` in the list."""

    def simulate(
        self, authority: str, contract: str, function: str, args: Sequence[Any]
    ) -> Simulation:
        """Say what this call from the account of *authority* would do."""

    def logs(self, contract: str, event: str, *, since: int) -> list[LogRecord]:
        """Return the events called *event* from unix second *since* on, oldest first."""

    def stats(self, *, since: int) -> ChainStats:
        """Summarise the blocks after unix second *since*."""


class Feeds(Protocol):
    """Prices from outside the chain."""

    def index(self, commodity: str) -> Quote:
        """Return the independent index of *commodity*. Raises NoData."""

    def rate(self, currency: str) -> Quote:
        """Return what one unit of *currency* is worth in USD (8 decimals). Raises NoData."""

    def reports(self, commodity: str) -> list[SignedReport]:
        """Return the newest signed report of each oracle node for *commodity*."""

    def authentic(self, report: SignedReport) -> bool:
        """Verify the node's signature on *report*."""


class Venues(Protocol):
    """The venues' public REST."""

    def names(self) -> list[str]:
        """The venues there are."""

    def ticker(self, venue: str) -> Ticker:
        """Return the ticker of *venue*. Raises NoData while it does not answer."""


class Customs(Protocol):
    """Export documents as customs and shipping publish them."""

    def document(self, document_hash: bytes) -> Mapping[str, Any] | None:
        """Return the export with *document_hash*: exporter, commodity, quantity, bill of lading."""

    def export_feeds(self) -> list[str]:
        """The feeds on exports beside customs: carriers, inspectors."""

    def record(self, feed: str, document_hash: bytes) -> ExportRecord | None:
        """Return what *feed* has published of a document, or None."""


class Banks(Protocol):
    """The banks' client interface: statements, as of the last closing time that is published."""

    def accounts(self) -> list[tuple[str, str]]:
        """The (bank, account) pairs there are."""

    def statement(self, bank: str, account: str) -> BankStatement:
        """Return the newest statement. Raises NoData where there is none, or no bank."""

    def open(self, bank: str) -> bool:
        """Say whether payments of *bank* move now."""


class Custody(Protocol):
    """The custodians' client interface."""

    def names(self) -> list[str]:
        """The custodians there are."""

    def statement(self, custodian: str) -> CustodyStatement:
        """Return the newest statement. Raises NoData where there is none, or no custodian."""

    def quote(self, custodian: str, asset: str, quantity: int) -> int:
        """Return the stable units that a sale of *quantity* thousandths of *asset* would bring."""


class Metrics(Protocol):
    """The metrics store, by PromQL."""

    def query(self, expression: str) -> list[tuple[Mapping[str, str], float]]:
        """Evaluate *expression* now; an empty list is no data."""


class Alerts(Protocol):
    """Alertmanager."""

    def firing(self) -> list[Alert]:
        """Return what fires now, worst first."""


class Incidents(Protocol):
    """The incident store (read side; a runbook changes it by a step)."""

    def open(self) -> list[Incident]:
        """Return the incidents that are not closed, oldest first."""

    def get(self, incident: str) -> Incident:
        """Return one by id. Raises UnknownName."""


class Stores(Protocol):
    """The team's stores (read side; a runbook changes them by a `Keep` step)."""

    def entries(self, kind: str, *, unended: bool = False) -> list[Entry]:
        """Return the entries of *kind*, oldest first: change, risk, decision, action or ticket."""

    def get(self, entry: str) -> Entry:
        """Return one by id. Raises UnknownName."""


class Fork(Protocol):
    """A copy of the public chain state to try something out on; nothing of it reaches the chain."""

    @property
    def now(self) -> int:
        """The copy's present, in unix seconds."""

    def wait(self, seconds: int) -> None:
        """Let *seconds* pass on the copy."""

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view function of the copy. Raises Reverted."""

    def act(self, authority: str, contract: str, function: str, args: Sequence[Any]) -> Simulation:
        """Send the call in the name of *authority*, waiting out its execution delay."""

    def send(self, sender: bytes, to: bytes, data: bytes, *, value: int = 0) -> Simulation:
        """Send exact calldata from any account, as if it had signed."""

    def call(self, sender: bytes, contract: str, function: str, args: Sequence[Any]) -> Simulation:
        """Send a call by name from any account, as if it had signed."""


class Lab(Protocol):
    """Where a procedure tries something out, under a declared budget."""

    def fork(self, purpose: str) -> Fork:
        """Return a copy of the public chain state as of now. Raises NoData past the budget."""


class Register(Protocol):
    """The signed register: what the configuration should be."""

    def parameter(self, name: str) -> Any:
        """Return the approved value of *name*, such as `feed.WTI.max_answer`. Raises UnknownName."""

    def commodities(self) -> list[str]:
        """The commodities with a feed."""

    def feed_id(self, commodity: str) -> bytes:
        """The on-chain id of the feed of *commodity*."""

    def address(self, name: str) -> bytes:
        """The address of a contract or role account by name."""


class Desk(Protocol):
    """All of it. A procedure receives one of these and can reach nothing else."""

    @property
    def now(self) -> int:
        """The present, in unix seconds."""

    @property
    def feeds(self) -> Feeds:
        """Outside prices."""

    @property
    def venues(self) -> Venues:
        """Venue tickers."""

    @property
    def customs(self) -> Customs:
        """Export documents."""

    @property
    def banks(self) -> Banks:
        """Bank statements."""

    @property
    def custody(self) -> Custody:
        """Custody statements."""

    @property
    def metrics(self) -> Metrics:
        """The metrics store."""

    @property
    def alerts(self) -> Alerts:
        """What fires."""

    @property
    def incidents(self) -> Incidents:
        """What is open."""

    @property
    def stores(self) -> Stores:
        """What the team keeps: changes, risks, decisions, actions, tickets."""

    @property
    def lab(self) -> Lab:
        """Where something is tried out."""

    @property
    def register(self) -> Register:
        """What should be."""

    def at(self, block: int | None = None) -> View:
        """Return the chain at *block*, or at the latest."""
