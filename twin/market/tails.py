"""Tails and clustering (A2) in the two-factor price (A1): daily returns, many paths at once.

Two models of the daily shock, both of mean 0. *GARCH-t* (Bollerslev 1987): the variance follows
h' = omega + alpha h z^2 + beta h, the shock z is Student's t of unit variance; one shock scale
serves both factors, whose proportions and correlation stay those of Schwartz and Smith. *Merton*
(1976): a diffusion and jumps that come with a Poisson rate. Merton's jumps make tails and no
memory; GARCH makes both.

The parameters were fitted to daily WTI, 1986-2019. Mean reversion comes from futures, not from
these returns, where 33 years do not show it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.market.garch import GarchT
from twin.market.moments import TRADING_DAYS
from twin.market.schwartz_smith import TwoFactors

__all__ = ["GarchT", "Merton", "garch_returns", "merton_returns"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Merton:
    """Jump diffusion per year: volatility *sigma*, *rate* jumps. Defaults: WTI 1986-2019."""

    mu: float = 0.218
    sigma: float = 0.262
    rate: float = 52.0
    jump_mean: float = -0.0032
    jump_sd: float = 0.0403


def garch_returns(
    chance: np.random.Generator,
    factors: TwoFactors,
    *,
    paths: int,
    days: int,
    tails: GarchT | None = None,
    burn: int = 1000,
) -> Floats:
    """Return daily log returns, shape (*paths*, *days*), of the two factors under GARCH-t.

    The level of volatility is that of *tails*; *factors* says how a shock divides into the part
    that reverts and the part that stays. *burn* days are dropped first. A year has 252 days here.
    """
    tails = tails or GarchT()
    step = 1 / TRADING_DAYS
    decay = math.exp(-factors.kappa * step)
    # Loadings of a unit shock on chi, and of two on xi, as shares of the total volatility.
    s_chi, s_xi, rho = factors.sigma_chi, factors.sigma_xi, factors.rho
    total = math.sqrt(s_chi**2 + s_xi**2 + 2 * rho * s_chi * s_xi)
    on_chi, shared = s_chi / total, rho * s_xi / total
    alone = math.sqrt(1 - rho**2) * s_xi / total
    heights = np.full(paths, tails.variance)
    chi = np.zeros(paths)
    returns = np.empty((days, paths))
    for day in range(-burn, days):
        first, second = chance.standard_normal((2, paths))
        # one divisor for both normals makes their pair a bivariate t
        spread = tails.scale / np.sqrt(chance.chisquare(tails.nu, paths) / tails.nu)
        unit = ((on_chi + shared) * first + alone * second) * spread
        size = np.sqrt(heights)
        to_chi = on_chi * first * spread * size
        moved = unit * size - (1 - decay) * chi + factors.mu_xi * step
        chi = decay * chi + to_chi
        heights = tails.omega / 1e4 + heights * (tails.alpha * unit * unit + tails.beta)
        if day >= 0:
            returns[day] = moved
    return returns.T


def merton_returns(
    chance: np.random.Generator, *, paths: int, days: int, jumps: Merton | None = None
) -> Floats:
    """Return daily log returns, shape (*paths*, *days*), of Merton's jump diffusion."""
    jumps = jumps or Merton()
    step = 1 / TRADING_DAYS
    shape = (paths, days)
    diffusion = (jumps.mu - jumps.sigma**2 / 2) * step + jumps.sigma * math.sqrt(
        step
    ) * chance.standard_normal(shape)
    number = chance.poisson(jumps.rate * step, shape)
    size = jumps.jump_mean * number + jumps.jump_sd * np.sqrt(number) * chance.standard_normal(
        shape
    )
    made: Floats = diffusion + size
    return made
