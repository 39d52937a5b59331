"""Ctrl-C in two steps: the first asks, the second insists.

A KeyboardInterrupt in the middle of a transaction would leave a state that no run can reach. The
first signal is therefore only noted: a run ends at its next whole minute, a report is written to
its end. A second one raises KeyboardInterrupt at once. SIGTERM, with which CI systems and
`twin test` stop a process, counts like Ctrl-C.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["Interrupts"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """A context in which signals are noted; *on_first* is called at the first one.

    Outside the main thread, where Python allows no handlers, nothing is noted. A signal that the
    process was told to ignore (`nohup`, a worker of `twin test`) stays ignored.
    """

    def __init__(self, on_first: Callable[[], object] | None = None) -> None:
        """Note nothing yet."""
        self.requested = False
        self._on_first = on_first
        self._before: list[tuple[signal.Signals, Any]] = []

    def __enter__(self) -> Self:
        """Take the signals over."""
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                before = signal.getsignal(number)
                if before is not signal.SIG_IGN:
                    self._before.append((number, before))
                    signal.signal(number, self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        while self._before:
            number, before = self._before.pop()
            signal.signal(number, before)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        if self._on_first is not None:
            self._on_first()

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """Ignore further signals for a moment: what is written now is needed for any ending."""
        for number, _before in self._before:
            signal.signal(number, signal.SIG_IGN)
        try:
            yield
        finally:
            for number, _before in self._before:
                signal.signal(number, self._hear)
