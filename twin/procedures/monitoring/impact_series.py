"""What a parameter change did to its figure: hours before and after, with an interval (for ME5)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from twin.procedures.prices import PPM

__all__ = ["Effect", "effect", "t_quantile"]


@dataclass(frozen=True, slots=True)
class Effect:
    """The mean after over the mean before, ppm, with the 95 % interval *low*..*high*."""

    ratio: int
    low: int
    high: int
    before: int
    after: int


def t_quantile(freedom: float, probability: float = 0.975) -> float:
    """Return the quantile of Student's t, by the expansion of Cornish and Fisher in 1/*freedom*.

    Within 1 % from four degrees of freedom on (Abramowitz and Stegun 26.7.5).
    """
    z = NormalDist().inv_cdf(probability)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3


def _moments(values: Sequence[int]) -> tuple[float, float]:
    """Return mean and variance of the mean; hours that follow each other are taken for alike.

    The variance is inflated by the lag-1 autocorrelation r, (1 + r) / (1 - r), where it is positive:
    busy hours follow busy hours, and would otherwise count as so many witnesses.
    """
    count = len(values)
    mean = math.fsum(values) / count
    deviations = [value - mean for value in values]
    squares = math.fsum(one * one for one in deviations)
    if count < 2 or not squares:
        return mean, 0.0
    pairs = zip(deviations[1:], deviations, strict=False)
    lagged = math.fsum(one * other for one, other in pairs) / squares
    lagged = min(0.9, max(0.0, lagged))
    return mean, squares / (count - 1) / count * (1 + lagged) / (1 - lagged)


def effect(before: Sequence[int], after: Sequence[int]) -> Effect | None:
    """Return the effect between two series of the same figure; None where there is too little.

    The interval is that of the logarithm of the ratio of means (delta method), with Student's t of
    the smaller series. Nothing is held constant: whatever else moved is in it.
    """
    if min(len(before), len(after)) < 4:
        return None
    (first, first_error), (second, second_error) = _moments(before), _moments(after)
    if first <= 0 or second <= 0:
        return None
    error = math.sqrt(first_error / first**2 + second_error / second**2)
    spread = t_quantile(min(len(before), len(after)) - 1) * error
    middle = math.log(second / first)
    low, high = (min(50.0, max(-50.0, middle + sign * spread)) for sign in (-1, 1))
    return Effect(
        ratio=round(math.exp(middle) * PPM), low=round(math.exp(low) * PPM),
        high=round(math.exp(high) * PPM), before=round(first), after=round(second),
    )  # fmt: skip
