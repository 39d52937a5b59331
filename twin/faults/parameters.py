"""Latent faults of configuration: a guard that was left open before anybody was looking."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from twin.errors import UnknownName
from twin.faults.port import Fault, FaultParams, Surfaces
from twin.protocol.deployment import DeploymentSpec
from twin.scenario.values import Price8

__all__ = ["FeedBoundsOpen"]


class BoundsParams(FaultParams):
    """The feed of *commodity* was deployed with *max_answer* instead of the approved one."""

    commodity: str
    max_answer: Price8


class FeedBoundsOpen(Fault):
    """A feed's max answer on chain is far above the register's: it refuses nothing."""

    kind: ClassVar[str] = "feed-bounds-open"
    Params: ClassVar[type[FaultParams]] = BoundsParams
    params: BoundsParams

    def place(self) -> str:
        """The bound of the feed."""
        return f"the max answer of the {self.params.commodity} feed"

    def prepare(self, spec: DeploymentSpec) -> DeploymentSpec:
        """Deploy the feed with the wrong bound."""
        wrong = self.params
        if wrong.commodity not in spec.feeds:
            raise UnknownName("feed", wrong.commodity, spec.feeds)
        feed = replace(spec.feeds[wrong.commodity], max_answer=wrong.max_answer)
        return replace(spec, feeds={**spec.feeds, wrong.commodity: feed})

    def begin(self, surfaces: Surfaces) -> str:
        """It was there before the run began."""
        del surfaces
        return f"{self.params.commodity} feed deployed with max answer {self.params.max_answer}"

    def end(self, surfaces: Surfaces) -> str:
        """Configuration does not heal by itself."""
        del surfaces
        return "the bound stays as it is on chain"
