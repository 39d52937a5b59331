"""The price of a commodity: an integer with 8 decimals at any unix second.

A path stands on a fixed grid and is made one UTC day at a time, always in the order of the days,
from the stream ("market", commodity): which second is asked for first moves no draw. Between two
seconds of the grid the price stands still. How a day is made is the business of the two models
in `replay` and `schwartz_smith`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from twin.clock import DAY
from twin.errors import NoData
from twin.market.chance import check_step

__all__ = ["ONE", "PricePath"]

ONE = 10**8
"""One dollar, in the 8 decimals of a price."""

WIDEST = 2**62
"""Beyond any price; a wider band is cut to it, since prices are scanned as 64-bit integers."""


class PricePath(ABC):
    """The path of one *commodity* on a grid of *step* seconds, from the day of *first* on.

    *step* divides a day; prices are rounded to *tick* (8 decimals).
    """

    def __init__(self, commodity: str, *, first: int, step: int, tick: int) -> None:
        """Make no day yet."""
        self.commodity = commodity
        self.step, self.tick = check_step(step), tick
        self._first = self._next = first // DAY
        self._days: list[array[int]] = []
        self._views: list[NDArray[np.int64]] = []

    @abstractmethod
    def _make(self, day: int) -> list[int]:
        """Return the prices of UTC *day*, one a grid second; fewer where the path ends."""

    def _rounded(self, value: float) -> int:
        """Return *value* (dollars) with 8 decimals, rounded to the tick."""
        return math.floor(value * ONE / self.tick + 0.5) * self.tick

    def _day(self, day: int) -> array[int]:
        while self._next <= day:
            prices = array("q", self._make(self._next))
            self._days.append(prices)
            self._views.append(np.array(prices, dtype=np.int64))
            self._next += 1
        return self._days[day - self._first]

    def price(self, now: int) -> int:
        """Return the price at unix second *now*; before the first day, the first price.

        Raises NoData after the end of a path that has one.
        """
        day, rest = divmod(now, DAY)
        if day < self._first:
            day, rest = self._first, 0
        prices = self._day(day)
        spot = rest // self.step
        if spot >= len(prices):
            raise NoData(f"the price of {self.commodity} at unix second {now}: its path has ended")
        return prices[spot]

    def crossings(self, now: int, low: int, high: int, horizon: int) -> Iterator[int]:
        """Yield the grid seconds after *now* at which the price is outside *low*..*high*, in order.

        They end *horizon* seconds after *now*. It is the same as asking at every second of the
        grid, at the cost of one scan a day.
        """
        low, high = (max(-WIDEST, min(bound, WIDEST)) for bound in (low, high))
        last = now + horizon
        ahead = now - now % self.step + self.step
        begin = self._first * DAY
        if ahead < begin:  # before the first day stands the first price
            if not low <= self.price(ahead) <= high:
                yield from range(ahead, min(last + 1, begin), self.step)
            ahead = begin
        day, rest = divmod(ahead, DAY)
        spot = rest // self.step
        while day * DAY + spot * self.step <= last:
            prices = self._day(day)
            view = self._views[day - self._first][spot : (last - day * DAY) // self.step + 1]
            for index in ((view < low) | (view > high)).nonzero()[0].tolist():
                yield day * DAY + (spot + index) * self.step
            if len(prices) * self.step < DAY:
                return
            day, spot = day + 1, 0

    def first_crossing(self, now: int, low: int, high: int, horizon: int) -> int | None:
        """Return the first of the `crossings`, or None where there is none."""
        return next(self.crossings(now, low, high, horizon), None)
