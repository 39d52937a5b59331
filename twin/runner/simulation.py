"""A world that runs, with its logs and its witness: what every kind of run has in common.

It goes minute by minute, so that a run that is stopped ends at a whole minute with everything due
before it done, as the same run cut there by `--until` would: its digest can be reproduced. Every
finished hour is told, every finished day is handed to the disk.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from twin.clock import DAY, HOUR, MINUTE
from twin.desk.records import Records
from twin.events import EventLog
from twin.results import RunFolder
from twin.runner.collector import resting
from twin.runner.interrupts import Interrupts
from twin.runner.request import Progress, Request, nothing
from twin.scenario import Scenario
from twin.scoring.loss import Course, Truth, course, stop_course
from twin.witness import Witness
from twin.world import Parts, World

__all__ = ["Simulation", "simulate"]


class Simulation:
    """The world of *scenario* and what listens to it; *folder* keeps both logs, if one is given."""

    def __init__(
        self,
        scenario: Scenario,
        parts: Parts,
        *,
        folder: RunFolder | None = None,
        events: Path | None = None,
    ) -> None:
        """Wire the world; *events* is where to log where there is no *folder*."""
        self.scenario, self.folder = scenario, folder
        self.log = EventLog(folder.events if folder else events)
        self.records = Records(folder.evidence if folder else None)
        self.witness = Witness(self.log)
        try:
            self.world = World(scenario, parts, log=self.log, records=self.records)
        except BaseException:
            self.abandon()
            raise
        self.root = b""

    @property
    def transactions(self) -> int:
        """How many transactions were included."""
        return self.witness.counts.get("tx", 0)

    @property
    def digest(self) -> str:
        """The digest over all events so far."""
        return self.log.digest()

    @property
    def partial(self) -> bool:
        """Whether the scenario's end was not reached."""
        return self.world.clock.now < self.scenario.end

    def run(
        self,
        until: int,
        what: str,
        *,
        progress: Progress = nothing,
        interrupts: Interrupts | None = None,
    ) -> None:
        """Run to unix second *until*, or to the next whole minute after an interrupt.

        *what* names the run to *progress*.
        """
        clock = self.world.clock
        start = clock.start
        asked = interrupts or Interrupts()
        with resting():
            while clock.now < until and not asked.requested:
                self.world.run(min(until, clock.now + MINUTE))
                done = clock.now - start
                if done % DAY == 0:
                    self.flush()
                    self._spill()
                if done % HOUR == 0 or clock.now == until:
                    progress(what, done, until - start, self.transactions)
        self.flush()

    def flush(self) -> None:
        """Hand both logs to the operating system."""
        self.log.flush()
        self.records.flush()

    def _spill(self) -> None:
        """Move the series that no rule looks back to into the run folder, if there is one."""
        monitor = self.world.monitor
        if self.folder is not None:
            self.folder.spill_series(monitor.store, self.world.clock.now - monitor.reach)

    def finish(self) -> None:
        """End the log with the final state root, and close it."""
        self.root = self.world.finish(partial=self.partial)
        self.close()

    def close(self) -> None:
        """Close both logs."""
        self.log.close()
        self.records.close()

    def abandon(self) -> None:
        """Close both logs of a run that broke; a disk that is full does not matter any more."""
        for log in (self.log, self.records):
            with contextlib.suppress(OSError):
                log.close()

    def loss(self) -> int | None:
        """Return the declared loss of this run, or None where none is declared."""
        parts = self.courses()
        return None if parts is None else sum(part.total for part in parts)

    def courses(self) -> tuple[Course, Course] | None:
        """Return how the loss arose: by the measure, and by what was stopped; None as in `loss`."""
        declared = self.scenario.loss
        if declared is None:
            return None
        truth = self._truth()
        return (
            course(declared.measure, self.witness, truth, reference=declared.reference),
            stop_course(self.witness, truth, declared.stops),
        )

    def _truth(self) -> Truth:
        scenario, deployment = self.scenario, self.world.deployment
        return Truth(
            paths={deployment.feeds[name]: path for name, path in self.world.market.paths.items()
                   if name in deployment.feeds},
            rate_per_usd=scenario.protocol.allocation.rate_per_usd,
            stable=deployment.contract("StableAsset").address,
            start=scenario.start,
            end=self.world.clock.now,
            loaded=self.world.market.customs.loaded,
        )  # fmt: skip


def simulate(
    request: Request, progress: Progress = nothing, *, events: Path | None = None
) -> Simulation:
    """Run what *request* asks for without a run folder, and return it finished and closed.

    *events* is a file for the log, if it is wanted. No control is run, nothing is judged.
    """
    scenario = request.world
    simulation = Simulation(scenario, request.parts, events=events)
    try:
        if request.visit is not None:
            request.visit(simulation.world)
        simulation.run(request.stop, scenario.name, progress=progress)
        simulation.finish()
    except BaseException:
        simulation.abandon()
        raise
    return simulation
