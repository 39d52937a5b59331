"""Faults of the operation's own machinery: node, schedule, rules, index, pager."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from twin.errors import UnknownName, UsageError
from twin.faults.port import Fault, FaultParams, Machinery, Surfaces
from twin.market.index import Index

__all__ = ["IndexOutage", "JobStuck", "NodeLag", "NodeOutage", "PagerOutage", "RuleBreaks"]


def _machinery(surfaces: Surfaces, kind: str) -> Machinery:
    if surfaces.machinery is None:
        raise UsageError(f"{kind}: this world shows none of its machinery to faults")
    return surfaces.machinery


class NoParams(FaultParams):
    """There is nothing to choose."""


class NodeOutage(Fault):
    """The node that the desk reads through does not answer."""

    kind: ClassVar[str] = "desk-node-outage"
    Params: ClassVar[type[FaultParams]] = NoParams

    def place(self) -> str:
        """Whether the node answers."""
        return "the life of the desk's node"

    def begin(self, surfaces: Surfaces) -> str:
        """Take it down."""
        _machinery(surfaces, self.kind).node.down = True
        return "the desk's node is down"

    def end(self, surfaces: Surfaces) -> str:
        """Bring it back."""
        _machinery(surfaces, self.kind).node.down = False
        return "the desk's node is back"


class LagParams(FaultParams):
    """The node is *blocks* behind the head; state is kept for 64."""

    blocks: int = Field(ge=1, le=60)


class NodeLag(Fault):
    """The node that the desk reads through lags behind the chain and does not say so."""

    kind: ClassVar[str] = "desk-node-lag"
    Params: ClassVar[type[FaultParams]] = LagParams
    params: LagParams

    def place(self) -> str:
        """How far the node is behind."""
        return "the head of the desk's node"

    def begin(self, surfaces: Surfaces) -> str:
        """Let it fall behind."""
        _machinery(surfaces, self.kind).node.lag = self.params.blocks
        return f"the desk's node is {self.params.blocks} blocks behind"

    def end(self, surfaces: Surfaces) -> str:
        """Let it catch up."""
        _machinery(surfaces, self.kind).node.lag = 0
        return "the desk's node is level"


class JobParams(FaultParams):
    """*procedure* (its id) is no longer started by the calendar."""

    procedure: str


class JobStuck(Fault):
    """A scheduled procedure silently stops running."""

    kind: ClassVar[str] = "job-stuck"
    Params: ClassVar[type[FaultParams]] = JobParams
    params: JobParams

    def place(self) -> str:
        """The procedure's place on the calendar."""
        return f"the calendar of {self.params.procedure}"

    def begin(self, surfaces: Surfaces) -> str:
        """Take it off the calendar."""
        _machinery(surfaces, self.kind).suspended.add(self.params.procedure)
        return f"{self.params.procedure} no longer runs"

    def end(self, surfaces: Surfaces) -> str:
        """Put it back."""
        _machinery(surfaces, self.kind).suspended.discard(self.params.procedure)
        return f"{self.params.procedure} runs again"


class RuleParams(FaultParams):
    """Each evaluation of *rule* fails."""

    rule: str


class RuleBreaks(Fault):
    """A rule's expression no longer evaluates, as after a relabelling that nobody announced."""

    kind: ClassVar[str] = "rule-breaks"
    Params: ClassVar[type[FaultParams]] = RuleParams
    params: RuleParams

    def place(self) -> str:
        """The evaluation of the rule."""
        return f"the evaluation of {self.params.rule}"

    def begin(self, surfaces: Surfaces) -> str:
        """Let it fail."""
        _machinery(surfaces, self.kind).broken.add(self.params.rule)
        return f"{self.params.rule} no longer evaluates"

    def end(self, surfaces: Surfaces) -> str:
        """Let it work again."""
        _machinery(surfaces, self.kind).broken.discard(self.params.rule)
        return f"{self.params.rule} evaluates again"


class IndexParams(FaultParams):
    """The index of *commodity* does not answer."""

    commodity: str


class IndexOutage(Fault):
    """The independent index is down: the second opinion on the oracle is gone."""

    kind: ClassVar[str] = "index-outage"
    Params: ClassVar[type[FaultParams]] = IndexParams
    params: IndexParams

    def place(self) -> str:
        """Whether the index answers."""
        return f"the life of the index of {self.params.commodity}"

    def check(self, surfaces: Surfaces) -> None:
        """The index is there."""
        self._index(surfaces)

    def begin(self, surfaces: Surfaces) -> str:
        """Take it down."""
        self._index(surfaces).halt()
        return f"the index of {self.params.commodity} is down"

    def end(self, surfaces: Surfaces) -> str:
        """Bring it back."""
        self._index(surfaces).resume()
        return f"the index of {self.params.commodity} is back"

    def _index(self, surfaces: Surfaces) -> Index:
        indices = _machinery(surfaces, self.kind).indices
        if self.params.commodity not in indices:
            raise UnknownName("index", self.params.commodity, indices)
        return indices[self.params.commodity]


class PagerParams(FaultParams):
    """Notifications to *receiver* are not delivered."""

    receiver: str = "operator"


class PagerOutage(Fault):
    """The way to a receiver of alerts is down; what is sent there is tried again later."""

    kind: ClassVar[str] = "pager-outage"
    Params: ClassVar[type[FaultParams]] = PagerParams
    params: PagerParams

    def place(self) -> str:
        """The way to the receiver."""
        return f"the pager of {self.params.receiver}"

    def begin(self, surfaces: Surfaces) -> str:
        """Cut it."""
        _machinery(surfaces, self.kind).unreachable.add(self.params.receiver)
        return f"{self.params.receiver} cannot be notified"

    def end(self, surfaces: Surfaces) -> str:
        """Mend it."""
        _machinery(surfaces, self.kind).unreachable.discard(self.params.receiver)
        return f"{self.params.receiver} can be notified again"
