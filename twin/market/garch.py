"""Clustered, heavy-tailed volatility from day to day (A2): GARCH(1,1) with Student's t.

h' = omega + h (alpha z^2 + beta), where z is a t of unit variance (Bollerslev 1987). The defaults were
fitted to daily WTI, 1986-2019. Within a day of a price path the shocks are normal; one divisor a
day makes the day's sum a t and the volatility of its minutes go up and down together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twin.market.chance import settle
from twin.market.moments import TRADING_DAYS

__all__ = ["DailyScale", "GarchT"]

DAYS = 365
"""On which a path moves in a year; the fit counts the days on which oil trades."""


@dataclass(frozen=True, slots=True)
class GarchT:
    """GARCH(1,1) with Student's t: *omega* in squared percent a day. Defaults: WTI 1986-2019."""

    omega: float = 0.050
    alpha: float = 0.0655
    beta: float = 0.9272
    nu: float = 6.08

    @property
    def variance(self) -> float:
        """The long-run variance of a day, as a fraction squared."""
        return self.omega / (1 - self.alpha - self.beta) / 1e4

    @property
    def scale(self) -> float:
        """What a standard t is multiplied with to have unit variance."""
        return math.sqrt((self.nu - 2) / self.nu)


class DailyScale:
    """The volatility of each day in turn, by *tails*, from the long-run one on.

    The yearly level stays that of the fit: its 252 days are spread over the 365 of a path.
    """

    __slots__ = ("_chance", "_height", "_spread", "_tails")

    def __init__(self, chance: np.random.Generator, tails: GarchT) -> None:
        """Draw nothing yet; the divisors come from *chance*."""
        self._chance, self._tails = chance, tails
        self._height, self._spread = tails.variance, 1.0

    def next_day(self) -> float:
        """Return the s.d. of the log price over the day that begins, given its divisor."""
        nu = self._tails.nu
        divisor = settle(float(self._chance.chisquare(nu)))
        self._spread = settle(self._tails.scale / math.sqrt(divisor / nu))
        return settle(math.sqrt(self._height * TRADING_DAYS / DAYS) * self._spread)

    def moved(self, normal: float) -> None:
        """End the day: its shocks summed up to *normal*, which is a unit normal."""
        tails, unit = self._tails, settle(normal) * self._spread
        self._height = settle(
            tails.omega / 1e4 + self._height * (tails.alpha * unit * unit + tails.beta)
        )
