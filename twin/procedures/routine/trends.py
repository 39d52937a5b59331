"""Trends of a daily series: robust slope, a test for it, weekday seasons, change points.

Values are integers, so that a median is exact and nothing depends on the order of a sum. A slope is
Theil-Sen's (P. K. Sen, JASA 63, 1968), its test Mann-Kendall's with ties (Kendall, Rank
Correlation Methods, 1975); a change point is where a CUSUM of ranks is furthest from 0 (A. N.
Pettitt, Applied Statistics 28, 1979), found again on both sides until none is significant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, isqrt

from twin.desk.port import Desk

__all__ = [
    "SLIS",
    "Record",
    "Sli",
    "Trend",
    "change_points",
    "daily_record",
    "median",
    "seasons",
    "trend",
    "without_seasons",
]

DAY = 86_400
MILLI = 1000
WEEK = 7


@dataclass(frozen=True, slots=True)
class Sli:
    """A service level indicator: a *query* with `RANGE` in the place of `[1d] offset Nd`.

    *scale* makes its values integers; it is worse when it rises. *capacity* is the value, scaled,
    at which it is used up, where there is one.
    """

    name: str
    query: str
    scale: int
    capacity: int | None = None


SLIS: tuple[Sli, ...] = (
    Sli("confirmation_ms", "avg_over_time(fictra_chain_confirmation_secondsRANGE)", 1000),
    Sli("utilisation_ppm", "avg_over_time(fictra_chain_utilisation_ratioRANGE)", 10**6, 900_000),
    Sli("base_fee_wei", "avg_over_time(fictra_chain_base_fee_weiRANGE)", 1),
    Sli("oracle_age_ms", "avg(avg_over_time((time() - fictra_oracle_updated_timestamp_seconds)SUBRANGE))", 1000),
    Sli("node_latency_us", "max(avg_over_time(fictra_operator_latency_secondsRANGE))", 10**6),
)  # fmt: skip
"""What the weekly and the monthly analysis look at; each is worse when it rises."""


@dataclass(frozen=True, slots=True)
class Record:
    """Daily values, oldest first, the last of them of the 24 hours up to unix second *end*.

    *missing* counts days without a sample after the first with one.
    """

    end: int
    values: tuple[int, ...]
    missing: int

    def weekday(self, index: int) -> int:
        """Return the weekday (0 is Monday) of the middle of day *index*."""
        middle = self.end - (len(self.values) - index) * DAY + DAY // 2
        return (middle // DAY + 3) % WEEK


def daily_record(desk: Desk, sli: Sli, *, days: int) -> Record:
    """Ask the metrics store for *sli* on each of the last *days* days.

    A day without a sample between two that have one takes the value of the day before.
    """
    found: list[int | None] = []
    for back in range(days - 1, -1, -1):
        ago = f" offset {back}d" if back else ""
        text = sli.query.replace("SUBRANGE", f"[1d:30m]{ago}")
        answer = desk.metrics.query(text.replace("RANGE", f"[1d]{ago}"))
        values = [value for _labels, value in answer if value == value]  # noqa: PLR0124 - NaN
        found.append(round(values[0] * sli.scale) if values else None)
    while found and found[0] is None:
        found.pop(0)
    missing = sum(value is None for value in found)
    filled: list[int] = []
    for value in found:
        filled.append(filled[-1] if value is None else value)
    return Record(desk.now, tuple(filled), missing)


def median(values: Sequence[int]) -> int:
    """Return the median, the mean of the middle two rounded down; of nothing it is 0."""
    ordered = sorted(values)
    if not ordered:
        return 0
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) // 2


def seasons(record: Record) -> Mapping[int, int]:
    """Return how far each weekday lies from the median of its week, by weekday.

    A record of less than two weeks has none: one Sunday is no season.
    """
    values = record.values
    if len(values) < 2 * WEEK:
        return {}
    gaps: dict[int, list[int]] = {}
    for index, value in enumerate(values):
        first = min(max(0, index - WEEK // 2), len(values) - WEEK)
        gaps.setdefault(record.weekday(index), []).append(
            value - median(values[first : first + WEEK])
        )
    return {day: median(found) for day, found in sorted(gaps.items())}


def without_seasons(record: Record) -> tuple[int, ...]:
    """Return the values of *record* less what their weekday adds."""
    added = seasons(record)
    return tuple(
        value - added.get(record.weekday(index), 0) for index, value in enumerate(record.values)
    )


@dataclass(frozen=True, slots=True)
class Trend:
    """*slope_milli* thousandths of a unit a day, *z_milli* thousandths of a standard deviation.

    *level* is the median of the series.
    """

    slope_milli: int
    z_milli: int
    level: int

    def weekly_ppm(self) -> int:
        """Return the change in a week, in millionths of the level."""
        return self.slope_milli * WEEK * 1000 // max(1, abs(self.level))


def trend(values: Sequence[int]) -> Trend:
    """Return slope and test of *values*, one a day."""
    slopes, score = [], 0
    for first, low in enumerate(values):
        for second in range(first + 1, len(values)):
            gap = values[second] - low
            slopes.append(gap * MILLI // (second - first))
            score += (gap > 0) - (gap < 0)
    return Trend(median(slopes), _z_milli(score, values), median(values))


def _z_milli(score: int, values: Sequence[int]) -> int:
    """Return Mann-Kendall's z, with continuity correction and ties, in thousandths."""
    count = len(values)
    ties: dict[int, int] = {}
    for value in values:
        ties[value] = ties.get(value, 0) + 1
    variance18 = count * (count - 1) * (2 * count + 5)
    variance18 -= sum(t * (t - 1) * (2 * t + 5) for t in ties.values())
    if variance18 <= 0 or not score:
        return 0
    deviation_milli = isqrt(variance18 * 10**6 // 18)
    return (score - (1 if score > 0 else -1)) * MILLI * MILLI // max(1, deviation_milli)


def change_points(
    values: Sequence[int], *, level: float = 0.01, shortest: int = 4, offset: int = 0
) -> list[int]:
    """Return the indices at which a new level begins, by Pettitt's test at *level*, in order."""
    count = len(values)
    if count < 2 * shortest:
        return []
    best, at, running = 0, 0, 0
    for index in range(count - 1):
        running += sum((values[index] > other) - (values[index] < other) for other in values)
        if abs(running) > abs(best):
            best, at = running, index + 1
    chance = 2 * exp(-6 * best * best / (count**3 + count**2))
    if chance > level or at < shortest or count - at < shortest:
        return []
    left = change_points(values[:at], level=level, shortest=shortest, offset=offset)
    right = change_points(values[at:], level=level, shortest=shortest, offset=offset + at)
    return [*left, offset + at, *right]
