"""The oracle's median with liars (A10): how far f of n nodes can pull the answer.

The answer is element n/2 (rounded down) of the sorted reports, as in OracleNetwork and in libocr.
While fewer liars than half report, the answer lies among honest reports and the bias is that of an
order statistic; one liar more, and the answer is theirs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError

__all__ = ["median_bias", "order_statistic", "reported"]

Floats = NDArray[np.float64]


def reported(reports: Floats) -> Floats:
    """Return element n/2 of the sorted *reports*; the last axis holds the nodes."""
    middle = reports.shape[-1] // 2
    answer: Floats = np.partition(reports, middle, axis=-1)[..., middle]
    return answer


def median_bias(
    chance: np.random.Generator, *, honest: int, liars: int, lie: float, rounds: int
) -> tuple[float, float]:
    """Return the mean answer and its standard error, in standard deviations of an honest report.

    In each of *rounds*, *honest* nodes report unit normals around the truth, 0, and all *liars*
    report *lie*, which may be infinite.
    """
    if honest < 1 or liars < 0 or rounds < 2:
        raise UsageError(
            f"{honest} honest and {liars} lying nodes over {rounds} rounds: "
            "1 honest or more, 0 liars or more, 2 rounds or more"
        )
    reports = np.full((rounds, honest + liars), lie)
    reports[:, :honest] = chance.standard_normal((rounds, honest))
    answers = reported(reports)
    if np.isinf(answers).all():
        return float(answers[0]), 0.0
    return float(answers.mean()), float(answers.std(ddof=1) / np.sqrt(rounds))


def order_statistic(rank: int, count: int, *, points: int = 200_001) -> float:
    """Return the mean of the *rank*-th smallest of *count* unit normals, by quadrature.

    Rank 1 is the smallest.
    """
    if not 1 <= rank <= count:
        raise UsageError(f"rank {rank} of {count}: from 1 to {count}")
    grid = np.linspace(-9.0, 9.0, points)
    density = np.exp(-grid * grid / 2) / np.sqrt(2 * np.pi)
    below = np.cumsum(density) * (grid[1] - grid[0])
    inside = np.clip(below - density * (grid[1] - grid[0]) / 2, 1e-300, 1 - 1e-16)
    weight = (rank - 1) * np.log(inside) + (count - rank) * np.log1p(-inside)
    weight = np.exp(weight - weight.max()) * density
    return float((grid * weight).sum() / weight.sum())
