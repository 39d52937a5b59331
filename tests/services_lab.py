"""A laboratory for services: the real ones over a small real network, and the faults that take hold.

`Lab` is `small_network` with one venue beside it and every service on it; `ROWS` are the kinds of
fault that take hold of services, each with its parameters, its place and what it says.
"""

from __future__ import annotations

from typing import Any

from small_network import ANN, START, Network

from twin.faults.injector import kinds
from twin.faults.port import Fault, Surfaces
from twin.market.demand import Demand
from twin.market.market import Market
from twin.random import Streams
from twin.scenario.market import MarketSpec
from twin.scenario.services import ServicesSpec
from twin.services.services import Services

URL = "endpoint.rpc-alder.url"

ROWS: list[tuple[str, dict[str, Any], str, str, str]] = [
    # kind, params, place, what it says, what it says at the end
    ("node-lag", {"rpc_node": "alder", "blocks": 30}, "the chain as alder sees it",
     "alder is 30 blocks behind", "alder has caught up"),
    ("node-stall", {"rpc_node": "alder"}, "the chain as alder sees it", "alder stands still",
     "alder goes on"),
    ("node-fork", {"rpc_node": "alder"}, "the chain as alder sees it", "alder is on a side chain",
     "alder is on the chain again"),
    ("node-wrong-answers", {"rpc_node": "alder"}, "the answers of alder", "alder answers zeros",
     "alder answers right again"),
    ("node-outage", {"rpc_node": "alder"}, "the life of alder", "alder is down", "alder is back"),
    ("node-stale-version", {"rpc_node": "alder", "version": "1.9.7"}, "the release of alder",
     "alder runs 1.9.7", "alder runs 1.14.12 again"),
    ("cloud-outage", {"region": "aurora-east", "error_ppm": 1_000_000}, "the region aurora-east",
     "aurora-east: 1000000 ppm fail, the rest x 8000000 ppm", "aurora-east works again"),
    ("endpoint-slow", {"endpoint": "customs"}, "the speed of customs",
     "customs takes x 25000000 ppm", "customs is as fast as before"),
    ("partner-upgrade", {"endpoint": "venue-meridian", "version": "4"},
     "the release of venue-meridian", "venue-meridian runs 4, in silence",
     "venue-meridian answers as agreed again"),
    ("indexer-lag", {"seconds": 600}, "the lag of the indexer", "the indexer is 600 s behind",
     "the indexer catches up"),
    ("indexer-miss", {"share_ppm": 1_000_000}, "the blocks that the indexer sees",
     "the indexer misses 1000000 ppm of the blocks", "the indexer misses no more blocks"),
    ("indexer-miscount", {"factor_ppm": 3_000_000}, "the amounts that the indexer counts",
     "the indexer counts amounts x 3000000 ppm", "the indexer counts right again"),
    ("document-drift", {"fact": URL, "value": "https://old.example"}, f"{URL} in runbook-nodes",
     f"runbook-nodes says https://old.example of {URL}", f"runbook-nodes says the truth of {URL} again"),
    ("function-bricked", {"contract": "LiquidityPool", "function": "swap"},
     "the code of LiquidityPool", "LiquidityPool was upgraded: swap reverts",
     "the upgrade of LiquidityPool is rolled back"),
    ("function-doubles", {"contract": "FoundationToken", "function": "getVotes"},
     "the code of FoundationToken", "FoundationToken was upgraded: getVotes counts double",
     "the upgrade of FoundationToken is rolled back"),
    ("gas-regression", {"contract": "LiquidityPool", "gas": 60_000}, "the code of LiquidityPool",
     "LiquidityPool was upgraded: 60000 gas more a call",
     "the upgrade of LiquidityPool is rolled back"),
    ("unbacked-mint", {"amount": "7"}, "the key of the issuer",
     "the issuer's key mints 7000000 to an outsider", "the issuer's key is safe again"),
    ("gas-war", {"gas": 60_000_000, "max_fee": "500 gwei", "tip": "9 gwei", "lasts": "1h"},
     "the space in the blocks", "60000000 gas a block at up to 500000000000 wei for 3600 s",
     "the gas war lasts as long as it was declared"),
]  # fmt: skip


class Lab:
    """The services of *spec* over a network of its own."""

    def __init__(self, **spec: Any) -> None:
        self.network = Network()
        clock = self.network.clock
        market = MarketSpec.model_validate({"venues": {"meridian": {"volatility": 0.0}}})
        self.streams = Streams(1)
        self.market = Market(
            market, clock, streams=self.streams, start=START, end=START + 10**6, on_trade=print
        )
        self.services = Services(
            ServicesSpec.model_validate(spec), clock, chain=self.network.chain,
            deployment=self.network.deployment, market=self.market, streams=self.streams,
        )  # fmt: skip
        self.desk = self.services.clients()
        self.services.start()

    def run(self, seconds: int) -> Lab:
        """Let *seconds* pass."""
        self.network.run(seconds)
        return self

    def swap(self, times: int = 1) -> Lab:
        """Send swaps of one PT, a block each."""
        for _ in range(times):
            self.network.swap(ANN)
            self.run(12)
        return self

    def read(self, contract: str, function: str, *args: Any, block: int | None = None) -> Any:
        """Read the chain itself."""
        from twin.protocol.reader import Reader

        reader = Reader(self.network.chain, self.network.deployment)
        return reader.read(contract, function, *args, block=block)

    @property
    def surfaces(self) -> Surfaces:
        """What a fault can take hold of."""
        demand = Demand(self.network.clock)
        return Surfaces(sources={}, demand=demand, agents={}, services=self.services)

    def fault(self, kind: str, **params: Any) -> Fault:
        """Return a fault that has begun."""
        made = fault(kind, **params)
        made.check(self.surfaces)
        made.begin(self.surfaces)
        return made


def fault(kind: str, **params: Any) -> Fault:
    """Return the fault of *kind* with *params*."""
    family = kinds()[kind]
    return family(family.Params.model_validate(params))
