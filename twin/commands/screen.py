"""What a verb shows: progress on a terminal, one line a simulated day in a pipe, and JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from twin.runner import Progress as Report

__all__ = ["as_json", "console", "progress", "table"]

SCHEMA_VERSION = 1
DAY = 86_400


def console(*, stderr: bool = False) -> Console:
    """Return a console that wraps at the terminal's width and colours on terminals only."""
    return Console(stderr=stderr, highlight=False)


def as_json(body: Mapping[str, Any]) -> None:
    """Print *body* as one JSON document with its schema version."""
    text = json.dumps({"schema_version": SCHEMA_VERSION, **body}, indent=2, default=str)
    sys.stdout.write(text + "\n")


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    """Return *rows* as a table whose cells fold instead of being cut."""
    made = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made


@contextmanager
def progress(*, quiet: bool) -> Iterator[Report]:
    """Yield what shows the progress of runs: a bar on a terminal, a line a day in a pipe.

    It goes to standard error, so that standard output holds the result alone.
    """
    screen = console(stderr=True)
    if quiet:
        yield lambda _what, _done, _whole, _transactions: None
    elif screen.is_terminal:
        with Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=20),
            TextColumn("day {task.fields[day]} · {task.fields[tx]} tx"), TimeElapsedColumn(),
            console=screen, transient=True,
        ) as bars:  # fmt: skip
            tasks: dict[str, TaskID] = {}

            def show(what: str, done: int, whole: int, transactions: int) -> None:
                if what not in tasks:
                    tasks[what] = bars.add_task(what, total=whole, day="0", tx=0)
                bars.update(
                    tasks[what], completed=done, day=f"{done / DAY:.1f}/{whole / DAY:.1f}",
                    tx=transactions,
                )  # fmt: skip

            yield show
    else:
        began = time.perf_counter()

        def line(what: str, done: int, whole: int, transactions: int) -> None:
            spent = time.perf_counter() - began
            screen.print(
                f"{what}: day {done / DAY:.1f} of {whole / DAY:.1f}, "
                f"{transactions} transactions, {spent:.0f} s"
            )

        yield line
