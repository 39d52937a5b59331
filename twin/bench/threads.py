"""The part `threads`: two engines in two threads against one, which holds if the GIL is let go.

Only the clock on the wall can tell, so both cores must be free. Hashing, which is known to let the
GIL go, is measured beside it: what two threads gain there is what the machine had to give. What
stays serial in a batch is the making of Python's records after each chunk.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any

from twin.bench.fresh import ask
from twin.bench.records import Effort, Figure, Part, Say, Target
from twin.chain.engines import available

__all__ = ["threads", "timed"]

KINDS = ("transfer", "swap")
CONTROL = "hashing"
LIMIT = 1.6

Job = Callable[[], object]


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
        for kind in (*KINDS, CONTROL)
    ]
    targets = [Target(item.name, item.value, "at least", LIMIT, "x") for item in figures[:-1]]
    notes = [f"on the wall's clock, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"]
    if figures[-1].value < LIMIT:
        notes.append("not even hashing had two processors: this machine is too busy to tell")
    return Part("threads", about, tuple(figures), tuple(targets), notes=tuple(notes))


def timed(seconds: float, *, turns: int = 5) -> dict[str, float]:
    """Return by kind how many times faster two engines are than one, the median of *turns*.

    A turn executes batches that take one engine about *seconds*: one alone, two, one alone. Two
    threads that hash are the control.
    """
    from twin.bench.own import Batch
    from twin.bench.workload import Network

    network = Network.on("pyevm")
    pair = Batch(network), Batch(network)
    found = {}
    for kind in KINDS:
        count = _count(pair[0], kind, seconds)
        jobs = [partial(one.prepare, kind, 0, count) for one in pair]
        found[kind] = _gain(jobs, turns=turns)
    found[CONTROL] = _gain([lambda: _hashing] * 2, turns=turns)
    return found


def _gain(prepare: Sequence[Callable[[], Job]], *, turns: int) -> float:
    """Return how much faster two jobs are together than alone, the median over *turns*."""
    first, second = prepare
    ratios = []
    for _turn in range(turns):
        before = _wall([first()])
        both = _wall([first(), second()])
        after = _wall([second()])
        ratios.append((before + after) / both)
    return median(ratios)


def _hashing() -> None:
    """Hash for a fifth of a second or so."""
    block = bytes(1 << 20)
    for _number in range(200):
        hashlib.sha256(block).digest()


def _count(engine: Any, kind: str, seconds: float) -> int:
    """Return how many operations take *engine* about *seconds*."""
    trial = 2000
    spent = _wall([engine.prepare(kind, 0, trial)])
    return max(trial, round(trial * seconds / spent))


def _wall(jobs: Sequence[Job]) -> float:
    """Return the seconds from the first of *jobs*, each in its own thread, to the end of all."""
    crew = [threading.Thread(target=job) for job in jobs]
    began = time.perf_counter()
    for member in crew:
        member.start()
    for member in crew:
        member.join()
    return time.perf_counter() - began
