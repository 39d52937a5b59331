"""Distributions of durations that may not have ended, and of shares: never a bare mean.

Durations are those of Kaplan and Meier (1958): a run that ended before the incident was contained
still tells that it took at least so long. Quantiles of the curve are the first time by which so
many had ended; where the curve does not come so far they are not reached. The interval of the
median is that of Brookmeyer and Crowley (1982) on Greenwood's variance, plain; that of a share is
Wilson's (1927).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Distribution", "Interval", "quantile", "wilson"]

Z95 = 1.959963984540054
"""The two-sided 95 % quantile of the standard normal."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A *low* and a *high* end; None where there is no such end."""

    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Distribution:
    """The Kaplan-Meier curve of *count* durations in seconds, *censored* of which had not ended.

    *curve* holds (seconds, share that had not ended by then, Greenwood's sum), in order.
    """

    count: int
    censored: int
    curve: tuple[tuple[int, float, float], ...]

    @classmethod
    def of(cls, durations: Iterable[tuple[int, bool]]) -> Distribution:
        """Return the distribution of (seconds, whether it ended)."""
        rows = sorted(durations)
        curve, share, spread = [], 1.0, 0.0
        for at in sorted({seconds for seconds, ended in rows if ended}):
            risk = len([1 for seconds, _ in rows if seconds >= at])
            died = len([1 for seconds, ended in rows if ended and seconds == at])
            share *= 1 - died / risk
            spread = math.inf if died == risk else spread + died / (risk * (risk - died))
            curve.append((at, share, spread))
        return cls(len(rows), len([1 for _, ended in rows if not ended]), tuple(curve))

    def quantile(self, share: float) -> int | None:
        """Return by when *share* of them had ended, seconds; None where that was not reached."""
        return next((at for at, left, _ in self.curve if left <= 1 - share + 1e-12), None)

    def interval(self, share: float = 0.5) -> Interval:
        """Return the 95 % interval of the quantile at *share*, seconds."""
        target, inside = 1 - share, []
        for at, left, spread in self.curve:
            error = 0.0 if left == 0 else left * math.sqrt(spread)
            if abs(left - target) <= Z95 * error:
                inside.append(at)
        middle = self.quantile(share)
        if middle is None:
            return Interval(float(inside[0]) if inside else None, None)
        after = next((at for at, left, _ in self.curve if at > max([*inside, middle])), None)
        return Interval(float(min([*inside, middle])), None if after is None and self.censored
                        else float(max([*inside, middle])))  # fmt: skip

    def described(self) -> dict[str, Any]:
        """Return count, censored, quartiles and the interval of the median, seconds."""
        found = self.interval()
        return {
            "count": self.count, "censored": self.censored, "p25": self.quantile(0.25),
            "median": self.quantile(0.5), "p75": self.quantile(0.75), "p90": self.quantile(0.9),
            "median_low": found.low, "median_high": found.high,
        }  # fmt: skip


def wilson(good: int, count: int) -> Interval:
    """Return the 95 % interval of a share of *good* among *count*; no ends where there is none."""
    if not count:
        return Interval(None, None)
    share, square = good / count, Z95 * Z95 / count
    middle = (share + square / 2) / (1 + square)
    half = Z95 * math.sqrt(share * (1 - share) / count + square / (4 * count)) / (1 + square)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def quantile(values: Sequence[int], share: float) -> int:
    """Return the smallest of *values* that at least *share* of them do not exceed."""
    rows = sorted(values)
    return rows[max(0, math.ceil(share * len(rows) - 1e-9) - 1)]
