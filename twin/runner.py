"""Running a scenario: from a loaded scenario to a run folder with a verdict and a report.

A run goes day by day, so that progress is shown and every finished day is on disk. Ctrl-C ends
it after the event at hand: what was finished is kept, marked partial. A run whose scenario has
faults and a loss is followed by its control, the same seed without the faults, in memory.
"""

from __future__ import annotations

import contextlib
import resource
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from twin.clock import DAY
from twin.desk.records import Records
from twin.errors import CrashError, Interrupted, TwinError
from twin.events import EventLog
from twin.results import Counts, IncidentRow, Loss, RunFolder, Speed, Summary
from twin.scenario import Scenario
from twin.scoring.loss import Truth, measure
from twin.verdict import Verdict, judge
from twin.witness import Witness
from twin.world import Parts, World

__all__ = ["Outcome", "Progress", "Request", "execute"]

Progress = Callable[[str, int, int, int], object]
"""Told (what runs, virtual seconds done, virtual seconds in all, transactions so far)."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to run: *control* names one of the scenario's controls, *until* seconds cut it short.

    *root* is where numbered run folders go, *out* an exact folder instead. *without* are the ids
    of procedures that were left out of the parts, for the manifest.
    """

    scenario: Scenario
    parts: Parts
    root: Path = Path("runs")
    out: Path | None = None
    control: str | None = None
    without: tuple[str, ...] = ()
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run: where it lies, what it showed, and the figures for a golden file."""

    folder: RunFolder
    summary: Summary
    verdict: Verdict
    figures: dict[str, int | float]


def _nothing(_what: str, _done: int, _whole: int, _transactions: int) -> None:
    """Show no progress."""


class _Live:
    """A world that is running, with what listens to it."""

    def __init__(self, scenario: Scenario, parts: Parts, folder: RunFolder | None) -> None:
        self.log = EventLog(folder.events if folder else None)
        self.records = Records(folder.evidence if folder else None)
        self.witness = Witness(self.log)
        self.world = World(scenario, parts, log=self.log, records=self.records)

    def run(self, until: int, what: str, progress: Progress) -> None:
        """Run to unix second *until*, a day at a time."""
        world = self.world
        start, now = world.clock.start, world.clock.now
        while now < until:
            now = min(until, now + DAY)
            world.run(now)
            self.log.flush()
            self.records.flush()
            progress(what, now - start, until - start, self.witness.counts.get("tx", 0))

    def close(self) -> None:
        """Close the two logs."""
        self.log.close()
        self.records.close()

    def loss(self, scenario: Scenario) -> int | None:
        """Return the declared loss of this run, or None where none is declared."""
        if scenario.loss is None:
            return None
        world = self.world
        deployment = world.deployment
        truth = Truth(
            paths={deployment.feeds[name]: path for name, path in world.market.paths.items()
                   if name in deployment.feeds},
            rate_per_usd=scenario.protocol.allocation.rate_per_usd,
            stable=deployment.contract("StableAsset").address,
            start=scenario.start,
            end=world.clock.now,
        )  # fmt: skip
        return measure(
            scenario.loss.measure, self.witness, truth, reference=scenario.loss.reference
        )


def execute(request: Request, progress: Progress = _nothing) -> Outcome:
    """Run what *request* asks for and leave a run folder.

    Raises Interrupted after Ctrl-C, with the folder marked partial, and CrashError when the
    simulation broke, with the folder marked crashed.
    """
    scenario = request.scenario
    if request.control is not None:
        scenario = scenario.with_control(request.control)
    folder = RunFolder.create(
        request.root, scenario, seed=scenario.seed, control=request.control,
        without=request.without, engine=request.parts.engine, out=request.out,
    )  # fmt: skip
    _keep_data(scenario, folder)
    began = (time.perf_counter(), time.process_time())
    with _crash_marked(folder):
        live = _Live(scenario, request.parts, folder)
        until = scenario.end
        if request.until is not None:
            until = min(until, scenario.start + request.until)
        try:
            live.run(until, scenario.name, progress)
        except KeyboardInterrupt:
            _write(request, live, folder, began, state="partial", without_fault=None)
            raise Interrupted(
                f"stopped at {_elapsed(live)}; what was finished is kept in {folder.path}"
            ) from None
        without_fault = _control(scenario, request, live, until, progress)
        partial = until < scenario.end
        return _write(
            request, live, folder, began, state="partial" if partial else "finished",
            without_fault=without_fault,
        )  # fmt: skip


def _elapsed(live: _Live) -> str:
    seconds = live.world.clock.elapsed
    return f"virtual day {seconds / DAY:.2f}"


@contextlib.contextmanager
def _crash_marked(folder: RunFolder) -> Iterator[None]:
    """Mark the folder crashed when the simulation breaks, and say where what is left lies."""
    try:
        yield
    except (Interrupted, KeyboardInterrupt):
        raise
    except Exception as error:
        folder.finish("crashed", digest=None, state_root=None, head=None, reached=None)
        if isinstance(error, TwinError) and error.exit_code != CrashError.exit_code:
            raise
        kind = "" if isinstance(error, TwinError) else f"{type(error).__name__}: "
        raise CrashError(
            f"the simulation broke: {kind}{error}; what happened until then is in {folder.path} "
            "(run again with --traceback to see where)"
        ) from error


def _keep_data(scenario: Scenario, folder: RunFolder) -> None:
    """Copy the data files that the scenario names beside the run's copy of it, for a replay."""
    home = scenario.path.parent
    for spec in scenario.market.commodities.values():
        source = getattr(spec, "file", None)
        if source is None:
            continue
        inside = source.is_relative_to(home)
        target = folder.path / (source.relative_to(home) if inside else source.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _control(
    scenario: Scenario, request: Request, live: _Live, until: int, progress: Progress
) -> int | None:
    """Return the loss of the same seed without the faults."""
    if scenario.loss is None:
        return None
    if not scenario.sealed.faults:
        return live.loss(scenario)
    control = scenario.without_faults()
    other = _Live(control, request.parts, None)
    other.run(until, f"{scenario.name} without faults", progress)
    other.close()
    return other.loss(control)


def _loss(scenario: Scenario, value: int | None, without_fault: int | None) -> Loss | None:
    if scenario.loss is None or value is None:
        return None
    net = None if without_fault is None else value - without_fault
    return Loss(measure=scenario.loss.measure, unit=scenario.loss.unit, value=value,
                without_fault=without_fault, net=net)  # fmt: skip


def _speed(began: tuple[float, float], transactions: int) -> Speed:
    wall = time.perf_counter() - began[0]
    return Speed(
        wall_seconds=round(wall, 3),
        cpu_seconds=round(time.process_time() - began[1], 3),
        peak_rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        transactions_per_second=round(transactions / wall, 1) if wall > 0 else 0.0,
    )


def _write(
    request: Request,
    live: _Live,
    folder: RunFolder,
    began: tuple[float, float],
    *,
    state: Literal["finished", "partial"],
    without_fault: int | None,
) -> Outcome:
    """Judge the run and write series, summary, report and manifest."""
    from twin.report import write as write_report

    world, witness = live.world, live.witness
    scenario = world.scenario
    root = world.finish(partial=state == "partial")
    live.close()
    loss = _loss(scenario, live.loss(scenario), without_fault)
    verdict = judge(
        scenario, witness, evaluate=world.monitor.query_at, times=world.scrapes,
        examined=world.examined, loss=loss,
    )  # fmt: skip
    counts = witness.summary()
    summary = Summary(
        passed=verdict.passed and state == "finished",
        partial=state == "partial",
        scenario=scenario.name,
        seed=scenario.seed,
        control=request.control,
        digest=live.log.digest(),
        state_root="0x" + root.hex(),
        checks=verdict.checks,
        loss=loss,
        counts=Counts(**{name: counts[name] for name in Counts.model_fields}),
        incidents=tuple(
            IncidentRow(id=item.id, severity=item.severity, family=item.family,
                        opened=item.opened, closed=item.closed, summary=item.summary)
            for item in world.incidents.all()
        ),
        speed=_speed(began, counts["transactions"]),
    )  # fmt: skip
    folder.write_series(world.monitor.store)
    folder.write_summary(summary)
    folder.finish(state, digest=summary.digest, state_root=summary.state_root,
                  head=world.chain.head, reached=world.clock.now)  # fmt: skip
    write_report(folder)
    return Outcome(folder, summary, verdict, _figures(summary, verdict, counts))


def _figures(summary: Summary, verdict: Verdict, counts: dict[str, int]) -> dict[str, int | float]:
    """Return what a golden file holds of a run: counts, loss, incidents, worst samples."""
    figures: dict[str, int | float] = {f"count.{name}": value for name, value in counts.items()}
    if summary.loss is not None:
        figures["loss.value"] = summary.loss.value
        if summary.loss.net is not None:
            figures["loss.net"] = summary.loss.net
    for row in summary.incidents:
        figures[f"incident.{row.id}.opened"] = row.opened
        if row.closed is not None:
            figures[f"incident.{row.id}.closed"] = row.closed
    figures.update(_samples(verdict))
    return figures


def _samples(verdict: Verdict) -> Iterator[tuple[str, float]]:
    thresholds: Sequence[tuple[str, str]] = [
        (check.name, str(check.got)) for check in verdict.checks if check.kind == "threshold"
    ]
    for name, got in thresholds:
        with contextlib.suppress(ValueError):  # "no data" is no figure; the verdict failed on it
            yield f"threshold.{name}", float(got)
