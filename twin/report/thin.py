"""Series made small enough to draw: the lowest and the highest of each column of pixels.

A month at one sample a quarter minute is 170,000 points a line, of which a screen shows a
thousand. Keeping the extremes of each column keeps every spike.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["Line", "changes", "thin"]

Line = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Times in unix seconds and values; a gap is a NaN."""


def thin(times: Sequence[int], values: Sequence[float], *, columns: int = 400) -> Line:
    """Return at most about two points for each of *columns*; NaN, also a stale mark, is a gap."""
    at = np.asarray(times, dtype=np.float64)
    height = np.asarray(values, dtype=np.float64)
    if len(at) <= 2 * columns:
        return at, np.where(np.isnan(height), np.nan, height)
    width = max(1.0, (at[-1] - at[0]) / columns)
    column = ((at - at[0]) / width).astype(np.int64)
    edges = [0, *(np.flatnonzero(np.diff(column)) + 1).tolist(), len(at)]
    kept: list[int] = []
    for first, last in pairwise(edges):
        part = height[first:last]
        gaps = np.isnan(part)
        found: set[int] = {first + int(np.argmax(gaps))} if gaps.any() else set()
        if not gaps.all():
            found |= {first + int(np.nanargmin(part)), first + int(np.nanargmax(part))}
        kept.extend(sorted(found))
    kept.append(len(at) - 1)
    chosen = np.asarray(sorted(dict.fromkeys(kept)))
    return at[chosen], np.where(np.isnan(height[chosen]), np.nan, height[chosen])


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
