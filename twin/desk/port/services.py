"""The services beside chain and markets, as their clients see them: one field a service.

A service has its port in a module of its own here, named like it, and its counterpart in
`twin/services/`; live, the same port is answered by the real thing.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.desk.port.documents import Documents
from twin.desk.port.endpoints import Endpoints
from twin.desk.port.indexer import Indexer
from twin.desk.port.inventory import Inventory
from twin.desk.port.nodes import Nodes
from twin.desk.port.probes import Probes

__all__ = ["ServiceDesk"]


@dataclass(frozen=True, slots=True)
class ServiceDesk:
    """The client of every service, by the service's name."""

    nodes: Nodes
    indexer: Indexer
    endpoints: Endpoints
    probes: Probes
    inventory: Inventory
    documents: Documents
