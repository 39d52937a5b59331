"""All services of one world, made from the scenario's section `services`.

A service is something off chain that the team deals with: it lives on the clock, answers through
the desk, and may be taken hold of by a fault. What it knows of the chain is what anybody could
read. Its client, beside it in its module, shows the port's methods and nothing else.
"""

from __future__ import annotations

from twin.chain.chain import Chain
from twin.clock import Clock
from twin.desk.port import ServiceDesk
from twin.market.market import Market
from twin.protocol.deployment import Deployment
from twin.random import Streams
from twin.scenario.services import ServicesSpec

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

    def clients(self) -> ServiceDesk:
        """Return the client of each, as the desk shows them."""
        return ServiceDesk()

    def start(self) -> None:
        """Let those that live by themselves begin."""
