"""Services beside the chain and the markets: what the team deals with every day."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from twin.scenario.services_nodes import (
    DocumentsSpec,
    EndpointsSpec,
    IndexerSpec,
    InventorySpec,
    NodeSpec,
    ProbesSpec,
    four_nodes,
)
from twin.scenario.services_oracle import BackupsSpec, OperatorsSpec, VendorsSpec
from twin.scenario.services_reserve import AttestationsSpec, DisputesSpec, TransfersSpec
from twin.scenario.services_work import (
    BulletinsSpec,
    IdentitiesSpec,
    JournalsSpec,
    ScansSpec,
    TicketsSpec,
)
from twin.scenario.spec import Spec
from twin.scenario.values import Label

__all__ = ["ServicesSpec"]


class ServicesSpec(Spec):
    """The services there are; a part that is left out is an ordinary one."""

    backups: BackupsSpec = BackupsSpec()
    operators: OperatorsSpec = OperatorsSpec()
    vendors: VendorsSpec = VendorsSpec()
    attestations: AttestationsSpec = AttestationsSpec()
    disputes: DisputesSpec = DisputesSpec()
    documents: DocumentsSpec = DocumentsSpec()
    endpoints: EndpointsSpec = EndpointsSpec()
    indexer: IndexerSpec = IndexerSpec()
    inventory: InventorySpec = InventorySpec()
    nodes: Mapping[Label, NodeSpec] = Field(default_factory=four_nodes)
    probes: ProbesSpec = ProbesSpec()
    transfers: TransfersSpec = TransfersSpec()
    bulletins: BulletinsSpec = BulletinsSpec()
    identities: IdentitiesSpec = IdentitiesSpec()
    journals: JournalsSpec = JournalsSpec()
    scans: ScansSpec = ScansSpec()
    tickets: TicketsSpec = TicketsSpec()
