"""All services of one world, made from the scenario's section `services`.

A service is something off chain that the team deals with: it lives on the clock, answers through
the desk, and may be taken hold of by a fault. What it knows of the chain is what anybody could
read. Its client, beside it in its module, shows the port's methods and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twin.chain.chain import Chain
from twin.clock import Clock
from twin.desk.notices import NoticeBoard
from twin.desk.port import ServiceDesk
from twin.desk.records import Records
from twin.market.market import Market
from twin.protocol.deployment import Deployment
from twin.protocol.reader import Reader
from twin.random import Streams
from twin.scenario.services import ServicesSpec
from twin.scenario.team import TeamSpec
from twin.services.attestations import AttestationClient, AttestationService
from twin.services.backups import BackupClient, BackupStore
from twin.services.bulletins import BulletinClient, ThreatFeed
from twin.services.changes import ChangeClient, ChangeDesk
from twin.services.code import CodeOnChain
from twin.services.contacts import ContactBook, ContactClient
from twin.services.deliveries import DeliveryClient, MailGateway
from twin.services.disputes import DisputeClient, DisputeService
from twin.services.documents import DocumentClient, DocumentStore
from twin.services.drills import DrillClient, DrillPlatform
from twin.services.editors import EditorClient, EditorDesk
from twin.services.endpoints import EndpointClient, make_endpoints
from twin.services.exchanges import ExchangeClient, ExchangeHouse
from twin.services.exporters import Exporters
from twin.services.fills import FillClient, FillService
from twin.services.identities import Iam, IamClient
from twin.services.indexer import ChainIndexer, IndexerClient
from twin.services.inventory import InventoryClient, VersionInventory
from twin.services.journals import JournalClient, Journals
from twin.services.makers import MakerClient, contracts_of
from twin.services.manual import ManualClient, ProcedureManual
from twin.services.news import NewsClient, NewsFeed
from twin.services.nodes import NodeClient, make_nodes
from twin.services.oncall import OnCallClient, Switchboard
from twin.services.operators import OperatorClient, OperatorPark
from twin.services.pager import AlertPath, PagerClient
from twin.services.playbooks import PlaybookClient, PlaybookSafe
from twin.services.posts import PostClient, PublicChannels
from twin.services.probes import ProbeClient, ProbeService
from twin.services.regions import Regions
from twin.services.responders import ResponderClient, ResponderPool
from twin.services.scans import ScanClient, Scanner
from twin.services.tickets import HelpDesk, TicketClient
from twin.services.transfers import TransferClient, TransferService
from twin.services.vendors import VendorBook, VendorClient

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
        records: Records | None = None,
        team: TeamSpec | None = None,
        users: Mapping[str, bytes] | None = None,
        cash: Sequence[str] = (),
    ) -> None:
        """Make each; nothing runs before `start`.

        *notices* and *records* are what the team publishes and files, which services follow;
        *team* are the people of the IAM, and *users* the accounts of those who write tickets;
        *cash* are the bank accounts that the reserve counts among its bills.
        """
        self.notices = notices if notices is not None else NoticeBoard()
        self.spec, self.clock, self.chain = spec, clock, chain
        self.deployment, self.market, self.streams = deployment, market, streams
        self._make_nodes()
        self._make_operations(records)
        self._make_reserve(cash)
        self._make_security(records or Records(), team or TeamSpec(), users or {})
        self._make_exchanges()
        self._make_papers()
        self.notices.on_publish(self.contacts.hear)
        self._make_incidents(team or TeamSpec())
        self.notices.on_publish(self.mail.hear)

    def _make_nodes(self) -> None:
        """Make what stands between the chain and those who read it."""
        spec, clock, chain, deployment = self.spec, self.clock, self.chain, self.deployment
        seed = self.streams.seed
        self.regions = Regions(seed)
        self.nodes = make_nodes(
            spec.nodes, clock, chain=chain, deployment=deployment, regions=self.regions, seed=seed
        )
        self.indexer = ChainIndexer(
            spec.indexer, clock, chain=chain, deployment=deployment, regions=self.regions, seed=seed
        )
        self.endpoints = make_endpoints(
            spec.endpoints, clock, nodes=self.nodes, indexer=self.indexer, market=self.market,
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

    def _make_operations(self, records: Records | None) -> None:
        """Make what the weekly and monthly work and the oracle network deal with."""
        spec, clock = self.spec, self.clock
        self.backups = BackupStore(
            spec.backups, clock, chain=self.chain, deployment=self.deployment, records=records,
            seed=self.streams.seed,
        )  # fmt: skip
        self.operators = OperatorPark(
            spec.operators, clock, chain=self.chain, deployment=self.deployment,
            sources=self.market.sources, streams=self.streams,
        )  # fmt: skip
        self.vendors = VendorBook(
            spec.vendors, clock, sources=self.market.sources, indices=self.market.indices
        )

    def _make_reserve(self, cash: Sequence[str]) -> None:
        """Make the counterparts of the reserve and of the Foundation Token."""
        spec, clock, chain, deployment = self.spec, self.clock, self.chain, self.deployment
        self.attestations = AttestationService(
            spec.attestations, clock, chain=chain, deployment=deployment, market=self.market,
            cash=cash,
        )  # fmt: skip
        self.disputes = DisputeService(
            spec.disputes, clock, chain=chain, deployment=deployment, customs=self.market.customs,
            streams=self.streams,
        )  # fmt: skip
        self.fills = FillService(
            clock, chain=chain, deployment=deployment, custodians=self.market.custodians
        )
        self.transfers = TransferService(
            spec.transfers, clock, chain=chain, deployment=deployment, streams=self.streams,
            notices=self.notices,
        )  # fmt: skip

    def _make_security(self, records: Records, team: TeamSpec, users: Mapping[str, bytes]) -> None:
        """Make what security and support deal with."""
        spec, clock, streams = self.spec, self.clock, self.streams
        self.iam = Iam(spec.identities, team, clock)
        self.journals = Journals(
            spec.journals, clock, iam=self.iam, reviews=records,
            chance=streams.stream("services", "journals"),
        )  # fmt: skip
        self.scanner = Scanner(spec.scans, clock, chance=streams.stream("services", "scans"))
        self.threats = ThreatFeed(
            spec.bulletins, clock, chance=streams.stream("services", "bulletins")
        )
        self.helpdesk = HelpDesk(
            spec.tickets, clock, chain=self.chain, deployment=self.deployment, users=users,
            chance=streams.stream("services", "tickets"),
        )  # fmt: skip
        self.alert_path = AlertPath(clock, self.journals)
        self.exporters = Exporters()

    def _make_exchanges(self) -> None:
        """Make the exchanges' own interfaces, makers under contract, contacts and news."""
        spec, clock, market, streams = self.spec, self.clock, self.market, self.streams
        venues = list(market.venues)
        self.exchanges = ExchangeHouse(market.venues, spec.exchanges, clock=clock, streams=streams)
        self.maker_contracts = contracts_of(spec.makers, market.venue_specs)
        self.contacts = ContactBook(spec.contacts, venues, clock=clock, streams=streams)
        self.changes = ChangeDesk(spec.changes, clock, deployment=self.deployment)
        self.news = NewsFeed(spec.news, venues, clock=clock, streams=streams)

    def _make_incidents(self, team: TeamSpec) -> None:
        """Make what an incident needs: telephones, public channels, help from outside."""
        self.oncall = Switchboard(team, self.clock)
        self.posts = PublicChannels(self.clock)
        self.responders = ResponderPool(self.spec.responders, self.clock, streams=self.streams)
        for one in (self.oncall, self.posts, self.responders):
            self.notices.on_publish(one.hear)

    def _make_papers(self) -> None:
        """Make what documentation and reporting deal with."""
        spec, clock, seed = self.spec, self.clock, self.streams.seed
        self.manual = ProcedureManual()
        self.playbooks = PlaybookSafe(self.deployment, clock.now)
        staff = [item.name for item in self.iam.people.values() if item.kind == "staff"]
        self.drills = DrillPlatform(spec.drills, staff, clock, seed=seed)
        self.mail = MailGateway(spec.deliveries, clock, seed=seed)
        self.editors = EditorDesk()

    def clients(self) -> ServiceDesk:
        """Return the client of each, as the desk shows them."""
        return ServiceDesk(
            attestations=AttestationClient(self.attestations),
            backups=BackupClient(self.backups),
            bulletins=BulletinClient(self.threats),
            changes=ChangeClient(self.changes),
            contacts=ContactClient(self.contacts, self.clock),
            deliveries=DeliveryClient(self.mail),
            disputes=DisputeClient(self.disputes),
            documents=DocumentClient(self.documents),
            drills=DrillClient(self.drills),
            editors=EditorClient(self.editors),
            endpoints=EndpointClient(self.endpoints),
            exchanges=ExchangeClient(self.exchanges, self.clock),
            fills=FillClient(self.fills),
            identities=IamClient(self.iam),
            indexer=IndexerClient(self.indexer),
            inventory=InventoryClient(self.inventory),
            journals=JournalClient(self.journals),
            makers=MakerClient(self.maker_contracts, self.market.venues, self.clock),
            manual=ManualClient(self.manual),
            news=NewsClient(self.news),
            nodes=NodeClient(self.nodes, self.deployment),
            oncall=OnCallClient(self.oncall),
            operators=OperatorClient(self.operators),
            pager=PagerClient(self.alert_path),
            posts=PostClient(self.posts),
            playbooks=PlaybookClient(self.playbooks),
            probes=ProbeClient(self.probes),
            responders=ResponderClient(self.responders),
            scans=ScanClient(self.scanner),
            tickets=TicketClient(self.helpdesk),
            transfers=TransferClient(self.transfers),
            vendors=VendorClient(self.vendors),
        )

    def pool_shares(self, account: bytes) -> int:
        """Return the shares of the liquidity pool that *account* holds now."""
        shares: int = Reader(self.chain, self.deployment).read(
            "LiquidityPool", "balanceOf", account
        )
        return shares

    def start(self) -> None:
        """Let those that live by themselves begin."""
        self.backups.start()
        self.operators.start()
        self.vendors.start()
        self.attestations.start()
        self.transfers.start()
        self.probes.start()
        self.exchanges.start()
        self.news.start()
        for one in (self.journals, self.scanner, self.threats, self.helpdesk):
            self.clock.spawn(one.live())
