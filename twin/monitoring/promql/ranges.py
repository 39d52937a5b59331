"""Functions of a range of samples, as Prometheus 2.42 computes them (promql/functions.go).

A sum is exact (`math.fsum`) where Prometheus compensates it (Neumaier), which gives the same
double in all but contrived cases; mean and deviation follow Prometheus' compensated recurrences
step by step, so that a threshold is crossed at the same sample. Windows are closed on both sides
and hold no staleness markers.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from twin.monitoring.promql.selectors import RangeFunction
from twin.monitoring.promql.windows import Changes, Peak, Trough
from twin.monitoring.series import Series

__all__ = ["RANGE_FUNCTIONS", "present", "regression", "total"]


def total(values: Iterable[float]) -> float:
    """Return the correctly rounded sum of *values*, following IEEE 754 for infinities."""
    values = list(values)
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # a partial sum beyond a double; infinities of both signs
        plain = 0.0
        for value in values:
            plain += value
        return plain


def _extrapolated(
    series: Series, start: int, end: int, *, counter: bool = True, per_second: bool = False
) -> float | None:
    """The rise over [start, end], extrapolated to the window's ends (`extrapolatedRate`)."""
    first, last = series.bounds(start, end)  # which may bring the columns back from disk
    times: Sequence[int] = series.times
    values: Sequence[float] = series.values
    falls: Sequence[int] = series.falls
    if _marked(series, first, last):
        times, values = series.window(start, end)
        first, last = 0, len(times)
        falls = [index for index in range(1, last) if values[index] < values[index - 1]]
    if last - first < 2:
        return None
    begin, newest = times[first], times[last - 1]
    rise = values[last - 1] - values[first]
    if counter and falls:
        for index in falls[bisect_right(falls, first) : bisect_left(falls, last)]:
            rise += values[index - 1]
    to_start, to_end = float(begin - start), float(end - newest)
    sampled = float(newest - begin)
    average = sampled / (last - first - 1)
    if counter and rise > 0 and values[first] >= 0:
        # A counter is not extrapolated below zero.
        to_start = min(to_start, sampled * (values[first] / rise))
    threshold = average * 1.1
    whole = sampled + (to_start if to_start < threshold else average / 2)
    whole += to_end if to_end < threshold else average / 2
    factor = whole / sampled
    if per_second:
        factor /= end - start
    return rise * factor


def _rate(series: Series, start: int, end: int) -> float | None:
    return _extrapolated(series, start, end, per_second=True)


def _delta(series: Series, start: int, end: int) -> float | None:
    return _extrapolated(series, start, end, counter=False)


def _marked(series: Series, first: int, last: int) -> bool:
    """Say whether a staleness marker lies among the samples first..last-1."""
    stales = series.stales
    return bool(stales) and bisect_left(stales, first) < bisect_left(stales, last)


def present(series: Series, start: int, end: int) -> int:
    """Return how many samples lie in [start, end]."""
    first, last = series.bounds(start, end)
    stales = series.stales
    if stales:
        return last - first - (bisect_left(stales, last) - bisect_left(stales, first))
    return last - first


def _count(series: Series, start: int, end: int) -> float | None:
    return float(present(series, start, end)) or None


def _last(series: Series, start: int, end: int) -> float | None:
    _, values = series.window(start, end)
    return values[-1] if values else None


def _over(function: Callable[[Sequence[float]], float]) -> RangeFunction:
    """Make *function* of some values a function of a window."""

    def over(series: Series, start: int, end: int) -> float | None:
        _, values = series.window(start, end)
        return function(values) if values else None

    return over


def _average(values: Sequence[float]) -> float:
    """The running mean with Neumaier's compensation, as `funcAvgOverTime` takes it."""
    mean = lost = 0.0
    for count, value in enumerate(values, 1):
        step = value / count - mean / count
        new = mean + step
        lost += (mean - new) + step if abs(mean) >= abs(step) else (step - new) + mean
        mean = new
    average = mean + lost
    return average if math.isfinite(average) else total(values) / len(values)


def _extreme(choose: Callable[[Sequence[float]], float]) -> RangeFunction:
    """The least or greatest number of a window; NaN only where there is nothing else."""

    def extreme(series: Series, start: int, end: int) -> float | None:
        _, values = series.window(start, end)
        if not values:
            return None
        if not series.nans:
            return choose(values)
        numbers = [value for value in values if not math.isnan(value)]
        return choose(numbers) if numbers else math.nan

    return extreme


def _variance(values: Sequence[float]) -> float:
    """The population variance by Welford's recurrence, compensated."""
    mean = lost = squares = lost_squares = 0.0
    for count, value in enumerate(values, 1):
        delta = value - (mean + lost)
        mean, lost = _compensated(delta / count, mean, lost)
        step = delta * (value - (mean + lost))
        squares, lost_squares = _compensated(step, squares, lost_squares)
    return (squares + lost_squares) / len(values)


def _compensated(step: float, sum_: float, lost: float) -> tuple[float, float]:
    """Add *step*, keeping what rounding lost (`kahanSumInc`)."""
    new = sum_ + step
    if abs(sum_) >= abs(step):
        return new, lost + ((sum_ - new) + step)
    return new, lost + ((step - new) + sum_)


def _changes(values: Sequence[float]) -> float:
    changes, before = 0, values[0]
    for value in values:
        if value != before and not (math.isnan(value) and math.isnan(before)):
            changes += 1
        before = value
    return float(changes)


def _resets(values: Sequence[float]) -> float:
    return float(sum(after < before for before, after in pairwise(values)))


def _instant(series: Series, start: int, end: int, *, rate: bool) -> float | None:
    """The change between the last two samples (`instantValue`)."""
    times, values = series.window(start, end)
    if len(values) < 2:
        return None
    before, last = values[-2:]
    change = last if rate and last < before else last - before
    return change / (times[-1] - times[-2]) if rate else change


def _irate(series: Series, start: int, end: int) -> float | None:
    return _instant(series, start, end, rate=True)


def _idelta(series: Series, start: int, end: int) -> float | None:
    return _instant(series, start, end, rate=False)


def regression(times: Sequence[int], values: Sequence[float], origin: int) -> tuple[float, float]:
    """Return slope a second, and value at *origin*, of the least-squares line.

    As `linearRegression` has it: a constant has a slope of exactly 0, compensated sums elsewhere.
    """
    if all(value == values[0] for value in values):
        return (math.nan, math.nan) if math.isinf(values[0]) else (0.0, values[0])
    sums = [(0.0, 0.0)] * 4
    for time, value in zip(times, values, strict=True):
        x = float(time - origin)
        for place, term in enumerate((x, value, x * value, x * x)):
            sums[place] = _compensated(term, *sums[place])
    count = float(len(values))
    sum_x, sum_y, sum_xy, sum_xx = (kept + lost for kept, lost in sums)
    covariance = sum_xy - sum_x * sum_y / count
    variance = sum_xx - sum_x * sum_x / count
    slope = covariance / variance
    return slope, sum_y / count - slope * sum_x / count


def _derivative(series: Series, start: int, end: int) -> float | None:
    times, values = series.window(start, end)
    return regression(times, values, times[0])[0] if len(values) > 1 else None


def _present(series: Series, start: int, end: int) -> float | None:
    return 1.0 if present(series, start, end) else None


RANGE_FUNCTIONS: Mapping[str, RangeFunction] = {
    "avg_over_time": _over(_average),
    "changes": Changes(_over(_changes)),
    "count_over_time": _count,
    "delta": _delta,
    "deriv": _derivative,
    "idelta": _idelta,
    "increase": _extrapolated,
    "irate": _irate,
    "last_over_time": _last,
    "max_over_time": Peak(_extreme(max)),
    "min_over_time": Trough(_extreme(min)),
    "present_over_time": _present,
    "rate": _rate,
    "resets": _over(_resets),
    "stddev_over_time": _over(lambda values: math.sqrt(_variance(values))),
    "stdvar_over_time": _over(_variance),
    "sum_over_time": _over(total),
}
"""Every range function by its name; only `last_over_time` keeps the metric's name."""
