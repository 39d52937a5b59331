"""The two-factor price of Schwartz and Smith (2000), with jumps (Merton 1976) and a season.

ln S = chi + xi + season: chi reverts to 0 (d chi = -kappa chi dt + sigma_chi dW1), xi drifts
(d xi = mu_xi dt + sigma_xi dW2, corr(dW1, dW2) = rho) and takes the jumps, which therefore last.
Both factors are discretised exactly, with the exact covariance of their increments over a step.
The season is a Fourier series over the year, straight between midnights. Figures are per year of
365 days. With GARCH tails the factors say how a shock divides into the part that reverts and the
part that stays; how large it is on a day, the tails say. Source: Management Science 46(7), 893-911; Journal of Financial Economics 3, 125-144.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from twin.clock import DAY
from twin.market.chance import settle
from twin.market.commodity import ONE, PricePath
from twin.market.garch import DailyScale, GarchT

__all__ = ["SchwartzSmithPath", "TwoFactors", "futures_volatility"]

YEAR = 365 * DAY
SOLAR_YEAR = 365.25
"""Days; the season follows the calendar, leap years included, well enough."""


@dataclass(frozen=True, slots=True)
class TwoFactors:
    """Parameters per year. Defaults: Schwartz and Smith 2000, crude oil futures 1990-1995.

    Jumps come *jumps_per_year* on average with a log size of mean *jump_mean* and standard
    deviation *jump_sd*; their mean is not taken out of *mu_xi*. *season* holds pairs of cosine and
    sine coefficients of the log price, the yearly harmonic first.
    """

    kappa: float = 1.49
    sigma_chi: float = 0.286
    sigma_xi: float = 0.145
    rho: float = 0.30
    mu_xi: float = -0.0125
    jumps_per_year: float = 0.0
    jump_mean: float = 0.0
    jump_sd: float = 0.0
    season: tuple[float, ...] = ()


def futures_volatility(factors: TwoFactors, maturity: float, *, step: int = 60) -> float:
    """Return the yearly volatility of a future with *maturity* (years), without the jumps.

    ln F = exp(-kappa maturity) chi + xi + a function of time, so that it is what the increments of
    a path over *step* seconds make of both factors: the very constants that paths are made with.
    """
    _, _, (on_chi, shared, alone) = _step_constants(factors, step / YEAR)
    common = math.exp(-factors.kappa * maturity) * on_chi + shared
    return math.sqrt((common * common + alone * alone) * YEAR / step)


def seasonal(day: int, pairs: Sequence[float]) -> float:
    """Return the season of the log price at midnight of UTC *day* (days since 1970)."""
    total = 0.0
    for index in range(0, len(pairs), 2):
        angle = 2 * math.pi * (index // 2 + 1) * day / SOLAR_YEAR
        total += pairs[index] * math.cos(angle) + pairs[index + 1] * math.sin(angle)
    return settle(total)


class SchwartzSmithPath(PricePath):
    """A path that stands at *initial* (8 decimals) until *start* (unix second), then moves."""

    def __init__(
        self,
        commodity: str,
        chance: np.random.Generator,
        *,
        initial: int,
        start: int,
        factors: TwoFactors,
        tick: int = 1_000_000,
        step: int = 60,
        tails: GarchT | None = None,
    ) -> None:
        """Settle the constants of a step; without *tails* the volatility stands still."""
        super().__init__(commodity, first=start, step=step, tick=tick)
        self._scale = None if tails is None else DailyScale(chance, tails)
        self._chance, self._start, self._factors = chance, start, factors
        self._chi = 0.0
        self._xi = settle(math.log(initial / ONE) - self._season_at(start))
        self._initial = self._rounded(initial / ONE)
        self._decay, self._drift, self._mix = _step_constants(factors, step / YEAR)

    def _season_at(self, second: int) -> float:
        if not self._factors.season:
            return 0.0
        day, rest = divmod(second, DAY)
        here, there = (seasonal(day + ahead, self._factors.season) for ahead in (0, 1))
        return here + (there - here) * (rest / DAY)

    def _jumps(self, count: int) -> Mapping[int, float]:
        """Draw the day's jumps of the log price, by the index of their grid second."""
        factors = self._factors
        if not factors.jumps_per_year:
            return {}
        number = int(self._chance.poisson(factors.jumps_per_year / 365))
        jumps: dict[int, float] = {}
        for _ in range(number):
            spot = int(self._chance.integers(count))
            size = factors.jump_mean + factors.jump_sd * float(self._chance.standard_normal())
            jumps[spot] = jumps.get(spot, 0.0) + size
        return jumps

    def _mix_of_day(
        self, first: Sequence[float], second: Sequence[float]
    ) -> tuple[float, float, float]:
        """Return how unit normals mix into both factors on the day that draws these."""
        if self._scale is None:
            return self._mix
        on_chi, shared, alone = self._mix
        step = math.hypot(on_chi + shared, alone)
        if not step:
            return self._mix
        whole = (on_chi + shared) * math.fsum(first) + alone * math.fsum(second)
        day = step * math.sqrt(len(first))
        larger = self._scale.next_day() / day
        self._scale.moved(whole / day)
        return settle(on_chi * larger), settle(shared * larger), settle(alone * larger)

    def _make(self, day: int) -> list[int]:
        count = DAY // self.step
        first, second = (self._chance.standard_normal(count).tolist() for _ in range(2))
        jumps = self._jumps(count)
        here = self._season_at(day * DAY)
        slope = (self._season_at((day + 1) * DAY) - here) / count
        on_chi, shared, alone = self._mix_of_day(first, second)
        chi, xi, decay, drift, tick = self._chi, self._xi, self._decay, self._drift, self.tick
        still = max(0, (self._start - day * DAY) // self.step + 1)
        prices = [self._initial] * min(still, count)
        for spot in range(still, count):
            normal = first[spot]
            chi = decay * chi + on_chi * normal
            xi = xi + drift + (shared * normal + alone * second[spot])
            if spot in jumps:
                xi += jumps[spot]
            value = math.exp(chi + xi + (here + slope * spot))
            prices.append(max(self._rounded(value), tick))
        self._chi, self._xi = chi, xi
        return prices


def _step_constants(
    factors: TwoFactors, years: float
) -> tuple[float, float, tuple[float, float, float]]:
    """Return the decay of chi, the drift of xi, and how two unit normals mix into both."""
    kappa, rho = factors.kappa, factors.rho
    decay = math.exp(-kappa * years)
    # expm1 keeps the digits that 1 - exp(-x) loses over a step of a minute
    on_chi = factors.sigma_chi * math.sqrt(-math.expm1(-2 * kappa * years) / (2 * kappa))
    on_xi = factors.sigma_xi * math.sqrt(years)
    covariance = rho * factors.sigma_chi * factors.sigma_xi * -math.expm1(-kappa * years) / kappa
    shared = covariance / on_chi if on_chi else 0.0
    alone = math.sqrt(max(0.0, on_xi * on_xi - shared * shared))
    mix = (settle(on_chi), settle(shared), settle(alone))
    return settle(decay), settle(factors.mu_xi * years), mix
