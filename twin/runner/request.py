"""What a run is asked for, and how it tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from twin.scenario import Scenario
from twin.scenario.team import PolicyName
from twin.world import Parts, World

__all__ = ["Progress", "Request", "nothing"]

Progress = Callable[[str, int, int, int], object]
"""Told (what runs, virtual seconds done, virtual seconds in all, transactions so far)."""


def nothing(_what: str, _done: int, _whole: int, _transactions: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to run: *control* names one of the scenario's controls, *until* seconds cut it short.

    *root* is where numbered run folders go, *out* an exact folder instead. *without* are the ids
    of procedures that were left out of the parts, for the manifest. *visit* is called with the
    world before it runs: outsiders may come in (not into the control without faults). *policy*
    takes decisions instead of the scenario's own.
    """

    scenario: Scenario
    parts: Parts
    root: Path = Path("runs")
    out: Path | None = None
    control: str | None = None
    without: tuple[str, ...] = ()
    until: int | None = None
    visit: Callable[[World], object] | None = None
    policy: PolicyName | None = None

    @property
    def world(self) -> Scenario:
        """The scenario that the world is made from: that of the control, where one is named."""
        found = self.scenario
        if self.control is not None:
            found = found.with_control(self.control)
        return found if self.policy is None else found.with_policy(self.policy)

    @property
    def stop(self) -> int:
        """The unix second at which the run ends."""
        scenario = self.scenario
        if self.until is None:
            return scenario.end
        return min(scenario.end, scenario.start + self.until)
