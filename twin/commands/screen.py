"""What a verb shows: progress on a terminal, one line a simulated day in a pipe, and JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from twin.clock import DAY
from twin.runner import Progress as Report

__all__ = ["as_json", "console", "hush", "progress", "running", "say", "table"]

SCHEMA_VERSION = 1


class _Screen(Console):
    """A console whose reader may go away: the rest is said to nobody, the verb goes on."""

    def on_broken_pipe(self) -> None:
        """Keep the exit code for what the verb finds, not for who listened."""
        hush()


def console(*, stderr: bool = False) -> Console:
    """Return a console that wraps at the terminal's width and colours on terminals only."""
    return _Screen(stderr=stderr, highlight=False)


def hush() -> None:
    """Send standard output to nowhere: whoever read it went away."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def say(text: str, *, stderr: bool = False) -> None:
    """Print *text* as it is: no markup, no colour, no line broken that somebody may copy."""
    console(stderr=stderr).print(text, markup=False, soft_wrap=True)


def as_json(body: Mapping[str, Any]) -> None:
    """Print *body* as one JSON document with its schema version."""
    text = json.dumps(
        {"schema_version": SCHEMA_VERSION, **body}, indent=2, default=str, allow_nan=False
    )
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        hush()


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    """Return *rows* as a table whose cells fold instead of being cut; cells may hold markup."""
    made = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made


def _bars(screen: Console, *columns: Any) -> Progress:
    """Return a display on *screen*, standard error, that leaves a standard output in a pipe be."""
    return Progress(*columns, TimeElapsedColumn(), console=screen, transient=True,
                    redirect_stdout=sys.stdout.isatty())  # fmt: skip


@contextmanager
def progress(*, quiet: bool) -> Iterator[Report]:
    """Yield what shows the progress of runs: a bar on a terminal, a line a day in a pipe.

    It goes to standard error, so that standard output holds the result alone.
    """
    screen = console(stderr=True)
    if quiet:
        yield lambda _what, _done, _whole, _transactions: None
    elif screen.is_terminal:
        detail = TextColumn("day {task.fields[day]} · {task.fields[tx]} tx")
        with _bars(screen, TextColumn("{task.description}"), BarColumn(20), detail) as bars:
            yield _bar(bars)
    else:
        yield _line_a_day(screen)


def _bar(bars: Progress) -> Report:
    tasks: dict[str, TaskID] = {}

    def show(what: str, done: int, whole: int, transactions: int) -> None:
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=whole, day="0", tx=0)
        bars.update(
            tasks[what], completed=done, day=f"{done / DAY:.1f}/{whole / DAY:.1f}", tx=transactions
        )

    return show


def _line_a_day(screen: Console) -> Report:
    began = time.perf_counter()

    def line(what: str, done: int, whole: int, transactions: int) -> None:
        if done % DAY and done != whole:
            return
        spent = time.perf_counter() - began
        screen.print(
            f"{what}: day {done / DAY:.4g} of {whole / DAY:.4g}, "
            f"{transactions} transactions, {spent:.0f} s",
            soft_wrap=True,
        )

    return line


@contextmanager
def running(*, verb: str = "running") -> Iterator[Callable[[str, bool], None]]:
    """Yield what shows which of several things run now; it is told (name, whether it ended).

    A line each on a terminal, with the time it took so far; in a pipe a line at each beginning.
    """
    screen = console(stderr=True)
    if not screen.is_terminal:

        def tell(name: str, ended: bool) -> None:  # noqa: FBT001 - a callback's shape
            if not ended:
                screen.print(f"{verb} {name}", markup=False, soft_wrap=True)

        yield tell
        return
    with _bars(screen, SpinnerColumn(), TextColumn("{task.description}", markup=False)) as bars:
        tasks: dict[str, TaskID] = {}

        def show(name: str, ended: bool) -> None:  # noqa: FBT001 - the same
            if ended:
                bars.remove_task(tasks.pop(name))
            else:
                tasks[name] = bars.add_task(f"{verb} {name}", total=None)

        yield show
