"""The desk port: what a procedure sees of the world, and nothing else.

Every answer has the shape production gives: integers in token units, prices with 8 decimals,
JSON-like records. A check reads the chain through `desk.at()`, one block for all its reads. What
changes the world is not here: a runbook yields a step, and the executor carries it out.
"""

from __future__ import annotations

from twin.desk.port.chain import Call, ChainStats, LogRecord, Simulation, View
from twin.desk.port.contacts import Contact, Contacts, Receipt
from twin.desk.port.desk import Desk
from twin.desk.port.exchanges import (
    ApiKey,
    Balance,
    BookSnapshot,
    Exchanges,
    OrderProbe,
    Pair,
    PublicTrade,
    Release,
    StatusPage,
    VenueIndex,
    WithdrawalProbe,
)
from twin.desk.port.lab import Fork, Lab
from twin.desk.port.makers import MakerContract, MakerQuotes, Makers
from twin.desk.port.news import News, NewsItem
from twin.desk.port.outside import Banks, Custody, Customs, Feeds, Venues
from twin.desk.port.services import ServiceDesk
from twin.desk.port.team import (
    Evidence,
    Evidences,
    Incident,
    Incidents,
    Notice,
    Notices,
    Register,
    Stores,
)
from twin.desk.port.watch import Alert, Alerts, Metrics
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
    "ApiKey",
    "Balance",
    "BankStatement",
    "Banks",
    "BookSnapshot",
    "Call",
    "ChainStats",
    "Contact",
    "Contacts",
    "Custody",
    "CustodyStatement",
    "Customs",
    "Desk",
    "Entry",
    "Evidence",
    "Evidences",
    "Exchanges",
    "ExportRecord",
    "Feeds",
    "Fork",
    "Incident",
    "Incidents",
    "Lab",
    "LogRecord",
    "MakerContract",
    "MakerQuotes",
    "Makers",
    "Metrics",
    "News",
    "NewsItem",
    "Notice",
    "Notices",
    "OrderProbe",
    "Pair",
    "PublicTrade",
    "Quote",
    "Receipt",
    "Register",
    "Release",
    "ServiceDesk",
    "SignedReport",
    "Simulation",
    "StatusPage",
    "Stores",
    "Ticker",
    "VenueIndex",
    "Venues",
    "View",
    "WithdrawalProbe",
]
