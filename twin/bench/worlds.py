"""Scenarios that are measured, in the process that measures them.

The run is timed from the wiring of its world to its end, without imports: the engine's library is
imported before the clock starts. Its log stays in memory, no control is run, nothing is judged.
Meanwhile the parts are sampled, which costs less than a hundredth of the run.
"""

from __future__ import annotations

import resource
import time
from typing import Any

from twin.chain.engines import make_engine
from twin.library import Library, find
from twin.runner import Request, simulate
from twin.runner.parts import Parts
from twin.scenario import Scenario

__all__ = ["peak_mb", "prepared", "timed"]

SCRAPES = 300  # seconds: the interval the idle week is defined with


def prepared(scenario: str, *, engine: str) -> tuple[Library, Scenario]:
    """Return the library and the *scenario* from it, with *engine* imported."""
    library = Library(engine=engine)
    make_engine(engine, chain_id=1)  # py-evm alone takes half a second to import
    return library, library.load(find([scenario])[0])


def _request(
    scenario: str, *, engine: str, until: int | None, interval: int | None, agents: bool
) -> Request:
    """Return the request for *scenario* with blocks every *interval* seconds, maybe nobody in it.

    Without *agents* the background demand and the operations team stay.
    """
    library, spec = prepared(scenario, engine=engine)
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
    """Run *scenario* and return what it took: seconds, megabytes, shares, how much happened."""
    request = _request(scenario, engine=engine, until=until, interval=interval, agents=agents)
    with Parts() as parts:
        wall, cpu = time.perf_counter(), time.process_time()
        done = simulate(request)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    counts = done.witness.summary()
    return {"wall": wall, "cpu": cpu, "peak_mb": peak_mb(), "shares": parts.shares(),
            "transactions": counts["transactions"], "blocks": counts["blocks"],
            "events": counts["events"], "digest": done.digest}  # fmt: skip


def peak_mb() -> float:
    """Return the most memory that this process had so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
