"""A suite of runs: scenarios x seeds x controls, each judged, compared with its golden file.

Cases are independent of each other, so they run side by side in fresh processes, which are given
paths and names, never objects, and answer with plain records. Results come back in case order.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from twin import golden
from twin.errors import TwinError
from twin.library import SUFFIX, Library
from twin.results import Check
from twin.runner import Request, execute

__all__ = ["Case", "Result", "cases", "run_all", "run_case"]


@dataclass(frozen=True, slots=True)
class Case:
    """One run of a suite: a *scenario* file with *seed*, or its *control*."""

    scenario: Path
    seed: int
    golden: bool
    control: str | None = None
    without: tuple[str, ...] = ()
    engine: str = "pyevm"
    agents: tuple[Path, ...] = ()
    root: Path = Path("runs")
    update: bool = False

    @property
    def label(self) -> str:
        """The case in one word: `baseline`, `baseline[7]`, `oracle-unit-error.one-liar`."""
        name = self.scenario.name.removesuffix(SUFFIX)
        tail = f".{self.control}" if self.control else ""
        return f"{name}{tail}" if self.golden else f"{name}{tail}[{self.seed}]"

    @property
    def command(self) -> str:
        """The line that runs it again."""
        parts = ["twin run", str(self.scenario), f"--seed {self.seed}"]
        if self.control:
            parts.append(f"--control {self.control}")
        if self.without:
            parts.append(f"--without {','.join(self.without)}")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case: *checks* that broke, *differences* from the golden file, or an *error*.

    *saved* is the loss that the procedures switched off would have saved, in *unit*.
    """

    case: Case
    passed: bool
    seconds: float = 0.0
    run: str = ""
    broken: tuple[Check, ...] = ()
    differences: tuple[str, ...] = ()
    error: str = ""
    exit_code: int = 0
    loss: int | None = None
    saved: int | None = None
    unit: str = ""
    digest: str = ""
    start: int = 0


def cases(
    library: Library,
    paths: Sequence[Path],
    *,
    seed: int | None = None,
    without: tuple[str, ...] = (),
    root: Path = Path("runs"),
    update: bool = False,
    agents: tuple[Path, ...] = (),
) -> list[Case]:
    """Return the cases of the scenarios at *paths*: every seed, and every control on the first.

    All files are loaded first, so that a mistake in the last one is known before the first run.
    """
    found: list[Case] = []
    for path in paths:
        scenario = library.load(path)
        common = {"scenario": path, "without": without, "engine": library.parts.engine,
                  "agents": agents, "root": root, "update": update}  # fmt: skip
        seeds = (seed,) if seed is not None else scenario.seeds or (scenario.seed,)
        for number in seeds:
            keeps = number == scenario.seed and not without
            found.append(Case(seed=number, golden=keeps, **common))  # type: ignore[arg-type]
        if seed is None:
            found.extend(
                Case(seed=scenario.seed, golden=not without, control=control.name, **common)  # type: ignore[arg-type]
                for control in scenario.controls
            )
    return found


def run_case(case: Case) -> Result:
    """Run *case* in this process; an error of the twin becomes part of the result."""
    try:
        return _run(case, Library(agents=case.agents, engine=case.engine))
    except TwinError as error:
        return Result(case, passed=False, error=str(error), exit_code=error.exit_code)


def _run(case: Case, library: Library) -> Result:
    scenario = library.load(case.scenario).with_seed(case.seed)
    request = Request(
        scenario, library.parts_without(case.without), root=case.root, control=case.control,
        without=case.without,
    )  # fmt: skip
    outcome = execute(request)
    loss = outcome.summary.loss
    broken = outcome.verdict.broken
    saved = None
    if case.without and broken and loss is not None:
        saved = loss.value - _with_everything(request, library)
    differences = _golden(case, outcome.figures) if case.golden else ()
    return Result(
        case,
        passed=outcome.verdict.passed and not differences,
        seconds=outcome.summary.speed.wall_seconds,
        run=str(outcome.folder.path),
        broken=broken,
        differences=differences,
        exit_code=0 if outcome.verdict.passed and not differences else 1,
        loss=loss.value if loss else None,
        saved=saved,
        unit=loss.unit if loss else "",
        digest=outcome.summary.digest,
        start=scenario.start,
    )


def _with_everything(request: Request, library: Library) -> int:
    """Return the loss of the same run with every procedure switched on."""
    outcome = execute(replace(request, parts=library.parts, without=(), out=None))
    if outcome.summary.loss is None:
        raise AssertionError(request)  # the scenario declares one: the caller looked
    return outcome.summary.loss.value


def _golden(case: Case, figures: dict[str, Any]) -> tuple[str, ...]:
    """Compare with the golden file, or write it; a missing one is a difference."""
    path = golden.path_of(case.scenario, case.label)
    kept = golden.read(path)
    if case.update:
        golden.write(path, figures)
        return ()
    if kept is None:
        return (f"no golden file {path}; look at the run, then write it with --update",)
    return tuple(str(item) for item in golden.compare(kept, figures))


def run_all(suite: Sequence[Case], *, jobs: int) -> Iterator[Result]:
    """Yield the results of *suite* in order, *jobs* at a time in fresh processes.

    Processes are spawned, not forked: a fork of a process with threads is not safe, and a spawned
    one proves that a case needs nothing but its names.
    """
    if jobs <= 1 or len(suite) <= 1:
        yield from map(run_case, suite)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=min(jobs, len(suite)), mp_context=context) as pool:
        yield from pool.map(run_case, suite)
