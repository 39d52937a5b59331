"""Chance that does not depend on who asks first, and floats that are the same on every machine.

A vendor's noise at a second is a fixed function of (seed, family, name, second): a block of
draws per UTC day, made from a generator derived for that day alone. Asking in any order, twice
or never changes nothing.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict

import numpy as np

from twin.clock import DAY
from twin.errors import UsageError
from twin.random import derive

__all__ = ["PIPS", "Noise", "check_step", "settle"]

PIPS = 1_000_000
"""One, in pips or parts per million."""

KEPT_DAYS = 4
"""Days of noise kept at hand; an older one is drawn again, with the same result."""

CLIP = 4
"""Noise is cut at so many standard deviations, so that a search can bound it."""


def settle(value: float) -> float:
    """Return *value* rounded to 12 significant digits.

    The C library picks its `exp` and `log` by the features of the CPU and they differ in the last
    bit; what such a function gave is settled before it is kept or drawn from.
    """
    return float(f"{value:.11e}")


def check_step(step: int) -> int:
    """Return *step* (seconds) where it divides a day, so that every day has the same grid."""
    if step < 1 or DAY % step:
        raise UsageError(
            f"a price grid of {step} s does not divide a day: "
            "write a step such as 60s, 5m, 1h or 1d"
        )
    return step


class Noise:
    """Normal noise of standard deviation *pips*, one value for every *step* seconds."""

    __slots__ = ("_days", "_name", "_seed", "bound", "pips", "step")

    def __init__(self, seed: int, name: tuple[str, ...], *, pips: int, step: int) -> None:
        """Draw nothing yet."""
        self._seed, self._name = seed, name
        self.pips, self.step = pips, check_step(step)
        self.bound = CLIP * pips
        self._days: OrderedDict[int, array[int]] = OrderedDict()

    def at(self, second: int) -> int:
        """Return the noise at unix *second*, in pips, between -4 and 4 standard deviations."""
        if not self.pips:
            return 0
        day, rest = divmod(second, DAY)
        drawn = self._days.get(day)
        if drawn is None:
            drawn = self._days[day] = self._draw(day)
            if len(self._days) > KEPT_DAYS:
                self._days.popitem(last=False)
        return drawn[rest // self.step]

    def _draw(self, day: int) -> array[int]:
        sequence = np.random.SeedSequence(derive(self._seed, *self._name, str(day)))
        normal = np.random.Generator(np.random.PCG64(sequence)).standard_normal(DAY // self.step)
        return array("i", np.rint(np.clip(normal, -CLIP, CLIP) * self.pips).astype(int).tolist())
