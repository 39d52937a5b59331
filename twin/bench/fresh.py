"""Fresh processes: what is measured runs in one, and the kernel says what it cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.errors import CrashError

__all__ = ["Spent", "ask", "run"]


@dataclass(frozen=True, slots=True)
class Spent:
    """What a process took: seconds, megabytes at its peak, its exit *code*, and what it printed."""

    wall: float
    cpu: float
    peak_mb: float
    code: int
    output: str
    errors: str


def run(argv: Sequence[str], *, feed: str = "") -> Spent:
    """Run Python with *argv* (such as `-m twin --help`) and *feed* on standard input, and wait.

    Its output goes to files: a pipe that fills would stop what is measured.
    """
    file = tempfile.TemporaryFile
    with file() as given, file() as out, file() as errors:
        given.write(feed.encode())
        given.seek(0)
        began = time.perf_counter()
        child = subprocess.Popen(  # noqa: S603 - this very Python
            [sys.executable, *argv], stdin=given, stdout=out, stderr=errors, env=_env()
        )
        try:
            _pid, status, used = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            child.wait()
            raise
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        return Spent(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024,
                     child.returncode, _text(out), _text(errors))  # fmt: skip


def ask(job: Mapping[str, Any]) -> dict[str, Any]:
    """Do *job* (see `twin.bench.child`) in a fresh process and return its answer.

    CrashError carries the last line that the process said where it gave none.
    """
    spent = run(["-m", "twin.bench.child"], feed=json.dumps(job))
    lines = [line for line in spent.output.splitlines() if line.startswith("{")]
    if spent.code or not lines:
        said = (spent.errors.strip().splitlines() or ["nothing"])[-1]
        raise CrashError(f"the measurement {dict(job)} ended with {spent.code} and said: {said}")
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


def _env() -> dict[str, str]:
    """Return the environment, with this copy of the package before any that is installed."""
    package = str(Path(__file__).resolve().parents[2])
    before = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": package if not before else f"{package}{os.pathsep}{before}"}


def _text(file: Any) -> str:
    file.seek(0)
    text: str = file.read().decode(errors="replace")
    return text
