"""The moments that a market model is held to: tails and memory of daily returns.

Every function takes returns as an array whose last axis is time, so that one call serves many
paths, and gives one figure a path. The set is that of Franke and Westerhoff 2012 and of the table
of WTI that the models are calibrated to.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "TRADING_DAYS",
    "autocorrelation",
    "excess_kurtosis",
    "hill",
    "joint_coverage",
    "moments",
]

Floats = NDArray[np.float64]

TRADING_DAYS = 252
"""In a year."""


def autocorrelation(series: Floats, lag: int) -> Floats:
    """Return the autocorrelation of *series* at *lag*, with the moments of the whole series."""
    centred = series - series.mean(axis=-1, keepdims=True)
    above = (centred[..., lag:] * centred[..., :-lag]).sum(axis=-1)
    found: Floats = above / (centred * centred).sum(axis=-1)
    return found


def excess_kurtosis(returns: Floats) -> Floats:
    """Return the fourth standardised moment less 3."""
    squares = (returns - returns.mean(axis=-1, keepdims=True)) ** 2
    found: Floats = (squares * squares).mean(axis=-1) / squares.mean(axis=-1) ** 2 - 3
    return found


def hill(returns: Floats, share: float = 0.05) -> Floats:
    """Return Hill's index of the largest *share* of the absolute returns; smaller is heavier."""
    count = max(1, int(returns.shape[-1] * share))
    top = np.sort(np.abs(returns), axis=-1)[..., -count - 1 :]
    found: Floats = 1 / np.log(top[..., 1:] / top[..., :1]).mean(axis=-1)
    return found


def moments(returns: Floats) -> dict[str, Floats]:
    """Return the moments of daily *returns* (logarithms, 0.01 is 1 %) by name, one figure a path."""
    size = np.abs(returns)
    low, high = np.quantile(returns, [0.01, 0.99], axis=-1)
    return {
        "volatility": returns.std(axis=-1) * np.sqrt(TRADING_DAYS),
        "kurtosis": excess_kurtosis(returns),
        "hill": hill(returns),
        "quantile-1": low,
        "quantile-99": high,
        "acf-1": autocorrelation(returns, 1),
        "acf-abs-1": autocorrelation(size, 1),
        "acf-abs-10": autocorrelation(size, 10),
        "acf-abs-50": autocorrelation(size, 50),
    }


def joint_coverage(
    figures: dict[str, Floats], intervals: dict[str, tuple[float, float]]
) -> float:  # fmt: skip
    """Return the share of paths that have every moment inside its interval at once.

    This is the joint moment-coverage ratio of Franke and Westerhoff 2012; a moment without a
    figure is a KeyError, never a pass.
    """
    inside = [
        (low <= figures[name]) & (figures[name] <= high) for name, (low, high) in intervals.items()
    ]
    return float(np.logical_and.reduce(inside).mean())
