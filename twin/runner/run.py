"""A run with a run folder: the world, its control without the faults, the verdict, the report.

Ctrl-C, wherever it comes, ends in a folder that is marked partial, whose events can be read and
whose evidence verifies. What breaks ends in a folder that is marked crashed.
"""

from __future__ import annotations

import contextlib
import errno
import resource
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from twin.clock import DAY
from twin.errors import CrashError, Interrupted, TwinError
from twin.results import Counts, IncidentRow, Loss, Part, RunFolder, Speed, Summary, saving
from twin.runner.figures import figures
from twin.runner.interrupts import Interrupts
from twin.runner.parts import Parts
from twin.runner.request import Progress, Request, nothing
from twin.runner.simulation import Simulation
from twin.scenario import Scenario
from twin.verdict import Verdict, judge

__all__ = ["Outcome", "execute"]

DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}
"""What a disk says that takes no more."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run: where it lies, what it showed, and the figures for a golden file."""

    folder: RunFolder
    summary: Summary
    verdict: Verdict
    figures: dict[str, int | float]


def execute(request: Request, progress: Progress = nothing) -> Outcome:
    """Run what *request* asks for and leave a run folder.

    Raises Interrupted after Ctrl-C, with the folder marked partial, and CrashError when the
    simulation broke, with the folder marked crashed.
    """
    scenario = request.world
    with Interrupts() as interrupts, Parts() as parts:
        folder = RunFolder.create(
            request.root, scenario, seed=scenario.seed, control=request.control,
            without=request.without, engine=request.parts.engine, policy=request.policy,
            out=request.out,
        )  # fmt: skip
        return _Run(request, scenario, folder, progress, interrupts, parts=parts).outcome()


class _Run:
    """One run on its way into its folder."""

    def __init__(
        self,
        request: Request,
        scenario: Scenario,
        folder: RunFolder,
        progress: Progress,
        interrupts: Interrupts,
        *,
        parts: Parts,
    ) -> None:
        """Start the watches."""
        self.request, self.scenario = request, scenario
        self.folder, self.progress, self.interrupts = folder, progress, interrupts
        self.parts = parts
        self.began = (time.perf_counter(), time.process_time())
        self.simulation: Simulation | None = None

    def outcome(self) -> Outcome:
        """Run, control, judge and report; raise Interrupted where that was asked for."""
        with self._marked():
            outcome = self._whole()
            if self.interrupts.requested:
                raise Interrupted(self._stopped())
            return outcome

    def _whole(self) -> Outcome:
        folder, interrupts = self.folder, self.interrupts
        _keep_data(self.scenario, folder)
        simulation = Simulation(self.scenario, self.request.parts, folder=folder)
        self.simulation = simulation
        if self.request.visit is not None:
            self.request.visit(simulation.world)
        simulation.loss()  # a reference figure that is missing is known now, not after a week
        simulation.run(self.request.stop, self.scenario.name, progress=self.progress,
                       interrupts=interrupts)  # fmt: skip
        without_fault = self._control(simulation)
        simulation.finish()
        done = _Ending(self, simulation, without_fault)
        stopped = interrupts.requested
        outcome = done.write(partial=simulation.partial or stopped)
        if interrupts.requested and not stopped:
            # Ctrl-C while the report was written: all is there, but the user's word counts.
            outcome = done.write(partial=True)
        return outcome

    def _control(self, simulation: Simulation) -> int | None:
        """Return the loss of the same seed without the faults, or None where it is not known."""
        scenario = self.scenario
        if scenario.loss is None or self.interrupts.requested:
            return None
        if not scenario.sealed.faults:
            return simulation.loss()
        quiet = scenario.without_faults()
        if quiet.team.policy == "human":  # nobody is asked twice
            quiet = quiet.with_policy("playbook")
        control = Simulation(quiet, self.request.parts)
        control.run(self.request.stop, f"{scenario.name} without faults",
                    progress=self.progress, interrupts=self.interrupts)  # fmt: skip
        control.close()
        return None if self.interrupts.requested else control.loss()

    def _stopped(self) -> str:
        days = 0.0 if self.simulation is None else self.simulation.world.clock.elapsed / DAY
        return (
            f"stopped at virtual day {days:.2f}; what was finished is kept in {self.folder.path}, "
            "marked partial"
        )

    @contextlib.contextmanager
    def _marked(self) -> Iterator[None]:
        """Mark the folder when the run ends otherwise than well, and say where it lies."""
        try:
            yield
        except Interrupted:
            raise
        except KeyboardInterrupt:
            self._leave("partial")
            raise Interrupted(self._stopped()) from None
        except Exception as error:
            self._leave("crashed")
            if isinstance(error, OSError) and error.errno in DISK:
                with saving(self.folder.path):
                    raise
            if isinstance(error, TwinError) and error.exit_code != CrashError.exit_code:
                raise
            kind = "" if isinstance(error, TwinError) else f"{type(error).__name__}: "
            raise CrashError(
                f"the simulation broke: {kind}{' '.join(str(error).split())}; what happened until "
                f"then is in {self.folder.path} (--traceback shows where in the code)"
            ) from error

    def _leave(self, state: Literal["partial", "crashed"]) -> None:
        """Close what is open and mark the folder; nothing that was written is lost."""
        with self.interrupts.deaf(), contextlib.suppress(CrashError):
            # A disk that takes nothing more leaves the state "running", which is no lie either.
            if self.simulation is not None:
                self.simulation.abandon()
            summary = self.folder.read_summary()
            if summary is not None:
                update = {"passed": False, "partial": True}
                self.folder.write_summary(summary.model_copy(update=update))
            was = self.folder.read_manifest()
            self.folder.finish(state, digest=was.digest, state_root=was.state_root, head=was.head,
                               reached=was.virtual_reached)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Ending:
    """Everything that is written once a world has come to its end, or was stopped."""

    run: _Run
    simulation: Simulation
    without_fault: int | None

    def write(self, *, partial: bool) -> Outcome:
        """Judge the run and write series, summary, manifest and report."""
        simulation, folder = self.simulation, self.run.folder
        world, witness = simulation.world, simulation.witness
        loss = self._loss()
        verdict = judge(
            simulation.scenario, witness, evaluate=world.monitor.query_at, times=world.scrapes,
            examined=world.examined, loss=loss,
        )  # fmt: skip
        counts = witness.summary()
        summary = self._summary(verdict, loss, counts, partial=partial)
        folder.write_series(world.monitor.store)
        folder.write_summary(summary)
        folder.finish("partial" if partial else "finished", digest=summary.digest,
                      state_root=summary.state_root, head=world.chain.head,
                      reached=world.clock.now)  # fmt: skip
        catalog = self.run.request.parts.catalog
        from twin.report import write as write_report  # matplotlib: nothing before needs it

        write_report(folder, titles={name: item.title for name, item in catalog.items()})
        return Outcome(folder, summary, verdict, figures(summary, verdict, counts))

    def _loss(self) -> Loss | None:
        declared, value = self.simulation.scenario.loss, self.simulation.loss()
        if declared is None or value is None:
            return None
        base = self.without_fault
        return Loss(measure=declared.measure, unit=declared.unit, value=value,
                    without_fault=base, net=None if base is None else value - base)  # fmt: skip

    def _summary(
        self, verdict: Verdict, loss: Loss | None, counts: dict[str, int], *, partial: bool
    ) -> Summary:
        scenario, world = self.simulation.scenario, self.simulation.world
        return Summary(
            passed=verdict.passed and not partial,
            partial=partial,
            scenario=scenario.name,
            seed=scenario.seed,
            control=self.run.request.control,
            digest=self.simulation.digest,
            state_root="0x" + self.simulation.root.hex(),
            checks=verdict.checks,
            loss=loss,
            counts=Counts(**{name: counts[name] for name in Counts.model_fields}),
            incidents=tuple(
                IncidentRow(id=item.id, severity=item.severity, family=item.family,
                            opened=item.opened, closed=item.closed, summary=item.summary)
                for item in world.incidents.all()
            ),
            speed=_speed(self.run.began, counts["transactions"], self.run.parts),
        )  # fmt: skip


def _keep_data(scenario: Scenario, folder: RunFolder) -> None:
    """Copy the data files that the scenario names beside the run's copy of it, for a replay."""
    home = scenario.path.parent
    for spec in scenario.market.commodities.values():
        source: Path | None = getattr(spec, "file", None)
        if source is None:
            continue
        inside = source.is_relative_to(home)
        target = folder.path / (source.relative_to(home) if inside else source.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(shutil.SameFileError):  # a run of a run folder's own scenario
            shutil.copyfile(source, target)


def _speed(began: tuple[float, float], transactions: int, parts: Parts) -> Speed:
    wall = time.perf_counter() - began[0]
    cpu = time.process_time() - began[1]
    return Speed(
        wall_seconds=round(wall, 3),
        cpu_seconds=round(cpu, 3),
        peak_rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        transactions_per_second=round(transactions / wall, 1) if wall > 0 else 0.0,
        parts=tuple(
            Part(part=name, seconds=round(share * cpu, 3), share=round(share, 4))
            for name, share in parts.shares().items()
        ),
    )
