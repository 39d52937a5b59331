"""Quantiles, of numbers and of histograms, as Prometheus 2.42 takes them (promql/quantile.go)."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["bucket_quantile", "quantile"]


def quantile(share: float, values: Sequence[float]) -> float:
    """Return the *share* quantile of *values*, linear between ranks; NaN counts as least."""
    if not values or math.isnan(share):
        return math.nan
    if share < 0 or share > 1:
        return -math.inf if share < 0 else math.inf
    ranked = sorted(values, key=lambda value: (not math.isnan(value), value))
    rank = share * (len(ranked) - 1)
    lower = max(0, math.floor(rank))
    upper = min(len(ranked) - 1, lower + 1)
    weight = rank - math.floor(rank)
    return ranked[lower] * (1 - weight) + ranked[upper] * weight


def bucket_quantile(share: float, buckets: Sequence[tuple[float, float]]) -> float:
    """Return the *share* quantile of a histogram: (upper bound, cumulative count) pairs.

    NaN where the highest bucket is not `+Inf`, where there is but one, and where nothing was seen.
    """
    if math.isnan(share):
        return math.nan
    if share < 0 or share > 1:
        return -math.inf if share < 0 else math.inf
    merged = _monotonic(_coalesced(sorted(buckets)))
    if not merged or merged[-1][0] != math.inf or len(merged) < 2 or not merged[-1][1]:
        return math.nan
    rank = share * merged[-1][1]
    place = next(
        (index for index, (_, count) in enumerate(merged[:-1]) if count >= rank), len(merged) - 1
    )
    if place == len(merged) - 1:
        return merged[-2][0]
    end, count = merged[place]
    if place == 0:
        return end if end <= 0 else end * (rank / count if count else math.nan)
    start, before = merged[place - 1]
    return start + (end - start) * ((rank - before) / (count - before))


def _coalesced(buckets: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Add up the counts of buckets with one bound."""
    merged: list[tuple[float, float]] = []
    for bound, count in buckets:
        if merged and merged[-1][0] == bound:
            merged[-1] = (bound, merged[-1][1] + count)
        else:
            merged.append((bound, count))
    return merged


def _monotonic(buckets: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Let no cumulative count be below the one before: scrapes are not atomic."""
    most = -math.inf
    made = []
    for bound, count in buckets:
        most = max(most, count)
        made.append((bound, most))
    return made
