"""The desk port: what a procedure sees of the world, and nothing else.

Every answer has the shape production gives: integers in token units, prices with 8 decimals,
JSON-like records. A check reads the chain through `desk.at()`, one block for all its reads. What
changes the world is not here: a runbook yields a step, and the executor carries it out.
"""

from __future__ import annotations

from twin.desk.port.attestations import Attestation, Attestations, AttestedLine
from twin.desk.port.backups import BACKUP_KINDS, BackupFile, Backups
from twin.desk.port.chain import (
    AccountRecord,
    Call,
    CallStats,
    ChainStats,
    DecodedCall,
    LogRecord,
    Simulation,
    View,
)
from twin.desk.port.contacts import Contact, Contacts, Receipt
from twin.desk.port.deliveries import Deliveries, NoticeReceipt
from twin.desk.port.desk import Desk
from twin.desk.port.disputes import DisputeForm, Disputes, Exhibit
from twin.desk.port.documents import Document, Documents
from twin.desk.port.drills import DrillResult, Drills, TrainingMaterial
from twin.desk.port.editors import Editors
from twin.desk.port.endpoints import Answer, Endpoints, Integration
from twin.desk.port.exchanges import (
    Balance,
    BookSnapshot,
    Exchanges,
    OrderProbe,
    Pair,
    PublicTrade,
    Release,
    StatusPage,
    VenueIndex,
    VenueKey,
    WithdrawalProbe,
)
from twin.desk.port.fills import Fill, Fills, Instruction
from twin.desk.port.indexer import DayVolume, Indexer, IndexerStatus
from twin.desk.port.inventory import Component, Inventory, Requirement, Upgrade
from twin.desk.port.lab import Fork, Lab, Restored, Wallet
from twin.desk.port.makers import MakerContract, MakerQuotes, Makers
from twin.desk.port.manual import Manual, ManualPage
from twin.desk.port.news import News, NewsItem
from twin.desk.port.nodes import Nodes, NodeStatus
from twin.desk.port.operators import Candidate, Operators, OperatorStatus, ShadowReport
from twin.desk.port.outside import Banks, Custody, Customs, Feeds, Venues
from twin.desk.port.playbooks import Playbooks, PreparedCall
from twin.desk.port.probes import Probe, Probes
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
from twin.desk.port.transfers import ListedParty, TransferRequest, Transfers
from twin.desk.port.vendors import VendorRecord, Vendors
from twin.desk.port.watch import Alert, Alerts, Metrics, RuleStatus
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
    "BACKUP_KINDS",
    "AccountRecord",
    "Alert",
    "Alerts",
    "Answer",
    "Attestation",
    "Attestations",
    "AttestedLine",
    "BackupFile",
    "Backups",
    "Balance",
    "BankStatement",
    "Banks",
    "BookSnapshot",
    "Call",
    "CallStats",
    "Candidate",
    "ChainStats",
    "Component",
    "Contact",
    "Contacts",
    "Custody",
    "CustodyStatement",
    "Customs",
    "DayVolume",
    "DecodedCall",
    "Deliveries",
    "Desk",
    "DisputeForm",
    "Disputes",
    "Document",
    "Documents",
    "DrillResult",
    "Drills",
    "Editors",
    "Endpoints",
    "Entry",
    "Evidence",
    "Evidences",
    "Exchanges",
    "Exhibit",
    "ExportRecord",
    "Feeds",
    "Fill",
    "Fills",
    "Fork",
    "Incident",
    "Incidents",
    "Indexer",
    "IndexerStatus",
    "Instruction",
    "Integration",
    "Inventory",
    "Lab",
    "ListedParty",
    "LogRecord",
    "MakerContract",
    "MakerQuotes",
    "Makers",
    "Manual",
    "ManualPage",
    "Metrics",
    "News",
    "NewsItem",
    "NodeStatus",
    "Nodes",
    "Notice",
    "NoticeReceipt",
    "Notices",
    "OperatorStatus",
    "Operators",
    "OrderProbe",
    "Pair",
    "Playbooks",
    "PreparedCall",
    "Probe",
    "Probes",
    "PublicTrade",
    "Quote",
    "Receipt",
    "Register",
    "Release",
    "Requirement",
    "Restored",
    "RuleStatus",
    "ServiceDesk",
    "ShadowReport",
    "SignedReport",
    "Simulation",
    "StatusPage",
    "Stores",
    "Ticker",
    "TrainingMaterial",
    "TransferRequest",
    "Transfers",
    "Upgrade",
    "VendorRecord",
    "Vendors",
    "VenueIndex",
    "VenueKey",
    "Venues",
    "View",
    "Wallet",
    "WithdrawalProbe",
]
