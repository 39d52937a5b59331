"""The training platform: what people did in drills, and the material they learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["DrillResult", "Drills", "TrainingMaterial"]


@dataclass(frozen=True, slots=True)
class DrillResult:
    """*person* took part in the exercise of *scenario* at unix second *at*.

    *score_ppm* is what they reached of all points, *first_action* the seconds to their first step.
    """

    id: str
    at: int
    person: str
    scenario: str
    score_ppm: int
    first_action: int


@dataclass(frozen=True, slots=True)
class TrainingMaterial:
    """What teaches *scenario*, *revised* at a unix second."""

    id: str
    scenario: str
    title: str
    revised: int


class Drills(Protocol):
    """The records of the training platform."""

    def results(self, *, since: int = 0) -> list[DrillResult]:
        """Return the results from unix second *since* until now, oldest first."""

    def material(self) -> list[TrainingMaterial]:
        """Return what there is to learn from."""
