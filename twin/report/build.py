"""Builds the report: gathers, draws, and fills the page.

The page is one file with nothing loaded from anywhere and no script; a content security policy
in its head says the same to the browser. All text from the run is escaped by the template.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from twin.report.about import About, Scenario
from twin.report.evidence import Activity, Selection, select
from twin.report.history import Calls, History, gather
from twin.report.plots import Plot, plots
from twin.report.source import Source
from twin.report.stage import Stage
from twin.report.style import context, to_svg
from twin.report.text import clip, number, offset, printable, short, span, utc
from twin.report.timeline import timelines
from twin.results import Check, Manifest, RunFolder, Summary, write_atomic

__all__ = ["environment", "render", "write"]

MOST_CHECKS = 500
MOST_CALLS = 200


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawn plot: its *svg* goes into the page as it is."""

    name: str
    title: str
    note: str
    svg: Markup


def render(
    run: RunFolder, scenario: Scenario | None = None, *, titles: Mapping[str, str] | None = None
) -> str:
    """Return the report of *run* as HTML.

    Without the loaded *scenario* its texts are read from the copy in the run folder. *titles* of
    procedures by id, where the caller has the catalogue, stand beside their ids. Raises
    UsageError where *run* cannot be read.
    """
    manifest, summary = run.read_manifest(), run.read_summary()
    about = About.of(scenario) if scenario else About.read(run.scenario, manifest.scenario)
    history = gather(run.read_events(), start=manifest.virtual_start, end=manifest.virtual_end)
    lines = timelines(history)
    linked = {ref for timeline in lines for ref in timeline.refs}
    selection = select(run.read_evidence, linked)
    for entry in selection.activity:
        entry.title = (titles or {}).get(entry.procedure, "")
    page = environment().get_template("report.html.j2")
    text = page.render(
        about=about,
        manifest=manifest,
        summary=summary,
        verdict=_verdict(manifest, summary),
        checks=_checks(summary),
        reproduce=_reproduce(manifest),
        replay=f"twin replay {_place(run.path)}",
        reached=_reached(manifest, history),
        figures=_figures(run, history, about),
        faults=history.faults,
        timelines=lines,
        anchors=selection.anchors,
        evidence=selection,
        procedures=_procedures(history, selection),
        calls=_calls(history),
        altered=run.altered(),
    )
    return printable(text)


def write(
    run: RunFolder, scenario: Scenario | None = None, *, titles: Mapping[str, str] | None = None
) -> Path:
    """Write the report of *run* into its folder, in one step, and return its path."""
    write_atomic(run.report, render(run, scenario, titles=titles).encode())
    return run.report


def environment() -> Environment:
    """Return where the templates are found; what the HTML ones are given is escaped."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(clip=clip, number=number, offset=offset, short=short, span=span, utc=utc)
    return made


def _verdict(manifest: Manifest, summary: Summary | None) -> str:
    """PASSED or FAILED is only said of a run that came to its end: no data is never a pass."""
    if manifest.state == "crashed":
        return "CRASHED"
    if manifest.state == "partial" or (summary is not None and summary.partial):
        return "PARTIAL"
    if summary is None or manifest.state == "running":
        return "UNFINISHED"
    return "PASSED" if summary.passed else "FAILED"


def _checks(summary: Summary | None) -> tuple[Check, ...]:
    """Failed checks first, each group in its own order."""
    if summary is None:
        return ()
    return tuple(sorted(summary.checks, key=lambda check: check.passed))[:MOST_CHECKS]


def _reproduce(manifest: Manifest) -> str:
    """The command that makes this run again, stopped where this one was."""
    words = ["twin", "run", manifest.scenario, "--seed", str(manifest.seed)]
    if manifest.control:
        words += ["--control", manifest.control]
    if manifest.without:
        words += ["--without", ",".join(manifest.without)]
    if manifest.engine != "pyevm":
        words += ["--engine", manifest.engine]
    if manifest.state == "partial" and manifest.virtual_reached is not None:
        words += ["--until", f"{manifest.virtual_reached - manifest.virtual_start}s"]
    return " ".join(words)


def _place(path: Path) -> str:
    """The run folder as one would name it from the project: no path of this machine."""
    return f"{path.parent.name}/{path.name}" if path.parent.name == "runs" else path.name


def _reached(manifest: Manifest, history: History) -> int:
    known = manifest.virtual_reached
    return history.reached if known is None else known


def _figures(run: RunFolder, history: History, about: About) -> list[Figure]:
    reached = max(history.reached, history.start)
    end = reached if reached > history.start else history.end
    stage = Stage(
        start=history.start,
        end=end,
        incidents=tuple(history.incidents.values()),
        faults=tuple(history.faults),
    )
    source = Source(stage=stage, store=run.series(), history=history, about=about)
    with context():
        return [_figure(plot) for plot in plots(source)]


def _figure(plot: Plot) -> Figure:
    svg = to_svg(plot.draw(), prefix=plot.name, label=plot.title)
    # The SVG is matplotlib's, which escapes every text that was drawn.
    return Figure(plot.name, plot.title, plot.note, Markup(svg))  # noqa: S704


def _procedures(history: History, selection: Selection) -> list[dict[str, Any]]:
    """One row a procedure: records by verdict, runs begun and not ended, the newest record."""
    known = {entry.procedure: entry for entry in selection.activity}
    rows: list[dict[str, Any]] = []
    names = sorted({*known, *(run.procedure for run in history.runs.values())})
    for name in names:
        begun = [run for run in history.runs.values() if run.procedure == name]
        entry = known.get(name, Activity(name, {}, begun[-1].began if begun else 0, ""))
        rows.append(
            {
                "procedure": name,
                "title": entry.title,
                "runs": len(begun) or sum(entry.verdicts.values()),
                "verdicts": sorted(entry.verdicts.items()),
                "open": sum(run.ended is None for run in begun),
                "last": entry.last,
                "ref": entry.last_ref,
            }
        )
    return rows


def _calls(history: History) -> list[tuple[str, Calls]]:
    """Transactions by contract and function, the most frequent first."""
    rows = [
        (f"{contract}.{function}", calls) for (contract, function), calls in history.calls.items()
    ]
    return sorted(rows, key=lambda row: (-row[1].count, row[0]))[:MOST_CALLS]
