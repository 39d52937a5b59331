"""The disk: files that are there whole or not at all, and what to say where it takes no more."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from twin.errors import CrashError

__all__ = ["hash_of", "replaced", "saving", "write_atomic"]


@contextlib.contextmanager
def saving(path: Path) -> Iterator[None]:
    """Turn a failure to write *path* into a CrashError that says what is safe and what to do."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as problem:
        full = "disk is full" in str(problem) or (
            isinstance(problem, OSError) and problem.errno in {errno.ENOSPC, errno.EDQUOT}
        )
        what = "the disk is full" if full else str(problem)
        raise CrashError(
            f"cannot write {path}: {what}; what was finished before is unharmed. "
            "Free some space, or choose another folder with --out"
        ) from problem


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give a path to write to, and put that file in the place of *path* once it is written.

    It goes to the disk itself, file first, then folder, so that a reader sees the old file or the
    new one, never a part. Raises CrashError when the disk does not take it; the old file stands.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with saving(path):
        try:
            yield temporary
            _replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def _replace(temporary: Path, path: Path) -> None:
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_atomic(path: Path, data: bytes) -> None:
    """Write *data* to *path* in one step, as `replaced` does."""
    with replaced(path) as temporary:
        temporary.write_bytes(data)


def hash_of(path: Path) -> str:
    """Return the SHA-256 of the file at *path*, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
