"""Scenarios that are measured, in the process that measures them.

The run is timed from the wiring of its world to its end, without imports: the engine's library is
imported before the clock starts. Its log stays in memory, no control is run, nothing is judged.
"""

from __future__ import annotations

import cProfile
import resource
import time
from typing import Any

from twin.bench.profile import shares
from twin.chain.engines import make_engine
from twin.library import Library, find
from twin.runner import Request, Simulation, simulate

__all__ = ["profiled", "timed"]

SCRAPES = 300  # seconds: the interval the idle week is defined with


def _request(
    scenario: str, *, engine: str, until: int | None, interval: int | None, agents: bool
) -> Request:
    """Return the request for *scenario* with blocks every *interval* seconds, maybe nobody in it.

    Without *agents* the background demand and the operations team stay.
    """
    library = Library(engine=engine)
    make_engine(engine, chain_id=1)  # py-evm alone takes half a second to import
    spec = library.load(find([scenario])[0])
    changes: dict[str, Any] = {}
    if interval is not None:
        changes["chain"] = spec.chain.model_copy(update={"block_interval": interval})
    if not agents:
        changes["agents"] = ()
        changes["monitoring"] = spec.monitoring.model_copy(update={"scrape_interval": SCRAPES})
    return Request(spec.model_copy(update=changes), library.parts, until=until)


def timed(
    scenario: str,
    *,
    engine: str,
    until: int | None = None,
    interval: int | None = None,
    agents: bool = True,
) -> dict[str, Any]:
    """Run *scenario* and return what it took: seconds, megabytes, and how much happened."""
    request = _request(scenario, engine=engine, until=until, interval=interval, agents=agents)
    wall, cpu = time.perf_counter(), time.process_time()
    done = simulate(request)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"wall": wall, "cpu": cpu, "peak_mb": peak, **_counts(done)}


def _counts(done: Simulation) -> dict[str, Any]:
    counts = done.witness.summary()
    return {"transactions": counts["transactions"], "blocks": counts["blocks"],
            "events": counts["events"], "digest": done.digest}  # fmt: skip


def profiled(scenario: str, *, engine: str, until: int, agents: bool = True) -> dict[str, Any]:
    """Return each part's share of the time of *scenario* under the profiler, by part."""
    request = _request(scenario, engine=engine, until=until, interval=None, agents=agents)
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        done = simulate(request)
    finally:
        profiler.disable()
    return {"shares": shares(profiler), **_counts(done)}
