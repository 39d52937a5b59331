"""Faults of the indexer: it falls behind, misses blocks, or counts in another unit."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from twin.faults.port import Fault, FaultParams, Surfaces
from twin.faults.reach import services_of
from twin.services.indexer import ChainIndexer

__all__ = ["IndexerLag", "IndexerMiscount", "IndexerMiss"]

PPM = 1_000_000


class _IndexerFault(Fault):
    """A fault of the indexer."""

    def check(self, surfaces: Surfaces) -> None:
        """There is one."""
        self.indexer(surfaces)

    def indexer(self, surfaces: Surfaces) -> ChainIndexer:
        """Return it."""
        return services_of(surfaces, self.kind).indexer


class LagParams(FaultParams):
    """The indexer is *seconds* behind the chain."""

    seconds: int = Field(default=3_600, ge=1)


class IndexerLag(_IndexerFault):
    """The indexer falls behind."""

    kind: ClassVar[str] = "indexer-lag"
    Params: ClassVar[type[FaultParams]] = LagParams
    params: LagParams

    def place(self) -> str:
        """How far the indexer is."""
        return "the lag of the indexer"

    def begin(self, surfaces: Surfaces) -> str:
        """Delay it."""
        self.indexer(surfaces).delay(self.params.seconds)
        return f"the indexer is {self.params.seconds} s behind"

    def end(self, surfaces: Surfaces) -> str:
        """Let it catch up."""
        indexer = self.indexer(surfaces)
        indexer.delay(indexer.spec.lag)
        return "the indexer catches up"


class MissParams(FaultParams):
    """The indexer misses *share_ppm* of the blocks with events."""

    share_ppm: int = Field(default=200_000, gt=0, le=PPM)


class IndexerMiss(_IndexerFault):
    """The indexer misses blocks and never goes back for them."""

    kind: ClassVar[str] = "indexer-miss"
    Params: ClassVar[type[FaultParams]] = MissParams
    params: MissParams

    def place(self) -> str:
        """Which blocks the indexer sees."""
        return "the blocks that the indexer sees"

    def begin(self, surfaces: Surfaces) -> str:
        """Let it miss some."""
        self.indexer(surfaces).miss(self.params.share_ppm)
        return f"the indexer misses {self.params.share_ppm} ppm of the blocks"

    def end(self, surfaces: Surfaces) -> str:
        """Let it see all; what it missed stays missed."""
        self.indexer(surfaces).miss(0)
        return "the indexer misses no more blocks"


class MiscountParams(FaultParams):
    """Amounts of swaps are counted times *factor_ppm* millionths."""

    factor_ppm: int = Field(default=2 * PPM, gt=0)


class IndexerMiscount(_IndexerFault):
    """The indexer counts amounts of swaps in another unit, or twice."""

    kind: ClassVar[str] = "indexer-miscount"
    Params: ClassVar[type[FaultParams]] = MiscountParams
    params: MiscountParams

    def place(self) -> str:
        """How the indexer counts."""
        return "the amounts that the indexer counts"

    def begin(self, surfaces: Surfaces) -> str:
        """Let it count wrong."""
        self.indexer(surfaces).miscount(self.params.factor_ppm)
        return f"the indexer counts amounts x {self.params.factor_ppm} ppm"

    def end(self, surfaces: Surfaces) -> str:
        """Let it count right; what it counted wrong stays so."""
        self.indexer(surfaces).miscount(PPM)
        return "the indexer counts right again"
