"""The services beside chain and markets, as their clients see them: one field a service.

A service has its port in a module of its own here, named like it, and its counterpart in
`twin/services/`; live, the same port is answered by the real thing. A desk that is not connected
to one answers that there is no data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twin.desk.port.attestations import Attestations
from twin.desk.port.backups import Backups
from twin.desk.port.bulletins import Bulletins
from twin.desk.port.changes import Changes
from twin.desk.port.contacts import Contacts
from twin.desk.port.deliveries import Deliveries
from twin.desk.port.disputes import Disputes
from twin.desk.port.documents import Documents
from twin.desk.port.drills import Drills
from twin.desk.port.editors import Editors
from twin.desk.port.endpoints import Endpoints
from twin.desk.port.exchanges import Exchanges
from twin.desk.port.fills import Fills
from twin.desk.port.identities import Identities
from twin.desk.port.indexer import Indexer
from twin.desk.port.inventory import Inventory
from twin.desk.port.journals import Journals
from twin.desk.port.makers import Makers
from twin.desk.port.manual import Manual
from twin.desk.port.news import News
from twin.desk.port.nodes import Nodes
from twin.desk.port.oncall import OnCall
from twin.desk.port.operators import Operators
from twin.desk.port.pager import Pager
from twin.desk.port.playbooks import Playbooks
from twin.desk.port.posts import Posts
from twin.desk.port.probes import Probes
from twin.desk.port.responders import Responders
from twin.desk.port.scans import Scans
from twin.desk.port.tickets import Tickets
from twin.desk.port.transfers import Transfers
from twin.desk.port.vendors import Vendors
from twin.errors import NoData

__all__ = ["Absent", "ServiceDesk", "absent"]


class Absent:
    """A service that this desk is not connected to: whatever is asked of it is no data."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        """Keep the *name* for the message."""
        self._name = name

    def __getattr__(self, question: str) -> Any:
        """There is nobody to answer."""
        if question.startswith("_"):
            raise AttributeError(question)
        raise NoData(f"the desk is not connected to {self._name}: {question}")


def absent(name: str) -> Any:
    """Return what stands for the service *name* where there is none."""
    return Absent(name)


@dataclass(frozen=True, slots=True)
class ServiceDesk:
    """The client of every service, by the service's name."""

    attestations: Attestations = field(default_factory=lambda: absent("attestations"))
    backups: Backups = field(default_factory=lambda: absent("backups"))
    bulletins: Bulletins = field(default_factory=lambda: absent("bulletins"))
    changes: Changes = field(default_factory=lambda: absent("changes"))
    contacts: Contacts = field(default_factory=lambda: absent("contacts"))
    deliveries: Deliveries = field(default_factory=lambda: absent("deliveries"))
    disputes: Disputes = field(default_factory=lambda: absent("disputes"))
    documents: Documents = field(default_factory=lambda: absent("documents"))
    drills: Drills = field(default_factory=lambda: absent("drills"))
    editors: Editors = field(default_factory=lambda: absent("editors"))
    endpoints: Endpoints = field(default_factory=lambda: absent("endpoints"))
    exchanges: Exchanges = field(default_factory=lambda: absent("exchanges"))
    fills: Fills = field(default_factory=lambda: absent("fills"))
    identities: Identities = field(default_factory=lambda: absent("identities"))
    indexer: Indexer = field(default_factory=lambda: absent("indexer"))
    inventory: Inventory = field(default_factory=lambda: absent("inventory"))
    journals: Journals = field(default_factory=lambda: absent("journals"))
    makers: Makers = field(default_factory=lambda: absent("makers"))
    manual: Manual = field(default_factory=lambda: absent("manual"))
    news: News = field(default_factory=lambda: absent("news"))
    nodes: Nodes = field(default_factory=lambda: absent("nodes"))
    oncall: OnCall = field(default_factory=lambda: absent("oncall"))
    operators: Operators = field(default_factory=lambda: absent("operators"))
    pager: Pager = field(default_factory=lambda: absent("pager"))
    posts: Posts = field(default_factory=lambda: absent("posts"))
    playbooks: Playbooks = field(default_factory=lambda: absent("playbooks"))
    probes: Probes = field(default_factory=lambda: absent("probes"))
    responders: Responders = field(default_factory=lambda: absent("responders"))
    scans: Scans = field(default_factory=lambda: absent("scans"))
    tickets: Tickets = field(default_factory=lambda: absent("tickets"))
    transfers: Transfers = field(default_factory=lambda: absent("transfers"))
    vendors: Vendors = field(default_factory=lambda: absent("vendors"))
