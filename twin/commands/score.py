"""`twin score`: what a response was worth, against no response and an ideal one on the same seed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.markup import escape

from twin.commands.run import ids
from twin.commands.screen import as_json, console, progress, running, say, table
from twin.errors import UsageError
from twin.library import Library, find
from twin.report.text import number, span
from twin.results import RunFolder, write_atomic
from twin.results.place import MANIFEST
from twin.runner.scored import score_folder
from twin.scoring.censored import Distribution
from twin.scoring.response import PPM
from twin.scoring.score import Score
from twin.study.scores import Share, Study
from twin.study.seeds import Job, score_all, seeds_of

__all__ = ["main"]

DASH = "\N{EN DASH}"


def main(arguments: argparse.Namespace) -> int:
    """Score a run folder, or a scenario on many seeds; 1 where no response was no worse."""
    if (arguments.target / MANIFEST).is_file():
        return _folder(arguments)
    paths = find([str(arguments.target)])
    if len(paths) != 1:
        raise UsageError(f"{arguments.target} holds {len(paths)} scenarios: name one")
    library = Library(agents=arguments.agents, engine=arguments.engine)
    scenario, without = library.load(paths[0]), ids(arguments.without)
    library.parts_without(without)
    if scenario.loss is None:
        raise UsageError(f"{scenario.name} declares no loss: there is nothing to score by")
    seeds = (arguments.seed,) if arguments.seed is not None else seeds_of(scenario, arguments.seeds)
    todo = [
        Job(paths[0], seed, policy=arguments.policy, without=without,
            engine=library.parts.engine, agents=tuple(arguments.agents))
        for seed in seeds
    ]  # fmt: skip
    with running(verb="scoring") as tell:
        study = Study.of(list(score_all(todo, jobs=arguments.jobs, tell=tell)))
    body = {"scenario": scenario.name, "unit": scenario.loss.unit, **study.described()}
    limit = arguments.at_least
    passed = limit is None or study.better.good >= limit
    if arguments.out is not None:
        from json import dumps

        write_atomic(arguments.out, (dumps(body, indent=2) + "\n").encode())
    if arguments.json:
        as_json({"passed": passed, **body})
    else:
        _show_study(scenario.title, study)
        if limit is not None:
            say(f"better than no response on {study.better.good} seeds, asked for {limit}: "
                f"{'passed' if passed else 'FAILED'}")  # fmt: skip
    return 0 if passed else 1


def _folder(arguments: argparse.Namespace) -> int:
    """Score one finished run; its score goes beside it as `score.json`."""
    if arguments.seeds is not None or arguments.policy is not None or arguments.seed is not None:
        raise UsageError("a run folder has its seed and policy: name a scenario for others")
    run = RunFolder.load(arguments.target)
    manifest = run.read_manifest()
    library = Library(agents=arguments.agents, engine=arguments.engine or manifest.engine)
    scenario = library.load(run.scenario)
    if scenario.loss is None:
        raise UsageError(f"{scenario.name} declares no loss: there is nothing to score by")
    with progress(quiet=arguments.json) as report:
        found, *_ = score_folder(
            run, scenario, library.parts_without(manifest.without), progress=report
        )
    path = run.path / "score.json"
    body = {"schema_version": 1, "passed": True, **found.described()}
    from json import dumps

    write_atomic(path, (dumps(body, indent=2, sort_keys=True) + "\n").encode())
    if arguments.json:
        as_json(body)
    else:
        _show(found, start=manifest.virtual_start, path=path)
    return 0


def _show(found: Score, *, start: int, path: Path) -> None:
    screen, worth = console(), found.worth
    rows = [(name.replace("_", " "), DASH if at is None else f"+{span(at - start)}")
            for name, at in found.marks.items()]  # fmt: skip
    about = f"{found.incident or 'no incident'}, cause {found.cause or 'none'}"
    screen.print(table(escape(f"Time marks of {about}"), ("mark", "since the start"), rows))
    rows = [(name, span(seconds) + ("" if ended else " and not over"))
            for name, (seconds, ended) in found.durations.items()]  # fmt: skip
    screen.print(table("Durations", ("what", "took"), rows))
    if worth is not None:
        say(
            f"loss {worth.loss:,} {found.unit}; without a response {worth.nothing:,}, ideal "
            f"{worth.ideal:,}, without the fault {worth.quiet:,}"
        )
        say(f"response value: {_value(worth.value_ppm)} (1 is ideal, 0 no response)")
    say(f"score: {path}")


def _value(ppm: int | None) -> str:
    return "not defined" if ppm is None else f"{ppm / PPM:.3f}"


def _share(share: Share) -> str:
    ends = share.interval
    if ends.low is None or ends.high is None:
        return "no data"
    return f"{share.good} of {share.count} (95 %: {ends.low:.2f} to {ends.high:.2f})"


def _took(seconds: float | None) -> str:
    return "not reached" if seconds is None else span(int(seconds))


def _duration(name: str, found: Distribution) -> tuple[str, ...]:
    ends = found.interval()
    if not found.count:
        return (name, "0", "0", "no data", "", "", "")
    return (
        name, str(found.count), str(found.censored), _took(found.quantile(0.5)),
        f"{_took(ends.low)} to {_took(ends.high)}", _took(found.quantile(0.25)),
        _took(found.quantile(0.9)),
    )  # fmt: skip


def _show_study(title: str, study: Study) -> None:
    screen = console()
    rows: list[tuple[str, ...]] = []
    for item in study.scores:
        worth = item.worth
        numbers: tuple[Any, ...] = (
            (DASH,) * 4
            if worth is None
            else (worth.loss, worth.nothing, worth.ideal, _value(worth.value_ppm))
        )
        rows.append((str(item.seed), *map(number, numbers), item.channel or "not detected"))
    columns = ("seed", "loss", "no response", "ideal", "value", "detected by")
    screen.print(table(escape(title), columns, rows))
    screen.print(
        table(
            "Durations (Kaplan-Meier)",
            (
                "what",
                "seeds",
                "not over",
                "median",
                "95 % interval",
                "quarter by",
                "nine tenths by",
            ),
            [_duration(name, found) for name, found in study.durations.items()],
        )
    )
    say(f"better than no response: {_share(study.better)}")
    say(f"near misses (a value below one half): {_share(study.near_misses)}")
