"""The desk port: what a procedure sees of the world, and nothing else.

Every answer has the shape production gives: integers in token units, prices with 8 decimals,
JSON-like records. A check reads the chain through `desk.at()`, one block for all its reads. What
changes the world is not here: a runbook yields a step, and the executor carries it out.
"""

from __future__ import annotations

from twin.desk.port.attestations import Attestation, Attestations, AttestedLine
from twin.desk.port.backups import BACKUP_KINDS, BackupFile, Backups
from twin.desk.port.bulletins import Bulletin, Bulletins
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
from twin.desk.port.changes import Approval, ChangeRequest, Changes, Freeze, StagedCall
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
    IndexPart,
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
from twin.desk.port.identities import Hours, Person, Quorum
from twin.desk.port.indexer import DayVolume, Indexer, IndexerStatus
from twin.desk.port.inventory import Component, Inventory, Requirement, Upgrade
from twin.desk.port.journals import Anchor, Envelope, Line
from twin.desk.port.lab import Fork, Lab, Recorded, Restored, Wallet
from twin.desk.port.makers import MakerContract, MakerQuotes, Makers
from twin.desk.port.manual import Manual, ManualPage
from twin.desk.port.news import News, NewsItem
from twin.desk.port.nodes import Nodes, NodeStatus
from twin.desk.port.oncall import Colleague, KeyQuorum, OnCall, Page
from twin.desk.port.operators import Candidate, Operators, OperatorStatus, ShadowReport
from twin.desk.port.outside import Banks, Custody, Customs, Feeds, Venues
from twin.desk.port.pager import Delivery, Pager
from twin.desk.port.playbooks import Playbooks, PreparedCall
from twin.desk.port.posts import Post, Posts
from twin.desk.port.probes import Probe, Probes
from twin.desk.port.responders import Engagement, Responder, Responders
from twin.desk.port.scans import ScanFinding, ScanReport
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
from twin.desk.port.tickets import Ticket, Tickets
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
    "Anchor",
    "Answer",
    "ApiKey",
    "Approval",
    "Attestation",
    "Attestations",
    "AttestedLine",
    "BackupFile",
    "Backups",
    "Balance",
    "BankStatement",
    "Banks",
    "BookSnapshot",
    "Bulletin",
    "Bulletins",
    "Call",
    "CallStats",
    "Candidate",
    "ChainStats",
    "ChangeRequest",
    "Changes",
    "Colleague",
    "Component",
    "Contact",
    "Contacts",
    "Custody",
    "CustodyStatement",
    "Customs",
    "DayVolume",
    "DecodedCall",
    "Deliveries",
    "Delivery",
    "Desk",
    "DisputeForm",
    "Disputes",
    "Document",
    "Documents",
    "DrillResult",
    "Drills",
    "Editors",
    "Endpoints",
    "Engagement",
    "Entry",
    "Envelope",
    "Evidence",
    "Evidences",
    "Exchanges",
    "Exhibit",
    "ExportRecord",
    "Feeds",
    "Fill",
    "Fills",
    "Fork",
    "Freeze",
    "Hours",
    "Incident",
    "Incidents",
    "IndexPart",
    "Indexer",
    "IndexerStatus",
    "Instruction",
    "Integration",
    "Inventory",
    "KeyQuorum",
    "Lab",
    "Line",
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
    "OnCall",
    "OperatorStatus",
    "Operators",
    "OrderProbe",
    "Page",
    "Pager",
    "Pair",
    "Person",
    "Playbooks",
    "Post",
    "Posts",
    "PreparedCall",
    "Probe",
    "Probes",
    "PublicTrade",
    "Quorum",
    "Quote",
    "Receipt",
    "Recorded",
    "Register",
    "Release",
    "Requirement",
    "Responder",
    "Responders",
    "Restored",
    "RuleStatus",
    "ScanFinding",
    "ScanReport",
    "ServiceDesk",
    "ShadowReport",
    "SignedReport",
    "Simulation",
    "StagedCall",
    "StatusPage",
    "Stores",
    "Ticker",
    "Ticket",
    "Tickets",
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
