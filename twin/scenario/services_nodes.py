"""Services about the chain: RPC nodes, indexer, endpoints, probes, inventory, documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from twin.scenario.spec import Spec
from twin.scenario.values import Gwei, Label, Seconds

__all__ = [
    "ComponentSpec",
    "DocumentsSpec",
    "EndpointsSpec",
    "IndexerSpec",
    "InventorySpec",
    "NodeSpec",
    "ProbesSpec",
    "UpgradeSpec",
    "four_nodes",
]

GWEI = 10**9


class NodeSpec(Spec):
    """An RPC node: *client* at *version* in a cloud *region*; *latency* is its median, ms."""

    client: Label = "geth"
    version: str = Field(default="1.14.12", min_length=1)
    region: Label = "aurora-east"
    latency: int = Field(default=40, ge=1, le=10_000, strict=True)
    peers: int = Field(default=50, ge=0, le=10_000, strict=True)


def four_nodes() -> dict[Label, NodeSpec]:
    """Two clients, three regions: no two faults have to hit all of them."""
    return {
        "alder": NodeSpec(client="geth", version="1.14.12", region="aurora-east", latency=40),
        "birch": NodeSpec(client="geth", version="1.14.12", region="aurora-east", latency=45),
        "cedar": NodeSpec(client="reth", version="1.1.4", region="borealis-north", latency=60),
        "doorn": NodeSpec(client="reth", version="1.1.4", region="own-metal", latency=15),
    }


class IndexerSpec(Spec):
    """The indexer: *lag* seconds behind the chain, in a cloud *region*."""

    lag: Seconds = 24
    region: Label = "aurora-east"


class EndpointsSpec(Spec):
    """The APIs around: *latency* and its *latency_p95* in milliseconds, given up after *timeout*.

    *regions* says where endpoints stand, by endpoint or by kind.
    """

    latency: int = Field(default=120, ge=1, le=60_000, strict=True)
    latency_p95: int = Field(default=400, ge=1, le=60_000, strict=True)
    timeout: int = Field(default=5_000, ge=1, le=600_000, strict=True)
    regions: Mapping[Label, Label] = Field(default_factory=dict)


class ProbesSpec(Spec):
    """Probe transactions *every* so many blocks (0: none), one for each role of *tips* (wei).

    One counts as confirmed with *confirmations* blocks on top of its own.
    """

    every: int = Field(default=0, ge=0, le=100_000, strict=True)
    confirmations: int = Field(default=6, ge=0, le=60, strict=True)
    tips: Mapping[Label, Gwei] = Field(
        default_factory=lambda: {"user": GWEI, "keeper": 2 * GWEI, "operator": 3 * GWEI}
    )


class ComponentSpec(Spec):
    """A component of the inventory; *supported_for* so long after the start, without it for ever."""

    kind: Literal["client", "library", "compiler", "api", "tool"] = "library"
    version: str = Field(min_length=1)
    where: Label = "operations"
    exposure: Literal["public", "partner", "internal"] = "internal"
    supported_for: Seconds | None = None


class UpgradeSpec(Spec):
    """*component* at *where* is planned to go to *version*, *due* so long after the start."""

    component: Label
    where: Label
    version: str = Field(min_length=1)
    due: Seconds = 0


class InventorySpec(Spec):
    """What the inventory lists beside nodes, partners and the usual."""

    components: Mapping[Label, ComponentSpec] = Field(default_factory=dict)
    upgrades: tuple[UpgradeSpec, ...] = ()


class DocumentsSpec(Spec):
    """Documents were reviewed *reviewed_before* the start and are again *review_every*."""

    reviewed_before: Seconds = 30 * 86_400
    review_every: Seconds = Field(default=180 * 86_400, ge=1)
