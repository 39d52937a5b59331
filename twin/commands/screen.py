"""What a verb shows: progress on a terminal, one line a simulated day in a pipe, and JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from twin.clock import DAY
from twin.commands.streams import hush

if TYPE_CHECKING:  # the runner brings matplotlib, which `twin list` has no use for
    from twin.runner import Progress as Report

__all__ = ["as_json", "console", "progress", "running", "say", "table"]

SCHEMA_VERSION = 1

UNBOUNDED = 2000
"""The width of a pipe, in characters: wider than any row."""

ROOM = 30
"""Characters that stay for the other columns beside names that are not folded."""


class _Screen(Console):
    """A console whose reader may go away: the rest is said to nobody, the verb goes on."""

    def on_broken_pipe(self) -> None:
        """Keep the exit code for what the verb finds, not for who listened."""
        hush(sys.stderr if self.stderr else sys.stdout)


def console(*, stderr: bool = False) -> Console:
    """Return a console that wraps at the terminal's width and colours on terminals only.

    In a pipe nothing is wrapped, unless COLUMNS says at what: there one row is one line.
    """
    screen = _Screen(stderr=stderr, highlight=False)
    if not screen.is_terminal and "COLUMNS" not in os.environ:
        screen.width = UNBOUNDED
    return screen


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
        hush(sys.stdout)


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> RenderableType:
    """Return *title* above a table of *rows*, whose cells fold instead of being cut.

    Title and cells may hold markup.

    A column called `name` is not folded where it leaves room for the rest: names are copied.
    """
    cells = [tuple(row) for row in rows]
    made = Table(show_edge=False, pad_edge=False)
    for place, column in enumerate(columns):
        longest = max((len(row[place]) for row in cells), default=0)
        whole = column == "name" and longest <= console().width - ROOM
        made.add_column(column, overflow="fold", no_wrap=whole)
    for row in cells:
        made.add_row(*row)
    # Rich would fold a title of the table's own at the width of the table, however narrow.
    return Group(Text.from_markup(title), made)


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

        def tell(name: str, ended: bool) -> None:
            if not ended:
                screen.print(f"{verb} {name}", markup=False, soft_wrap=True)

        yield tell
        return
    with _bars(screen, SpinnerColumn(), TextColumn("{task.description}", markup=False)) as bars:
        tasks: dict[str, TaskID] = {}

        def show(name: str, ended: bool) -> None:
            if ended:
                bars.remove_task(tasks.pop(name))
            else:
                tasks[name] = bars.add_task(f"{verb} {name}", total=None)

        yield show
