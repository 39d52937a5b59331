"""`twin test`: scenarios held against their thresholds and golden files."""

from __future__ import annotations

import argparse

from twin import golden, junit
from twin.commands.run import ids
from twin.commands.screen import as_json, console
from twin.library import Library, find
from twin.suite import Case, Result, cases, run_all

__all__ = ["main"]


def main(arguments: argparse.Namespace) -> int:
    """Run every case; exit with the gravest code among them (a crash before a failure)."""
    library = Library(agents=arguments.agents, engine=arguments.engine)
    suite = cases(
        library,
        find(arguments.scenarios),
        seed=arguments.seed,
        without=library.parts_without(ids(arguments.without)) and ids(arguments.without),
        root=arguments.out,
        update=arguments.update,
        agents=tuple(arguments.agents),
    )
    before = {case.label: _golden_of(case) for case in suite} if arguments.update else {}
    screen = console(stderr=arguments.json)
    results: list[Result] = []
    for result in run_all(suite, jobs=arguments.jobs):
        results.append(result)
        word = "[green]passed[/]" if result.passed else "[red]FAILED[/]"
        screen.print(f"{word} {result.case.label} in {result.seconds:.1f} s  {result.run}")
        for line in junit.lines(result) if not result.passed else ():
            screen.print(f"    {line}", markup=False)
        if arguments.update:
            _show_update(result.case, before[result.case.label], screen.print)
    if arguments.junit:
        junit.write(arguments.junit, results)
    good = sum(1 for item in results if item.passed)
    screen.print(f"{good} passed, {len(results) - good} failed")
    if arguments.json:
        as_json({"passed": good == len(results), "cases": [_plain(item) for item in results]})
    return max((item.exit_code for item in results), default=0)


def _golden_of(case: Case) -> dict[str, object]:
    return golden.read(golden.path_of(case.scenario, case.label)) or {}


def _show_update(case: Case, before: dict[str, object], show: object) -> None:
    """Print what --update changed in the golden file of *case*."""
    if not case.golden or not callable(show):
        return
    after = _golden_of(case)
    plain = {
        name: value["value"] if isinstance(value, dict) else value for name, value in after.items()
    }
    for difference in golden.compare(before, plain):
        show(f"    updated {difference}", markup=False)


def _plain(result: Result) -> dict[str, object]:
    return {
        "case": result.case.label,
        "passed": result.passed,
        "seconds": result.seconds,
        "run": result.run,
        "digest": result.digest,
        "loss": result.loss,
        "saved": result.saved,
        "unit": result.unit,
        "error": result.error,
        "differences": list(result.differences),
        "broken": [check.model_dump(mode="json") for check in result.broken],
        "reproduce": result.case.command,
    }
