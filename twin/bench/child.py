"""The process that is measured: reads a job from standard input, prints its answer as JSON.

A job names what to do under `job`; the rest are its arguments.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from twin.errors import UnknownName

__all__ = ["main"]


def _world(**arguments: Any) -> Mapping[str, Any]:
    from twin.bench.worlds import timed

    return timed(**arguments)


def _profile(**arguments: Any) -> Mapping[str, Any]:
    from twin.bench.worlds import profiled

    return profiled(**arguments)


def _peer(**arguments: Any) -> Mapping[str, Any]:
    from twin.bench.race import timed

    return timed(**arguments)


JOBS: Mapping[str, Callable[..., Mapping[str, Any]]] = {
    "world": _world,
    "profile": _profile,
    "peer": _peer,
}


def main() -> None:
    """Do the job on standard input."""
    job = json.load(sys.stdin)
    name = job.pop("job")
    if name not in JOBS:
        raise UnknownName("job", name, JOBS)
    sys.stdout.write(json.dumps(JOBS[name](**job)) + "\n")


if __name__ == "__main__":
    main()
