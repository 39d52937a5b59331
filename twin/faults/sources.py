"""Faults of data sources: one that dies quietly, one that changes its unit (sKRW, 2019-06-25)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from twin.errors import UnknownName
from twin.faults.port import Fault, FaultParams, Surfaces
from twin.market.sources import Source

__all__ = ["SourceDeath", "SourceScale"]


def _source(surfaces: Surfaces, name: str) -> Source:
    if name not in surfaces.sources:
        raise UnknownName("source", name, surfaces.sources)
    return surfaces.sources[name]


class DeathParams(FaultParams):
    """*source* is the data vendor that stops answering."""

    source: str


class SourceDeath(Fault):
    """A source answers nothing, and says nothing about it; its nodes fall back on the next."""

    kind: ClassVar[str] = "source-death"
    Params: ClassVar[type[FaultParams]] = DeathParams
    params: DeathParams

    def place(self) -> str:
        """Whether the source answers."""
        return f"the life of {self.params.source}"

    def check(self, surfaces: Surfaces) -> None:
        """The source is there."""
        _source(surfaces, self.params.source)

    def begin(self, surfaces: Surfaces) -> str:
        """Silence the source."""
        _source(surfaces, self.params.source).die()
        return f"{self.params.source} died"

    def end(self, surfaces: Surfaces) -> str:
        """Bring it back."""
        _source(surfaces, self.params.source).revive()
        return f"{self.params.source} is back"


class ScaleParams(FaultParams):
    """*source* quotes *numerator*/*denominator* times the price: 1000/1 is a unit error."""

    source: str
    numerator: int = Field(default=1000, gt=0)
    denominator: int = Field(default=1, gt=0)


class SourceScale(Fault):
    """A source quotes in another unit."""

    kind: ClassVar[str] = "source-scale"
    Params: ClassVar[type[FaultParams]] = ScaleParams
    params: ScaleParams

    def place(self) -> str:
        """The unit of the source."""
        return f"the unit of {self.params.source}"

    def check(self, surfaces: Surfaces) -> None:
        """The source is there."""
        _source(surfaces, self.params.source)

    def begin(self, surfaces: Surfaces) -> str:
        """Change the unit."""
        wrong = self.params
        _source(surfaces, wrong.source).rescale(wrong.numerator, wrong.denominator)
        return f"{wrong.source} quotes x {wrong.numerator}/{wrong.denominator}"

    def end(self, surfaces: Surfaces) -> str:
        """Change it back."""
        _source(surfaces, self.params.source).rescale(1, 1)
        return f"{self.params.source} quotes right again"
