"""The services on paper: tables that a test fills; what they were not told is no data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from twin.desk.port import (
    Answer,
    Call,
    Component,
    DayVolume,
    Document,
    IndexerStatus,
    Integration,
    NodeStatus,
    Probe,
    Requirement,
    Upgrade,
)
from twin.errors import NoData

NOW = 1_700_000_000
HEAD = 300
TRUE_HASH, SIDE_HASH = "0xaa", "0xbb"
CLIENTS = {"alder": "geth/v1.14.12/linux", "birch": "geth/v1.14.12/linux",
           "cedar": "reth/v1.1.4/linux", "doorn": "reth/v1.1.4/linux"}  # fmt: skip


def status(node: str, **other: Any) -> NodeStatus:
    """Return a node at the head, with *other* fields changed."""
    made = NodeStatus(node, HEAD, TRUE_HASH, NOW - 4, False, 50, CLIENTS[node], 40)
    return replace(made, **other)


@dataclass
class PaperNodes:
    """Nodes by status (None: silent); *hashes* and *answers* by node where they differ."""

    all: dict[str, NodeStatus | None] = field(
        default_factory=lambda: {name: status(name) for name in CLIENTS}
    )
    hashes: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    ordinary: Any = 7
    receipts: dict[str, Any] = field(default_factory=dict)

    def names(self) -> list[str]:
        return list(self.all)

    def status(self, node: str) -> NodeStatus:
        found = self.all[node]
        if found is None:
            raise NoData(f"{node}: connection refused")
        return found

    def block_hash(self, node: str, number: int) -> str | None:
        del number
        self.status(node)
        return self.hashes.get(node, TRUE_HASH)

    def request(self, node: str, method: str, *params: Any) -> Any:
        assert method == "eth_getTransactionReceipt"
        self.status(node)
        return self.receipts.get(node, {"status": "0x1", "transactionHash": params[0]})

    def read(self, node: str, contract: str, function: str, *args: Any, block: int) -> Any:
        return self.batch(node, [(contract, function, args)], block=block)[0]

    def batch(self, node: str, calls: Sequence[Call], *, block: int) -> list[Any]:
        del block
        self.status(node)
        answer = self.answers.get(node, self.ordinary)
        return [answer for _call in calls]


@dataclass
class PaperIndexer:
    """An indexer that has counted 5 swaps of 100 stable units, and 7 units of everybody."""

    block: int | None = HEAD - 2
    age: int = 30
    swaps: int = 5
    stable: int = 100
    held: int = 7

    def status(self) -> IndexerStatus:
        if self.block is None:
            raise NoData("the indexer does not answer")
        return IndexerStatus(self.block, TRUE_HASH, NOW - self.age, 40)

    def count(self, contract: str, event: str) -> int:
        assert (contract, event) == ("LiquidityPool", "Swapped")
        return self.swaps

    def volumes(self) -> list[DayVolume]:
        return [DayVolume(NOW // 86_400 * 86_400, self.stable, self.swaps)]

    def balance(self, token: str, holder: bytes) -> int:
        del token, holder
        return self.held


def integration(endpoint: str, kind: str, region: str = "east") -> Integration:
    """Return what was agreed with the one behind *endpoint*."""
    return Integration(endpoint, kind, region, "3", f"https://{endpoint}.example", 5_000,
                       {"price": "1.5"})  # fmt: skip


@dataclass
class PaperEndpoints:
    """Two APIs in one region; *answers* by endpoint where they are not as agreed."""

    agreed: dict[str, Integration] = field(
        default_factory=lambda: {
            "customs": integration("customs", "customs"),
            "custody-aegis": integration("custody-aegis", "custody"),
        }
    )
    answers: dict[str, Answer] = field(default_factory=dict)
    samples: dict[str, Answer] = field(default_factory=dict)

    def names(self) -> list[str]:
        return list(self.agreed)

    def integration(self, endpoint: str) -> Integration:
        return self.agreed[endpoint]

    def canary(self, endpoint: str) -> Answer:
        return self.answers.get(endpoint) or answer(endpoint, self.agreed[endpoint].canary)

    def probe(self, endpoint: str) -> Answer:
        if endpoint in self.samples:
            return self.samples[endpoint]
        return self.canary(endpoint) if endpoint in self.agreed else answer(endpoint, {})


def answer(endpoint: str, body: Mapping[str, Any], **other: Any) -> Answer:
    """Return an answer that came in time, with *other* fields changed."""
    return replace(Answer(endpoint, NOW, 200, 120, "3", body), **other)


def probe(role: str, sent: int, took: int | None = 12, **other: Any) -> Probe:
    """Return a probe sent *sent* seconds ago that took *took* seconds to its block."""
    at = None if took is None else NOW - sent + took
    made = Probe(role, NOW - sent, 10**9, "0x01", None if took is None else 290, at,
                 None if at is None else at + 72, None)  # fmt: skip
    return replace(made, **other)


@dataclass
class PaperProbes:
    """Probes that were sent."""

    sent: list[Probe] = field(default_factory=list)
    named: tuple[str, ...] = ("user", "keeper")

    def roles(self) -> list[str]:
        return list(self.named)

    def interval(self) -> int:
        return 600

    def since(self, second: int) -> list[Probe]:
        return [one for one in self.sent if one.sent >= second]


@dataclass
class PaperInventory:
    """Four nodes on two clients, one partner."""

    listed: list[Component] = field(
        default_factory=lambda: [
            *(Component(text.split("/")[0], "client", text.split("/")[1][1:], node, "public", None)
              for node, text in CLIENTS.items()),
            Component("customs-api", "api", "3", "customs", "partner", None),
        ]
    )  # fmt: skip
    needs: list[Requirement] = field(
        default_factory=lambda: [
            Requirement("handler", "geth", ("1.14", "1.15")),
            Requirement("handler", "reth", ("1.1",)),
            Requirement("customs adapter", "customs-api", ("3",)),
        ]
    )
    plans: list[Upgrade] = field(default_factory=list)

    def components(self) -> list[Component]:
        return list(self.listed)

    def requirements(self) -> list[Requirement]:
        return list(self.needs)

    def upgrades(self) -> list[Upgrade]:
        return list(self.plans)


@dataclass
class PaperDocuments:
    """One runbook of three facts."""

    facts: dict[str, str] = field(
        default_factory=lambda: {
            "chain.id": "1",
            "contract.LiquidityPool.address": "0x" + "aa" * 20,
            "endpoint.customs.url": "https://customs.example",
        }
    )
    true: dict[str, str] = field(default_factory=dict)
    owner: str = "operator"
    reviewed: int = NOW - 1000

    def __post_init__(self) -> None:
        self.true = self.true or dict(self.facts)

    def all(self) -> list[Document]:
        return [Document("runbook", "Runbook", self.owner, self.reviewed, 10_000, self.facts)]

    def schema(self) -> Mapping[str, str]:
        return self.true


@dataclass
class PaperServices:
    """All of them, in order."""

    nodes: PaperNodes = field(default_factory=PaperNodes)
    indexer: PaperIndexer = field(default_factory=PaperIndexer)
    endpoints: PaperEndpoints = field(default_factory=PaperEndpoints)
    probes: PaperProbes = field(default_factory=PaperProbes)
    inventory: PaperInventory = field(default_factory=PaperInventory)
    documents: PaperDocuments = field(default_factory=PaperDocuments)
