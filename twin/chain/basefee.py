"""The base fee (EIP-1559) and the demand for gas that nobody executes.

Blocks are not empty in reality. *Background demand* takes gas in every block at its own price,
so that congestion, waiting and gas wars mean something, but no instruction of it is run. Demand
that a block cannot hold is dropped, not queued: a class says how much wants in each block.

The base fee of a block follows from the gas of the block before it, so over blocks that hold
background alone it is an integer recurrence. `FeeLine` walks it only when asked, in one loop for
a whole stretch of unchanging demand, and jumps over its rest where it has come to a fixed point
or a cycle.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from twin.crate import maker
from twin.errors import ChainError

__all__ = ["Demand", "FeeLine", "GasPoint", "by_tip", "next_base_fee"]

_DENOMINATOR = 8  # BASE_FEE_MAX_CHANGE_DENOMINATOR
_ELASTICITY = 2
_KEEP_EVERY = 512  # blocks walked after which the place is remembered
_KEEP_ASKED = 64  # answers kept until something changes


def next_base_fee(base_fee: int, gas_used: int, gas_limit: int) -> int:
    """Return the base fee, in wei, of the block after one with *base_fee* and *gas_used*."""
    target = gas_limit // _ELASTICITY
    if gas_used == target:
        return base_fee
    if gas_used > target:
        return base_fee + max(base_fee * (gas_used - target) // target // _DENOMINATOR, 1)
    return base_fee - base_fee * (target - gas_used) // target // _DENOMINATOR


@dataclass(frozen=True, slots=True)
class Demand:
    """*gas* in every block with a timestamp in [*start*, *end*), at *max_fee* and *tip* (wei)."""

    start: int
    end: int
    gas: int
    max_fee: int
    tip: int

    def __post_init__(self) -> None:
        """Refuse demand that could never be, at once."""
        if self.end <= self.start or self.gas < 0 or not 0 <= self.tip <= self.max_fee:
            msg = f"{self}: it needs start < end, gas >= 0 and 0 <= tip <= max_fee"
            raise ChainError(msg)


def by_tip(demands: Sequence[Demand], base_fee: int) -> list[tuple[int, int]]:
    """Return (effective tip, gas) of those that can pay *base_fee*, the highest tip first."""
    tips = [(min(demand.tip, demand.max_fee - base_fee), demand.gas) for demand in demands]
    return sorted([pair for pair in tips if pair[0] >= 0], reverse=True)


@dataclass(frozen=True, slots=True)
class GasPoint:
    """What is known of a block before its content: *base_fee*, and *gas* used in all before it."""

    number: int
    base_fee: int
    gas: int


_point = maker(GasPoint)

_Bands = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Blocks from number *first* on among which demand does not change.

    *bands* are (highest base fee, gas then used), ascending; above the last nothing is used.
    """

    first: int
    demands: tuple[Demand, ...]
    bands: _Bands


class FeeLine:
    """Base fee and gas of every block, past and projected, from the few that are known.

    Block *n* has the timestamp *start* + n * *interval*. Known are the blocks that held
    transactions (`seal`); all others hold the background alone.
    """

    def __init__(
        self, start: int, interval: int, *, gas_limit: int, base_fee: int, demands: Sequence[Demand]
    ) -> None:
        """Begin with blocks 0 and 1 at *base_fee*; block 0 is the genesis, which uses no gas."""
        self.start, self.interval, self.gas_limit = start, interval, gas_limit
        self._demand(demands)
        self._points = [GasPoint(0, base_fee, 0), GasPoint(1, base_fee, 0)]
        self._numbers = [0, 1]
        self._asked: dict[int, GasPoint] = {}  # the last few answers: the head is asked for often
        self.steps = 0  # blocks walked one by one, for those who count work

    def _demand(self, demands: Sequence[Demand]) -> None:
        """Take *demands* for all there is, and cut time into stretches where it does not change."""
        self.demands = tuple(demands)
        start, interval = self.start, self.interval
        edges = {0}
        for demand in self.demands:
            for time in (demand.start, demand.end):
                edges.add(max(0, -((start - time) // interval)))  # the first block at or after it
        self._edges = sorted(edges)
        self._stretches = []
        for first in self._edges:
            time = start + first * interval
            active = tuple(d for d in self.demands if d.start <= time < d.end)
            self._stretches.append(_Stretch(first, active, _bands(active, self.gas_limit)))

    def active(self, number: int) -> tuple[Demand, ...]:
        """Return the demand classes that want into block *number*."""
        return self._stretches[bisect_right(self._edges, number) - 1].demands

    def add(self, demand: Demand, *, after: int) -> None:
        """Add *demand*, which may touch only blocks later than *after*."""
        if demand.start <= self.start + after * self.interval:
            msg = f"demand from {demand.start}: it must start after block {after}"
            raise ChainError(msg)
        self._demand((*self.demands, demand))
        self.cut(after + 1)

    def seal(self, number: int, gas_used: int) -> None:
        """Record that block *number* used *gas_used*, background included."""
        point = self.at(number)
        self.cut(number)
        following = next_base_fee(point.base_fee, gas_used, self.gas_limit)
        self._remember(point)
        self._remember(_point(number + 1, following, point.gas + gas_used))

    def cut(self, number: int) -> None:
        """Forget what is known of the blocks after *number*."""
        keep = bisect_right(self._numbers, number)
        del self._points[keep:], self._numbers[keep:]
        self._asked.clear()

    def at(self, number: int) -> GasPoint:
        """Return the point of block *number*, walking from the nearest known one before it."""
        asked = self._asked.get(number)
        if asked is not None:
            return asked
        point = self._points[bisect_right(self._numbers, number) - 1]
        far = number - point.number >= _KEEP_EVERY
        while point.number < number:
            point = self._walk(point, number)
        if far:
            self._remember(point)
        if len(self._asked) >= _KEEP_ASKED:
            self._asked.clear()
        self._asked[number] = point
        return point

    def block(self, number: int) -> tuple[int, int]:
        """Return base fee and gas used of block *number*."""
        point = self.at(number)
        place = bisect_left(self._numbers, number + 1)
        if place < len(self._numbers) and self._numbers[place] == number + 1:
            return point.base_fee, self._points[place].gas - point.gas
        bands = self._stretches[bisect_right(self._edges, number) - 1].bands
        return point.base_fee, _gas(bands, point.base_fee)

    def gas_used(self, first: int, last: int) -> int:
        """Return the gas used in blocks *first* to *last*, both included."""
        return self.at(last + 1).gas - self.at(first).gas

    def first_at_most(self, number: int, fee: int, *, horizon: int) -> int | None:
        """Return the first block from *number* on whose base fee is at most *fee*.

        None where there is none among the next *horizon* blocks.
        """
        point = self.at(number)
        while point.base_fee > fee and point.number < number + horizon:
            point = self._walk(point, number + horizon, stop=fee)
        return point.number if point.base_fee <= fee else None

    def _remember(self, point: GasPoint) -> None:
        place = bisect_left(self._numbers, point.number)
        if place < len(self._numbers) and self._numbers[place] == point.number:
            self._points[place] = point
        else:
            self._numbers.insert(place, point.number)
            self._points.insert(place, point)

    def _walk(self, point: GasPoint, last: int, stop: int | None = None) -> GasPoint:
        """Go on from *point* to block *last*, the end of the stretch, or the first fee <= *stop*."""
        edges, place = self._edges, bisect_right(self._edges, point.number)
        if place < len(edges) and edges[place] < last:
            last = edges[place]
        count, bands = last - point.number, self._stretches[place - 1].bands
        walked, fee, gas = _recur(point.base_fee, count, bands, self.gas_limit, stop)
        self.steps += walked[1]
        return _point(point.number + walked[0], fee, point.gas + gas)


def _bands(demands: Sequence[Demand], gas_limit: int) -> _Bands:
    """Return what *demands* use at which base fee, at most *gas_limit*."""
    fees = sorted({demand.max_fee for demand in demands})
    wanted = ((fee, sum(d.gas for d in demands if d.max_fee >= fee)) for fee in fees)
    return tuple((fee, min(gas_limit, gas)) for fee, gas in wanted)


def _gas(bands: _Bands, base_fee: int) -> int:
    """Return what *bands* use at *base_fee*."""
    return next((gas for highest, gas in bands if base_fee <= highest), 0)


def _recur(
    fee: int, count: int, bands: _Bands, gas_limit: int, stop: int | None
) -> tuple[tuple[int, int], int, int]:
    """Run the recurrence over *count* blocks: ((blocks passed, steps made), base fee, gas used).

    A cycle is found by Brent's method: the fee is compared with one saved at powers of two. Where
    it was never as low as *stop* on the way round, it never will be.
    """
    target = gas_limit // _ELASTICITY
    scale = target * _DENOMINATOR
    total = passed = steps = 0
    saved, saved_at, saved_gas, power = fee, 0, 0, 1
    floor = -1 if stop is None else stop
    while passed < count:
        used = 0
        for highest, gas in bands:
            if fee <= highest:
                used = gas
                break
        total += used
        passed += 1
        steps += 1
        if used < target:
            fee -= fee * (target - used) // scale
        elif used > target:
            fee += fee * (used - target) // scale or 1
        if fee <= floor:
            break
        if fee == saved:
            cycle, cycle_gas = passed - saved_at, total - saved_gas
            rounds = (count - passed) // cycle
            passed += rounds * cycle
            total += rounds * cycle_gas
            saved = -1  # the rest is shorter than a cycle
        elif passed - saved_at == power:
            saved, saved_at, saved_gas, power = fee, passed, total, power * 2
    return (passed, steps), fee, total
