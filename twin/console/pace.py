"""Virtual time at a pace: a world advances by wall time x speed, between requests.

At an infinite speed it advances as fast as it can, and requests get a turn now and then.

Everything runs in one thread: while the world advances, no request is answered, and while one is,
the world stands. A stretch of virtual time that takes longer than it should is not made up for:
the pace is lost, not the answers.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

__all__ = ["Pace"]

_TICK = 0.05  # seconds of wall time between advances
_BREATH = 0.001  # the same where there is no pace to keep
_BUSY = 0.05  # seconds of wall time that one advance may take before requests get a turn

Run = Callable[[int], object]


class Pace:
    """Calls *run(until)* from unix second *start* to *end*, at *speed* virtual seconds a second."""

    def __init__(
        self,
        run: Run,
        *,
        start: int,
        end: int,
        speed: float,
        step: int,
        after: Callable[[], object],
    ) -> None:
        """*step* seconds are advanced at a time; *after* is called when time has moved."""
        self._run, self._end, self._step, self._after = run, end, step, after
        self.now, self.speed = start, speed

    async def live(self) -> None:
        """Advance to the end."""
        due, last = float(self.now), time.monotonic()
        while self.now < self._end:
            await asyncio.sleep(_BREATH if math.isinf(self.speed) else _TICK)
            began = time.monotonic()
            gone = max(began - last, _BREATH)
            due = min(float(self._end), due + gone * self.speed)
            last = began
            if self.advance(int(due)):
                self._after()
            if self.now < int(due):
                due = float(self.now)  # too slow: what is missed is missed

    def advance(self, until: int) -> bool:
        """Advance towards unix second *until*; return whether time has moved."""
        began, before = time.monotonic(), self.now
        while self.now < until and time.monotonic() - began < _BUSY:
            self.now = min(until, self.now + self._step)
            self._run(self.now)
        return self.now > before
