"""All services of one world, made from the scenario's section `services`.

A service is something off chain that the team deals with: it lives on the clock, answers through
the desk, and may be taken hold of by a fault. What it knows of the chain is what anybody could
read. Its client, beside it in its module, shows the port's methods and nothing else.
"""

from __future__ import annotations

from twin.chain.chain import Chain
from twin.clock import Clock
from twin.desk.port import ServiceDesk
from twin.desk.records import Records
from twin.market.market import Market
from twin.protocol.deployment import Deployment
from twin.random import Streams
from twin.scenario.services import ServicesSpec
from twin.services.backups import BackupClient, BackupStore
from twin.services.operators import OperatorClient, OperatorPark
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
        records: Records | None = None,
    ) -> None:
        """Make each; nothing runs before `start`."""
        self.spec, self.clock, self.chain = spec, clock, chain
        self.deployment, self.market, self.streams = deployment, market, streams
        self.backups = BackupStore(
            spec.backups, clock, chain=chain, deployment=deployment, records=records,
            seed=streams.seed,
        )  # fmt: skip
        self.operators = OperatorPark(
            spec.operators, clock, chain=chain, deployment=deployment, sources=market.sources,
            streams=streams,
        )  # fmt: skip
        self.vendors = VendorBook(
            spec.vendors, clock, sources=market.sources, indices=market.indices
        )

    def clients(self) -> ServiceDesk:
        """Return the client of each, as the desk shows them."""
        return ServiceDesk(
            backups=BackupClient(self.backups),
            operators=OperatorClient(self.operators),
            vendors=VendorClient(self.vendors),
        )

    def start(self) -> None:
        """Let those that live by themselves begin."""
        self.backups.start()
        self.operators.start()
        self.vendors.start()
