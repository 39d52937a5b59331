"""Chartists and fundamentalists with herding (A3): the DCA-HPM of Franke and Westerhoff 2012.

The logarithm of the price moves with the demand of two groups, each with noise of its own: p' = p
+ mu (n_f (phi (p* - p) + s_f e_f) + n_c (chi (p - p-) + s_c e_c)). The share of fundamentalists is
n_f = 1 / (1 + exp(-beta a)), by the attractiveness of their way of yesterday, a = a_n (n_f - n_c) +
a_0 + a_p (p- - p*)^2: herding, predisposition, and what misalignment makes of it. Source: Journal of
Economic Dynamics and Control 36(8), 1193-1211, table 1; there the model comes closest to the daily
S&P 500 of all that were compared.

`Beliefs` and `fundamentalists` are what the speculators among the agents are made of, too: there
each is one of the two kinds, and the pool's price answers in the place of mu.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Beliefs",
    "Herding",
    "HerdingState",
    "fundamentalists",
    "herding_returns",
    "herding_step",
]

Floats = NDArray[np.float64]
Number = TypeVar("Number", float, Floats)


class Beliefs(BaseModel):
    """What the two kinds demand and how they win each other over: the paper's estimates.

    A model, since scenarios may set every figure for speculators. None has a unit: log prices are
    in hundreds of percent, a period is a day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    beta: float = Field(default=1.0, ge=0)
    phi: float = Field(default=0.12, ge=0)
    chi: float = Field(default=1.50, ge=0)
    sigma_f: float = Field(default=0.758, ge=0)
    sigma_c: float = Field(default=2.087, ge=0)
    alpha_0: float = -0.327
    alpha_n: float = 1.79
    alpha_p: float = 18.43


class Herding(Beliefs):
    """The whole model of a day's step: beliefs, and how far the price answers demand (*mu*)."""

    mu: float = Field(default=0.01, ge=0)


def fundamentalists(rule: Beliefs, mood: Number, gap: Number) -> Number:
    """Return n_f at the *mood* n_f - n_c of yesterday and the log price's *gap* from its value.

    The logit as a hyperbolic tangent, which does not overflow. For one market or for many.
    """
    attraction = rule.alpha_n * mood + rule.alpha_0 + rule.alpha_p * gap * gap
    share: Number = (1 + np.tanh(rule.beta * attraction / 2)) / 2
    return share


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
    share = fundamentalists(rule, 2 * state.share - 1, state.before)
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
