"""The closed loop of a fee and the demand that answers it (A9), period by period.

Demand is target x (fee / fee0)^-elasticity, or bang-bang: all or nothing at a reservation fee. The
law sees each period's demand a number of periods late. Nothing here is a simulator's: the law is
the one that the fee procedure uses on the live network.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from twin.control.law import PPM, Exponential, Law, relative_error

__all__ = ["FEE", "average_use", "critical_gain", "log_fees", "swing"]

FEE = 10**15
"""The fee at rest, in a unit so fine that rounding plays no part in what is measured."""

TARGET = 10**12
"""The demand at rest, as fine."""


def log_fees(
    law: Law, elasticity: float, *, delay: int, periods: int, kick: float = 0.01
) -> list[float]:
    """Return ln(fee / fee0) after each of *periods*, starting *kick* away from rest.

    The law answers the demand of *delay* periods ago.
    """
    fee = round(FEE * math.exp(kick))
    fees, errors = [fee], []
    found = []
    for period in range(periods):
        seen = fees[max(0, period - delay)]
        demand = round(TARGET * math.exp(-elasticity * math.log(seen / FEE)))
        errors.append(relative_error(demand, TARGET))
        # an integral looks back no further than its leak lets it see; all of it is kept simple
        fee = law.wanted(fee, errors[-1:] if isinstance(law, Exponential) else errors)
        fee = max(1, fee)  # of a fee of nothing no logarithm is taken
        fees.append(fee)
        found.append(math.log(fee / FEE))
    return found


def swing(law: Law, elasticity: float, *, delay: int) -> float:
    """Return how a small kick to the fee grew: the swing at the end over the kick.

    Below one the loop settles. It runs for eighty of its slowest swings, of 4 k + 2 periods each.
    """
    span, kick = 2 * (4 * delay + 2), 0.001
    course = log_fees(law, elasticity, delay=delay, periods=40 * span, kick=kick)
    return max(map(abs, course[-2 * span :])) / kick


def critical_gain(delay: int, *, low: float, high: float, steps: int = 7) -> float:
    """Return the gain x elasticity between *low* and *high* at which the loop starts to swing.

    The loop of an exponential update at elasticity 1 is run and halved *steps* times. Where it
    swings at *low* already, or settles at *high* still, that end is the answer.
    """
    for _ in range(steps):
        middle = (low + high) / 2
        grows = swing(Exponential(round(middle * PPM)), 1.0, delay=delay) > 1
        low, high = (low, middle) if grows else (middle, high)
    return (low + high) / 2


def average_use(step: Callable[[int, int], int], *, periods: int, start: int = FEE) -> float:
    """Return the mean of demand / target where demand is bang-bang: twice the target, or none.

    Twice the target is demanded while the fee is at most *start*; *step* is given the fee and the
    demand in ppm of the target, and returns the next fee.
    """
    fee, used = start, 0
    for _ in range(periods):
        demand = 2 * PPM if fee <= start else 0
        used += demand
        fee = step(fee, demand)
    return used / periods / PPM
