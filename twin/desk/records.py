"""Evidence: an append-only, hash-chained record of what each procedure found.

Each record carries the hash of the one before it, so that an altered, dropped or reordered
record is found by anyone who reads the file: `verify` needs nothing but its lines, and the hash
of the last record to find that the end is missing.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from twin.crate import maker
from twin.desk.port import Evidence
from twin.desk.steps import Finding
from twin.errors import CrashError, UnknownName

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


class Records:
    """The evidence of one run: what was filed, and its lines in the file at *path* if one is given.

    Summaries stay in memory; the lines are read again from the file when somebody asks for data.
    """

    __slots__ = (
        "_by_procedure",
        "_file",
        "_last",
        "_lines",
        "_offset",
        "_offsets",
        "_path",
        "filed",
    )

    def __init__(self, path: Path | None = None) -> None:
        """Start an empty chain."""
        self._path = path
        self._file: TextIO | None = path.open("w", encoding="utf-8") if path else None
        self._last = GENESIS
        self._by_procedure: dict[str, list[Evidence]] = {}
        self._lines: list[str] = []
        self._offset = 0
        self._offsets: dict[str, int] = {}
        self.filed: list[Evidence] = []

    def file(self, procedure: str, at: int, finding: Finding) -> tuple[str, bytes]:
        """Append *finding* of *procedure* at unix second *at*; return its reference and hash."""
        own = self._by_procedure.setdefault(procedure, [])
        ref = f"{procedure}-{len(own) + 1:05d}"
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
        if self._file is not None:
            self._file.write(line)
            self._offsets[ref] = self._offset
            self._offset += len(line)  # canonical JSON is ASCII
        else:
            self._offsets[ref] = len(self._lines)
            self._lines.append(line)
        made = _evidence(
            ref, procedure, at, finding.verdict, finding.summary, finding.problems, self._last
        )
        own.append(made)
        self.filed.append(made)
        return ref, bytes.fromhex(self._last)

    def of(self, procedure: str | None = None, *, since: int = 0) -> list[Evidence]:
        """Return what *procedure*, or everybody, filed from unix second *since* on, oldest first."""
        filed = self.filed if procedure is None else self._by_procedure.get(procedure, [])
        start = bisect_left(filed, since, key=lambda item: item.at)
        return filed[start:]

    def last(self, procedure: str) -> Evidence | None:
        """Return what *procedure* filed last, or None."""
        filed = self._by_procedure.get(procedure)
        return filed[-1] if filed else None

    def data(self, ref: str) -> Mapping[str, Any]:
        """Return the data of the record called *ref*; UnknownName where there is none."""
        if ref not in self._offsets:
            raise UnknownName("evidence", ref, self._offsets)
        place = self._offsets[ref]
        if self._path is None:
            line = self._lines[place]
        else:
            self.flush()
            with self._path.open("rb") as lines:
                lines.seek(place)
                line = lines.readline().decode("ascii")
        data: Mapping[str, Any] = json.loads(line)["data"]
        return data

    def intact(self) -> bool:
        """Prove the chain of hashes over every line filed, as an outsider would."""
        try:
            if self._path is None:
                return verify(self._lines, last=self._last) == len(self.filed)
            self.flush()
            with self._path.open(encoding="utf-8") as lines:
                return verify(lines, last=self._last) == len(self.filed)
        except CrashError:
            return False

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


def verify(lines: Iterable[str], *, last: str | None = None) -> int:
    """Return how many records *lines* hold, after proving the chain; CrashError where it breaks.

    The chain cannot show by itself that its end was cut off: *last*, the hash that the log of
    events gives for the last record filed, shows that too.
    """
    previous, count = GENESIS, 0
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
