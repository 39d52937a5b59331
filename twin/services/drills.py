"""Drills as the training platform records them: a round each month, a scenario a round.

Results are a function of (seed, person, round), never draws: who looks more often changes nothing.
Whoever joined after the run began has drilled nothing yet, which is the point of looking.
"""

from __future__ import annotations

from collections.abc import Sequence

from twin.clock import DAY, Clock
from twin.desk.port.drills import DrillResult, TrainingMaterial
from twin.errors import UnknownName
from twin.random import derive
from twin.scenario.services_papers import DrillsSpec

__all__ = ["DrillClient", "DrillPlatform"]

PPM = 1_000_000
SCENARIOS = ("oracle-failure", "key-compromise", "parameter-error", "signing")
"""What is drilled, in the order of the rounds."""

TITLES = ("An oracle that lies", "A key in wrong hands", "A change that was wrong",
          "Signing under pressure")  # fmt: skip


class DrillPlatform:
    """The drills of *people*; the fault handles are `skip` and `attend`."""

    def __init__(self, spec: DrillsSpec, people: Sequence[str], clock: Clock, *, seed: int) -> None:
        """Make the rounds before the run; those of the run come with time."""
        self._spec, self._people = spec, tuple(people)
        self._clock, self._seed, self._start = clock, seed, clock.now
        self._absent: set[str] = set()
        self.material = [
            TrainingMaterial(f"course-{name}", name, title, clock.now - spec.revised_before)
            for name, title in zip(SCENARIOS, TITLES, strict=True)
        ]

    def results(self) -> list[DrillResult]:
        """Return every result until now, oldest first."""
        spec, now = self._spec, self._clock.now
        found = []
        last = (now - self._start + spec.last_before) // spec.every
        for number in range(-len(SCENARIOS) + 1, last + 1):
            at = self._start - spec.last_before + number * spec.every
            scenario = SCENARIOS[number % len(SCENARIOS)]
            found += [self._result(person, scenario, at) for person in self._people
                      if person not in self._absent]  # fmt: skip
        return found

    def _result(self, person: str, scenario: str, at: int) -> DrillResult:
        low = self._spec.lowest_ppm
        drawn = derive(self._seed, "drill", person, scenario, str((at - self._start) // DAY))
        return DrillResult(
            id=f"drill-{scenario}-{(at - self._start) // DAY}-{person}", at=at, person=person,
            scenario=scenario, score_ppm=low + drawn % (PPM - low + 1),
            first_action=60 + drawn % 840,
        )  # fmt: skip

    def known(self, person: str) -> None:
        """Refuse whoever is not on the platform."""
        if person not in self._people:
            raise UnknownName("person", person, self._people)

    def skip(self, person: str) -> None:
        """Let *person* never have come."""
        self._absent.add(person)

    def attend(self, person: str) -> None:
        """Let the records of *person* be there."""
        self._absent.discard(person)


class DrillClient:
    """The port `Drills`."""

    __slots__ = ("_platform",)

    def __init__(self, platform: DrillPlatform) -> None:
        """Read this one."""
        self._platform = platform

    def results(self, *, since: int = 0) -> list[DrillResult]:
        """Return the results from unix second *since* until now."""
        return [item for item in self._platform.results() if item.at >= since]

    def material(self) -> list[TrainingMaterial]:
        """Return what there is to learn from."""
        return list(self._platform.material)
