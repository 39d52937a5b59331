"""Whose turn it is: that of a run, which has the thread it began in, or of those who ask.

A run that goes on as fast as it can and a server that answers at any time cannot share a world
without one waiting for the other. The run offers its place now and then (`offer`, which costs a
microsecond where nobody waits), and goes on when everybody who waited has been answered. When it
is over, the place is free (`free`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

__all__ = ["Turns"]


class Turns:
    """A place that one may hold at a time; as a context, it is held by one who asks."""

    def __init__(self) -> None:
        """Begin with the run's turn."""
        self._condition = threading.Condition()
        self._waiting = 0
        self._taken = True

    def __enter__(self) -> Self:
        """Wait until the place is offered and free, and take it."""
        with self._condition:
            self._waiting += 1
            self._condition.wait_for(lambda: not self._taken)
            self._taken = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it back."""
        with self._condition:
            self._waiting -= 1
            self._taken = False
            self._condition.notify_all()

    def offer(self) -> None:
        """Let all who wait have their turn; the run calls this."""
        if not self._waiting:  # whoever comes in this instant waits for the next offer
            return
        with self._condition:
            self._taken = False
            self._condition.notify_all()
            self._condition.wait_for(lambda: not self._waiting)
            self._taken = True

    def lend(self, back: Callable[[], bool], *, timeout: float) -> bool:
        """Leave the place to those who ask until *back* says so; return whether it did in time.

        The run calls this where it waits for an outsider. Whoever changes what *back* looks at
        calls `wake`.
        """
        with self._condition:
            self._taken = False
            self._condition.notify_all()
            done = self._condition.wait_for(lambda: back() and not self._taken, timeout)
            self._taken = True
        return done

    def wake(self) -> None:
        """Have a lender look whether its place is given back."""
        with self._condition:
            self._condition.notify_all()

    def free(self) -> None:
        """Leave the place to those who ask, for good: the run is over."""
        with self._condition:
            self._taken = False
            self._condition.notify_all()
