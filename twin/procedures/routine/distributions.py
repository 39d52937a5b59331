"""Times of a few incidents as distributions: order statistics with intervals, censoring said.

A mean of seven incidents hides the one that took a week, so none is given. The interval of a
quantile is that of its order statistics, exact for any distribution (H. A. David, Order
Statistics, section 7.1): from the i-th to the j-th smallest value with the binomial probability
told beside it. What has not ended yet is at least as long as it has lasted: it stays in the sample
as censored, and a quantile that falls among censored values is "at least" that.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import Any

__all__ = ["coverage_ppm", "distribution", "interval", "share"]

PPM = 1_000_000
LEVEL = 900_000
"""The confidence that an interval should have, in ppm, where there are values enough."""


def coverage_ppm(count: int, low: int, high: int, quantile_ppm: int) -> int:
    """Return the chance that the quantile lies between the *low*-th and *high*-th of *count* values."""
    total = 0
    for below in range(low, high):
        total += comb(count, below) * quantile_ppm**below * (PPM - quantile_ppm) ** (count - below)
    return int(total * PPM // PPM**count)


def interval(count: int, quantile_ppm: int) -> tuple[int, int, int]:
    """Return the narrowest (low, high, ppm) around the quantile's rank with at least `LEVEL`.

    Ranks count from 1; with too few values it is the whole range, and the ppm says how little.
    """
    rank = min(count, max(1, -(-count * quantile_ppm // PPM)))
    low = high = rank
    while coverage_ppm(count, low, high, quantile_ppm) < LEVEL and (low > 1 or high < count):
        low, high = max(1, low - 1), min(count, high + 1)
    return low, high, coverage_ppm(count, low, high, quantile_ppm)


def distribution(values: Sequence[int], censored: Sequence[int] = ()) -> dict[str, Any]:
    """Return count, median, 90 % quantile and worst of *values*, *censored* ones at least so long."""
    ordered = sorted([(value, 0) for value in values] + [(value, 1) for value in censored])
    found: dict[str, Any] = {"count": len(ordered), "censored": len(censored)}
    if not ordered:
        return found
    for name, quantile in (("median", 500_000), ("p90", 900_000)):
        low, high, level = interval(len(ordered), quantile)
        rank = min(len(ordered), max(1, -(-len(ordered) * quantile // PPM)))
        value, at_least = ordered[rank - 1]
        found[name] = {
            "seconds": value, "at_least": bool(at_least),
            "low": ordered[low - 1][0], "high": ordered[high - 1][0], "confidence_ppm": level,
        }  # fmt: skip
    found["worst"] = {"seconds": ordered[-1][0], "at_least": bool(ordered[-1][1])}
    return found


def share(part: int, whole: int) -> dict[str, Any]:
    """Return *part* of *whole* in ppm with its Wilson interval at 90 % (z = 1.645), or only counts.

    With nothing counted there is no share.
    """
    found: dict[str, Any] = {"part": part, "whole": whole}
    if not whole:
        return found
    # Wilson's interval in integers: z^2 = 2.706, times 1000.
    squared, scale = 2_706, 1_000
    middle = (2 * part * scale + squared) * PPM // (2 * (whole * scale + squared))
    under = squared * (squared + 4 * part * scale * (whole - part) // whole)
    root = _root(under)
    half = root * PPM // (2 * (whole * scale + squared))
    return {**found, "ppm": part * PPM // whole, "low_ppm": max(0, middle - half),
            "high_ppm": min(PPM, middle + half)}  # fmt: skip


def _root(value: int) -> int:
    from math import isqrt

    return isqrt(max(0, value))
