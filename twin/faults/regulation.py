"""Faults of compliance: a rule that is published late."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from twin.faults.port import Fault, FaultParams, Surfaces, services_of
from twin.services.bulletins import regulation

__all__ = ["RegulationLate"]


class RegulationParams(FaultParams):
    """A rule called *rule* that is in force *notice_hours* after it was published."""

    rule: str = "sanctions-of-mixers"
    notice_hours: int = Field(default=48, ge=1)


class RegulationLate(Fault):
    """A rule is published and in force almost at once (Tornado Cash, 2022-08-08: the same day)."""

    kind: ClassVar[str] = "regulation-late"
    Params: ClassVar[type[FaultParams]] = RegulationParams
    params: RegulationParams

    def place(self) -> str:
        """The rule."""
        return f"the rule {self.params.rule}"

    def begin(self, surfaces: Surfaces) -> str:
        """Publish it."""
        services, about = services_of(surfaces), self.params
        now = services.clock.now
        made = regulation(now, about.rule, now + about.notice_hours * 3600)
        return services.threats.publish([made], publisher="regulator")

    def end(self, surfaces: Surfaces) -> str:
        """What was published stays so."""
        del surfaces
        return "the rule stands"
