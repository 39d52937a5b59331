"""Faults of demand: a surge that nobody announced."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from twin.faults.port import Fault, FaultParams, Surfaces

__all__ = ["VolumeSurge"]


class SurgeParams(FaultParams):
    """Trades arrive *factor_ppm* / 1,000,000 times as often: 3000000 is three times."""

    factor_ppm: int = Field(default=3_000_000, gt=0)


class VolumeSurge(Fault):
    """The rate at which noise traders arrive is multiplied."""

    kind: ClassVar[str] = "volume-surge"
    Params: ClassVar[type[FaultParams]] = SurgeParams
    params: SurgeParams

    def place(self) -> str:
        """The demand of all traders."""
        return "the demand"

    def begin(self, surfaces: Surfaces) -> str:
        """Multiply the rate."""
        surfaces.demand.set_factor(self.params.factor_ppm)
        return f"trades arrive x {self.params.factor_ppm} ppm"

    def end(self, surfaces: Surfaces) -> str:
        """Give the rate back."""
        surfaces.demand.set_factor(1_000_000)
        return "trades arrive as before"
