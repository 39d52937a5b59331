"""Evidence: an append-only, hash-chained record of what each procedure found.

Each record carries the hash of the one before it, so that an altered, dropped or reordered
record is found by anyone who reads the file: `verify` needs nothing but its lines.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from twin.desk.steps import Finding
from twin.errors import CrashError

__all__ = ["GENESIS", "Records", "canonical", "verify"]

GENESIS = "0" * 64
"""What the first record names as the one before it."""


def _plain(value: object) -> Any:
    """Give JSON what it lacks, for values that a desk answers with."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    raise TypeError(f"evidence holds {value!r}: only JSON values and bytes")


def canonical(value: object) -> str:
    """Return *value* as canonical JSON text: sorted keys, no spaces, bytes as `0x` hex."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain, allow_nan=False)


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(body).encode()).hexdigest()


class Records:
    """The evidence of one run, kept in memory and appended to the file at *path* if one is given."""

    __slots__ = ("_count", "_file", "_last", "kept")

    def __init__(self, path: Path | None = None) -> None:
        """Start an empty chain."""
        self._file: TextIO | None = path.open("w", encoding="utf-8") if path else None
        self._last = GENESIS
        self._count: dict[str, int] = {}
        self.kept: list[tuple[str, str, str]] = []

    def file(self, procedure: str, at: int, finding: Finding) -> tuple[str, bytes]:
        """Append *finding* of *procedure* at unix second *at*; return its reference and hash."""
        number = self._count[procedure] = self._count.get(procedure, 0) + 1
        ref = f"{procedure}-{number:05d}"
        body = {
            "ref": ref,
            "procedure": procedure,
            "at": at,
            "verdict": finding.verdict,
            "summary": finding.summary,
            "data": finding.data,
            "problems": finding.problems,
            "previous": self._last,
        }
        self._last = _digest(body)
        if self._file is not None:
            self._file.write(canonical({**body, "hash": self._last}) + "\n")
        self.kept.append((ref, procedure, finding.verdict))
        return ref, bytes.fromhex(self._last)

    def flush(self) -> None:
        """Hand everything filed so far to the operating system."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Flush and close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def verify(lines: Iterable[str]) -> int:
    """Return how many records *lines* hold, after proving the chain; CrashError where it breaks."""
    previous, count = GENESIS, 0
    for line in lines:
        count += 1
        body = json.loads(line)
        claimed = body.pop("hash")
        if body["previous"] != previous:
            raise CrashError(f"evidence {body['ref']} does not follow the record before it")
        if _digest(body) != claimed:
            raise CrashError(f"evidence {body['ref']} was altered: its hash does not match")
        previous = claimed
    return count
