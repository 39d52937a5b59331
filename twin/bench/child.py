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


def _peer(**arguments: Any) -> Mapping[str, Any]:
    from twin.bench.race import timed

    return timed(**arguments)


def _tape(**arguments: Any) -> Mapping[str, Any]:
    from twin.bench.tape import timed

    return timed(**arguments)


def _pair(**arguments: Any) -> Mapping[str, Any]:
    from twin.bench.threads import timed

    return timed(**arguments)


def _million(**arguments: Any) -> Mapping[str, Any]:
    from twin.bench.million import timed

    return timed(**arguments)


def _economy(**arguments: Any) -> Mapping[str, Any]:
    from twin.bench.economy import timed

    return timed(**arguments)


def _year(**arguments: Any) -> Mapping[str, Any]:
    from twin.bench.economy import year

    return year(**arguments)


JOBS: Mapping[str, Callable[..., Mapping[str, Any]]] = {
    "world": _world,
    "peer": _peer,
    "tape": _tape,
    "pair": _pair,
    "million": _million,
    "economy": _economy,
    "year": _year,
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
