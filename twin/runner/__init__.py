"""Running a scenario: from a loaded scenario to a run folder with a verdict and a report.

`execute` leaves a run folder; `simulate` runs the world alone, in memory or with its log of
events in a file, for a replay, a comparison or a measurement.
"""

from __future__ import annotations

from twin.runner.interrupts import Interrupts
from twin.runner.request import Progress, Request, nothing
from twin.runner.run import Outcome, execute
from twin.runner.simulation import Simulation, simulate

__all__ = [
    "Interrupts",
    "Outcome",
    "Progress",
    "Request",
    "Simulation",
    "execute",
    "nothing",
    "simulate",
]
