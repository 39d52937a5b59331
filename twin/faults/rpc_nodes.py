"""Faults of RPC nodes: behind, standing still, on a side chain, wrong, down, or of an old release."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from twin.errors import UnknownName
from twin.faults.port import Fault, FaultParams, Surfaces
from twin.faults.reach import services_of
from twin.services.nodes import RpcNode

__all__ = [
    "NodeFork",
    "NodeLag",
    "NodeOutage",
    "NodeStaleVersion",
    "NodeStall",
    "NodeWrongAnswers",
]


class NodeParams(FaultParams):
    """*rpc_node* is one of `services.nodes`."""

    rpc_node: str


class _NodeFault(Fault):
    """A fault of one RPC node."""

    params: NodeParams

    def place(self) -> str:
        """What the node sees of the chain."""
        return f"the chain as {self.params.rpc_node} sees it"

    def check(self, surfaces: Surfaces) -> None:
        """The node is there."""
        self.node(surfaces)

    def node(self, surfaces: Surfaces) -> RpcNode:
        """Return the node; UnknownName where there is none."""
        nodes = services_of(surfaces, self.kind).nodes
        if self.params.rpc_node not in nodes:
            raise UnknownName("RPC node", self.params.rpc_node, nodes)
        return nodes[self.params.rpc_node]


class LagParams(NodeParams):
    """The node is *blocks* behind: at most 60, the states that it still can answer from."""

    blocks: int = Field(default=30, ge=1, le=60)


class NodeLag(_NodeFault):
    """A node imports blocks late, and says that it syncs."""

    kind: ClassVar[str] = "node-lag"
    Params: ClassVar[type[FaultParams]] = LagParams
    params: LagParams

    def begin(self, surfaces: Surfaces) -> str:
        """Let it fall behind."""
        self.node(surfaces).lag = self.params.blocks
        return f"{self.params.rpc_node} is {self.params.blocks} blocks behind"

    def end(self, surfaces: Surfaces) -> str:
        """Let it catch up."""
        self.node(surfaces).lag = 0
        return f"{self.params.rpc_node} has caught up"


class NodeStall(_NodeFault):
    """A node stands still and does not know it (Infura, 2020-11-11: a consensus bug of old releases)."""

    kind: ClassVar[str] = "node-stall"
    Params: ClassVar[type[FaultParams]] = NodeParams

    def begin(self, surfaces: Surfaces) -> str:
        """Stop it at the present block."""
        self.node(surfaces).stall()
        return f"{self.params.rpc_node} stands still"

    def end(self, surfaces: Surfaces) -> str:
        """Let it go on."""
        self.node(surfaces).follow()
        return f"{self.params.rpc_node} goes on"


class NodeFork(_NodeFault):
    """A node follows a side chain that nobody else has."""

    kind: ClassVar[str] = "node-fork"
    Params: ClassVar[type[FaultParams]] = NodeParams

    def begin(self, surfaces: Surfaces) -> str:
        """Split it off at the present block."""
        self.node(surfaces).fork()
        return f"{self.params.rpc_node} is on a side chain"

    def end(self, surfaces: Surfaces) -> str:
        """Bring it back."""
        self.node(surfaces).follow()
        return f"{self.params.rpc_node} is on the chain again"


class NodeWrongAnswers(_NodeFault):
    """A node is at the head and answers zeros: balances, calls, no logs."""

    kind: ClassVar[str] = "node-wrong-answers"
    Params: ClassVar[type[FaultParams]] = NodeParams

    def place(self) -> str:
        """What the node answers."""
        return f"the answers of {self.params.rpc_node}"

    def begin(self, surfaces: Surfaces) -> str:
        """Blank it."""
        self.node(surfaces).blank = True
        return f"{self.params.rpc_node} answers zeros"

    def end(self, surfaces: Surfaces) -> str:
        """Let it answer."""
        self.node(surfaces).blank = False
        return f"{self.params.rpc_node} answers right again"


class NodeOutage(_NodeFault):
    """A node is down."""

    kind: ClassVar[str] = "node-outage"
    Params: ClassVar[type[FaultParams]] = NodeParams

    def place(self) -> str:
        """Whether the node answers."""
        return f"the life of {self.params.rpc_node}"

    def begin(self, surfaces: Surfaces) -> str:
        """Take it down."""
        self.node(surfaces).up = False
        return f"{self.params.rpc_node} is down"

    def end(self, surfaces: Surfaces) -> str:
        """Bring it back."""
        self.node(surfaces).up = True
        return f"{self.params.rpc_node} is back"


class VersionParams(NodeParams):
    """The node runs *version* of its client."""

    version: str = "1.9.7"


class NodeStaleVersion(_NodeFault):
    """A node runs another release than everybody believes: it missed an upgrade, or was rolled back."""

    kind: ClassVar[str] = "node-stale-version"
    Params: ClassVar[type[FaultParams]] = VersionParams
    params: VersionParams

    def place(self) -> str:
        """The release of the node."""
        return f"the release of {self.params.rpc_node}"

    def begin(self, surfaces: Surfaces) -> str:
        """Put the old release on."""
        self.node(surfaces).version = self.params.version
        return f"{self.params.rpc_node} runs {self.params.version}"

    def end(self, surfaces: Surfaces) -> str:
        """Upgrade it."""
        node = self.node(surfaces)
        node.version = node.spec.version
        return f"{self.params.rpc_node} runs {node.version} again"
