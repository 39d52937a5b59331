"""The cases of a suite, and how one is run: judged, and compared with its golden file."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twin import golden
from twin.chain.engines import best
from twin.errors import Interrupted, TwinError, UsageError
from twin.library import SUFFIX, Library
from twin.monitoring.promtool import find_promtool, judge
from twin.monitoring.series import read_sqlite
from twin.results import Check, Loss
from twin.runner import Outcome, Request, execute, simulate
from twin.scenario import Scenario

__all__ = ["Case", "Result", "cases", "run_case"]


@dataclass(frozen=True, slots=True)
class Case:
    """One run of a suite: a *scenario* file with *seed*, or its *control*.

    *golden* says whether there is a golden file to compare with, which *update* writes anew.
    *judge* names who else evaluates the alert rules: promtool, or nobody.
    """

    scenario: Path
    seed: int
    golden: bool
    control: str | None = None
    without: tuple[str, ...] = ()
    engine: str = field(default_factory=best)
    agents: tuple[Path, ...] = ()
    root: Path = Path("runs")
    update: bool = False
    judge: str | None = None

    @property
    def label(self) -> str:
        """The case in one word: `baseline`, `baseline[7]`, `oracle-unit-error.one-liar`."""
        name = self.scenario.name.removesuffix(SUFFIX)
        tail = f".{self.control}" if self.control else ""
        return f"{name}{tail}" if self.golden else f"{name}{tail}[{self.seed}]"

    @property
    def command(self) -> str:
        """The line that runs it again."""
        parts = ["twin", "run", str(self.scenario), "--seed", str(self.seed)]
        if self.control:
            parts += ["--control", self.control]
        if self.without:
            parts += ["--without", ",".join(self.without)]
        if self.engine != best():
            parts += ["--engine", self.engine]
        for folder in self.agents:
            parts += ["--agents", str(folder)]
        return shlex.join(parts)

    @property
    def golden_file(self) -> Path:
        """Where its golden file lies."""
        return golden.path_of(self.scenario, self.label)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case: *checks* that broke, *differences* from the golden file, or an *error*.

    *saved* is the loss that the procedures switched off would have saved, in *unit*. *updated*
    are the figures of the golden file that changed. *start* is the scenario's, in unix seconds.
    """

    case: Case
    passed: bool
    seconds: float = 0.0
    run: str = ""
    broken: tuple[Check, ...] = ()
    differences: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    error: str = ""
    exit_code: int = 0
    loss: int | None = None
    saved: int | None = None
    unit: str = ""
    digest: str = ""
    start: int = 0

    @property
    def interrupted(self) -> bool:
        """Whether the user stopped it: nothing is known of it then."""
        return self.exit_code == Interrupted.exit_code


def cases(
    library: Library,
    paths: Sequence[Path],
    *,
    seed: int | None = None,
    without: tuple[str, ...] = (),
    root: Path = Path("runs"),
    update: bool = False,
    agents: tuple[Path, ...] = (),
    judge: str | None = None,
) -> list[Case]:
    """Return the cases of the scenarios at *paths*: every seed, and every control on the first.

    All files are loaded first, so that a mistake in the last one is known before the first run.
    """
    library.parts_without(without)
    if judge:
        find_promtool()  # better known now than after the first run
    found: list[Case] = []
    for path in paths:
        scenario = library.load(path)
        if seed is not None:
            scenario.with_seed(seed)
        engine = library.parts.engine
        seeds = (seed,) if seed is not None else scenario.seeds or (scenario.seed,)
        wanted: list[tuple[int, str | None]] = [(number, None) for number in seeds]
        if seed is None:
            wanted += [(scenario.seed, control.name) for control in scenario.controls]
        found.extend(
            Case(
                scenario=path, seed=number, golden=number == scenario.seed and not without,
                control=control, without=without, engine=engine, agents=agents, root=root,
                update=update, judge=judge,
            )
            for number, control in wanted
        )  # fmt: skip
    return found


def run_case(case: Case) -> Result:
    """Run *case* in this process; an error of the twin becomes part of the result.

    So does Ctrl-C outside the run itself, so that a suite keeps what it has.
    """
    try:
        return _run(case, Library(agents=case.agents, engine=case.engine))
    except KeyboardInterrupt:
        return Result(case, passed=False, error="stopped", exit_code=Interrupted.exit_code)
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
    differences, updated = _golden(case, outcome)
    if case.judge:
        _judge(library, scenario, outcome)
    passed = outcome.verdict.passed and not differences
    return Result(
        case,
        passed=passed,
        seconds=outcome.summary.speed.wall_seconds,
        run=str(outcome.folder.path),
        broken=outcome.verdict.broken,
        differences=differences,
        updated=updated,
        exit_code=0 if passed else 1,
        loss=loss.value if loss else None,
        saved=_saved(case, library, outcome.verdict.broken, loss),
        unit=loss.unit if loss else "",
        digest=outcome.summary.digest,
        start=scenario.start,
    )


def _judge(library: Library, scenario: Scenario, outcome: Outcome) -> None:
    """Let promtool evaluate the rules over what the run scraped; raise JudgesDisagree."""
    spec = scenario.monitoring
    judge(
        read_sqlite(outcome.folder.metrics), library.parts.rules.of(spec),
        outcome.folder.path / "promtool", start=scenario.start, interval=spec.scrape_interval,
    )  # fmt: skip


def _saved(case: Case, library: Library, broken: Sequence[Check], loss: Loss | None) -> int | None:
    """Return the loss of *case* less that of the same run with every procedure switched on.

    None where nothing was switched off, or nothing broke without it.
    """
    if not case.without or not broken or loss is None:
        return None
    scenario = library.load(case.scenario).with_seed(case.seed)
    whole = simulate(Request(scenario, library.parts, control=case.control)).loss()
    return None if whole is None else loss.value - whole


def _golden(case: Case, outcome: Outcome) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return how *outcome* differs from the golden file, or what changed when it was written.

    A missing file is a difference. One is written only of a run that passed: it says what somebody
    looked at and found right.
    """
    if not case.golden:
        return (), ()
    if case.update:
        return _update(case.golden_file, outcome)
    kept = golden.read(case.golden_file)
    if kept is None:
        where = case.golden_file
        return (f"no golden file {where}: look at the run, then write it with --update",), ()
    return tuple(f"golden file: {item}" for item in golden.compare(kept, outcome.figures)), ()


def _update(path: Path, outcome: Outcome) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write the golden file at *path*, whatever is there; nothing where nothing changed."""
    if not outcome.verdict.passed:
        return (f"golden file {path} not written: the run did not pass its own checks",), ()
    try:
        kept = golden.read(path)
    except UsageError:  # what cannot be read is replaced: that is what --update is for
        kept = None
    changed = tuple(map(str, golden.compare(kept or {}, outcome.figures)))
    if changed or kept is None:
        golden.write(path, outcome.figures)
    return (), changed
