"""Faults of oracle nodes: one that lies."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from twin.errors import UnknownName, UsageError
from twin.faults.port import Fault, FaultParams, Misreporter, Surfaces

__all__ = ["NodeMisreport"]


class MisreportParams(FaultParams):
    """*node* (the agent's name) reports *numerator*/*denominator* times what it saw."""

    node: str
    numerator: int = Field(default=1000, gt=0)
    denominator: int = Field(default=1, gt=0)


class NodeMisreport(Fault):
    """One node of the network reports a multiple of the price."""

    kind: ClassVar[str] = "node-misreport"
    Params: ClassVar[type[FaultParams]] = MisreportParams
    params: MisreportParams

    def place(self) -> str:
        """What the node reports."""
        return f"the reports of {self.params.node}"

    def check(self, surfaces: Surfaces) -> None:
        """The node is there, and it is one."""
        self._node(surfaces)

    def _node(self, surfaces: Surfaces) -> Misreporter:
        if self.params.node not in surfaces.agents:
            raise UnknownName("agent", self.params.node, surfaces.agents)
        node: Misreporter = surfaces.agents[self.params.node]
        if not hasattr(node, "misreport"):
            raise UsageError(
                f"{self.params.node} reports nothing: {self.kind} needs an oracle node"
            )
        return node

    def begin(self, surfaces: Surfaces) -> str:
        """Make the node lie."""
        wrong = self.params
        self._node(surfaces).misreport(wrong.numerator, wrong.denominator)
        return f"{wrong.node} reports x {wrong.numerator}/{wrong.denominator}"

    def end(self, surfaces: Surfaces) -> str:
        """Make it honest again."""
        self._node(surfaces).misreport(1, 1)
        return f"{self.params.node} reports right again"
