"""The desk port: what a procedure sees of the world, and nothing else.

Every answer has the shape production gives: integers in token units, prices with 8 decimals,
JSON-like records. A check reads the chain through `desk.at()`, one block for all its reads. What
changes the world is not here: a runbook yields a step, and the executor carries it out.
"""

from __future__ import annotations

from twin.desk.port.backups import BACKUP_KINDS, BackupFile, Backups
from twin.desk.port.chain import (
    AccountRecord,
    Call,
    ChainStats,
    DecodedCall,
    LogRecord,
    Simulation,
    View,
)
from twin.desk.port.desk import Desk
from twin.desk.port.lab import Fork, Lab, Restored
from twin.desk.port.operators import Candidate, NodeStatus, Operators, ShadowReport
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
    "BackupFile",
    "Backups",
    "BankStatement",
    "Banks",
    "Call",
    "Candidate",
    "ChainStats",
    "Custody",
    "CustodyStatement",
    "Customs",
    "DecodedCall",
    "Desk",
    "Entry",
    "Evidence",
    "Evidences",
    "ExportRecord",
    "Feeds",
    "Fork",
    "Incident",
    "Incidents",
    "Lab",
    "LogRecord",
    "Metrics",
    "NodeStatus",
    "Notice",
    "Notices",
    "Operators",
    "Quote",
    "Register",
    "Restored",
    "RuleStatus",
    "ServiceDesk",
    "ShadowReport",
    "SignedReport",
    "Simulation",
    "Stores",
    "Ticker",
    "VendorRecord",
    "Vendors",
    "Venues",
    "View",
]
