"""Cases side by side: a fresh process for each, so that one that dies takes no other with it.

Processes are spawned, not forked: a fork of a process with threads is not safe, and a spawned one
proves that a case needs nothing but its names. Ctrl-C goes to the parent, which asks each child
once (SIGTERM) to leave a partial run folder and waits; a second one asks again and waits no more.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Self

from twin.errors import CrashError, Interrupted
from twin.runner import Interrupts
from twin.suite.case import Case, Result
from twin.suite.cases import run_case

__all__ = ["run_all", "without_ctrl_c"]

Tell = Callable[[Case, bool], object]
"""Told (case, whether it ended) when a case begins and when it ends."""

PATIENCE = 10.0
"""Seconds that a child gets to leave after the second Ctrl-C."""


def _quiet(_case: Case, _ended: bool) -> None:
    """Tell nobody."""


def run_all(suite: Sequence[Case], *, jobs: int, tell: Tell = _quiet) -> Iterator[Result]:
    """Yield the results of *suite* in its order, *jobs* at a time in fresh processes.

    One job, or one case, runs in this process. After Ctrl-C the results that are there come out,
    those that were stopped with the exit code of an interruption, and those not begun not at all.
    """
    if jobs > 1 and len(suite) > 1:
        yield from _side_by_side(suite, jobs, tell)
        return
    for case in suite:
        tell(case, False)
        result = run_case(case)
        tell(case, True)
        yield result
        if result.interrupted:
            return


def _side_by_side(suite: Sequence[Case], jobs: int, tell: Tell) -> Iterator[Result]:
    children = _Children(suite, tell)
    with Interrupts(children.ask) as interrupts, children:
        given = 0
        for _ in suite:
            while len(children) < jobs and children.left and not interrupts.requested:
                children.start()
            if not len(children):
                break
            children.collect(interrupted=interrupts)
            while given in children.done:
                yield children.done[given]
                given += 1
    for place in sorted(children.done):
        if place >= given:
            yield children.done[place]


class _Children:
    """The processes that run now, by the connection on which each will answer."""

    def __init__(self, suite: Sequence[Case], tell: Tell) -> None:
        self._suite, self._tell = suite, tell
        self._context = multiprocessing.get_context("spawn")
        self._running: dict[Connection, tuple[int, SpawnProcess]] = {}
        self._next = 0
        self.done: dict[int, Result] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave no child behind."""
        self.ask()
        for _place, process in self._running.values():
            process.join(PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()

    def __len__(self) -> int:
        return len(self._running)

    @property
    def left(self) -> bool:
        """Whether there are cases that were not begun."""
        return self._next < len(self._suite)

    def start(self) -> None:
        """Begin the next case."""
        place, case = self._next, self._suite[self._next]
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_work, args=(theirs, case), daemon=True)
        with without_ctrl_c():
            process.start()
        theirs.close()
        self._running[ours] = (place, process)
        self._next += 1
        self._tell(case, False)

    def collect(self, *, interrupted: Interrupts) -> None:
        """Wait until a child answers or dies, and keep what came of it."""
        for ours in wait(list(self._running)):
            assert isinstance(ours, Connection)  # noqa: S101 - nothing else was waited for
            place, process = self._running[ours]
            case = self._suite[place]
            try:
                result = ours.recv()
            except EOFError:
                process.join()
                result = _dead(case, process.exitcode, stopped=interrupted.requested)
            process.join()
            ours.close()
            del self._running[ours]
            self.done[place] = result
            self._tell(case, True)

    def ask(self) -> None:
        """Ask every child to stop."""
        for _place, process in tuple(self._running.values()):
            process.terminate()


@contextmanager
def without_ctrl_c() -> Iterator[None]:
    """Start a child that never gets Ctrl-C, which a terminal sends to the children as well.

    A child inherits what is blocked. It could ignore the signal itself, but only after its imports,
    which take seconds; the parent, who was deaf for an instant only, gets it afterwards.
    """
    resource_tracker.ensure_running()  # on its own start it would let the signal through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _dead(case: Case, code: int | None, *, stopped: bool) -> Result:
    """Return the result of a child that ended without an answer."""
    if stopped:
        return Result(case, passed=False, error="stopped", exit_code=Interrupted.exit_code)
    number = -(code or 0)
    how = f"was killed by {signal.Signals(number).name}" if number > 0 else f"ended with {code}"
    return Result(
        case,
        passed=False,
        error=f"its process {how} before it answered; run it alone to see why",
        exit_code=CrashError.exit_code,
    )


def _work(answer: Connection, case: Case) -> None:
    """Run *case* in a child and send what came of it."""
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    answer.send(run_case(case))
    answer.close()


def _leave_with_parent() -> None:
    """End this process when the parent does, however it does."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
