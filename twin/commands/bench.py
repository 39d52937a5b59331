"""`twin bench`: speed, as medians and as ratios within one run. Missed targets fail nothing."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Sequence
from typing import Any

from rich.markup import escape

from twin import __version__
from twin.bench import Part, Target, measure
from twin.commands.screen import SCHEMA_VERSION, as_json, console, say, table

__all__ = ["main"]


def main(arguments: argparse.Namespace) -> int:
    """Measure the parts that *arguments* name and show them; 0, whatever was measured."""
    if arguments.out is not None:
        arguments.out.touch()  # a place that cannot be written is said before the minutes are spent
    parts = measure(arguments.parts, lambda line: say(line, stderr=True))
    body = described(parts)
    if arguments.out is not None:
        text = json.dumps({"schema_version": SCHEMA_VERSION, **body}, indent=2, allow_nan=False)
        arguments.out.write_text(text + "\n", "utf-8")
    if arguments.json:
        as_json(body)
    else:
        for part in parts:
            _show(part)
    return 0


def described(parts: Sequence[Part]) -> dict[str, Any]:
    """Return *parts* for a program; `passed` says whether every target was met."""
    return {
        "passed": all(target.met for part in parts for target in part.targets),
        "version": __version__,
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
    rows = (
        (escape(item.name), _number(item.value), item.unit, _spread(item.samples))
        for item in part.figures
    )
    title = escape(f"{part.name}: {part.about}")
    screen.print(table(title, ("", "median", "unit", "lowest to highest"), rows))
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
        say(f"not installed here: {', '.join(part.missing)}")
    for note in part.notes:
        say(f"note: {note}")
    say("")


def _target(target: Target) -> tuple[str, str, str, str]:
    word = "[green]met[/]" if target.met else "[red]missed[/]"
    unit = f" {target.unit}" if target.unit else ""
    limit = f"{target.rule} {target.limit:g}{unit}"
    return word, escape(target.name), limit, f"{_number(target.value)}{unit}"


def _spread(samples: Sequence[float]) -> str:
    return f"{_number(min(samples))} to {_number(max(samples))} ({len(samples)})"


def _number(value: float) -> str:
    """Return *value* with three figures, or whole where it has more."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
