"""What the parts of the twin take of a run, by sampling: no part knows that it is measured.

A timer of the process's CPU time interrupts the run some hundred times a second; each time the
innermost frame whose module belongs to a part is counted for that part. A library works for whoever
called it. The run sees nothing of it: no clock is read and nothing is drawn. A sample costs some
ten microseconds, so that measuring takes less than a hundredth of the run.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from types import FrameType, TracebackType
from typing import Self

from twin.plugins import NAMESPACE

__all__ = ["EVERY", "PARTS", "Parts", "part_of"]

PARTS = ("engine", "chain", "agents", "market", "monitoring", "team", "recording", "rest")
"""The parts, in the order of a table; the rest is the clock, the wiring, the verdict."""

EVERY = 0.004
"""Seconds of CPU time between two samples; most kernels' timers have no finer grain."""

MODULES: Mapping[str, str] = {
    "eth.": "engine",
    "py_ecc.": "engine",
    "twin.": "rest",
    "twin.chain.": "chain",
    "twin.chain.lockstep": "engine",
    "twin.chain.pyevm": "engine",
    "twin.chain.revm": "engine",
    "twin.chain.validity": "engine",
    "twin.desk.": "team",
    "twin.desk.records": "recording",
    "twin.events": "recording",
    "twin.habitat": "agents",
    "twin.market.": "market",
    "twin.monitoring.": "monitoring",
    "twin.procedures.": "team",
    "twin.protocol.": "chain",  # how everybody talks to the chain: ABI coding, multicall
    "twin.recorder": "recording",
    "twin.results": "recording",
    "twin.services.": "team",
    "twin.team.": "team",
    "twin.witness": "recording",
    NAMESPACE: "agents",
}
"""Parts by how a module's name begins; the longest beginning counts."""


def part_of(module: str) -> str | None:
    """Return the part that *module* belongs to, None for a stranger's."""
    fitting = [beginning for beginning in MODULES if module.startswith(beginning)]
    return MODULES[max(fitting, key=len)] if fitting else None


class Parts:
    """A context in which samples are taken; `shares` says what they showed.

    Signals belong to the main thread: elsewhere, and where somebody else uses this timer, nothing
    is measured.
    """

    def __init__(self, every: float = EVERY) -> None:
        """Have no sample yet."""
        self._every = every
        self._samples = dict.fromkeys(PARTS, 0)
        self._known: dict[str, str | None] = {}
        self._on = False

    def __enter__(self) -> Self:
        """Start the timer."""
        ours = threading.current_thread() is threading.main_thread()
        if ours and signal.getsignal(signal.SIGPROF) == signal.SIG_DFL:
            signal.signal(signal.SIGPROF, self._hear)
            signal.setitimer(signal.ITIMER_PROF, self._every, self._every)
            self._on = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the timer; a signal that is on its way already is ignored."""
        if self._on:
            self._on = False
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, signal.SIG_IGN)
            signal.signal(signal.SIGPROF, signal.SIG_DFL)

    def _hear(self, _number: int, frame: FrameType | None) -> None:
        while frame is not None:
            module = frame.f_globals.get("__name__", "")
            try:
                part = self._known[module]
            except KeyError:
                part = self._known[module] = part_of(module)
            if part is not None:
                self._samples[part] += 1
                return
            frame = frame.f_back
        self._samples["rest"] += 1

    def shares(self) -> dict[str, float]:
        """Return the share of all samples by part, adding up to 1; empty where there is none."""
        whole = sum(self._samples.values())
        return {part: count / whole for part, count in self._samples.items()} if whole else {}
