"""Series made small enough to draw: the lowest and the highest of each column of pixels.

A month at one sample a quarter minute is 170,000 points a line, of which a screen shows a
thousand. Keeping the extremes of each column keeps every spike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Line", "changes", "thin"]

Line = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Times in unix seconds and values; a gap is a NaN."""


def thin(times: Sequence[int], values: Sequence[float], *, columns: int = 400) -> Line:
    """Return at most about two points for each of *columns*; NaN, also a stale mark, is a gap."""
    at = np.asarray(times, dtype=np.float64)
    height = np.array(values, dtype=np.float64)
    gaps = np.isnan(height)
    height[gaps] = np.nan  # a stale mark is a signalling NaN, which `fmin` would not pass over
    if len(at) <= 2 * columns:
        return at, height
    width = max(1.0, (at[-1] - at[0]) / columns)
    column = ((at - at[0]) / width).astype(np.int64)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(column)) + 1))
    sizes = np.diff(np.append(starts, len(at)))
    groups = np.repeat(np.arange(len(starts)), sizes)
    # Neither extreme sees a NaN where there is anything else.
    lowest, highest = (
        np.repeat(extreme.reduceat(height, starts), sizes) for extreme in (np.fmin, np.fmax)
    )
    wanted = (gaps, height == lowest, height == highest)
    kept = [_firsts(one, groups) for one in wanted]
    chosen = np.unique(np.concatenate([*kept, [len(at) - 1]]))
    return at[chosen], height[chosen]


def _firsts(wanted: NDArray[np.bool_], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the index of the first *wanted* element of each group that has one."""
    found = np.flatnonzero(wanted)
    return found[np.unique(groups[found], return_index=True)[1]]


def changes(line: Line) -> Line:
    """Drop the points at which a step line does not move; the first and the last stay."""
    at, height = line
    if len(at) < 3:
        return line
    before = height[:-1]
    moved = ~((height[1:] == before) | (np.isnan(height[1:]) & np.isnan(before)))
    keep = np.concatenate(([True], moved))
    keep[-1] = True
    return at[keep], height[keep]
