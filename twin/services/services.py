"""All services of one world, made from the scenario's section `services`.

A service is something off chain that the team deals with: it lives on the clock, answers through
the desk, and may be taken hold of by a fault. What it knows of the chain is what anybody could
read. Its client, beside it in its module, shows the port's methods and nothing else.
"""

from __future__ import annotations

from twin.chain.chain import Chain
from twin.clock import Clock
from twin.desk.notices import NoticeBoard
from twin.desk.port import ServiceDesk
from twin.market.market import Market
from twin.protocol.deployment import Deployment
from twin.random import Streams
from twin.scenario.services import ServicesSpec
from twin.services.attestations import AttestationClient, AttestationService
from twin.services.code import CodeOnChain
from twin.services.disputes import DisputeClient, DisputeService
from twin.services.documents import DocumentClient, DocumentStore
from twin.services.endpoints import EndpointClient, make_endpoints
from twin.services.fills import FillClient, FillService
from twin.services.indexer import ChainIndexer, IndexerClient
from twin.services.inventory import InventoryClient, VersionInventory
from twin.services.nodes import NodeClient, make_nodes
from twin.services.probes import ProbeClient, ProbeService
from twin.services.regions import Regions
from twin.services.transfers import TransferClient, TransferService

__all__ = ["Services"]


class Services:
    """The services of *spec*, on *clock*, beside *chain* and *market*."""

    def __init__(
        self,
        spec: ServicesSpec,
        clock: Clock,
        *,
        chain: Chain,
        deployment: Deployment,
        market: Market,
        streams: Streams,
        notices: NoticeBoard | None = None,
    ) -> None:
        """Make each; nothing runs before `start`. What is published reaches those it is for."""
        self.notices = notices if notices is not None else NoticeBoard()
        self.spec, self.clock, self.chain = spec, clock, chain
        self.deployment, self.market, self.streams = deployment, market, streams
        self.attestations = AttestationService(
            spec.attestations, clock, chain=chain, deployment=deployment, market=market
        )
        self.disputes = DisputeService(
            spec.disputes, clock, chain=chain, deployment=deployment, customs=market.customs,
            streams=streams,
        )  # fmt: skip
        self.fills = FillService(
            clock, chain=chain, deployment=deployment, custodians=market.custodians
        )
        self.transfers = TransferService(
            spec.transfers, clock, chain=chain, deployment=deployment, streams=streams,
            notices=self.notices,
        )  # fmt: skip
        seed = streams.seed
        self.regions = Regions(seed)
        self.nodes = make_nodes(
            spec.nodes, clock, chain=chain, deployment=deployment, regions=self.regions, seed=seed
        )
        self.indexer = ChainIndexer(
            spec.indexer, clock, chain=chain, deployment=deployment, regions=self.regions, seed=seed
        )
        self.endpoints = make_endpoints(
            spec.endpoints, clock, nodes=self.nodes, indexer=self.indexer, market=market,
            deployment=deployment, regions=self.regions, seed=seed,
        )  # fmt: skip
        self.probes = ProbeService(spec.probes, clock, chain)
        self.code = CodeOnChain(chain, deployment)
        integrations = [item.agreed for item in self.endpoints.all.values()]
        self.inventory = VersionInventory(
            spec.inventory, clock.now, nodes=dict(spec.nodes), integrations=integrations
        )
        self.documents = DocumentStore(
            spec.documents, clock.now, deployment=deployment, integrations=integrations
        )

    def clients(self) -> ServiceDesk:
        """Return the client of each, as the desk shows them."""
        return ServiceDesk(
            attestations=AttestationClient(self.attestations),
            disputes=DisputeClient(self.disputes),
            fills=FillClient(self.fills),
            transfers=TransferClient(self.transfers),
            nodes=NodeClient(self.nodes, self.deployment),
            indexer=IndexerClient(self.indexer),
            endpoints=EndpointClient(self.endpoints),
            probes=ProbeClient(self.probes),
            inventory=InventoryClient(self.inventory),
            documents=DocumentClient(self.documents),
        )

    def start(self) -> None:
        """Let those that live by themselves begin."""
        self.attestations.start()
        self.transfers.start()
        self.probes.start()
