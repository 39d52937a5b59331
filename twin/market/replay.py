"""Replay of a user's daily closes, filled in between by a Brownian bridge.

The price is exactly the close at the hour of the close. In between it is a Brownian bridge in the
logarithm with the declared volatility a day, over calendar time: a weekend or a holiday is one
longer bridge. Where an end is zero or negative (WTI closed at -37.63 on 2020-04-20) there is no
logarithm, and the bridge runs in the level, with the volatility taken of the larger end.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from twin.clock import DAY, HOUR
from twin.errors import FileProblems, Problem
from twin.market.chance import settle
from twin.market.closes import Close, read_closes
from twin.market.commodity import ONE, PricePath

__all__ = ["ReplayPath"]

CLOSE_HOUR = 19
"""UTC hour of the close: WTI settled at 14:30 in New York, 18:30 or 19:30 UTC by the season."""


class ReplayPath(PricePath):
    """The closes of *file* for a run from *start* to *end* (unix seconds).

    *volatility* is the standard deviation of the log price over a day, *close_hour* the UTC hour
    at which a close holds. Raises FileProblems for a bad file, and where the run reaches beyond
    its dates.
    """

    def __init__(
        self,
        commodity: str,
        chance: np.random.Generator,
        *,
        file: Path,
        start: int,
        end: int,
        volatility: float,
        date_column: str = "date",
        price_column: str = "price",
        close_hour: int = CLOSE_HOUR,
        tick: int = 1_000_000,
        step: int = 60,
    ) -> None:
        """Read the file; begin at the last close before the run."""
        self._offset = close_hour * HOUR
        closes = read_closes(file, date_column, price_column)
        self._check_dates(closes, str(file), start, end)
        begin = max(i for i, close in enumerate(closes) if self._time(close) <= start)
        super().__init__(commodity, first=self._time(closes[begin]), step=step, tick=tick)
        self._chance, self._volatility = chance, volatility
        self._closes, self._ahead = closes, begin + 1
        self._at, self._price = self._time(closes[begin]), closes[begin].price
        self._aim()

    def _time(self, close: Close) -> int:
        return close.day * DAY + self._offset

    def _check_dates(self, closes: tuple[Close, ...], file: str, start: int, end: int) -> None:
        problems = []
        for close, over, word in (
            (closes[0], self._time(closes[0]) > start, "begin"),
            (closes[-1], self._time(closes[-1]) < end, "end"),
        ):
            if over:
                run = start if word == "begin" else end
                told = f"the prices {word} at {_show(self._time(close))}, the run at {_show(run)}"
                problems.append(
                    Problem(file, close.line, 1, told, "move the run or name another file")
                )
        if problems:
            raise FileProblems(problems)

    def _aim(self) -> None:
        """Set out from the last close for the next one: choose the scale, and stand on it."""
        here, there = self._price, self._closes[self._ahead].price
        self._logs = min(here, there) > 0
        if self._logs:
            self._x, self._goal = settle(math.log(here / ONE)), settle(math.log(there / ONE))
            daily = self._volatility
        else:
            self._x, self._goal = here / ONE, there / ONE
            daily = self._volatility * max(abs(here), abs(there)) / ONE
        self._sigma = settle(daily / math.sqrt(DAY))

    def _make(self, day: int) -> list[int]:
        """Draw one normal for each second of the grid, needed or not."""
        normals = self._chance.standard_normal(DAY // self.step).tolist()
        prices: list[int] = []
        for spot, normal in enumerate(normals):
            now = day * DAY + spot * self.step
            while self._ahead < len(self._closes) and self._time(self._closes[self._ahead]) <= now:
                self._arrive()
            if self._ahead == len(self._closes) and now > self._at:
                break
            prices.append(self._walk(now, normal))
        return prices

    def _arrive(self) -> None:
        """Stand on the close ahead, exactly, and aim at the one after it."""
        close = self._closes[self._ahead]
        self._at, self._price = self._time(close), close.price
        self._ahead += 1
        if self._ahead < len(self._closes):
            self._aim()

    def _walk(self, now: int, normal: float) -> int:
        """Move along the bridge to *now* and return the price there.

        From x at t to the goal at T, the value at t + h is normal with mean x + (goal - x) h/(T-t)
        and variance sigma^2 h (T-t-h)/(T-t).
        """
        ahead = now - self._at
        if ahead > 0:
            left = self._time(self._closes[self._ahead]) - self._at
            spread = self._sigma * math.sqrt(ahead * (left - ahead) / left)
            self._x += (self._goal - self._x) * (ahead / left) + spread * normal
            self._at = now
            value = math.exp(self._x) if self._logs else self._x
            self._price = self._rounded(value)
            if self._logs:
                self._price = max(self._price, self.tick)
        return self._price


def _show(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%MZ")
