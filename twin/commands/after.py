"""`twin report RUN --incident N`: the after-action report, for which the controls are run."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from twin.commands.screen import as_json, progress, running, say
from twin.errors import UnknownName, UsageError
from twin.library import Library, find
from twin.report.about import About
from twin.report.after import After, after_action
from twin.report.after_actions import holds
from twin.report.after_detection import earlier_rules
from twin.report.after_write import write_after
from twin.report.history import gather
from twin.report.timeline import Timeline, timelines
from twin.results import RunFolder
from twin.results.place import MANIFEST
from twin.runner import Request
from twin.runner.request import Progress
from twin.runner.scored import acting, score_folder, unanswered
from twin.scenario import Scenario
from twin.scoring.censored import quantile
from twin.scoring.response import PPM
from twin.scoring.score import Score
from twin.study.scores import HALF
from twin.study.seeds import Job, score_all, seeds_of

__all__ = ["after"]


def after(run: RunFolder, arguments: argparse.Namespace) -> int:
    """Write HTML, Markdown and JSON of the incident that *arguments* name, beside the run."""
    manifest, summary = run.read_manifest(), run.read_summary()
    if summary is None or manifest.state != "finished":
        raise UsageError(f"{run.path} is {manifest.state}: only a finished run has this report")
    library = Library(agents=arguments.agents, engine=arguments.engine or manifest.engine)
    scenario = library.load(run.scenario)
    if scenario.loss is None:
        raise UsageError(f"{scenario.name} declares no loss: its incidents cannot be compared")
    parts = library.parts_without(manifest.without)
    history = gather(run.read_events(), start=manifest.virtual_start, end=manifest.virtual_end)
    number, timeline = _incident(timelines(history), str(arguments.incident))
    with progress(quiet=arguments.json) as report:
        score, trace, controls, request = score_folder(
            run, scenario, parts, incident=timeline.incident.id, progress=report
        )
        at_once = _at_once(request, score, report)
    rules, interval = parts.rules.rules, scenario.monitoring.scrape_interval
    tree = after_action(
        After(
            about=About.of(scenario), manifest=manifest, summary=summary, score=score, trace=trace,
            history=history, timeline=timeline, records=_records(run, timeline),
            earlier=earlier_rules(rules, trace, controls.quiet, score.marks, interval=interval),
            at_once=at_once, seeds=_seeds(arguments, run, library, scenario, score),
            place=f"{run.path.parent.name}/{run.path.name}", number=number, closed=_closed(run),
        )
    )  # fmt: skip
    made = write_after(run, tree)
    if arguments.json:
        as_json({"passed": True, "files": {name: str(path) for name, path in made.items()}, **tree})
    else:
        for path in made.values():
            say(f"after-action report: {path}")
    return 0


def _incident(found: Sequence[Timeline], asked: str) -> tuple[int, Timeline]:
    """Return place and timeline of the incident that was *asked* for: by number or by id."""
    known = {item.incident.id: (place, item) for place, item in enumerate(found, 1)}
    if not known:
        raise UsageError("no incident was opened in this run: there is nothing to report on")
    by_number = {str(place): name for place, name in enumerate(known, 1)}
    name = by_number.get(asked, asked)
    if name not in known:
        raise UnknownName("incident", asked, known)
    return known[name]


def _at_once(request: Request, score: Score, report: Progress) -> int | None:
    """Return the loss where the ideal action follows the alert at once; None where none fired."""
    world, fired = request.world, score.marks.alert_fired
    if fired is None or world.loss is None or not world.loss.ideal:
        return None
    bare = replace(request, scenario=acting(world, fired), control=None, policy=None)
    return unanswered(bare, report).loss


def _records(run: RunFolder, timeline: Timeline) -> dict[int, str]:
    """Return the lines of the log that the timeline names, by the number of their event."""
    wanted, found = {line.order for line in timeline.lines}, {}
    with run.events.open("rb") as file:
        for number, line in enumerate(file):
            if number in wanted:
                found[number] = line.decode().strip()
    return found


def _seeds(
    arguments: argparse.Namespace,
    run: RunFolder,
    library: Library,
    scenario: Scenario,
    score: Score,
) -> Mapping[str, Any]:
    """Return what other seeds say of the same response, empty where none was asked for."""
    if arguments.study is not None:
        values = _of_study(arguments, scenario)
    elif arguments.seeds is not None:
        path = find([scenario.name])[0]
        todo = [Job(path, seed, policy=run.read_manifest().policy,
                    engine=library.parts.engine, agents=tuple(arguments.agents))
                for seed in seeds_of(scenario, arguments.seeds)]  # fmt: skip
        with running(verb="scoring") as tell:
            scores = list(score_all(todo, jobs=arguments.jobs, tell=tell))
        values = [item.worth.value_ppm for item in scores if item.worth is not None]
    else:
        return {}
    known = [value for value in values if value is not None]
    own = score.worth.value_ppm if score.worth else None
    if not known:
        return {}
    count = len(known)
    return {
        "count": count,
        "better": f"{len([1 for value in known if value > 0])} of {count}",
        "near": f"{len([1 for value in known if value < HALF])} of {count}",
        "lowest": f"{min(known) / PPM:.2f}", "median": f"{quantile(known, 0.5) / PPM:.2f}",
        "highest": f"{max(known) / PPM:.2f}",
        "below": "none" if own is None else f"{len([1 for value in known if value < own])}",
    }  # fmt: skip


def _of_study(arguments: argparse.Namespace, scenario: Scenario) -> list[int | None]:
    try:
        body = json.loads(arguments.study.read_bytes())
        if body["scenario"] != scenario.name:
            raise UsageError(f"{arguments.study} is a study of {body['scenario']}, not of "
                             f"{scenario.name}")  # fmt: skip
        return [(item["worth"] or {}).get("value_ppm") for item in body["scores"]]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise UsageError(
            f"{arguments.study} is no study: write one with `twin score SCENARIO --out FILE`"
        ) from problem


def _closed(run: RunFolder) -> Callable[[str], str | None]:
    """Return what says which later run beside *run* holds a criterion, None where none does."""
    own = run.read_manifest()
    later = []
    for path in sorted(run.path.parent.iterdir(), key=lambda item: _numbers(item.name)):
        if not (path / MANIFEST).is_file() or path == run.path:
            continue
        other = RunFolder(path)
        try:
            manifest, summary = other.read_manifest(), other.read_summary()
        except UsageError:
            continue  # a folder of another version proves nothing
        if (
            manifest.scenario == own.scenario and manifest.control == own.control
            and manifest.state == "finished" and manifest.started_at > own.started_at
            and summary is not None
        ):  # fmt: skip
            later.append((path, summary.passed))

    def closed(criterion: str) -> str | None:
        for path, passed in later:
            file = path / "score.json"
            score = json.loads(file.read_bytes()) if file.is_file() else {}
            if holds(criterion, passed, score):
                return path.name
        return None

    return closed


def _numbers(name: str) -> list[tuple[int, str]]:
    """Order `run-2` before `run-10`."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]
