"""The APIs around the network as somebody sees them who sends synthetic requests.

Each endpoint stands for something that is there: an RPC node, the indexer, a venue, customs, a
custodian, a bank. It is up where that is up, and its sample is that thing's own answer. What is of
the endpoint alone is how long it takes, which region it stands in, and the release it runs: after a
partner's upgrade the same resource answers in another form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from twin.chain.codec import hex0x
from twin.clock import Clock
from twin.desk.port import Answer, Integration
from twin.errors import NoData, TwinError, UnknownName
from twin.market.market import Market
from twin.market.venue import Venue
from twin.protocol.contract import Contract
from twin.protocol.deployment import Deployment
from twin.scenario.services_nodes import EndpointsSpec
from twin.services.chance import PPM, Latency
from twin.services.indexer import ChainIndexer
from twin.services.nodes import NodeClient, RpcNode
from twin.services.regions import Regions

__all__ = ["Endpoint", "EndpointClient", "make_endpoints"]

Body = Mapping[str, Any]

REGIONS = {
    "venue": "exchange-metro", "customs": "public-sector", "custody": "bank-metro",
    "bank": "bank-metro",
}  # fmt: skip
"""Where endpoints of a kind stand, unless a scenario says otherwise."""

VERSIONS = {"rpc": "2.0", "indexer": "4", "venue": "3", "customs": "2", "custody": "1", "bank": "2"}
"""The API versions that were agreed; that of an RPC endpoint is JSON-RPC's."""

CANARIES: Mapping[str, Body] = {
    # eth_call of the token's symbol and decimals: "PT" and 6, as the ABI encodes them
    "rpc": {"symbol": f"0x{32:064x}{2:064x}{b'PT'.hex():0<64}", "decimals": f"0x{6:064x}"},
    "indexer": {"canary": "FICTRA", "events": "17", "amount": "1234567890"},
    "venue": {"symbol": "CANARY-PT", "price": "1.234567", "quantity": "10.000000"},
    "customs": {"document": "canary-0001", "commodity": "WTI", "quantity": "12345"},
    "custody": {"account": "canary", "bills": "1000", "currency": "USD"},
    "bank": {"account": "canary", "balance": "1.00", "currency": "USD"},
}
"""What the test resource of a kind answers."""


@dataclass(slots=True)
class Endpoint:
    """One endpoint: what was *agreed*, what answers behind it, and what was done to it."""

    agreed: Integration
    alive: Callable[[], bool]
    sample: Callable[[], Body]
    known: Callable[[], Body]
    latency: Callable[[str], int]
    version: str
    slow_ppm: int = PPM
    reshaped: bool = False

    def upgrade(self, version: str, *, announced: bool) -> None:
        """Answer in another form; *announced* says whether the server admits its new version."""
        self.reshaped = True
        self.version = version if announced else self.agreed.version

    def downgrade(self) -> None:
        """Answer as agreed again."""
        self.reshaped, self.version = False, self.agreed.version


def reshape(body: Body) -> Body:
    """Return *body* as the next major version has it: other names, numbers instead of text."""
    made: dict[str, Any] = {}
    for key, value in body.items():
        digits = value.replace(".", "") if isinstance(value, str) else ""
        made[f"{key}_v"] = int(digits) if digits.isdigit() else value
    return made


def rescale(body: Body) -> Body:
    """Return the sample *body* as the next major version has it: amounts in hundredths."""
    return {
        key: 100 * value if isinstance(value, int) and key != "block" else value
        for key, value in body.items()
    }


class Endpoints:
    """All endpoints by name; each answers through its *regions*."""

    def __init__(self, made: Mapping[str, Endpoint], clock: Clock, regions: Regions) -> None:
        """Keep them."""
        self.all, self._clock, self._regions = dict(made), clock, regions

    def get(self, name: str) -> Endpoint:
        """Return the endpoint called *name*."""
        if name not in self.all:
            raise UnknownName("endpoint", name, self.all)
        return self.all[name]

    def ask(self, name: str, what: str) -> Answer:
        """Send a request for *what*: the sample or the canary."""
        endpoint, now = self.get(name), self._clock.now
        agreed = endpoint.agreed
        took = endpoint.latency(what) * endpoint.slow_ppm // PPM
        took = self._regions.slowed(agreed.region, took)
        blank = Answer(name, now, 503, min(took, agreed.timeout), "", {})
        if not endpoint.alive() or self._regions.fails(agreed.region, now, name, what):
            return blank
        if took > agreed.timeout:
            return replace(blank, status=504, latency=agreed.timeout)
        try:
            body = endpoint.known() if what == "canary" else endpoint.sample()
        except NoData:
            return blank
        except TwinError as error:
            return Answer(name, now, 500, took, endpoint.version, {"error": str(error)})
        if endpoint.reshaped:
            body = reshape(body) if what == "canary" else rescale(body)
        return Answer(name, now, 200, took, endpoint.version, body)


class EndpointClient:
    """A client of every endpoint: what the desk shows of them."""

    __slots__ = ("_endpoints",)

    def __init__(self, endpoints: Endpoints) -> None:
        """Ask these."""
        self._endpoints = endpoints

    def names(self) -> list[str]:
        """The endpoints there are."""
        return list(self._endpoints.all)

    def integration(self, endpoint: str) -> Integration:
        """Return what was agreed."""
        return self._endpoints.get(endpoint).agreed

    def probe(self, endpoint: str) -> Answer:
        """Ask for a sample of live data."""
        return self._endpoints.ask(endpoint, "sample")

    def canary(self, endpoint: str) -> Answer:
        """Ask for the test resource."""
        return self._endpoints.ask(endpoint, "canary")


def make_endpoints(
    spec: EndpointsSpec,
    clock: Clock,
    *,
    nodes: Mapping[str, RpcNode],
    indexer: ChainIndexer,
    market: Market,
    deployment: Deployment,
    regions: Regions,
    seed: int,
) -> Endpoints:
    """Return an endpoint for each thing that answers requests."""
    work = _Work(spec, clock, regions, seed)
    work.nodes(nodes, NodeClient(nodes, deployment), deployment.contract("PaymentToken"))
    pool = deployment.contract("LiquidityPool").address
    work.add(
        "indexer", "indexer", alive=lambda: indexer.up, region=indexer.spec.region,
        sample=lambda: _indexed(indexer, pool),
    )  # fmt: skip
    for name, venue in market.venues.items():
        work.add(f"venue-{name}", "venue", alive=partial(_up, venue), sample=partial(_quote, venue))
    work.add("customs", "customs", alive=lambda: True)
    for name, custodian in market.custodians.items():
        work.add(f"custody-{name}", "custody", alive=partial(_up, custodian))
    for name, bank in market.banks.items():
        work.add(f"bank-{name}", "bank", alive=partial(_up, bank))
    return Endpoints(work.made, clock, regions)


def _indexed(indexer: ChainIndexer, pool: bytes) -> Body:
    indexer.catch_up()
    return {"block": indexer.status().block, "balance": indexer.balance("PaymentToken", pool)}


class _Mortal(Protocol):
    """What can be down."""

    @property
    def up(self) -> bool: ...


def _up(thing: _Mortal) -> bool:
    return thing.up


def _quote(venue: Venue) -> Body:
    ticker = venue.ticker()
    return {"bid": ticker.bid, "ask": ticker.ask}


def _supply(client: NodeClient, node: RpcNode) -> Body:
    block = node.head
    return {
        "block": block,
        "supply": client.read(node.name, "PaymentToken", "totalSupply", block=block),
    }


def _metadata(node: RpcNode, token: Contract) -> Body:
    """Return what the token's own name and unit are, raw, as the node gives it."""
    return {
        name: node.request(
            "eth_call", {"to": hex0x(token.address), "data": hex0x(token.encode(name))}, "latest"
        )
        for name in CANARIES["rpc"]
    }


class _Work:
    """Endpoints under construction."""

    def __init__(self, spec: EndpointsSpec, clock: Clock, regions: Regions, seed: int) -> None:
        self.made: dict[str, Endpoint] = {}
        self._spec, self._clock, self._regions, self._seed = spec, clock, regions, seed

    def add(
        self,
        name: str,
        kind: str,
        *,
        alive: Callable[[], bool],
        region: str | None = None,
        sample: Callable[[], Body] | None = None,
        known: Callable[[], Body] | None = None,
        latency: Callable[[str], int] | None = None,
    ) -> None:
        spec, canary = self._spec, CANARIES[kind]
        where = spec.regions.get(name) or spec.regions.get(kind) or region or REGIONS[kind]
        self._regions.region(where)
        agreed = Integration(
            endpoint=name, kind=kind, region=where, version=VERSIONS[kind],
            url=f"https://{name}.{where}.example", timeout=spec.timeout, canary=canary,
        )  # fmt: skip
        own = Latency(self._seed, "endpoint", name, median=spec.latency, p95=spec.latency_p95)
        self.made[name] = Endpoint(
            agreed=agreed, alive=alive, sample=sample or (lambda: canary),
            known=known or (lambda: canary), version=agreed.version,
            latency=latency or (lambda what: own.at(self._clock.now, what)),
        )  # fmt: skip

    def nodes(self, nodes: Mapping[str, RpcNode], client: NodeClient, token: Contract) -> None:
        for name, node in nodes.items():
            self.add(
                f"rpc-{name}", "rpc", alive=partial(_up, node), region=node.spec.region,
                sample=partial(_supply, client, node), known=partial(_metadata, node, token),
                latency=node.own_latency,  # the region's share is the endpoint's to add, once
            )  # fmt: skip
