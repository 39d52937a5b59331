"""Training and mail, as a scenario may declare them."""

from __future__ import annotations

from pydantic import Field

from twin.scenario.spec import Spec
from twin.scenario.values import Seconds

__all__ = ["DeliveriesSpec", "DrillsSpec"]


class DrillsSpec(Spec):
    """A round of drills *every* so often, the last of them *last_before* the start.

    Nobody scores below *lowest_ppm*; the material was *revised_before* the start.
    """

    every: Seconds = Field(default=30 * 86_400, ge=86_400)
    last_before: Seconds = Field(default=10 * 86_400, ge=1)
    lowest_ppm: int = Field(default=650_000, ge=0, le=1_000_000, strict=True)
    revised_before: Seconds = 60 * 86_400


class DeliveriesSpec(Spec):
    """Mail arrives after *median_ms* milliseconds; 95 % of it within *p95_ms*."""

    median_ms: int = Field(default=4_000, ge=1, strict=True)
    p95_ms: int = Field(default=90_000, ge=1, strict=True)
