"""Block production on the clock: the next block that has work, and no other.

A tick comes before everything else that happens in its second, so that whoever acts in the
second of a block finds it there.
"""

from __future__ import annotations

from collections.abc import Callable

import simpy
from simpy.events import URGENT

from twin.clock import Clock

__all__ = ["Alarm"]


class _Tick(simpy.Event):
    """An event that happens *delay* seconds from now, first in its second."""

    def __init__(self, env: simpy.Environment, delay: int, action: Callable[[], None]) -> None:
        super().__init__(env)
        assert self.callbacks is not None  # noqa: S101 - a new event always has its list
        self.callbacks.append(lambda _event: action())
        self._ok = True
        self._value = None
        env.schedule(self, URGENT, delay)


class Alarm:
    """Calls *ring* at the time set; setting an earlier time replaces a later one."""

    def __init__(self, clock: Clock, ring: Callable[[int], None]) -> None:
        """Set no time yet; *ring* is given the time it was set for."""
        self._clock, self._ring = clock, ring
        self.when: int | None = None

    def set(self, when: int) -> None:
        """Ring at unix second *when*, unless it will ring earlier."""
        if self.when is None or when < self.when:
            self.when = when
            _Tick(self._clock.env, max(0, when - self._clock.now), lambda: self._fire(when))

    def catch_up(self) -> None:
        """Ring now what is due: a clock stopped at its second has not run its events."""
        while self.when is not None and self.when <= self._clock.now:
            self._fire(self.when)

    def clear(self) -> None:
        """Ring no more for what was set."""
        self.when = None

    def _fire(self, when: int) -> None:
        if self.when == when:
            self.when = None
            self._ring(when)
