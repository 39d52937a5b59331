"""The market maker of Avellaneda and Stoikov 2008 (A5): quotes that lean against the inventory.

With inventory q, risk aversion g, variance s2 a unit of time and the time left, the maker's own
value is s - q g s2 left, and the two quotes stand (g s2 left + (2/g) ln(1 + g/k)) apart around it.
Orders arrive at the rate A exp(-k distance). Source: Quantitative Finance 8(3), 217-224.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Session", "Sessions", "half_spread", "reservation", "trade_sessions"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Session:
    """A trading session: price *start*, *volatility* a root of a unit of time, *length* in those.

    Arrivals: *arrivals* (A) a unit of time at the price itself, which fall by *decay* (k).
    """

    start: float = 100.0
    volatility: float = 2.0
    length: float = 1.0
    step: float = 0.005
    arrivals: float = 140.0
    decay: float = 1.5


@dataclass(frozen=True, slots=True)
class Sessions:
    """What many sessions ended with: *profit* (the inventory at the last price) and *inventory*."""

    profit: Floats
    inventory: Floats


def reservation(price: Floats, inventory: Floats, *, aversion: float, risk: float) -> Floats:
    """Return the value to the maker; *risk* is the variance that is still to come."""
    return price - inventory * aversion * risk


def half_spread(aversion: float, decay: float, *, risk: float) -> float:
    """Return half the distance of the quotes; *risk* is the variance that is still to come."""
    return aversion * risk / 2 + math.log1p(aversion / decay) / aversion


def trade_sessions(
    chance: np.random.Generator,
    *,
    sessions: int,
    aversion: float,
    symmetric: bool = False,
    session: Session | None = None,
) -> Sessions:
    """Trade *sessions* sessions side by side at *aversion* (g), at most one unit a side and step.

    A *symmetric* maker quotes around the middle, at the inventory maker's mean spread: the
    benchmark of the paper.
    """
    session = session or Session()
    steps = round(session.length / session.step)
    variance = session.volatility**2
    left = [variance * (session.length - spot * session.step) for spot in range(steps)]
    halves = [half_spread(aversion, session.decay, risk=risk) for risk in left]
    mean = math.fsum(halves) / steps
    price = np.full(sessions, session.start)
    cash, held = np.zeros(sessions), np.zeros(sessions)
    move = session.volatility * math.sqrt(session.step)
    for risk, half in zip(left, halves, strict=True):
        value = price if symmetric else reservation(price, held, aversion=aversion, risk=risk)
        distance = mean if symmetric else half
        bid, ask = value - distance, value + distance
        hits = chance.random((2, sessions))
        reach = session.arrivals * session.step
        bought = hits[0] < reach * np.exp(-session.decay * (price - bid))
        sold = hits[1] < reach * np.exp(-session.decay * (ask - price))
        cash += sold * ask - bought * bid
        held += bought.astype(float) - sold
        price = price + move * np.where(chance.random(sessions) < 0.5, -1.0, 1.0)
    return Sessions(cash + held * price, held)
