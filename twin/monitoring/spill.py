"""The file of series, `metrics.sqlite`: columns in chunks, added to while a run goes.

`series` has a row a series: id, name, labels as JSON, number of samples, first and last unix
second. `samples` has its columns, chunk by chunk: times as little-endian int64, vals as
little-endian doubles, so that a month is written at the speed of the disk. Nothing stays open
between two uses.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from twin.errors import UsageError

__all__ = ["SCHEMA_VERSION", "About", "Chunk", "SeriesFile"]

SCHEMA_VERSION = 2

About = tuple[int, str, str, int, int | None, int | None]
"""id, name, labels as JSON, samples, first and last unix second."""

Chunk = tuple[int, int, "array[int]", "array[float]"]
"""id of the series, number of the chunk, times, values."""

_TABLES = """
create table meta (key text primary key, value integer) without rowid;
create table series (
    id integer primary key, name text, labels text, samples integer, first integer, last integer
);
create table samples (
    series integer references series, chunk integer, times blob, vals blob,
    primary key (series, chunk)
);
"""


class SeriesFile:
    """The file at *path*."""

    def __init__(self, path: Path) -> None:
        """Touch nothing yet."""
        self.path = path

    @contextlib.contextmanager
    def _open(self, *, read: bool = False) -> Iterator[sqlite3.Connection]:
        place = f"file:{self.path}?mode=ro" if read else str(self.path)
        file = sqlite3.connect(place, uri=read)
        try:
            with file:  # one transaction
                yield file
        finally:
            file.close()

    def create(self) -> None:
        """Make the file anew."""
        self.path.unlink(missing_ok=True)
        with self._open() as file:
            file.executescript(_TABLES)
            file.execute("insert into meta values ('schema_version', ?)", (SCHEMA_VERSION,))

    def add(self, about: Iterable[About], chunks: Iterable[Chunk]) -> None:
        """Add *chunks*, and what is known *about* their series now, in one transaction."""
        with self._open() as file:
            file.executemany("insert or replace into series values (?, ?, ?, ?, ?, ?)", about)
            file.executemany(
                "insert into samples values (?, ?, ?, ?)",
                ((row, chunk, _packed(times), _packed(vals)) for row, chunk, times, vals in chunks),
            )

    def chunks(self, series: int, since: int, until: int) -> tuple[array[int], array[float]]:
        """Return the columns of a *series* from chunk *since* to before *until*, joined."""
        times, values = array("q"), array("d")
        with self._open(read=True) as file:
            rows = file.execute(
                "select times, vals from samples where series = ? and chunk >= ? and chunk < ? "
                "order by chunk",
                (series, since, until),
            )
            for one, other in rows:
                times.extend(_unpacked("q", one))
                values.extend(_unpacked("d", other))
        return times, values

    def read(self) -> Iterator[tuple[str, str, Sequence[int], Sequence[float]]]:
        """Yield name, labels as JSON and columns of every chunk, in order of series and time.

        Raises UsageError where the file is of another version.
        """
        with self._open(read=True) as file:
            (version,) = file.execute(
                "select value from meta where key = 'schema_version'"
            ).fetchone()
            if version != SCHEMA_VERSION:
                raise UsageError(
                    f"{self.path} has schema version {version}; this twin reads {SCHEMA_VERSION}"
                )
            rows = file.execute(
                "select name, labels, coalesce(times, x''), coalesce(vals, x'') "
                "from series left join samples on id = series order by id, chunk"
            )
            for name, labels, times, values in rows:
                yield name, labels, _unpacked("q", times), _unpacked("d", values)


def _packed(column: array[int] | array[float]) -> bytes:
    """The column as little-endian bytes on any machine."""
    if sys.byteorder == "big":
        column = column[:]
        column.byteswap()
    return column.tobytes()


def _unpacked(code: str, blob: bytes) -> array[int]:
    column = array(code, blob)
    if sys.byteorder == "big":
        column.byteswap()
    return column
