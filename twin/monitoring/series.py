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
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twin.errors import CrashError, UsageError
from twin.monitoring.labels import NAME, Labels, LabelTable

__all__ = ["LOOKBACK", "STALE", "Matcher", "Series", "SeriesStore", "is_stale", "read_sqlite"]

LOOKBACK = 300
"""Seconds for which a sample stands for the present (Prometheus' default, five minutes)."""

_STALE_BITS = struct.pack("<Q", 0x7FF0000000000002)
STALE: float = struct.unpack("<d", _STALE_BITS)[0]

_NEVER = -(1 << 62)
_SCHEMA_VERSION = 1


def is_stale(value: float) -> bool:
    """Say whether *value* is the staleness marker rather than a number or an ordinary NaN."""
    return value != value and struct.pack("<d", value) == _STALE_BITS  # noqa: PLR0124 - NaN test


class Series:
    """The samples of one metric *name* with one set of *labels*, in order of time.

    *last_time* and *last_value* are the newest sample. *stales* and *falls* hold the indices of
    staleness markers and of samples below the one before (a counter that was reset), *nans*
    counts both kinds of NaN: what a window needs to know without looking at every sample.
    """

    __slots__ = (
        "falls", "id", "labels", "last_time", "last_value", "name", "nans", "stales", "times",
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

    def __len__(self) -> int:
        return len(self.times)

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
        elif index:
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
        return float("nan")

    def _withdraw(self) -> None:
        """Drop the newest sample."""
        index = len(self.times) - 1
        self.nans -= math.isnan(self.last_value)
        for marks in (self.stales, self.falls):
            if marks and marks[-1] == index:
                marks.pop()
        self.times.pop()
        self.values.pop()
        if index:
            self.last_time, self.last_value = self.times[-1], self.values[-1]

    def at(self, time: int, *, lookback: int = LOOKBACK) -> tuple[int, float] | None:
        """Return the sample that stands at unix second *time*, or None.

        It is the newest one in [time - lookback, time], closed on both sides as Prometheus 2.42
        has it, unless that is a staleness marker.
        """
        index = bisect_right(self.times, time) - 1
        if index < 0 or self.times[index] < time - lookback or is_stale(self.values[index]):
            return None
        return self.times[index], self.values[index]

    def bounds(self, start: int, end: int) -> tuple[int, int]:
        """Return the indices (first, one past the last) of the samples in [start, end]."""
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
        """Write everything to a new SQLite file at *path*, in one transaction.

        `series` has a row a series: id, name, labels as JSON, number of samples, first and last
        unix second. `samples` has its columns: times as little-endian int64, vals as
        little-endian doubles, so that a month is written at the speed of the disk.
        """
        path.unlink(missing_ok=True)
        order = sorted(self, key=lambda one: one.id.pairs)
        with sqlite3.connect(path) as file:
            file.executescript(_TABLES)
            file.execute("insert into meta values ('schema_version', ?)", (_SCHEMA_VERSION,))
            file.executemany(
                "insert into series values (?, ?, ?, ?, ?, ?)",
                ((row, *_about(one)) for row, one in enumerate(order)),
            )
            file.executemany(
                "insert into samples values (?, ?, ?)",
                ((row, _packed(one.times), _packed(one.values)) for row, one in enumerate(order)),
            )
        file.close()


_TABLES = """
create table meta (key text primary key, value integer) without rowid;
create table series (
    id integer primary key, name text, labels text, samples integer, first integer, last integer
);
create table samples (series integer primary key references series, times blob, vals blob);
begin;
"""


def _about(series: Series) -> tuple[str, str, int, int | None, int | None]:
    size = len(series)
    labels = json.dumps(series.labels, sort_keys=True)
    first, last = (series.times[0], series.times[-1]) if size else (None, None)
    return series.name, labels, size, first, last


def _packed(column: array[int] | array[float]) -> bytes:
    """The column as little-endian bytes on any machine."""
    if sys.byteorder == "big":
        column = column[:]
        column.byteswap()
    return column.tobytes()


def read_sqlite(path: Path) -> SeriesStore:
    """Read what `SeriesStore.write_sqlite` wrote; raises UsageError where *path* is no such file."""
    if not path.is_file():
        raise UsageError(f"{path} is not there: a run folder holds its series in metrics.sqlite")
    store = SeriesStore()
    file = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        (version,) = file.execute("select value from meta where key = 'schema_version'").fetchone()
        if version != _SCHEMA_VERSION:
            raise UsageError(f"{path} has schema version {version}; this twin reads 1")
        rows = file.execute(
            "select name, labels, times, vals from series join samples on id = series order by id"
        )
        for name, labels, times, values in rows:
            columns = array("q", times), array("d", values)
            if sys.byteorder == "big":
                for column in columns:
                    column.byteswap()
            store.series(name, json.loads(labels)).extend(*columns)
    except (sqlite3.DatabaseError, TypeError) as problem:
        raise UsageError(f"{path} is no store of series: {problem}") from problem
    finally:
        file.close()
    return store
