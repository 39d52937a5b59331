"""Series of samples in columns, and the store that finds them by name and labels.

Times are unix seconds in an array of int64, values doubles. A series that disappears from a
scrape gets a *staleness marker*, the NaN of Prometheus (prometheus/model/value: bits
0x7ff0000000000002), and answers nothing from then on; an ordinary NaN is a value.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twin.errors import CrashError, UsageError
from twin.monitoring.labels import NAME, Labels, LabelTable
from twin.monitoring.spill import About, Chunk, SeriesFile

__all__ = ["LOOKBACK", "STALE", "Matcher", "Series", "SeriesStore", "is_stale", "read_sqlite"]

LOOKBACK = 300
"""Seconds for which a sample stands for the present (Prometheus' default, five minutes)."""

_STALE_BITS = struct.pack("<Q", 0x7FF0000000000002)
STALE: float = struct.unpack("<d", _STALE_BITS)[0]

_NEVER = -(1 << 62)


def is_stale(value: float) -> bool:
    """Say whether *value* is the staleness marker rather than a number or an ordinary NaN."""
    return value != value and struct.pack("<d", value) == _STALE_BITS  # noqa: PLR0124 - NaN test


@dataclass(frozen=True, slots=True)
class _Spilled:
    """A chunk on disk: unix seconds of its *first* and *last* sample, its *size*.

    *opening* is the value before it, of which its first sample may be a fall.
    """

    first: int
    last: int
    size: int
    opening: float


class Series:
    """The samples of one metric *name* with one set of *labels*, in order of time.

    *last_time* and *last_value* are the newest sample. *stales* and *falls* hold the indices of
    staleness markers and of samples below the one before (a counter that was reset), *nans*
    counts both kinds of NaN: what a window needs to know without looking at every sample.

    Of a series that was spilled, the columns hold what came from unix second *floor* on, *gone*
    samples were before; who asks for earlier ones gets them read back into the columns first.
    *changed* counts how often the newest sample was replaced.
    """

    __slots__ = (
        "_chunks", "_closing", "_dropped", "_source", "_stored", "changed", "falls", "floor",
        "gone", "id", "labels", "last_time", "last_value", "name", "nans", "stales", "times",
        "values",
    )  # fmt: skip

    def __init__(self, name: str, labels: Labels) -> None:
        """Start without samples; *labels* includes the name."""
        self.name, self.labels, self.id = name, labels.bare.map, labels
        self.times = array("q")
        self.values = array("d")
        self.last_time, self.last_value = _NEVER, 0.0
        self.stales = array("q")
        self.falls = array("q")
        self.nans = 0
        self.floor = _NEVER
        self._chunks: list[_Spilled] = []
        self._dropped = self._stored = 0
        self._closing = math.nan
        self.gone = self.changed = 0
        self._source: tuple[SeriesFile, int] | None = None

    def __len__(self) -> int:
        return sum(chunk.size for chunk in self._chunks[: self._dropped]) + len(self.times)

    @property
    def first_time(self) -> int:
        """The unix second of the oldest sample; CrashError where there is none."""
        if self._chunks:
            return self._chunks[0].first
        if not self.times:
            raise CrashError(f"series {self.id!r} has no sample")
        return self.times[0]

    def append(self, time: int, value: float) -> None:
        """Add *value* at unix second *time*; at the second of the newest sample, replace that one.

        Raises CrashError where *time* lies before the newest sample.
        """
        if time > self.last_time and value >= self.last_value:  # most samples; never a NaN
            self.times.append(time)
            self.values.append(value)
            self.last_time, self.last_value = time, value
            return
        if time <= self.last_time:
            if time < self.last_time:
                raise CrashError(
                    f"series {self.id!r}: a sample at {time} after one at {self.last_time}; "
                    "samples arrive in order of time"
                )
            self._withdraw()
        index = len(self.values)
        if value != value:  # noqa: PLR0124 - NaN test
            self.nans += 1
            if is_stale(value):
                self.stales.append(index)
        elif index or self._dropped:
            before = self.last_value
            if before != before:  # noqa: PLR0124 - NaN test
                before = self._before(index)
            if value < before:
                self.falls.append(index)
        self.times.append(time)
        self.values.append(value)
        self.last_time, self.last_value = time, value

    def extend(self, times: Sequence[int], values: Sequence[float]) -> None:
        """Add many samples, as `append` would one by one."""
        if len(times) != len(values):
            raise CrashError(f"series {self.id!r}: {len(times)} times for {len(values)} values")
        if self._take(times, values):
            return
        for time, value in zip(times, values, strict=True):
            self.append(time, value)

    def _take(self, times: Sequence[int], values: Sequence[float]) -> bool:
        """Add whole columns and say so; False for what needs a look at every sample.

        That are NaNs of both kinds, on either side, and times that do not ascend.
        """
        import numpy as np

        seconds = np.append(self.last_time, np.asarray(times, np.int64))
        heights = np.append(self.values[-1:], np.asarray(values, np.float64))
        if np.isnan(heights).any() or (seconds[1:] <= seconds[:-1]).any():
            return False
        start = len(self.values) + len(values) - len(heights) + 1
        self.falls.extend((np.flatnonzero(heights[1:] < heights[:-1]) + start).tolist())
        self.times.extend(times)
        self.values.extend(values)
        if values:
            self.last_time, self.last_value = times[-1], values[-1]
        return True

    def mark_stale(self, time: int) -> None:
        """Say that the series was not seen at unix second *time*."""
        self.append(time, STALE)

    def _before(self, index: int) -> float:
        """The newest value before *index* that is no staleness marker."""
        for position in range(index - 1, -1, -1):
            value = self.values[position]
            if not is_stale(value):
                return value
        return self._closing

    def _withdraw(self) -> None:
        """Drop the newest sample."""
        index = len(self.times) - 1
        self.changed += 1
        self.nans -= math.isnan(self.last_value)
        for marks in (self.stales, self.falls):
            if marks and marks[-1] == index:
                marks.pop()
        self.times.pop()
        self.values.pop()
        if index:
            self.last_time, self.last_value = self.times[-1], self.values[-1]

    def pack(self, row: int, before: int | None) -> Chunk | None:
        """Return what is to be written of the samples before unix second *before*, or of all.

        *row* is the series' number in the file. None where all of that is there already.
        """
        upto = self._upto(before)
        if upto <= self._stored:
            return None
        columns = self.times[self._stored : upto], self.values[self._stored : upto]
        return (row, len(self._chunks), *columns)

    def forget(self, file: SeriesFile, row: int, before: int | None) -> None:
        """Note what *file* holds by now, as *row*, and drop it where *before* is given."""
        upto = self._upto(before)
        if upto > self._stored:
            first = self.times[self._stored]
            opening = self._before(self._stored)
            self._chunks.append(_Spilled(first, self.times[upto - 1], upto - self._stored, opening))
            self._stored = upto
        if before is None or not self._stored:
            return
        size, self._stored = self._stored, 0
        self._closing, self._source = self._before(size), (file, row)
        self.nans -= sum(map(math.isnan, self.values[:size]))
        del self.times[:size], self.values[:size]
        self.gone += size
        for marks in (self.stales, self.falls):
            marks[:] = array("q", [index - size for index in marks if index >= size])
        self._dropped = len(self._chunks)
        self.floor = self._chunks[-1].last + 1

    def _upto(self, before: int | None) -> int:
        return len(self.times) if before is None else bisect_left(self.times, before)

    def _recall(self, start: int) -> None:
        """Read back the chunks that reach to unix second *start* or beyond."""
        assert self._source is not None  # noqa: S101 - nothing is dropped before there is one
        file, row = self._source
        since = next(k for k, chunk in enumerate(self._chunks) if chunk.last >= start)
        first = self._chunks[since]
        again = Series(self.name, self.id)
        again.append(first.first - 1, first.opening)  # what the first sample may have fallen from
        again.extend(*file.chunks(row, since, self._dropped))
        size = len(again.times) - 1
        self.times[0:0], self.values[0:0] = again.times[1:], again.values[1:]
        for marks, older in ((self.stales, again.stales), (self.falls, again.falls)):
            marks[:] = array("q", [*(index - 1 for index in older if index),
                                   *(index + size for index in marks)])  # fmt: skip
        self.nans += again.nans - math.isnan(first.opening)
        self._stored += size
        self.gone -= size
        self._dropped, self._closing = since, first.opening
        self.floor = self._chunks[since - 1].last + 1 if since else _NEVER

    def at(self, time: int, *, lookback: int = LOOKBACK) -> tuple[int, float] | None:
        """Return the sample that stands at unix second *time*, or None.

        It is the newest one in [time - lookback, time], closed on both sides as Prometheus 2.42
        has it, unless that is a staleness marker.
        """
        if time - lookback < self.floor:
            self._recall(time - lookback)
        index = bisect_right(self.times, time) - 1
        if index < 0 or self.times[index] < time - lookback or is_stale(self.values[index]):
            return None
        return self.times[index], self.values[index]

    def bounds(self, start: int, end: int) -> tuple[int, int]:
        """Return the indices (first, one past the last) of the samples in [start, end]."""
        if start < self.floor:
            self._recall(start)
        last = len(self.times) if self.last_time <= end else bisect_right(self.times, end)
        return bisect_left(self.times, start, 0, last), last

    def window(self, start: int, end: int) -> tuple[array[int], array[float]]:
        """Return the samples in [start, end] as columns, staleness markers left out.

        Both ends are closed, as in Prometheus 2.42; version 3 opened the left one.
        """
        first, last = self.bounds(start, end)
        times, values = self.times[first:last], self.values[first:last]
        if self.stales and bisect_left(self.stales, first) < bisect_left(self.stales, last):
            kept = [index for index, value in enumerate(values) if not is_stale(value)]
            times = array("q", [times[index] for index in kept])
            values = array("d", [values[index] for index in kept])
        return times, values


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label matcher of a selector: *op* is `=`, `!=`, `=~` or `!~`; a regex is anchored."""

    name: str
    op: str
    value: str

    def accepts(self, labels: Mapping[str, str]) -> bool:
        """Say whether *labels* match; a label that is not there counts as empty."""
        actual = labels.get(self.name, "")
        if self.op == "=":
            return actual == self.value
        if self.op == "!=":
            return actual != self.value
        found = re.fullmatch(self.value, actual) is not None
        return found == (self.op == "=~")


class SeriesStore:
    """All series of one run, found by name first and by matchers then."""

    def __init__(self) -> None:
        """Start empty."""
        self.labels = LabelTable()
        self._series: dict[Labels, Series] = {}
        self._groups: dict[str, list[Series]] = {}
        self._file: SeriesFile | None = None

    def __iter__(self) -> Iterator[Series]:
        return iter(self._series.values())

    def __len__(self) -> int:
        return len(self._series)

    @property
    def names(self) -> list[str]:
        """The names that have a series, sorted."""
        return sorted(name for name, group in self._groups.items() if group)

    def series(self, name: str, labels: Mapping[str, str] | None = None) -> Series:
        """Return the series of *name* and *labels*, making it where there is none yet."""
        return self.keep(self.labels.of(labels or {}, name=name))

    def keep(self, labels: Labels) -> Series:
        """Return the series of the full label set *labels*, as `series` does."""
        found = self._series.get(labels)
        if found is None:
            name = labels.map.get(NAME, "")
            if not name:
                raise CrashError(f"a series without a name: {labels!r}")
            found = self._series[labels] = Series(name, labels)
            self.group(name).append(found)
        return found

    def group(self, name: str) -> list[Series]:
        """Return the list of all series called *name*: always the same list, which only grows."""
        return self._groups.setdefault(name, [])

    def select(self, name: str | None, matchers: Iterable[Matcher] = ()) -> list[Series]:
        """Return the series that *matchers* accept, of one *name* or of all, sorted by labels."""
        wanted = tuple(matchers)
        if name is None:
            pool: Iterable[Series] = self
        else:
            pool = self._groups.get(name, ())
        found = [one for one in pool if all(rule.accepts(one.id.map) for rule in wanted)]
        return sorted(found, key=lambda one: one.id.pairs)

    def write_sqlite(self, path: Path) -> None:
        """Write everything to a new `SeriesFile` at *path*."""
        file = SeriesFile(path)
        file.create()
        order = sorted(self, key=lambda one: one.id.pairs)
        file.add(
            [_about(row, one) for row, one in enumerate(order)],
            ((row, 0, one.times, one.values) for row, one in enumerate(order)),
        )

    # -- on disk

    def spill(self, path: Path, before: int) -> None:
        """Move the samples before unix second *before* to the file at *path*.

        They answer as they did: what asks for them has them read back, until they are spilled
        again. One store has one file.
        """
        self._write(path, before)

    def finish(self) -> Path | None:
        """Write what is not in the store's file yet, and return its path; None where it has none."""
        if self._file is not None:
            self._write(self._file.path, None)
            return self._file.path
        return None

    def _write(self, path: Path, before: int | None) -> None:
        file = self._file
        chunks: list[Chunk] = []
        for row, one in enumerate(self):
            chunk = one.pack(row, before)
            if chunk is not None:
                chunks.append(chunk)
        if file is None:
            if not chunks:
                return
            file = self._file = SeriesFile(path)
            file.create()
        if chunks or before is None:
            file.add([_about(row, one) for row, one in enumerate(self)], chunks)
        for row, one in enumerate(self):
            one.forget(file, row, before)


def _about(row: int, series: Series) -> About:
    size = len(series)
    labels = json.dumps(series.labels, sort_keys=True)
    first, last = (series.first_time, series.last_time) if size else (None, None)
    return row, series.name, labels, size, first, last


def read_sqlite(path: Path) -> SeriesStore:
    """Read what `SeriesStore.write_sqlite` wrote; raises UsageError where *path* is no such file."""
    if not path.is_file():
        raise UsageError(f"{path} is not there: a run folder holds its series in metrics.sqlite")
    store = SeriesStore()
    try:
        for name, labels, times, values in SeriesFile(path).read():
            store.series(name, json.loads(labels)).extend(times, values)
    except (sqlite3.DatabaseError, TypeError) as problem:
        raise UsageError(f"{path} is no store of series: {problem}") from problem
    return store
