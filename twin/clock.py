"""Virtual time: SimPy is the master clock, in whole unix seconds.

Everything that happens later is a callback or a process on this clock; nothing polls. A
process may only wait for whole seconds, so that time stays an integer in every event.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from operator import attrgetter
from typing import Any

import simpy

from twin.errors import CrashError

__all__ = ["DAY", "HOUR", "MINUTE", "Clock", "Process"]

MINUTE = 60
HOUR = 3600
DAY = 86400

Process = Generator[simpy.Event, Any, Any]


class Clock:
    """The clock of one run, standing at *start* (unix seconds) until it is run."""

    __slots__ = ("env", "start")

    def __init__(self, start: int) -> None:
        """Make the SimPy environment."""
        self.start = start
        self.env = simpy.Environment(initial_time=start)

    # Without a frame of Python's: a month asks for the present millions of times.
    now: int = property(attrgetter("env._now"), doc="The present, in unix seconds.")  # type: ignore[assignment]  # integer by construction: see `after`

    @property
    def elapsed(self) -> int:
        """Seconds since the start of the run."""
        return self.now - self.start

    def after(self, seconds: int, value: object = None) -> simpy.Timeout:
        """Return an event that happens *seconds* (a whole number >= 0) from now."""
        if not isinstance(seconds, int) or seconds < 0:
            msg = f"a wait of {seconds!r} s: time is whole seconds, 0 or more"
            raise CrashError(msg)
        return self.env.timeout(seconds, value)

    def call_at(self, when: int, action: Callable[[], object]) -> simpy.Event:
        """Call *action* at unix second *when*, or now where that is past."""
        event = self.after(max(0, when - self.now))
        assert event.callbacks is not None  # noqa: S101 - a new timeout always has its list

        def happen(_event: simpy.Event) -> None:
            action()

        event.callbacks.append(happen)
        return event

    def spawn(self, process: Process) -> simpy.Process:
        """Start *process*, a generator of SimPy events, at the present second."""
        return self.env.process(process)

    def event(self) -> simpy.Event:
        """Return an event that somebody else will trigger."""
        return self.env.event()

    def run(self, until: int) -> None:
        """Run everything due before unix second *until*, and stand there."""
        if not isinstance(until, int):
            raise CrashError(f"a run until {until!r}: time is whole seconds")
        if until > self.now:
            self.env.run(until=until)
