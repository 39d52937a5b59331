"""How far a fee loop is from swinging: margin, critical elasticity, and the delay that eats both.

Where demand answers the fee with an elasticity and the fee answers the demand k periods late, the
logarithm of the fee follows x(t+1) = x(t) - gain x elasticity x x(t-k). That dies out while gain x
elasticity stays below 2 sin(pi / (2 (2k + 1))): 2 without delay, 1 at one period, .052 at thirty
(Levin and May 1976). The elasticity is never known, so what is published is the elasticity at
which the loop would start to swing; a margin is only as good as the elasticity behind it.

A proportional part and a leak have no such formula. For them the roots of the loop's polynomial
are held against the unit circle by the Schur-Cohn recursion, in plain arithmetic, which is the same
to the bit on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from twin.control.law import PPM, Law
from twin.errors import UsageError

__all__ = [
    "Stability",
    "critical_elasticity_ppm",
    "critical_gain_ppm",
    "delay_periods",
    "measured_elasticity_ppm",
    "stability",
]

WIDEST = 10**12
"""The elasticity, in ppm, at which the search stops: a million."""


def delay_periods(period: int, *, observation_lag: int, vote: int = 0, timelock: int = 0) -> int:
    """Return k: whole periods of *period* seconds that pass before the fee answers.

    Counted are the age of what is observed, the vote, and the timelock (seconds each), rounded up:
    a part of a period delays like a whole one.
    """
    parts = (observation_lag, vote, timelock)
    if period < 1 or min(parts) < 0:
        raise UsageError(
            f"a period of {period} s with lags of {parts} s: the period is 1 or more, a lag 0 or more"
        )
    return -(-sum(parts) // period)


def critical_gain_ppm(delay: int) -> int:
    """Return the gain x elasticity at which a pure integral starts to swing, in ppm.

    *delay* is k, in periods. The sine is rounded to 12 digits: the C libraries differ in the last.
    """
    if delay < 0:
        raise UsageError(f"a delay of {delay} periods: 0 or more")
    return round(float(f"{2 * math.sin(math.pi / (2 * (2 * delay + 1))):.11e}") * PPM)


def critical_elasticity_ppm(law: Law, delay: int) -> int | None:
    """Return the elasticity of demand at which the loop of *law* starts to swing, in ppm.

    *delay* is k, in periods. None where no elasticity up to a million makes it swing.
    """
    low, high = 0, PPM
    while _settles(law, delay, high):
        low, high = high, 2 * high
        if high > WIDEST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _settles(law, delay, middle) else (low, middle)
    return low


def _settles(law: Law, delay: int, elasticity_ppm: int) -> bool:
    """Say whether all roots of the loop lie inside the unit circle.

    With e the elasticity, P, I and L the law's gains and leak, the roots are those of
    z^(k+2) - L z^(k+1) + e (P + I) z - e P L.
    """
    proportional, integral, leak = (part / PPM for part in law.loop)
    elasticity = elasticity_ppm / PPM
    polynomial = [0.0] * (delay + 3)
    polynomial[delay + 2] = 1.0
    polynomial[delay + 1] -= leak
    polynomial[1] += elasticity * (proportional + integral)
    polynomial[0] -= elasticity * proportional * leak
    return _inside(polynomial)


def _inside(polynomial: Sequence[float]) -> bool:
    """Say whether all roots of *polynomial*, lowest power first, are inside the unit circle.

    Schur-Cohn: each step takes the degree down by one and must find the last coefficient larger
    than the first.
    """
    left = list(polynomial)
    while len(left) > 1:
        ratio = left[0] / left[-1]
        if abs(ratio) >= 1:
            return False
        left = [
            ahead - ratio * behind
            for ahead, behind in zip(left[1:], left[-2::-1], strict=True)
        ]  # fmt: skip
    return True


def measured_elasticity_ppm(steps: Sequence[tuple[int, int, int, int]]) -> int | None:
    """Return the elasticity that *steps* show, in ppm: least squares through the origin.

    A step is (fee before, fee after, volume before, volume after) of one change; only logarithms
    of ratios count. None where no fee moved, since then nothing was shown. Whatever else moved the
    demand is in the figure as noise: it is evidence beside the critical elasticity, never a switch.
    """
    above = below = 0.0
    for fee, changed, volume, answered in steps:
        if min(fee, changed, volume, answered) < 1:
            continue
        moved = math.log(changed / fee)
        above += moved * math.log(answered / volume)
        below += moved * moved
    return None if not below else round(float(f"{-above / below:.11e}") * PPM)


@dataclass(frozen=True, slots=True)
class Stability:
    """A loop's figures, all in ppm but *delay_periods*.

    *critical_gain_ppm* is the gain x elasticity at which a pure integral would swing after that
    delay, *critical_elasticity_ppm* the elasticity at which this law does (None: never).
    *elasticity_ppm* is the elasticity that was measured or, where none was, assumed, and
    *margin_ppm* how many times larger it may become: critical over present.
    """

    delay_periods: int
    critical_gain_ppm: int
    critical_elasticity_ppm: int | None
    elasticity_ppm: int
    measured: bool
    margin_ppm: int | None

    def facts(self) -> dict[str, int | bool | None]:
        """Return the figures by name, for the evidence."""
        return {name: getattr(self, name) for name in self.__slots__}


def stability(
    law: Law,
    delay: int,
    *,
    assumed_ppm: int,
    steps: Sequence[tuple[int, int, int, int]] = (),
) -> Stability:
    """Return the figures of the loop of *law* at *delay* periods.

    The elasticity is measured from *steps* (see `measured_elasticity_ppm`) where they show a
    positive one, and *assumed_ppm* elsewhere. A margin without any elasticity is None.
    """
    seen = measured_elasticity_ppm(steps)
    measured = seen is not None and seen > 0
    elasticity = seen if seen is not None and measured else assumed_ppm
    critical = critical_elasticity_ppm(law, delay)
    margin = critical * PPM // elasticity if critical is not None and elasticity > 0 else None
    return Stability(
        delay, critical_gain_ppm(delay), critical, elasticity, measured, margin
    )  # fmt: skip
