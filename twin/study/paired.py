"""Paired differences over seeds: with and without, on the same chance, with the interval of the mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Paired", "paired"]

_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
        2.052, 2.048, 2.045)  # fmt: skip
"""Student's t, 97.5 %, for 1 to 29 degrees of freedom; beyond, the normal's 1.96 plus a little."""


@dataclass(frozen=True, slots=True)
class Paired:
    """The means *without* and *with_* a change, and the mean difference with its 95 % interval.

    *low* and *high* are None with fewer than two pairs: one run has no interval.
    """

    pairs: int
    without: float
    with_: float
    difference: float
    low: float | None
    high: float | None

    @property
    def level(self) -> float:
        """The size that a relative difference refers to: that of the mean without the change."""
        return abs(self.without)


def paired(without: Sequence[float], with_: Sequence[float]) -> Paired:
    """Return the paired comparison of two samples of one length, at least one pair."""
    count = len(without)
    gaps = [after - before for before, after in zip(without, with_, strict=True)]
    mean = math.fsum(gaps) / count
    low = high = None
    if count > 1:
        spread = math.sqrt(math.fsum((gap - mean) ** 2 for gap in gaps) / (count - 1))
        t = _T95[count - 2] if count - 2 < len(_T95) else 2.04
        low, high = (mean + sign * t * spread / math.sqrt(count) for sign in (-1, 1))
    return Paired(count, math.fsum(without) / count, math.fsum(with_) / count, mean, low, high)
