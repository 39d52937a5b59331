"""Evidence: an append-only, hash-chained record of what each procedure found.

Each record carries the hash of the one before it, so that an altered, dropped or reordered
record is found by anyone who reads the file: `verify` needs nothing but its lines, and the hash
of the last record to find that the end is missing.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from twin.crate import maker
from twin.desk.port import Evidence
from twin.desk.steps import Finding
from twin.errors import CrashError, UnknownName
from twin.spill import Heap, SpilledList

__all__ = ["GENESIS", "Records", "canonical", "verify"]

GENESIS = "0" * 64
"""What the first record names as the one before it."""


def _plain(value: object) -> Any:
    """Give JSON what it lacks, for values that a desk answers with."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Mapping):
        return dict(value)
    raise CrashError(f"evidence holds {value!r}: only JSON values and bytes")


_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), default=_plain, allow_nan=False
).encode


def canonical(value: object) -> str:
    """Return *value* as canonical JSON text: sorted keys, no spaces, bytes as `0x` hex.

    CrashError for what JSON has no form for: another type, a NaN, a key that is no text.
    """
    try:
        return _encode(value)
    except (TypeError, ValueError) as error:
        raise CrashError(f"evidence holds what JSON cannot: {error}; it was {value!r}") from error


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(body).encode()).hexdigest()


_evidence = maker(Evidence)


class _Own:
    """What one procedure filed: seconds, places among all records, and where the lines begin."""

    __slots__ = ("at", "lines", "places")

    def __init__(self) -> None:
        self.at, self.places, self.lines = array("q"), array("q"), array("q")


class Records:
    """The evidence of one run: what was filed, and its lines in the file at *path* if one is given.

    Without a *path* the lines go into a temporary file. Summaries that are not recent lie on disk
    too; what is asked for is read again.
    """

    __slots__ = ("_at", "_file", "_heap", "_last", "_offset", "_own", "_path", "filed")

    def __init__(self, path: Path | None = None) -> None:
        """Start an empty chain."""
        self._path = path
        self._file: TextIO | None = path.open("w", encoding="utf-8") if path else None
        self._heap = Heap()
        self._last = GENESIS
        self._own: dict[str, _Own] = {}
        self._at = array("q")
        self._offset = 0
        self.filed: SpilledList[Evidence] = SpilledList()

    def file(self, procedure: str, at: int, finding: Finding) -> tuple[str, bytes]:
        """Append *finding* of *procedure* at unix second *at*; return its reference and hash."""
        own = self._own.get(procedure)
        if own is None:
            own = self._own[procedure] = _Own()
        ref = f"{procedure}-{len(own.at) + 1:05d}"
        # In two parts, between whose keys "hash" sorts: the line is written without a second
        # encoding of what was hashed.
        head = canonical({"at": at, "data": finding.data})[:-1]
        tail = canonical(
            {
                "previous": self._last,
                "problems": finding.problems,
                "procedure": procedure,
                "ref": ref,
                "summary": finding.summary,
                "verdict": finding.verdict,
            }
        )[1:]
        self._last = hashlib.sha256(f"{head},{tail}".encode()).hexdigest()
        line = f'{head},"hash":"{self._last}",{tail}\n'
        own.at.append(at)
        own.places.append(len(self._at))
        own.lines.append(self._write(line))
        self._at.append(at)
        self.filed.append(
            _evidence(
                ref, procedure, at, finding.verdict, finding.summary, finding.problems, self._last
            )
        )
        return ref, bytes.fromhex(self._last)

    def _write(self, line: str) -> int:
        """Write *line*; return where it begins."""
        place, self._offset = self._offset, self._offset + len(line)  # canonical JSON is ASCII
        if self._file is None:
            return self._heap.append(line.encode("ascii"))
        self._file.write(line)
        return place

    @property
    def size(self) -> int:
        """The bytes of all lines filed."""
        return self._offset

    def of(self, procedure: str | None = None, *, since: int = 0) -> list[Evidence]:
        """Return what *procedure*, or everybody, filed from unix second *since* on, oldest first."""
        if procedure is None:
            return list(self.filed[bisect_left(self._at, since) :])
        own = self._own.get(procedure)
        if own is None:
            return []
        return [self.filed[place] for place in own.places[bisect_left(own.at, since) :]]

    def last(self, procedure: str) -> Evidence | None:
        """Return what *procedure* filed last, or None."""
        own = self._own.get(procedure)
        return self.filed[own.places[-1]] if own is not None else None

    def data(self, ref: str) -> Mapping[str, Any]:
        """Return the data of the record called *ref*; UnknownName where there is none."""
        place = self._place(ref)
        if place is None:
            raise UnknownName("evidence", ref, [f"{name}-00001" for name in self._own])
        if self._path is None:
            line = self._heap.read(place).decode("ascii")
        else:
            self.flush()
            with self._path.open("rb") as lines:
                lines.seek(place)
                line = lines.readline().decode("ascii")
        data: Mapping[str, Any] = json.loads(line)["data"]
        return data

    def _place(self, ref: str) -> int | None:
        """Return where the line of *ref* begins, or None where nothing is called so."""
        procedure, _, number = ref.rpartition("-")
        own = self._own.get(procedure)
        if own is None or not number.isdecimal() or not 1 <= int(number) <= len(own.lines):
            return None
        return own.lines[int(number) - 1] if ref == f"{procedure}-{int(number):05d}" else None

    def lines(self, first: int = 0) -> list[str]:
        """Return the lines of the records from number *first* (0 is the oldest) on, as filed."""
        if first >= len(self._at):
            return []
        if self._path is None:
            return list(self._kept())[first:]
        place = self._place(self.filed[first].ref)
        self.flush()
        with self._path.open("rb") as lines:
            lines.seek(place or 0)
            return lines.read().decode("ascii").splitlines(keepends=True)

    def intact(self) -> bool:
        """Prove the chain of hashes over every line filed, as an outsider would."""
        try:
            if self._path is None:
                return verify(self._kept(), last=self._last) == len(self._at)
            self.flush()
            with self._path.open(encoding="utf-8") as lines:
                return verify(lines, last=self._last) == len(self._at)
        except CrashError:
            return False

    def _kept(self) -> Iterator[str]:
        """Yield the lines of a chain without a file, in the order in which they were filed."""
        own = {name: iter(item.lines) for name, item in self._own.items()}
        for evidence in self.filed:
            yield self._heap.read(next(own[evidence.procedure])).decode("ascii")

    def flush(self) -> None:
        """Hand everything filed so far to the operating system."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Flush and close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _record(number: int, line: str) -> tuple[dict[str, Any], str]:
    """Return the body of a record and the hash that it claims."""
    try:
        body = json.loads(line)
    except ValueError:
        body = None
    if not isinstance(body, dict) or "hash" not in body:
        raise CrashError(f"evidence line {number} is no record: {line[:60]!r}")
    return body, body.pop("hash")


def verify(lines: Iterable[str], *, last: str | None = None, first: str = GENESIS) -> int:
    """Return how many records *lines* hold, after proving the chain; CrashError where it breaks.

    The chain cannot show by itself that its end was cut off: *last*, the hash that the log of
    events gives for the last record filed, shows that too. A part that does not begin the chain
    follows the record whose hash is *first*.
    """
    previous, count = first, 0
    for line in lines:
        count += 1
        body, claimed = _record(count, line)
        if body.get("previous") != previous:
            raise CrashError(f"evidence {body.get('ref')} does not follow the record before it")
        if _digest(body) != claimed:
            raise CrashError(f"evidence {body.get('ref')} was altered: its hash does not match")
        previous = claimed
    if last is not None and previous != last:
        raise CrashError(f"evidence ends at {previous[:12]}..., not at {last[:12]}...: it was cut")
    return count
