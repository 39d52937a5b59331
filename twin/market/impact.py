"""Price impact (A13): the square-root law, I = Y sigma sqrt(Q / V), and haircuts made of it.

An order of Q in a market that trades V a day at a volatility of sigma a day moves the price by
about Y sigma sqrt(Q / V), whatever it is cut into; Y is near one (Toth et al. 2011, Bouchaud et al.
2018). What a reserve asset fetches in a hurry is its price less that.
"""

from __future__ import annotations

import math

from twin.errors import UsageError

__all__ = ["haircut", "impact"]


def impact(quantity: float, volume: float, *, sigma: float, y: float = 1.0) -> float:
    """Return the relative impact of *quantity* where *volume* is traded a day at *sigma* a day.

    Quantity and volume are in one unit. A market without volume takes nothing: UsageError.
    """
    if quantity < 0 or volume <= 0 or sigma < 0:
        raise UsageError(
            f"the impact of {quantity} in a daily volume of {volume} at a volatility of {sigma}: "
            "quantity and volatility are 0 or more, volume above 0"
        )
    return y * sigma * math.sqrt(quantity / volume)


def haircut(quantity: float, volume: float, *, sigma: float, y: float = 1.0) -> float:
    """Return the share of its value that *quantity* loses when it is sold within a day, below 1."""
    return min(1.0, impact(quantity, volume, sigma=sigma, y=y))
