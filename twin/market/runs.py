"""A run on the reserve of a stable coin (A12): classes of holders with thresholds, hour by hour.

Part of the reserve is stuck. Who redeems gets the full value as long as the rest lasts (sequential
service), so that what is missing falls on those who stay: the loss that they fear is the hole over
the claims that are left, and it grows as others leave. A class of holders leaves, at its own pace,
while that loss is above its threshold (global games: Morris and Shin 1998; thresholds by class are
a scenario's). Where the rail of redemption is closed they sell instead: what wants out and cannot
presses on the price by the square-root law, so that the price falls below the floor of the
reserve. A backstop fills the hole; trust comes back with a half-life.

The classes of `usdc` and `collapse` are fitted to the profiles that were published of USDC in March
2023 and UST in May 2022: that the model can take those shapes is what a check of it shows, no more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from twin.market.impact import haircut

__all__ = ["HolderClass", "Hour", "Run", "collapse", "play", "redeemed_after", "usdc"]


@dataclass(frozen=True, slots=True)
class HolderClass:
    """Holders of *share* of the supply, who leave above a feared loss of *threshold*.

    *pace* is the rate a day at which they leave while they fear that much.
    """

    share: float
    threshold: float
    pace: float


@dataclass(frozen=True, slots=True)
class Run:
    """The course of a run. Shares are of the supply at the beginning, times in hours from it.

    *stuck* of the reserve cannot be had; *closed* holds (from, until) of the rail's closures;
    *backstop* is the hour at which the hole is filled (None: never), after which the fear starts
    over at *doubt* and halves every *trust* hours. *volume* is what the market trades in a day and
    *sigma* its volatility a day then.
    """

    classes: tuple[HolderClass, ...]
    stuck: float
    closed: tuple[tuple[int, int], ...] = ()
    backstop: int | None = None
    doubt: float = 0.0
    trust: float = 1.0
    volume: float = 0.5
    sigma: float = 0.1

    def is_open(self, hour: int) -> bool:
        """Say whether the rail takes redemptions in *hour*."""
        return not any(start <= hour < end for start, end in self.closed)

    def filled(self, hour: int) -> bool:
        """Say whether the hole is filled in *hour*."""
        return self.backstop is not None and hour >= self.backstop


@dataclass(frozen=True, slots=True)
class Hour:
    """The state after an hour: what was *redeemed*, what *waits* to be, the *price*, the *fear*."""

    redeemed: float
    waiting: float
    price: float
    fear: float


def play(run: Run, hours: int) -> list[Hour]:
    """Return the states after each of *hours* hours."""
    staying = [item.share for item in run.classes]
    waiting = redeemed = 0.0
    course: list[Hour] = []
    for hour in range(hours):
        fear = _fear(run, hour, redeemed)
        for place, item in enumerate(run.classes):
            if fear > item.threshold:
                leaving = staying[place] * -math.expm1(-item.pace / 24)
                staying[place] -= leaving
                waiting += leaving
        if run.is_open(hour):
            left = 1 - redeemed if run.filled(hour) else max(0.0, 1 - run.stuck - redeemed)
            served = min(waiting, left)
            redeemed, waiting = redeemed + served, waiting - served
        loss = 0.0 if run.filled(hour) else _hole(run, redeemed)
        price = (1 - loss) * (1 - haircut(waiting, run.volume, sigma=run.sigma))
        course.append(Hour(redeemed, waiting, price, fear))
    return course


def redeemed_after(course: Sequence[Hour], hours: float) -> float:
    """Return what was redeemed after *hours*."""
    return course[min(len(course), round(hours)) - 1].redeemed


def _hole(run: Run, redeemed: float) -> float:
    """Return what is missing per claim that is left: all of it once the liquid part is gone."""
    return min(1.0, run.stuck / max(run.stuck, 1 - redeemed)) if run.stuck else 0.0


def _fear(run: Run, hour: int, redeemed: float) -> float:
    """Return the loss that holders fear in *hour*: the hole, or what is left of the doubt."""
    if run.backstop is not None and hour >= run.backstop:
        return float(run.doubt * 0.5 ** ((hour - run.backstop) / run.trust))
    return _hole(run, redeemed)


def usdc(*, weekend: bool = True) -> Run:
    """Return the run on USDC: hour 0 is Friday 2023-03-10, 16:00 UTC, with 8.25 % stuck.

    The rail closes at midnight and opens on Monday at 13:00 UTC; the backstop is announced on
    Sunday evening. Without the *weekend* the rail stays open: the mild profile.
    """
    return Run(
        classes=(
            HolderClass(0.036, 0.02, 4.0),
            HolderClass(0.080, 0.03, 0.077),
            HolderClass(0.884, 0.005, 0.0114),
        ),
        stuck=0.0825, closed=((8, 69),) if weekend else (), backstop=54,
        doubt=0.04, trust=150.0, volume=0.5, sigma=0.174,
    )  # fmt: skip


def collapse() -> Run:
    """Return a run that nothing stops, after UST: two waves, the second set off by the first."""
    return Run(
        classes=(
            HolderClass(0.045, 0.01, 2.6),
            HolderClass(0.280, 0.01, 0.267),
            HolderClass(0.675, 0.0864, 0.211),
        ),
        stuck=0.07,
    )  # fmt: skip
