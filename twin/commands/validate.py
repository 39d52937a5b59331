"""`twin validate`: published figures against the twin's own models, contracts and agents."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from rich.markup import escape

from twin.chain.engines import best
from twin.commands.screen import as_json, console, running, say, table
from twin.validate.records import Row
from twin.validate.run import validate

__all__ = ["main"]


def main(arguments: argparse.Namespace) -> int:
    """Run the checks that *arguments* name and show their rows; 1 where one misses."""
    if arguments.plots is not None:
        # a place that cannot be written is said before the minutes are spent
        arguments.plots.mkdir(parents=True, exist_ok=True)
    engine = arguments.engine or best()
    only = [name.strip() for name in arguments.only.split(",") if name.strip()]
    with running(verb="checking") as tell:
        rows = validate(
            only, engine=engine, seed=arguments.seed, jobs=max(1, arguments.jobs), tell=tell
        )
    if arguments.json:
        as_json(described(rows, engine, arguments.seed))
    else:
        _show(rows)
    if arguments.plots is not None:
        _draw(arguments, rows)
    return 0 if all(row.passed for row in rows) else 1


def described(rows: Sequence[Row], engine: str, seed: int) -> dict[str, Any]:
    """Return *rows* for a program."""
    return {
        "passed": all(row.passed for row in rows),
        "engine": engine,
        "seed": seed,
        "rows": [row.json() for row in rows],
    }


def _draw(arguments: argparse.Namespace, rows: Sequence[Row]) -> None:
    from twin.validate.plots import draw

    for path in draw(rows, arguments.plots, seed=arguments.seed):
        say(f"drawn: {path}", stderr=True)


def _show(rows: Sequence[Row]) -> None:
    """Print the rows, and how many of them missed."""
    cells = (
        (
            "[green]passed[/]" if row.passed else "[red]missed[/]",
            row.target.id,
            escape(row.target.about),
            _figure(row.target.target),
            _figure(row.found.value) if row.found else "no data",
            _figure(row.found.error) if row.found and row.found.error is not None else "",
            escape(row.target.tolerance.text),
            escape(row.target.source),
        )
        for row in rows
    )
    columns = ("", "id", "figure", "target", "got", "s.e.", "tolerance", "source")
    console().print(table("", columns, cells))
    missed = [row.target.id for row in rows if not row.passed]
    say(f"\n{len(rows) - len(missed)} of {len(rows)} rows passed"
        + (f"; missed: {', '.join(missed)}" if missed else ""))  # fmt: skip


def _figure(value: float) -> str:
    return f"{value:.5g}"
