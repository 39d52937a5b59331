"""`twin bench`: speed, as medians and as ratios within one run. Missed targets fail nothing.

What it shows fits 80 columns.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Iterator, Sequence
from typing import Any

from rich.markup import escape

from twin import __version__
from twin.bench import Effort, Figure, Part, Target, measure
from twin.commands.screen import SCHEMA_VERSION, as_json, console, say, table
from twin.errors import UsageError

__all__ = ["main"]

Body = tuple[tuple[str, ...], list[tuple[str, ...]]]
"""Columns and rows of a table."""


def main(arguments: argparse.Namespace) -> int:
    """Measure the parts that *arguments* name and show them; 0, whatever was measured."""
    if arguments.rounds is not None and arguments.rounds < 1:
        raise UsageError(f"--rounds {arguments.rounds}: everything is measured at least once")
    if arguments.out is not None:
        arguments.out.touch()  # a place that cannot be written is said before the minutes are spent
    effort = Effort.of(rounds=arguments.rounds, quick=arguments.quick)
    parts = measure(arguments.parts, lambda line: say(line, stderr=True), effort=effort)
    body = described(parts, quick=arguments.quick)
    if arguments.out is not None:
        text = json.dumps({"schema_version": SCHEMA_VERSION, **body}, indent=2, allow_nan=False)
        arguments.out.write_text(text + "\n", "utf-8")
    if arguments.json:
        as_json(body)
    else:
        for part in parts:
            _show(part)
        if arguments.quick:
            say("--quick: this shows that everything works; no figure of it is to be quoted")
    return 0


def described(parts: Sequence[Part], *, quick: bool) -> dict[str, Any]:
    """Return *parts* for a program; `passed` says whether every target was met."""
    return {
        "passed": all(target.met for part in parts for target in part.targets),
        "version": __version__,
        "quick": quick,
        "machine": {
            "python": platform.python_version(),
            "system": platform.platform(),
            "processors": os.cpu_count(),
            "load": [round(value, 2) for value in os.getloadavg()],
        },
        "parts": [part.json() for part in parts],
    }


def _show(part: Part) -> None:
    """Print one part: its figures, its targets, its profile, and what to know about it."""
    screen = console()
    title = escape(f"{part.name}: {part.about}")
    if not part.figures:
        screen.print(title)
    for body in _grids(part) if part.columns else _list(part):
        screen.print(table(title, *body))
        title = ""
    if part.targets:
        screen.print(table("\ntargets", ("", "target", "limit", "got"), map(_target, part.targets)))
    if part.profile:
        names = list(part.profile)
        shares = (
            (name, *(f"{100 * part.profile[engine][name]:.1f} %" for engine in names))
            for name in part.profile[names[0]]
        )
        screen.print(table("\ntime by part", ("part", *map(escape, names)), shares))
    if part.leaves_out:
        peers = ((escape(name), escape(what)) for name, what in part.leaves_out.items())
        screen.print(table("\nwhat each leaves out", ("peer", "leaves out"), peers))
    if part.missing:
        screen.print(escape(f"not installed here: {', '.join(part.missing)}"))
    for note in part.notes:
        screen.print(escape(f"note: {note}"))
    say("")


def _list(part: Part) -> Iterator[Body]:
    """Yield the table of all figures, a row each, if there are any."""
    if part.figures:
        yield (
            ("", "median", "unit", "lowest to highest"),
            [
                (escape(item.name), _number(item.value), item.unit, _spread(item.samples))
                for item in part.figures
            ],
        )


def _grids(part: Part) -> Iterator[Body]:
    """Yield a table of medians for each unit, with the part's columns."""
    for unit in dict.fromkeys(item.unit for item in part.figures):
        rows: dict[str, dict[str, Figure]] = {}
        for item in part.figures:
            if item.unit == unit:
                name, _, column = item.name.rpartition(": ")
                rows.setdefault(name, {})[column] = item
        yield (
            (f"median, {unit}", *part.columns),
            [
                (escape(name), *(_number(row[column].value) for column in part.columns))
                for name, row in rows.items()
            ],
        )


def _target(target: Target) -> tuple[str, str, str, str]:
    word = "[green]met[/]" if target.met else "[red]missed[/]"
    unit = f" {target.unit}" if target.unit else ""
    limit = f"{'<=' if target.rule == 'at most' else '>='} {target.limit:g}{unit}"
    return word, escape(target.name), limit, f"{_number(target.value)}{unit}"


def _spread(samples: Sequence[float]) -> str:
    return f"{_number(min(samples))} to {_number(max(samples))} ({len(samples)})"


def _number(value: float) -> str:
    """Return *value* with three figures, or whole where it has more."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
