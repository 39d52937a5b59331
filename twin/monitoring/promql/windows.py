"""Windows that slide: what a function of a range keeps from one evaluation to the next.

A rule looks at the same window again and again, a step later. The peak of a window, and how often
its value changed, follow from what entered it and what left. A mean must be taken sample by
sample to be Prometheus' own to the last bit; a *rough* one with a bound on its error follows from
a running sum, and is enough for every comparison that is not close.

A window that moves back, a series whose newest sample was replaced, and NaNs of either kind make
a function look at all samples again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twin.monitoring.series import Series

__all__ = ["Changes", "Peak", "Rough", "Sliding", "Trough", "Window"]

Window = Callable[[Series, int, int], float | None]

REFRESH = 512
"""Samples after which a running sum is taken anew, so that what rounding loses does not grow."""

ERROR = 1e-12
"""Bound on the relative error of a running sum, far above what `REFRESH` roundings make."""


class _State:
    """One window: it holds samples *low* to before *high* of all that its series ever had."""

    __slots__ = ("changed", "high", "low", "marks", "since", "sum", "top")

    def __init__(self, low: int, changed: int) -> None:
        self.low = self.high = low
        self.changed = changed
        self.marks: deque[tuple[int, float]] = deque()
        self.sum = self.top = 0.0
        self.since = 0


class Sliding:
    """A function of a range that can be asked out of order (`plain`), or keep its windows (`keeping`)."""

    def __init__(self, plain: Window) -> None:
        """Take the function that looks at every sample."""
        self.plain = plain
        self._states: dict[Series, _State] = {}

    def keeping(self) -> Sliding:
        """Return the same function with windows of its own."""
        return type(self)(self.plain)

    def __call__(self, series: Series, start: int, end: int) -> float | None:
        """Return the value over [start, end]."""
        if series.nans:
            return self.plain(series, start, end)
        first, last = series.bounds(start, end)
        if first == last:
            return None
        state = self._state(series, first, last)
        self._enter(state, series, last + series.gone)
        self._leave(state, first + series.gone)
        state.low = first + series.gone
        return self._value(state)

    def _state(self, series: Series, first: int, last: int) -> _State:
        state, gone = self._states.get(series), series.gone
        if (
            state is None or state.changed != series.changed
            or first + gone < state.low or last + gone < state.high
        ):  # fmt: skip
            state = self._states[series] = _State(first + gone, series.changed)
        elif state.high < first + gone:  # nothing of the old window is left
            state.marks.clear()
            state.high = first + gone
        return state

    def _enter(self, state: _State, series: Series, high: int) -> None:
        raise NotImplementedError

    def _leave(self, state: _State, low: int) -> None:
        marks = state.marks
        while marks and marks[0][0] < low:
            marks.popleft()

    def _value(self, state: _State) -> float:
        raise NotImplementedError


class Peak(Sliding):
    """The greatest sample, or with *sign* -1 the least: of equal ones the first."""

    sign = 1.0

    def _enter(self, state: _State, series: Series, high: int) -> None:
        marks, gone, sign = state.marks, series.gone, self.sign
        for index in range(state.high, high):
            value = series.values[index - gone]
            while marks and sign * marks[-1][1] < sign * value:
                marks.pop()
            marks.append((index, value))
        state.high = high

    def _value(self, state: _State) -> float:
        return state.marks[0][1]


class Trough(Peak):
    """The least sample."""

    sign = -1.0


class Changes(Sliding):
    """How often the value was another than before; *marks* are the samples that differ."""

    def _enter(self, state: _State, series: Series, high: int) -> None:
        gone, values = series.gone, series.values
        for index in range(max(state.high, state.low + 1), high):
            if values[index - gone] != values[index - gone - 1]:
                state.marks.append((index, 0.0))
        state.high = high

    def _leave(self, state: _State, low: int) -> None:
        super()._leave(state, low + 1)  # the first sample has nothing before it in the window

    def _value(self, state: _State) -> float:
        return float(len(state.marks))


class Rough:
    """The mean (or with *whole* the sum) of a window to within an error that it names."""

    def __init__(self, *, whole: bool) -> None:
        """Start without windows."""
        self._whole = whole
        self._states: dict[Series, _State] = {}

    def __call__(self, series: Series, start: int, end: int) -> tuple[float, float] | None:
        """Return value and error; None where only a look at every sample will tell."""
        if series.nans:
            return None
        first, last = series.bounds(start, end)
        if first == last:
            return None
        gone, values = series.gone, series.values
        low, high = first + gone, last + gone
        state = self._states.get(series)
        if (
            state is None or state.changed != series.changed or state.since > REFRESH
            or low < state.low or high < state.high or state.high < low
        ):  # fmt: skip
            state = self._states[series] = _State(low, series.changed)
            state.sum, state.top = 0.0, 0.0
        for index in range(state.high, high):
            value = values[index - gone]
            state.sum += value
            state.top = max(state.top, abs(value))
        if state.low < low:
            if state.low < gone:  # what leaves is no longer here to be taken off
                del self._states[series]
                return None
            for index in range(state.low, low):
                state.sum -= values[index - gone]
        state.since += high - state.high
        state.low, state.high = low, high
        count = last - first
        error = ERROR * state.top * count
        return (state.sum, error) if self._whole else (state.sum / count, error / count)
