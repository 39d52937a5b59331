"""All services of one world, made from the scenario's section `services`.

A service is something off chain that the team deals with: it lives on the clock, answers through
the desk, and may be taken hold of by a fault. What it knows of the chain is what anybody could
read. Its client, beside it in its module, shows the port's methods and nothing else.
"""

from __future__ import annotations

from twin.chain.chain import Chain
from twin.clock import Clock
from twin.desk.port import Notice, ServiceDesk
from twin.market.market import Market
from twin.protocol.deployment import Deployment
from twin.protocol.reader import Reader
from twin.random import Streams
from twin.scenario.services import ServicesSpec
from twin.services.contacts import ContactBook, ContactClient
from twin.services.exchanges import ExchangeClient, ExchangeHouse
from twin.services.makers import MakerClient, contracts_of
from twin.services.news import NewsClient, NewsFeed

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
    ) -> None:
        """Make each; nothing runs before `start`."""
        self.spec, self.clock, self.chain = spec, clock, chain
        self.deployment, self.market, self.streams = deployment, market, streams
        venues = list(market.venues)
        self.exchanges = ExchangeHouse(
            market.venues, spec.exchanges, clock=clock, streams=streams
        )  # fmt: skip
        self.maker_contracts = contracts_of(spec.makers, market.venue_specs)
        self.contacts = ContactBook(spec.contacts, venues, clock=clock, streams=streams)
        self.news = NewsFeed(spec.news, venues, clock=clock, streams=streams)

    def clients(self) -> ServiceDesk:
        """Return the client of each, as the desk shows them."""
        return ServiceDesk(
            contacts=ContactClient(self.contacts, self.clock),
            exchanges=ExchangeClient(self.exchanges, self.clock),
            makers=MakerClient(self.maker_contracts, self.market.venues, self.clock),
            news=NewsClient(self.news),
        )

    def pool_shares(self, account: bytes) -> int:
        """Return the shares of the liquidity pool that *account* holds now."""
        shares: int = Reader(self.chain, self.deployment).read(
            "LiquidityPool", "balanceOf", account
        )
        return shares

    def hear(self, notice: Notice) -> None:
        """Let whoever is meant by *notice* hear of it."""
        self.contacts.hear(notice)

    def start(self) -> None:
        """Let those that live by themselves begin."""
        self.exchanges.start()
        self.news.start()
