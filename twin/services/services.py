"""All services of one world, made from the scenario's section `services`.

A service is something off chain that the team deals with: it lives on the clock, answers through
the desk, and may be taken hold of by a fault. What it knows of the chain is what anybody could
read. Its client, beside it in its module, shows the port's methods and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping

from twin.chain.chain import Chain
from twin.clock import Clock
from twin.desk.port import ServiceDesk
from twin.desk.records import Records
from twin.market.market import Market
from twin.protocol.deployment import Deployment
from twin.random import Streams
from twin.scenario.services import ServicesSpec
from twin.scenario.team import TeamSpec
from twin.services.bulletins import BulletinClient, ThreatFeed
from twin.services.exporters import Exporters
from twin.services.identities import Iam, IamClient
from twin.services.journals import JournalClient, Journals
from twin.services.pager import AlertPath, PagerClient
from twin.services.scans import ScanClient, Scanner
from twin.services.tickets import HelpDesk, TicketClient

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
        records: Records | None = None,
        team: TeamSpec | None = None,
        users: Mapping[str, bytes] | None = None,
    ) -> None:
        """Make each; nothing runs before `start`.

        *records* is the evidence that services follow, *team* are the people of the IAM, and
        *users* the accounts of those who write tickets.
        """
        self.spec, self.clock, self.chain = spec, clock, chain
        self.deployment, self.market, self.streams = deployment, market, streams
        self.iam = Iam(spec.identities, team or TeamSpec(), clock)
        self.journals = Journals(
            spec.journals, clock, iam=self.iam, reviews=records or Records(),
            chance=streams.stream("services", "journals"),
        )  # fmt: skip
        self.scanner = Scanner(spec.scans, clock, chance=streams.stream("services", "scans"))
        self.threats = ThreatFeed(
            spec.bulletins, clock, chance=streams.stream("services", "bulletins")
        )
        self.helpdesk = HelpDesk(
            spec.tickets, clock, chain=chain, deployment=deployment, users=users or {},
            chance=streams.stream("services", "tickets"),
        )  # fmt: skip
        self.alert_path = AlertPath(clock, self.journals)
        self.exporters = Exporters()

    def clients(self) -> ServiceDesk:
        """Return the client of each, as the desk shows them."""
        return ServiceDesk(
            bulletins=BulletinClient(self.threats),
            identities=IamClient(self.iam),
            journals=JournalClient(self.journals),
            pager=PagerClient(self.alert_path),
            scans=ScanClient(self.scanner),
            tickets=TicketClient(self.helpdesk),
        )

    def start(self) -> None:
        """Let those that live by themselves begin."""
        self.clock.spawn(self.journals.live())
        self.clock.spawn(self.scanner.live())
        self.clock.spawn(self.threats.live())
        self.clock.spawn(self.helpdesk.live())
