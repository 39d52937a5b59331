"""The cases of scenarios, and how one is run: judged, and compared with its golden file."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from twin import golden
from twin.chain.engines import names
from twin.errors import Interrupted, TwinError, UsageError
from twin.library import Library, find
from twin.monitoring.amtool import judge_routing
from twin.monitoring.promtool import find_promtool, judge
from twin.monitoring.routing import default_routing
from twin.monitoring.series import read_sqlite
from twin.results import Check, Loss
from twin.runner import Outcome, Request, execute, simulate
from twin.scenario import Scenario
from twin.suite.case import Case, Result
from twin.suite.slices import agreed

__all__ = ["cases", "chosen", "run_case", "slices"]


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
        judge_routing(default_routing(), library.parts.rules)  # the same for every run
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


def chosen(library: Library, given: Sequence[str], *, tag: str | None = None) -> list[Path]:
    """Return the scenario files that *given* names; of a folder, only those with *tag*.

    Without a *tag* those with tags are left out of folders: they are run when they are named.
    UsageError where a folder has none.
    """
    found: list[Path] = []
    for item in given:
        paths = find([item])
        if Path(item).is_dir():
            tags = {path: library.load(path).suite.tags for path in paths}
            paths = [path for path in paths if (tag in tags[path] if tag else not tags[path])]
            if not paths:
                known = ", ".join(sorted({name for held in tags.values() for name in held}))
                what = f"tagged {tag}" if tag else "without a tag"
                raise UsageError(f"{item} holds no scenario {what}; tags there: {known or 'none'}")
        found.extend(paths)
    return found


def slices(
    library: Library,
    paths: Sequence[Path],
    *,
    seed: int | None = None,
    without: tuple[str, ...] = (),
    agents: tuple[Path, ...] = (),
) -> list[Case]:
    """Return a case for each slice that the scenarios at *paths* declare, on their first seed.

    UsageError where none declares any, or only one engine is here.
    """
    if "both" not in names():
        raise UsageError(
            "--slices compares two engines, and the fast one is not built here (make setup)"
        )
    library.parts_without(without)
    found: list[Case] = []
    for path in paths:
        scenario = library.load(path)
        number = scenario.seed if seed is None else scenario.with_seed(seed).seed
        found.extend(
            Case(
                scenario=path, seed=number, golden=number == scenario.seed and not without,
                without=without, engine="both", agents=agents, slice=(item.since, item.until),
            )
            for item in scenario.suite.slices
        )  # fmt: skip
    if not found:
        raise UsageError("none of these scenarios declares slices (suite: {slices: [...]})")
    return found


def run_case(case: Case) -> Result:
    """Run *case* in this process; an error of the twin becomes part of the result.

    So does Ctrl-C outside the run itself, so that a suite keeps what it has.
    """
    run = _run if case.slice is None else _run_slice
    try:
        return run(case, Library(agents=case.agents, engine=case.engine))
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


def _run_slice(case: Case, library: Library) -> Result:
    assert case.slice is not None  # noqa: S101 - it was asked for that
    began = time.perf_counter()
    scenario = library.load(case.scenario).with_seed(case.seed)
    since, until = case.slice
    digest = agreed(scenario, library.parts_without(case.without), since=since, until=until)
    return Result(case, passed=True, seconds=time.perf_counter() - began, digest=digest,
                  start=scenario.start)  # fmt: skip


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
