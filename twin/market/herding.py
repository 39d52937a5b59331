"""Chartists and fundamentalists with herding (A3): the DCA-HPM of Franke and Westerhoff 2012.

The logarithm of the price moves with the demand of two groups, each with noise of its own: p' = p
+ mu (n_f (phi (p* - p) + s_f e_f) + n_c (chi (p - p-) + s_c e_c)). The share of fundamentalists is
n_f = 1 / (1 + exp(-beta a)), by the attractiveness of their way of yesterday, a = a_n (n_f - n_c) +
a_0 + a_p (p- - p*)^2: herding, predisposition, and what misalignment makes of it. Source: Journal of
Economic Dynamics and Control 36(8), 1193-1211, table 1; there the model comes closest to the daily
S&P 500 of all that were compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Herding", "HerdingState", "herding_returns", "herding_step"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Herding:
    """The parameters of Franke and Westerhoff 2012 for a day's step."""

    mu: float = 0.01
    beta: float = 1.0
    phi: float = 0.12
    chi: float = 1.50
    sigma_f: float = 0.758
    sigma_c: float = 2.087
    alpha_0: float = -0.327
    alpha_n: float = 1.79
    alpha_p: float = 18.43


@dataclass(frozen=True, slots=True)
class HerdingState:
    """Log *price* less the fundamental value, that of the day before, and the *share* n_f."""

    price: Floats
    before: Floats
    share: Floats


def herding_step(
    rule: Herding, state: HerdingState, *, noise_f: Floats, noise_c: Floats
) -> HerdingState:
    """Return the state a day on, for unit normals *noise_f* and *noise_c* (one a path)."""
    leaning = rule.alpha_n * (2 * state.share - 1) + rule.alpha_0
    leaning = leaning + rule.alpha_p * state.before * state.before
    share = 1 / (1 + np.exp(-rule.beta * leaning))
    fundamental = -rule.phi * state.price + rule.sigma_f * noise_f
    chartist = rule.chi * (state.price - state.before) + rule.sigma_c * noise_c
    moved = state.price + rule.mu * (share * fundamental + (1 - share) * chartist)
    return HerdingState(moved, state.price, share)


def herding_days(
    chance: np.random.Generator, rule: Herding, *, paths: int
) -> Iterator[HerdingState]:  # fmt: skip
    """Yield the state of *paths* markets day by day, from the fundamental value and equal shares."""
    state = HerdingState(np.zeros(paths), np.zeros(paths), np.full(paths, 0.5))
    while True:
        noise_f, noise_c = chance.standard_normal((2, paths))
        state = herding_step(rule, state, noise_f=noise_f, noise_c=noise_c)
        yield state


def herding_returns(
    chance: np.random.Generator,
    *,
    paths: int,
    days: int,
    rule: Herding | None = None,
    burn: int = 500,
) -> Floats:
    """Return daily log returns, shape (*paths*, *days*), after *burn* days that are dropped."""
    made = herding_days(chance, rule or Herding(), paths=paths)
    returns = np.empty((days, paths))
    for day, state in zip(range(-burn, days), made, strict=False):
        if day >= 0:
            returns[day] = state.price - state.before
    return returns.T
