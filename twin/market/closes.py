"""Daily closes from a CSV file that the user names, with every mistake at its place.

A row has an ISO date and a decimal price; the price may be zero or negative. Empty or a dot, as
FRED writes a holiday, leaves the day out. Dates ascend, each once.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from twin.clock import DAY
from twin.errors import FileProblems, Problem, UsageError, nearest

__all__ = ["Close", "read_closes"]

LARGEST = Decimal(10) ** 9
"""Dollars; a larger price does not fit the integers of a path."""

MISSING = {"", "."}


@dataclass(frozen=True, slots=True)
class Close:
    """A *price* (8 decimals) of UTC *day* (days since 1970), from *line* of its file."""

    day: int
    price: int
    line: int


def read_closes(path: Path, date_column: str, price_column: str) -> tuple[Close, ...]:
    """Return the closes of the CSV at *path*, oldest first: at least two.

    Raises FileProblems with all mistakes, each as file, line and column; UsageError where the
    file cannot be read at all.
    """
    return _Reader(path, _text(path)).closes(date_column, price_column)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        told = f"byte {raw[error.start]:#04x} is not UTF-8: save the file as UTF-8"
        raise FileProblems([Problem(str(path), line, column, told)]) from error


class _Reader:
    """One reading of one file; it goes on after a mistake to find them all."""

    def __init__(self, path: Path, text: str) -> None:
        self._file, self._text = str(path), text
        self._problems: list[Problem] = []

    def _wrong(self, line: int, column: int, message: str, hint: str = "") -> None:
        self._problems.append(Problem(self._file, line, column, message, hint))

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(io.StringIO(self._text, newline=""), strict=True)
        try:
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield reader.line_num, row
        except csv.Error as error:
            self._wrong(max(1, reader.line_num), 1, f"this is no CSV: {error}")

    def closes(self, date_column: str, price_column: str) -> tuple[Close, ...]:
        """Read it all; raise what is wrong."""
        rows = self._rows()
        line, header = next(rows, (1, []))
        names = [cell.strip() for cell in header]
        for name in (date_column, price_column):
            if name not in names:
                known = nearest(name, names)
                hint = f"did you mean {known!r}?" if known else f"its columns: {', '.join(names)}"
                self._wrong(line, 1, f"no column is called {name!r}", hint)
        self._stop_if_wrong()
        at = (names.index(date_column), names.index(price_column))
        found = [close for number, row in rows if (close := self._close(number, row, at))]
        self._check_order(found)
        if len(found) < 2 and not self._problems:
            self._wrong(line, 1, f"{len(found)} prices: a replay needs two or more")
        self._stop_if_wrong()
        return tuple(found)

    def _stop_if_wrong(self) -> None:
        if self._problems:
            raise FileProblems(self._problems)

    def _close(self, line: int, row: Sequence[str], at: tuple[int, int]) -> Close | None:
        if len(row) <= max(at):
            self._wrong(line, 1, f"{len(row)} fields where the header has more")
            return None
        day = _day(row[at[0]].strip())
        if day is None:
            told = f"{row[at[0]]!r} is no date: write it as 2009-06-30"
            self._wrong(line, _column(row, at[0]), told)
        text = row[at[1]].strip()
        if text in MISSING:
            return None
        price = _price(text)
        if price is None:
            told = f"{text!r} is no price: write a decimal number below 1e9 in size, such as 69.82"
            self._wrong(line, _column(row, at[1]), told)
        return None if day is None or price is None else Close(day, price, line)

    def _check_order(self, closes: Sequence[Close]) -> None:
        for before, close in itertools.pairwise(closes):
            if close.day <= before.day:
                same = "again" if close.day == before.day else f"after {_show(before.day)}"
                told = f"{_show(close.day)} comes {same}: sort the rows, one a date"
                self._wrong(close.line, 1, told)


def _column(row: Sequence[str], index: int) -> int:
    """Return the column at which field *index* begins, where no field is quoted."""
    return len(",".join(row[:index])) + (2 if index else 1)


def _show(day: int) -> str:
    return datetime.fromtimestamp(day * DAY, UTC).date().isoformat()


def _day(text: str) -> int | None:
    """Return the days from 1970 to the ISO date *text*, or None."""
    if len(text) != 10:  # `fromisoformat` would also take 20090630 and 2009-W27-2
        return None
    try:
        return date.fromisoformat(text).toordinal() - date(1970, 1, 1).toordinal()
    except ValueError:
        return None


def _price(text: str) -> int | None:
    """Return the price *text* with 8 decimals, half to even, or None."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value) >= LARGEST:
        return None
    return int((value * 10**8).to_integral_value())
