"""The part `threads`: two engines in two threads against one, which holds if the GIL is let go.

Only the clock on the wall can tell, so both cores must be free: on a busy machine the figure says
more about the machine. What stays serial is the making of Python's records after each chunk.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from twin.bench.fresh import ask
from twin.bench.records import Effort, Figure, Part, Say, Target
from twin.chain.engines import available

__all__ = ["threads", "timed"]

KINDS = ("transfer", "swap")


def threads(effort: Effort, say: Say) -> Part:
    """Compare batches on two engines in two threads with the same on one."""
    about = "transactions a second of two engines in two threads over those of one"
    if "revm" not in available():
        why = "the fast engine is not built here, and py-evm holds the GIL: not measured"
        return Part("threads", about, (), notes=(why,))
    answers = []
    for number in range(effort.rounds):
        say(f"threads, round {number + 1} of {effort.rounds}")
        answers.append(ask({"job": "pair", "seconds": effort.ops}))
    figures = [
        Figure.of(f"{kind}: two over one", "x", [answer[kind] for answer in answers])
        for kind in KINDS
    ]
    targets = [Target(item.name, item.value, "at least", 1.6, "x") for item in figures]
    load = os.getloadavg()[0]
    return Part(
        "threads", about, tuple(figures), tuple(targets),
        notes=(f"on the wall's clock, {os.cpu_count()} processors, load {load:.1f}",),
    )  # fmt: skip


def timed(seconds: float, *, turns: int = 5) -> dict[str, float]:
    """Return by kind how many times faster two engines are than one, the median of *turns*.

    A turn executes batches that take one engine about *seconds*: one alone, two, one alone.
    """
    from twin.bench.own import Batch
    from twin.bench.workload import Network

    network = Network.on("pyevm")
    pair = Batch(network), Batch(network)
    found = {}
    for kind in KINDS:
        count = _count(pair[0], kind, seconds)
        ratios = []
        for _turn in range(turns):
            before = _wall(_prepared(pair[:1], kind, count))
            both = _wall(_prepared(pair, kind, count))
            after = _wall(_prepared(pair[1:], kind, count))
            ratios.append((before + after) / both)
        found[kind] = median(ratios)
    return found


def _prepared(engines: Sequence[Any], kind: str, count: int) -> list[Callable[[], object]]:
    return [engine.prepare(kind, 0, count) for engine in engines]


def _count(engine: Any, kind: str, seconds: float) -> int:
    """Return how many operations take *engine* about *seconds*."""
    trial = 2000
    spent = _wall([engine.prepare(kind, 0, trial)])
    return max(trial, round(trial * seconds / spent))


def _wall(jobs: Sequence[Callable[[], object]]) -> float:
    """Return the seconds from the first of *jobs*, each in its own thread, to the end of all."""
    crew = [threading.Thread(target=job) for job in jobs]
    began = time.perf_counter()
    for member in crew:
        member.start()
    for member in crew:
        member.join()
    return time.perf_counter() - began
