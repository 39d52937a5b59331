"""Faults of oracle operators: without gas, silent, one behind several names; sources that copy."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Protocol

from pydantic import Field

from twin.errors import InvalidTransaction, UnknownName, UsageError
from twin.faults.port import Fault, FaultParams, Surfaces, services_of
from twin.market.sources import Source
from twin.protocol.deployment import DeploymentSpec
from twin.protocol.roles import account_of
from twin.scenario.services_oracle import CandidateSpec

__all__ = ["CorrelatedSources", "NodeSilent", "NodeUnfunded", "RewardMisconfiguration",
           "SybilCandidates"]  # fmt: skip

TRANSFER = 21_000
GWEI = 10**9


class Silenceable(Protocol):
    """A node that can be made to stop."""

    def silence(self, silent: bool) -> None:
        """Report nothing while *silent*."""


class NodeParams(FaultParams):
    """*node* is the agent's name."""

    node: str


class EmptiedParams(NodeParams):
    """What stays in the account of *node* is *left*, gwei."""

    left: int = Field(default=0, ge=0)


class NodeUnfunded(Fault):
    """Somebody empties the account that a node pays its gas from, to the last coin or nearly so."""

    kind: ClassVar[str] = "node-unfunded"
    Params: ClassVar[type[FaultParams]] = EmptiedParams
    params: EmptiedParams

    def __init__(self, params: EmptiedParams) -> None:
        """Nothing is taken yet."""
        super().__init__(params)
        self._taken = 0

    def place(self) -> str:
        """What the node has for gas."""
        return f"the gas of {self.params.node}"

    def check(self, surfaces: Surfaces) -> None:
        """The node is there."""
        services_of(surfaces).operators.host(self.params.node)

    def begin(self, surfaces: Surfaces) -> str:
        """Send all of it away, but for the fee and what is left."""
        services = services_of(surfaces)
        chain, account = services.chain, services.deployment.nodes[self.params.node]
        cap = 4 * chain.next_base_fee + 2 * GWEI
        kept = TRANSFER * cap + self.params.left * GWEI
        self._taken = max(0, chain.account(account).balance - kept)
        where = account_of("operator's other wallet")
        try:
            chain.send(
                account, where, b"", gas=TRANSFER, tip=2 * GWEI, max_fee=cap, value=self._taken
            )
        except InvalidTransaction as error:
            raise UsageError(f"{self.params.node} cannot be emptied: {error}") from error
        return f"{self.params.node} has {self.params.left} gwei left for gas"

    def end(self, surfaces: Surfaces) -> str:
        """Give it back."""
        services = services_of(surfaces)
        services.chain.fund(services.deployment.nodes[self.params.node], self._taken)
        return f"{self.params.node} is funded again"


class SilentParams(FaultParams):
    """*node* reports nothing; its *endpoint* goes down with it, or goes on as if nothing were."""

    node: str
    endpoint: bool = True


class NodeSilent(Fault):
    """A reporter dies."""

    kind: ClassVar[str] = "node-silent"
    Params: ClassVar[type[FaultParams]] = SilentParams
    params: SilentParams

    def place(self) -> str:
        """Whether the node reports."""
        return f"the life of {self.params.node}"

    def check(self, surfaces: Surfaces) -> None:
        """The node is there, and it is one."""
        services_of(surfaces).operators.host(self.params.node)
        self._node(surfaces)

    def _node(self, surfaces: Surfaces) -> Silenceable:
        node: Silenceable | None = surfaces.agents.get(self.params.node)
        if node is None:
            raise UnknownName("agent", self.params.node, surfaces.agents)
        if not hasattr(node, "silence"):
            raise UsageError(
                f"{self.params.node} reports nothing: {self.kind} needs an oracle node"
            )
        return node

    def begin(self, surfaces: Surfaces) -> str:
        """Silence it."""
        self._node(surfaces).silence(True)
        if self.params.endpoint:
            services_of(surfaces).operators.host(self.params.node).up = False
        return f"{self.params.node} is silent"

    def end(self, surfaces: Surfaces) -> str:
        """Start it again."""
        host = services_of(surfaces).operators.host(self.params.node)
        host.up, host.started = True, services_of(surfaces).clock.now
        self._node(surfaces).silence(False)
        return f"{self.params.node} reports again"


class CopyParams(FaultParams):
    """*source* resells what *upstream* quotes."""

    source: str
    upstream: str


class CorrelatedSources(Fault):
    """A vendor drops its own feed and resells another's: two names, one opinion."""

    kind: ClassVar[str] = "correlated-sources"
    Params: ClassVar[type[FaultParams]] = CopyParams
    params: CopyParams

    def place(self) -> str:
        """Where the vendor's prices come from."""
        return f"the upstream of {self.params.source}"

    def check(self, surfaces: Surfaces) -> None:
        """Both are there, and they are two."""
        one, other = self._sources(surfaces)
        if one is other or one.commodity != other.commodity:
            raise UsageError("a vendor resells another vendor of the same commodity")

    def _sources(self, surfaces: Surfaces) -> tuple[Source, Source]:
        for name in (self.params.source, self.params.upstream):
            if name not in surfaces.sources:
                raise UnknownName("source", name, surfaces.sources)
        return surfaces.sources[self.params.source], surfaces.sources[self.params.upstream]

    def begin(self, surfaces: Surfaces) -> str:
        """Let it resell."""
        one, other = self._sources(surfaces)
        one.resell(other)
        return f"{self.params.source} resells {self.params.upstream}"

    def end(self, surfaces: Surfaces) -> str:
        """Let it collect prices of its own again."""
        self._sources(surfaces)[0].resell(None)
        return f"{self.params.source} has prices of its own again"


class RewardParams(FaultParams):
    """A report is paid *factor* times what was approved."""

    factor: int = Field(default=10, ge=2)


class RewardMisconfiguration(Fault):
    """The reward of a report was deployed in the wrong unit: the fund drains."""

    kind: ClassVar[str] = "reward-misconfiguration"
    Params: ClassVar[type[FaultParams]] = RewardParams
    params: RewardParams

    def place(self) -> str:
        """The reward of a report."""
        return "the reward of a report"

    def prepare(self, spec: DeploymentSpec) -> DeploymentSpec:
        """Deploy the wrong reward."""
        paid = spec.oracle.reward_per_report * self.params.factor
        if not paid:
            raise UsageError(
                "reports are not rewarded here: declare protocol.oracle.reward_per_report"
            )
        return replace(spec, oracle=replace(spec.oracle, reward_per_report=paid))

    def begin(self, surfaces: Surfaces) -> str:
        """It was there before the run began."""
        del surfaces
        return f"a report is paid {self.params.factor} times what was approved"

    def end(self, surfaces: Surfaces) -> str:
        """Configuration does not heal by itself."""
        del surfaces
        return "the reward stays as it is on chain"


class SybilParams(FaultParams):
    """*count* candidates apply under names that begin with *prefix*, all reading *source*."""

    count: int = Field(default=3, ge=2, le=20)
    prefix: str = "candidate"
    source: str


class SybilCandidates(Fault):
    """One operator applies under several names, with papers that look like several owners."""

    kind: ClassVar[str] = "sybil-candidates"
    Params: ClassVar[type[FaultParams]] = SybilParams
    params: SybilParams

    def place(self) -> str:
        """The applications of this ring."""
        return f"the applications of {self.params.prefix}"

    def check(self, surfaces: Surfaces) -> None:
        """The source is there."""
        if self.params.source not in surfaces.sources:
            raise UnknownName("source", self.params.source, surfaces.sources)

    def begin(self, surfaces: Surfaces) -> str:
        """Hand in the applications."""
        park = services_of(surfaces).operators
        for name in self._names():
            park.apply(
                CandidateSpec(
                    name=name, source=self.params.source, operator=f"{name} Ltd", owner=f"owner of {name}",
                    network="AS64500", funded_by=f"funder-of-{self.params.prefix}",
                ),
                ring=self.params.prefix,
            )  # fmt: skip
        park.start()
        return f"{self.params.count} candidates are one operator"

    def _names(self) -> list[str]:
        return [f"{self.params.prefix}-{number}" for number in range(1, self.params.count + 1)]

    def end(self, surfaces: Surfaces) -> str:
        """Withdraw them."""
        for name in self._names():
            services_of(surfaces).operators.withdraw(name)
        return "the applications are withdrawn"
