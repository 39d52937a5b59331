"""Chance of services that answer when asked: a function of (seed, name, second), never a draw.

Asking twice, early or never changes nothing, so that a world with one more probe is the same world.
Latencies are log-normal, as measured response times are: a median, and what 95 % stay below.
"""

from __future__ import annotations

from math import exp, log
from statistics import NormalDist

from twin.random import derive

__all__ = ["Latency", "happens"]

PPM = 1_000_000
_Z95 = 1.6448536269514722
"""The 95 % quantile of the standard normal distribution."""

_GRAIN = 1 << 64

_NORMAL = NormalDist()


def happens(seed: int, share_ppm: int, *names: str) -> bool:
    """Say whether what happens in *share_ppm* millionths of all cases happens in that of *names*."""
    return share_ppm > 0 and derive(seed, *names) % PPM < share_ppm


class Latency:
    """Response times in whole milliseconds with this *median*; 95 % of them are below *p95*."""

    __slots__ = ("_mu", "_names", "_seed", "_sigma")

    def __init__(self, seed: int, *names: str, median: int, p95: int) -> None:
        """Derive everything from *seed* and *names*."""
        self._seed, self._names = seed, names
        self._mu, self._sigma = log(median), log(max(p95, median) / median) / _Z95

    def at(self, second: int, *names: str) -> int:
        """Return how long the request of *names* at unix *second* takes."""
        drawn = (derive(self._seed, *self._names, str(second), *names) % _GRAIN * 2 + 1) / (
            2 * _GRAIN
        )
        normal = _NORMAL.inv_cdf(min(max(drawn, 1e-9), 1 - 1e-9))
        return max(1, round(exp(self._mu + self._sigma * normal)))
