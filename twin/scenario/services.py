"""Services beside the chain and the markets: what the team deals with every day.

A part that is left out is an ordinary one. Without *makers* each venue's own makers are under
contract for what the venue declares; without *contacts* each venue has a duty desk and an account
manager behind it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from twin.scenario.services_changes import ChangesSpec
from twin.scenario.services_exchanges import ContactSpec, ExchangeSpec, MakerSpec, NewsSpec
from twin.scenario.services_incident import ResponderSpec, three_responders
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
from twin.scenario.services_papers import DeliveriesSpec, DrillsSpec
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

    attestations: AttestationsSpec = AttestationsSpec()
    backups: BackupsSpec = BackupsSpec()
    bulletins: BulletinsSpec = BulletinsSpec()
    changes: ChangesSpec = ChangesSpec()
    contacts: Mapping[Label, ContactSpec] = Field(default_factory=dict)
    deliveries: DeliveriesSpec = DeliveriesSpec()
    disputes: DisputesSpec = DisputesSpec()
    documents: DocumentsSpec = DocumentsSpec()
    drills: DrillsSpec = DrillsSpec()
    endpoints: EndpointsSpec = EndpointsSpec()
    exchanges: Mapping[Label, ExchangeSpec] = Field(default_factory=dict)
    identities: IdentitiesSpec = IdentitiesSpec()
    indexer: IndexerSpec = IndexerSpec()
    inventory: InventorySpec = InventorySpec()
    journals: JournalsSpec = JournalsSpec()
    makers: tuple[MakerSpec, ...] = ()
    news: NewsSpec = NewsSpec()
    nodes: Mapping[Label, NodeSpec] = Field(default_factory=four_nodes)
    operators: OperatorsSpec = OperatorsSpec()
    probes: ProbesSpec = ProbesSpec()
    responders: Mapping[Label, ResponderSpec] = Field(default_factory=three_responders)
    scans: ScansSpec = ScansSpec()
    tickets: TicketsSpec = TicketsSpec()
    transfers: TransfersSpec = TransfersSpec()
    vendors: VendorsSpec = VendorsSpec()
