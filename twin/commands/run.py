"""`twin run`: one scenario, headless, as fast as possible."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from rich.markup import escape

from twin import junit
from twin.commands.asking import ask
from twin.commands.beside import company_of, farewell, holding
from twin.commands.screen import as_json, console, progress, say, table
from twin.errors import UsageError
from twin.library import Library, find
from twin.results import Check, Speed
from twin.runner import Outcome, Request, execute
from twin.scenario import Scenario
from twin.scenario.values import parse_seconds

__all__ = ["ids", "main", "show", "show_parts"]


def ids(text: str) -> tuple[str, ...]:
    """Return the ids in *text*, separated by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _until(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        seconds = parse_seconds(text)
    except ValueError as error:
        raise UsageError(f"--until {error}") from None
    if seconds <= 0:
        raise UsageError(f"--until {text}: a run takes more than no time")
    return seconds


def main(arguments: argparse.Namespace) -> int:
    """Run the scenario that *arguments* name; 0 where it passed, 1 where it did not."""
    library = Library(agents=arguments.agents, engine=arguments.engine)
    paths = find([arguments.scenario])
    if len(paths) != 1:
        raise UsageError(f"{arguments.scenario} holds {len(paths)} scenarios; `twin run` takes one")
    scenario = library.load(paths[0])
    if arguments.seed is not None:
        scenario = scenario.with_seed(arguments.seed)
    without = ids(arguments.without)
    request = Request(
        scenario,
        replace(library.parts_without(without), check=arguments.check, ask=ask),
        out=arguments.out,
        control=arguments.control,
        without=without,
        until=_until(arguments.until),
        policy=arguments.policy,
    )
    if request.world.team.policy == "human":
        arguments.quiet = True  # a bar would write over the questions
    with company_of(arguments) as company, holding(arguments) as asked:
        if company is not None:
            request = replace(request, visit=company.join)
        with progress(quiet=arguments.quiet or arguments.json) as report:
            outcome = execute(request, report)
        if arguments.json:
            as_json(described(outcome))
        else:
            show(scenario, outcome, engine=library.parts.engine)
            if arguments.profile:
                show_parts(outcome.summary.speed)
        if company is not None:
            farewell(company, outcome, asked)
    return 0 if outcome.summary.passed else 1


def described(outcome: Outcome) -> dict[str, Any]:
    """Return *outcome* for `--json`: the summary and where the run lies."""
    return {
        **outcome.summary.model_dump(mode="json"),
        "run": str(outcome.folder.path),
        "report": str(outcome.folder.report),
    }


def show(scenario: Scenario, outcome: Outcome, *, engine: str) -> None:
    """Print the verdict of *outcome*, line by line, and where the report lies."""
    screen, summary = console(), outcome.summary
    title = escape(f"{scenario.title} (seed {summary.seed}, engine {engine})")
    screen.print(table(title, ("", "check", "limit", "got"), map(_row, summary.checks)))
    if summary.loss is not None:
        net = (
            ""
            if summary.loss.net is None
            else f", net of the same seed without faults {summary.loss.net:,}"
        )
        say(f"loss: {summary.loss.value:,} {summary.loss.unit}{net}")
    speed, counts = summary.speed, summary.counts
    say(
        f"{counts.transactions} transactions, {counts.incidents} incidents, {counts.pages} pages "
        f"in {speed.wall_seconds:.1f} s, {speed.peak_rss_mb:.0f} MB"
    )
    say(f"digest {summary.digest}")
    word = "[green]PASSED[/]" if summary.passed else "[red]FAILED[/]"
    partial = " (partial: it was not run to its end, which never passes)" if summary.partial else ""
    screen.print(f"verdict: {word}{partial}", soft_wrap=True)
    say(f"report: {outcome.folder.report}")


def show_parts(speed: Speed) -> None:
    """Print what each part of the twin took of a run, or that it was not measured."""
    if not speed.parts:
        say("what each part took was not measured: something else uses the timer of the profiler")
        return
    rows = ((item.part, f"{item.seconds:.2f} s", f"{item.share:.1%}") for item in speed.parts)
    title = f"CPU time by part ({speed.cpu_seconds:.1f} s in all)"
    console().print(table(title, ("part", "CPU", "share"), rows))


def _row(check: Check) -> tuple[str, str, str, str]:
    word = "[green]ok[/]" if check.passed else "[red]FAIL[/]"
    limit, got = junit.amounts(check)
    return word, escape(check.name), escape(limit), escape(got)
