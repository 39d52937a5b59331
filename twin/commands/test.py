"""`twin test`: scenarios held against their thresholds and golden files."""

from __future__ import annotations

import argparse

from rich.markup import escape

from twin import junit
from twin.commands.run import ids
from twin.commands.screen import as_json, console, running, say
from twin.errors import Interrupted, UsageError
from twin.library import Library
from twin.suite import Case, Result, cases, chosen, run_all, slices

__all__ = ["main"]


def main(arguments: argparse.Namespace) -> int:
    """Run every case; exit with the gravest code among them (a crash before a failure)."""
    if arguments.jobs < 1:
        raise UsageError(f"--jobs {arguments.jobs}: at least one run at a time")
    if arguments.junit and arguments.junit.is_dir():  # better known now than after all runs
        raise UsageError(f"--junit {arguments.junit} is a folder; name a file")
    suite = _suite(arguments)
    results: list[Result] = []
    with running() as tell:

        def told(case: Case, ended: bool) -> None:
            tell(case.label, ended)

        for result in run_all(suite, jobs=arguments.jobs, tell=told):
            results.append(result)
            _show(result, stderr=arguments.json)
    if arguments.junit:
        junit.write(arguments.junit, results)
    good = sum(1 for item in results if item.passed)
    say(_tally(len(suite), results), stderr=arguments.json)
    if arguments.json:
        as_json({"passed": good == len(suite), "cases": [_plain(item) for item in results]})
    # Ctrl-C between two cases stops none, but what was not run did not pass.
    least = Interrupted.exit_code if len(results) < len(suite) else 0
    return max([least, *(item.exit_code for item in results)])


def _suite(arguments: argparse.Namespace) -> list[Case]:
    """Return the runs, or the slices, that *arguments* ask for."""
    library = Library(agents=arguments.agents, engine=arguments.engine)
    paths = chosen(library, arguments.scenarios, tag=arguments.tag)
    without, agents = ids(arguments.without), tuple(arguments.agents)
    if arguments.slices:
        if arguments.update or arguments.engine or arguments.judge:
            raise UsageError(
                "--slices runs both engines to a digest: there is nothing to update or to judge"
            )
        return slices(library, paths, seed=arguments.seed, without=without, agents=agents)
    return cases(
        library, paths, seed=arguments.seed, without=without, root=arguments.out,
        update=arguments.update, agents=agents, judge=arguments.judge,
    )  # fmt: skip


def _show(result: Result, *, stderr: bool) -> None:
    """Print a line for *result*, what is wrong with it, and what --update changed."""
    words = {"passed": "[green]passed[/]", "FAILED": "[red]FAILED[/]", "stopped": "stopped"}
    word = "passed" if result.passed else "stopped" if result.interrupted else "FAILED"
    where = f"  {result.run}" if result.run else ""
    line = escape(f"{result.case.label} in {result.seconds:.1f} s{where}")
    console(stderr=stderr).print(f"{words[word]} {line}", soft_wrap=True)
    for detail in junit.lines(result) if not result.passed else ():
        say(f"    {detail}", stderr=stderr)
    for change in result.updated:
        say(f"    updated {change}", stderr=stderr)


def _tally(whole: int, results: list[Result]) -> str:
    stopped = sum(1 for item in results if item.interrupted)
    good = sum(1 for item in results if item.passed)
    words = [f"{good} passed", f"{len(results) - good - stopped} failed"]
    if stopped or len(results) < whole:
        words.append(f"{stopped} stopped")
        words.append(f"{whole - len(results)} not run")
    return ", ".join(words)


def _plain(result: Result) -> dict[str, object]:
    return {
        "case": result.case.label,
        "passed": result.passed,
        "exit_code": result.exit_code,
        "seconds": result.seconds,
        "run": result.run,
        "digest": result.digest,
        "loss": result.loss,
        "saved": result.saved,
        "unit": result.unit,
        "error": result.error,
        "differences": list(result.differences),
        "updated": list(result.updated),
        "broken": [check.model_dump(mode="json") for check in result.broken],
        "reproduce": result.case.command,
    }
